"""The ``bench`` command, also ``python -m bench``.

A signal that comes while modules are still imported ends it without a traceback.
"""

import contextlib
import os
import signal
import sys
from types import FrameType


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
    with contextlib.suppress(OSError):  # nobody reads it
        os.write(2, b"bench: interrupted\n")
    os._exit(130)


# At the import, because all others come after it. What was ignored, as by nohup, stays so; Windows has no SIGHUP.
for _number in [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]:
    if signal.getsignal(_number) in (signal.SIG_DFL, signal.default_int_handler):
        signal.signal(_number, _end)


def main() -> None:
    """Import the command line and run it."""
    from bench.cli import main as run

    run()


if __name__ == "__main__":
    # `python -m` looks into the working directory first, where a mere folder named bench hides an editable install.
    if sys.modules["bench"].__file__ is None:
        del sys.modules["bench"], sys.path[0]

    main()
