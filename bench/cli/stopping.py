"""Signals that stop a command: all of them do what Ctrl-C does."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise KeyboardInterrupt, as SIGINT does; what is ignored, as by nohup, stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [number for name in _NAMES if (number := getattr(signal, name, None))]
    before = {number: signal.getsignal(number) for number in numbers}
    process = os.getpid()

    def stop(number: int, frame: FrameType | None) -> None:
        if os.getpid() != process:  # a copy of this process, which somebody ends
            os._exit(128 + number)
        # Python drops what is raised while it gives back a lock of an import: ask again after it.
        if frame is not None and frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            signal.raise_signal(number)
            return
        raise KeyboardInterrupt

    try:
        for number, handler in before.items():
            if handler not in (signal.SIG_IGN, None):
                signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
