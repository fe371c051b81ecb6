"""A file at an http address of which parts can be read, for archives that stay where they are."""

from __future__ import annotations

import io
import os
import re
from typing import Any

from bench.io import web


class WebFile(io.RawIOBase):
    """A file on a server, read by requests for parts of it.

    Attributes:
        budget: what reading may cost; None for no limit.
    """

    def __init__(self, url: str, budget: web.Budget | None = None) -> None:
        """Ask for the file's size.

        Raises:
            ValueError: the server sends only whole files.
            OSError and others of ``web.FAILURES``: it cannot be reached.
        """
        self._url, self._at, self.budget = url, 0, budget
        self._size = 0
        self._size = self._ask(0, 1)[1]

    def readable(self) -> bool:  # noqa: D102
        return True

    def seekable(self) -> bool:  # noqa: D102
        return True

    def tell(self) -> int:  # noqa: D102
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:  # noqa: D102
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(f"no place in a file: {start + offset}")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: D102
        size = max(0, min(len(buffer), self._size - self._at))
        if size:
            buffer[:size] = self._ask(self._at, size)[0]
            self._at += size
        return size

    def _ask(self, start: int, size: int) -> tuple[bytes, int]:
        """Return a part of the file and the size of the whole."""
        if self.budget:
            self.budget.spend(size)
        with web.open_url(self._url, {"Range": f"bytes={start}-{start + size - 1}"}) as answer:
            place = re.fullmatch(rf"bytes {start}-\d+/(\d+)", answer.headers.get("Content-Range", ""))
            if answer.status != 206 or not place:
                raise ValueError("its server sends only whole files")
            data = answer.read(size)
        if len(data) < size:
            raise web.BrokenOffError(f"only {len(data):,} of {size:,} bytes came")
        return data, int(place[1])
