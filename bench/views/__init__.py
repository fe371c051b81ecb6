"""Views of ``bench table``: one module for each option, all of which return ``Views``.

A view is a function ``show(entries, request) -> Views`` in a module of its own, and a line in ``VIEWS``, from which
the command line takes its options.

* ``model``: ``Value`` and ``View``; ``shown``: ``Views``, what a command shows.
* ``arranging``: how a view is asked for, and the tables behind it.
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
    from bench.views.shown import Views


class ViewOption(NamedTuple):
    """One view and its option.

    Attributes:
        show: ``module:function``, imported at its first use.
        help: help text of the option ``--NAME``; empty if the view has no such option.
        metavars: names of the option's values; empty for a flag.
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
        "bench.views.significance:show", "Test all pairs of methods on each dataset and show the results as a matrix."
    ),
    "published": ViewOption(
        "bench.views.published.view:show", "Compare published correlations with ours and show how the protocols differ."
    ),
    "opinions": ViewOption(
        "bench.views.opinions.view:show",
        "Show the noise ceiling of the MOS and Krasula's AUCs, for labels with the spread of the ratings.",
    ),
    "cross": ViewOption("bench.views.cross.view:show"),
}


def show(name: str, entries: Sequence[Entry], request: Request) -> Views:
    """Return a view of stored results.

    Args:
        name: key of ``VIEWS``.
        entries: stored results, at least one.
        request: settings of the view.

    Raises:
        UsageError: the view cannot show these results; the message says why.
    """
    module, _, function = VIEWS[name].show.partition(":")
    view: Callable[[Sequence[Entry], Request], Views] = getattr(importlib.import_module(module), function)
    return view(entries, request)
