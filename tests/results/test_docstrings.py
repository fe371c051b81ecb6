"""The examples of the public functions run, and every public function says what it takes, returns and raises."""

from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest

import bench as api

MODULES = [
    "bench.plugins.functions",
    *(f"bench.results.{each}" for each in ("listing", "load", "pages", "results", "run")),
]
MODULES += [f"bench.results.{each}" for each in ("pick", "score", "stored", "wording")]
MODULES += ["bench.studies.run", "bench.studies.status"]
EXAMPLES = [
    test
    for module in MODULES
    for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(module))
    if test.examples
]
PUBLIC = {name: getattr(api, name) for name in api.__all__ if name.islower() and name != "__version__"}
METHODS = {
    f"Results.{name}": each
    for name, each in inspect.getmembers(api.Results, inspect.isfunction)
    if not name.startswith("_")
}


@pytest.mark.usefixtures("sample_store")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda test: test.name)
def test_examples_run(example: doctest.DocTest) -> None:
    example.globs["results"] = api.load_results()
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.REPORT_NDIFF
    said: list[str] = []
    doctest.DocTestRunner(optionflags=flags, verbose=False).run(example, out=said.append)
    assert not said, "".join(said)


def test_every_public_function_has_an_example() -> None:
    # What a plugin's author uses is in CONTRIBUTING.md, whose examples are tried too; cross needs fits.
    without = {"option", "register", "Results.cross"}
    named = {test.name.removeprefix(f"{module}.") for test in EXAMPLES for module in MODULES}
    named |= {name.replace("Pages.", "Results.") for name in named}
    assert {*PUBLIC, *METHODS} - without <= named


@pytest.mark.parametrize("name", [*PUBLIC, *METHODS])
def test_every_parameter_is_documented(name: str) -> None:
    function: Any = (PUBLIC | METHODS)[name]
    text = inspect.getdoc(function) or ""
    parameters = [each for each in inspect.signature(function).parameters if each != "self"]
    missing = [each for each in parameters if f"{each}: " not in text]
    assert not missing or name == "register"


def test_the_package_is_typed() -> None:
    assert (Path(api.__file__).parent / "py.typed").is_file()
