"""Python's search for unused cycles of objects, which looks through all objects again as they become more."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collector() -> Iterator[None]:
    """Leave the search out while millions of objects that stay in use are made; most memory is freed without it.

    Example:
        >>> with no_collector():
        ...     gc.isenabled()
        False
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
