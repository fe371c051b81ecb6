# make demo | test | test-cpus | test-slow | check | docs | linkcheck | gpu | benchmarks: each sets the environment up first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Two processes, each of which runs whole files: each takes up to 3 GB.
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadfile

.PHONY: setup demo lint types test test-cpus test-slow check docs linkcheck gpu benchmarks clean

setup: $(VENV)/.ready
	@$(BIN)/python tests/helpers/lacking.py

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
	$(PYTEST)

# The whole suite as this processor computes, as one with AVX2 does, and as one with SSE 4.1 does.
test-cpus: $(VENV)/.ready
	$(PYTEST)
	ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 $(PYTEST)
	ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 $(PYTEST)

test-slow: $(VENV)/.ready
	$(BIN)/pytest -m slow

check: $(VENV)/.ready
	$(BIN)/bench check sample --fresh

$(VENV)/.docs: pyproject.toml $(VENV)/.ready
	$(BIN)/pip install --quiet --editable ".[all,docs]"
	touch $@

# The site, in build/docs; needs no network once its tools are installed. A warning is an error.
docs: $(VENV)/.docs
	$(BIN)/sphinx-build -W --keep-going --jobs auto --conf-dir docs . build/docs

# Every link to other sites; needs a network.
linkcheck: $(VENV)/.docs
	$(BIN)/sphinx-build --builder linkcheck --keep-going --jobs auto --conf-dir docs . build/linkcheck

# On a machine with a CUDA device, without a network: PHOTOGRAPHS is a folder of JPEGs, PRISTINE one of pristine photographs.
gpu: $(VENV)/.ready
	$(BIN)/python -W ignore benchmarks/gpu.py $(PHOTOGRAPHS) $(PRISTINE) --output docs/gpu.md

# Ratios of runs in turn; PHOTOGRAPHS is a folder of JPEGs.
benchmarks: $(VENV)/.ready
	$(BIN)/python -W ignore benchmarks/performance.py $(PHOTOGRAPHS) --output docs/performance.md

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
