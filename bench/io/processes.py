"""Ending processes, with what they started where the system can: Windows has no process groups and no SIGKILL."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import NoReturn


def lead_group() -> None:
    """Let this process lead a group of its own, so that whatever it starts can be ended with it."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)


def end_own_group() -> NoReturn:
    """End this process at once, and with it whatever it started."""
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def end_group(pid: int) -> None:
    """End whatever belongs to the group that a process leads, which may itself have ended; nothing on Windows."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def end_process(pid: int) -> None:
    """End a process at once, whatever signals it heeds; one that has ended is left alone."""
    with suppress(ProcessLookupError, PermissionError):  # the second is what Windows says
        os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
