# make demo | test | test-slow | check: each sets the environment up first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: setup demo lint types test test-slow check clean

setup: $(VENV)/.ready
	@$(BIN)/python tests/lacking.py

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable ".[all,dev]"
	touch $@

demo: $(VENV)/.ready
	$(BIN)/bench run --method bytes-per-pixel --method niqe --method piqe --dataset sample
	$(BIN)/bench table --dataset sample --intervals

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready
	$(BIN)/mypy

test: lint types
	$(BIN)/pytest

test-slow: $(VENV)/.ready
	$(BIN)/pytest -m slow

check: $(VENV)/.ready
	$(BIN)/bench check sample --fresh

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
