"""The first failure of a run, as its author wants to see it (``bench run --debug``)."""

from __future__ import annotations

import bdb
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from bench.errors import BenchError, ImageError, StoppedError
from bench.io.progress import say

_HARNESS = Path(__file__).parents[1]
_CALLERS = (_HARNESS / "runs" / "batches.py", _HARNESS / "plugins" / "functions.py")


@contextmanager
def failure_shown() -> Iterator[None]:
    """Print what a method raises with the method's own lines alone, and end with one sentence.

    Raises:
        BenchError: the method raised something; what was scored before is stored.
        StoppedError: the user left the debugger.
    """
    try:
        yield
    except bdb.BdbQuit:
        raise StoppedError("stopped in the debugger; what was scored is stored") from None
    except (Exception, SystemExit) as error:
        if isinstance(error, BenchError) and not isinstance(error, ImageError):
            raise
        shown = traceback.TracebackException(type(error), error, own_lines(error.__traceback__))
        say("".join(shown.format()).rstrip())
        raise BenchError(
            "stopped at the first failure (--debug); what was scored before it is stored, and the same command without "
            "--debug records such images as failed and goes on"
        ) from None


def own_lines(trace: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback below the harness's call of a method; all of it where there was no such call.

    None where the harness itself refuses what the method returned.
    """
    found = step = trace
    while step is not None:
        if Path(step.tb_frame.f_code.co_filename) in _CALLERS:
            found = step.tb_next
        step = step.tb_next
    return found
