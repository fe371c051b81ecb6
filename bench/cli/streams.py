"""Standard streams that are closed, or that nobody reads any more: they must not end what a command does."""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import Any, TextIO

from bench.io.visible import Screen

_WINDOWS = os.name == "nt"


class _ForgivingFile(io.FileIO):
    """A standard stream's file that discards what cannot be written.

    Attributes:
        forgiven: the errors after which it does so.
        lost: whether anything was discarded.
    """

    lost = False

    def __init__(self, descriptor: int, forgiven: type[OSError]) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.forgiven = forgiven

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except self.forgiven:
            self.lost = True
            return memoryview(data).nbytes


def protect_streams() -> None:
    """Let no command end because stderr cannot be written, or because the reader of stdout is gone, as after ``head``.

    What would steer the terminal is spelled out on both.

    A stream that was closed before the start is opened on nothing: a file of ours would get its number else, and what a
    library writes to it would end in that file. Streams that somebody put in place of the standard ones are left alone.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # It gets the lowest free number; worker processes need it too.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdout = _protected(sys.stdout, sys.__stdout__, BrokenPipeError)
    sys.stderr = _protected(sys.stderr, sys.__stderr__, OSError)


def _protected(stream: TextIO | None, standard: TextIO | None, forgiven: type[OSError]) -> TextIO:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - for as long as the process lives
    if stream is not standard or not isinstance(stream, io.TextIOWrapper):
        return stream
    file = stream.buffer
    if isinstance(getattr(file, "raw", file), io.FileIO):  # the console of Windows is no file
        file = io.BufferedWriter(_ForgivingFile(stream.fileno(), forgiven))
    # Around a stream in ASCII click would put one of its own, which spells nothing out; files and pipes of Windows are
    # in a code page that lacks half of what stands in a table.
    poor = _WINDOWS or codecs.lookup(stream.encoding).name == "ascii"
    encoding = "utf-8" if poor else stream.encoding
    return Screen(file, encoding, stream.errors, line_buffering=stream.line_buffering)


def pass_as_it_is() -> None:
    """Let every character pass to stdout, for machines; on a terminal they are spelled out all the same."""
    if isinstance(sys.stdout, Screen):
        sys.stdout.raw = not sys.stdout.isatty()


def is_unread() -> bool:
    """Say whether the reader of stdout is known to be gone."""
    file = _file_of_stdout()
    return file is not None and file.lost


def discard_output() -> None:
    """Discard what is still to be written to stdout: the interpreter would fail on it when it ends."""
    file = _file_of_stdout()
    if file is not None:
        file.forgiven = OSError


def _file_of_stdout() -> _ForgivingFile | None:
    file = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return file if isinstance(file, _ForgivingFile) else None
