"""What libtiff says of a damaged file: kept for the image's error, in place of lines on stderr.

libtiff reports to one function a process, in the thread that decodes. Here that is one of ours, which keeps the text
for whoever listens in this thread, and hands it on to the function before for everybody else.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import features

_MOST_MESSAGES = 10
_LENGTH = 500
_Handler = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)


class _Listening(threading.local):
    messages: list[str] | None = None


_listening = _Listening()


@contextmanager
def messages() -> Iterator[list[str]]:
    """Collect what libtiff says in this thread while the block runs; the first ten, each once."""
    _install()
    before, found = _listening.messages, list[str]()
    _listening.messages = found
    try:
        yield found
    finally:
        _listening.messages = before


@functools.cache
def _install() -> Any:
    """Put our function in place, once a process; None where libtiff is not to be reached."""
    from PIL import _imaging

    if not features.check("libtiff"):
        return None
    try:
        # Of the library that Pillow's module is linked to; others in this process have theirs.
        library = ctypes.CDLL(_imaging.__file__)
        replace = library.TIFFSetErrorHandler
        format_text = ctypes.CDLL(None).vsnprintf
    except (AttributeError, OSError, TypeError):
        return None
    replace.restype, replace.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    format_text.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p]
    before: Any = None

    def report(module: bytes | None, form: bytes, values: int | None) -> None:
        found = _listening.messages
        if found is None:
            if before is not None:
                before(module, form, values)
            return
        text = ctypes.create_string_buffer(_LENGTH)
        format_text(text, _LENGTH, form, values)
        message = text.value.decode("utf-8", "replace")
        if len(found) < _MOST_MESSAGES and message not in found:
            found.append(message)

    handler = _Handler(report)
    previous = replace(ctypes.cast(handler, ctypes.c_void_p))
    before = _Handler(previous) if previous else None
    return handler  # for as long as the process lives
