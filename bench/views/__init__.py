"""What ``bench table`` shows: one file an option, all of which return ``Views``.

A view is a function ``show(entries, request) -> Views`` in a module of its own, and a line in ``VIEWS``, from which
the command line takes its options.

* ``model``: ``Value``, ``View`` and ``Views``; ``arranging``: how a view is asked for, and the tables behind it.
* ``writing`` with ``markdown``, ``latex`` and ``html``, and ``records`` (JSON, CSV, DataFrame): the writers.
* ``paper``, ``by_attribute``, ``compare``, ``significance``, ``published``, ``opinions``, ``cross``: the views.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bench.runs.entry import Entry
    from bench.views.arranging import Request
    from bench.views.model import Views


class ViewOption(NamedTuple):
    """How one view is found and asked for.

    Attributes:
        show: ``module:function``, imported when it is first asked for.
        help: of the option ``--NAME``; empty where the view has no option of that name.
        metavars: names of the values that the option takes; none for a mere switch.
    """

    show: str
    help: str = ""
    metavars: tuple[str, ...] = ()


VIEWS = {
    "paper": ViewOption("bench.views.paper:show"),
    "by": ViewOption(
        "bench.views.by_attribute:show",
        "Split each dataset by a label attribute (type, level, scene, generator, ...) and report SRCC in each part.",
        ("ATTRIBUTE",),
    ),
    "compare": ViewOption("bench.views.compare:show", "Test one method against another on each dataset.", ("A", "B")),
    "significance": ViewOption(
        "bench.views.significance:show", "For each dataset a matrix: which method is better than which."
    ),
    "published": ViewOption(
        "bench.views.published.view:show", "Published correlations beside ours, and how their protocols differ."
    ),
    "opinions": ViewOption(
        "bench.views.opinions.view:show",
        "For datasets whose labels give the spread of ratings: the ceiling that it leaves, and Krasula's AUCs.",
    ),
    "cross": ViewOption("bench.views.cross.view:show"),
}


def show(name: str, entries: Sequence[Entry], request: Request) -> Views:
    """Return a view of stored results.

    Args:
        name: a key of ``VIEWS``.
        entries: stored results, at least one.
        request: how it is asked for.

    Raises:
        UsageError: these results cannot be shown so; the message says why.
    """
    module, _, function = VIEWS[name].show.partition(":")
    view: Callable[[Sequence[Entry], Request], Views] = getattr(importlib.import_module(module), function)
    return view(entries, request)
