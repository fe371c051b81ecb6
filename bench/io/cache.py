"""The cache: the folder of files that can be made again (``BENCH_CACHE``)."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_root() -> Path:
    """Return the folder for built data: the variable ``BENCH_CACHE``, else the user's cache folder."""
    override = os.environ.get("BENCH_CACHE")
    return Path(override).expanduser() if override else Path(platformdirs.user_cache_dir("iqa-bench"))
