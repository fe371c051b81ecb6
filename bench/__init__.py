"""bench: a benchmark harness for no-reference image quality assessment.

Everything that the command line can do, from Python::

    import bench

    results = bench.run(["niqe", "piqe"], "my_photos")
    results.table()
    bench.score("photo.jpg", "niqe")

``docs/tutorial.ipynb`` shows it at work, ``docs/reference/api.md`` lists every command beside its function.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # type checkers take it for true; typing takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from bench.api import Family, InputPolicy, Method, MethodInfo, Photo, option, register
    from bench.errors import BenchError
    from bench.plugins.functions import method
    from bench.results.listing import list_datasets, list_methods, load_dataset
    from bench.results.load import load
    from bench.results.pick import pick
    from bench.results.results import Results
    from bench.results.run import run
    from bench.results.score import score
    from bench.results.stored import load_results
    from bench.studies.run import study
    from bench.studies.status import study_status

__version__ = "0.1.0"

__all__ = [
    "BenchError",
    "Family",
    "InputPolicy",
    "Method",
    "MethodInfo",
    "Photo",
    "Results",
    "__version__",
    "list_datasets",
    "list_methods",
    "load",
    "load_dataset",
    "load_results",
    "method",
    "option",
    "pick",
    "register",
    "run",
    "score",
    "study",
    "study_status",
]

# Name → the module that has it, imported when the name is first used.
_HOMES = {
    **dict.fromkeys(("Family", "InputPolicy", "Method", "MethodInfo", "Photo", "option", "register"), "bench.api"),
    "BenchError": "bench.errors",
    "method": "bench.plugins.functions",
    **dict.fromkeys(("list_datasets", "list_methods", "load_dataset"), "bench.results.listing"),
    "load": "bench.results.load",
    "pick": "bench.results.pick",
    "Results": "bench.results.results",
    "load_results": "bench.results.stored",
    "run": "bench.results.run",
    "score": "bench.results.score",
    "study": "bench.studies.run",
    "study_status": "bench.studies.status",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bench' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
