"""Versions of what scores may depend on."""

from __future__ import annotations

import functools
import sys
from importlib import metadata

import bench

_PACKAGES = ("numpy", "scipy", "scikit-learn", "pillow", "torch", "torchvision", "open_clip_torch", "pyiqa")


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of bench, Python and the packages that scores may depend on."""
    found = {"bench": bench.__version__, "python": sys.version.split()[0]}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
