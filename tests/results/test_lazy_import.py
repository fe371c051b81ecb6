"""`import bench` costs nothing, and offers what it says."""

from __future__ import annotations

import subprocess
import sys

import pytest

import bench as api

HEAVY = ("torch", "pandas", "seaborn", "matplotlib", "pyiqa", "sklearn", "numpy", "PIL", "click", "bench.api")


def loaded_after(code: str) -> set[str]:
    command = [sys.executable, "-c", f"{code}\nimport sys\nprint('|'.join(sys.modules))"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split("|"))


def test_import_loads_nothing_heavy() -> None:
    assert not loaded_after("import bench; bench.__version__; dir(bench)") & set(HEAVY)


def test_naming_the_functions_loads_no_torch() -> None:
    code = "import bench\nfor name in bench.__all__: getattr(bench, name)"
    assert not loaded_after(code) & {"torch", "pandas", "seaborn", "matplotlib", "pyiqa", "sklearn", "skimage"}


def test_every_name_is_there_and_listed() -> None:
    assert set(api.__all__) <= set(dir(api))
    for name in api.__all__:
        assert getattr(api, name) is not None
    assert {"run", "score", "load", "load_results", "load_dataset", "list_methods", "list_datasets"} <= set(api.__all__)


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'bench' has no attribute 'scroe'"):
        _ = api.scroe
