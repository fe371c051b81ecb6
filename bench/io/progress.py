"""Progress bars on stderr; a line every ten seconds if stderr is not a terminal.

In a notebook a bar is a widget if ipywidgets is installed, else a line that moves.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TextIO

from bench.io.colours import tell
from bench.io.visible import brief, for_bars, one_line

if TYPE_CHECKING:
    from tqdm import tqdm


def say(text: str) -> None:
    """Tell the user something on stderr that is neither a result nor an error."""
    tell(text)


def note(text: str) -> None:
    """Tell the user on stderr of something to keep in mind."""
    say(f"bench: note: {one_line(text)}")


def warn(text: str) -> None:
    """Tell the user on stderr of something that is wrong but stops nothing."""
    say(f"bench: warning: {one_line(text)}")


_MOST_FAILURES = 5  # that are named


def say_failures(failed: Sequence[tuple[str, str]], what: str = "failed", where: str = "") -> None:
    """Tell the user on stderr which images failed: the first of them, and how many more there are.

    Args:
        failed: name and reason of each.
        what: happened to them.
        where: all of them are listed; empty: nowhere.
    """
    for name, reason in failed[:_MOST_FAILURES]:
        say(f"  {what}: {brief(name)}: {one_line(reason)}")
    if len(failed) > _MOST_FAILURES:
        say(f"  and {len(failed) - _MOST_FAILURES} more{f', all listed in {where}' if where else ''}")


def in_notebook() -> bool:
    """Say whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and "IPKernelApp" in shell.config


def _bar_class() -> type[tqdm[Any]]:
    # Without ipywidgets tqdm's own choice would warn and then take the text bar all the same.
    if in_notebook() and importlib.util.find_spec("ipywidgets"):
        from tqdm.notebook import tqdm as notebook_tqdm

        return notebook_tqdm
    from tqdm import tqdm

    return tqdm


def _seconds_between_updates() -> float:
    return 0.2 if _on_terminal(sys.stderr) or in_notebook() else 10.0


def _on_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def beside_bars() -> AbstractContextManager[None]:
    """Return a context in which lines can be printed to stdout while a progress bar moves on the same terminal."""
    if not (_on_terminal(sys.stdout) and _on_terminal(sys.stderr)):
        return nullcontext()
    context: AbstractContextManager[None] = _bar_class().external_write_mode(file=sys.stdout)
    return context


def bar(total: int | None, title: str, *, delay: float = 0.0) -> tqdm[Any]:
    """Return a progress bar over images; use it as a context manager.

    Args:
        total: images to come, None where nobody knows; nothing is shown for 0.
        title: what is going on.
        delay: seconds before it shows at all, for steps that are quick as a rule.
    """
    return _bar_class()(
        total=total,
        desc=one_line(title),
        unit="img",
        file=for_bars(sys.stderr),
        disable=total == 0 or sys.stderr is None,
        delay=delay,
        mininterval=_seconds_between_updates(),
    )


def bytes_bar(total: int | None, title: str, done: int) -> tqdm[Any]:
    """Return a progress bar over bytes, of which some are done already; None where the total is not known."""
    return _bar_class()(
        total=total,
        initial=done,
        desc=one_line(title),
        unit="B",
        unit_scale=True,
        file=for_bars(sys.stderr),
        disable=sys.stderr is None,
        delay=0.5,
        mininterval=_seconds_between_updates(),
    )
