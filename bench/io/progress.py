"""Progress bars on stderr: rate and time left; one line every ten seconds where stderr is no terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm


def note(text: str) -> None:
    """Tell the user something on stderr that is neither a result nor an error."""
    print(f"bench: note: {text}", file=sys.stderr)


def bar(total: int | None, title: str, *, delay: float = 0.0) -> tqdm[Any]:
    """Return a progress bar over images; use it as a context manager.

    Args:
        total: images to come, None where nobody knows; nothing is shown for 0.
        title: what is going on.
        delay: seconds before it shows at all, for steps that are quick as a rule.
    """
    from tqdm import tqdm

    every = 0.2 if sys.stderr.isatty() else 10.0
    return tqdm(
        total=total, desc=title, unit="img", file=sys.stderr, disable=total == 0, delay=delay, mininterval=every
    )


def bytes_bar(total: int | None, title: str, done: int) -> tqdm[Any]:
    """Return a progress bar over bytes, of which some are done already; None where the total is not known."""
    from tqdm import tqdm

    every = 0.2 if sys.stderr.isatty() else 10.0
    return tqdm(
        total=total, initial=done, desc=title, unit="B", unit_scale=True, file=sys.stderr, delay=0.5, mininterval=every
    )
