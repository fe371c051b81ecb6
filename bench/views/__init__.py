"""Views of ``bench table``: one module for each option, all of which return ``Views``.

A view is a function ``show(entries, request) -> Views`` in a module of its own, and a line in ``VIEWS``, from which
the command line takes its options.

* ``names``: names that a table shows; ``appendix``: what it leaves to one.
* ``model``: ``Value`` and ``View``; ``shown``: ``Views``, what a command shows.
* ``arranging``: how a view is asked for, and the tables behind it.
* ``writing`` with ``markdown``, ``latex``, ``html`` , ``terminal`` and ``records`` (JSON, CSV, DataFrame): the writers.
* ``paper``, ``by_attribute``, ``compare``, ``significance``, ``over_datasets``, ``published``, ``opinions``,
  ``resolution``, ``cross``: the views.
* ``weights``: what `bench inspect` prints.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from bench.errors import UsageError

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
        takes: the settings of ``Request`` that the view heeds; others are refused.
    """

    show: str
    help: str = ""
    metavars: tuple[str, ...] = ()
    takes: tuple[str, ...] = ("mix_protocols",)


_LAYOUT = ("sort", "names", "title", "label", "brief")
_PAPER = ("draws", "interval", "common", "mix_protocols", "intervals", "marks", "values", *_LAYOUT)
_SETTINGS = (*_PAPER, "margin")
_TESTS = ("draws", "common", "mix_protocols")

VIEWS = {
    "paper": ViewOption("bench.views.paper:show", takes=_PAPER),
    "by": ViewOption(
        "bench.views.by_attribute:show",
        "Split each dataset by a label attribute (type, level, scene, generator, ...) and report SRCC in each part.",
        ("ATTRIBUTE",),
        ("mix_protocols", "common", "values"),
    ),
    "compare": ViewOption(
        "bench.views.compare:show", "Test one method against another on each dataset.", ("A", "B"), (*_TESTS, "margin")
    ),
    "significance": ViewOption(
        "bench.views.significance:show",
        "Test all pairs of methods on each dataset and show the results as a matrix.",
        takes=_TESTS,
    ),
    "over": ViewOption(
        "bench.views.over_datasets:show",
        "Take the datasets (3 or more) as a sample of datasets and show how the methods would compare on others: mean "
        "SRCC and rank with intervals for which datasets are drawn and then their images, wins, and mean ranks with "
        "Nemenyi's critical difference.",
        ("datasets",),
        ("draws", "common"),
    ),
    "published": ViewOption(
        "bench.views.published.view:show",
        "Compare published correlations with ours and show how the protocols differ.",
        takes=(*_TESTS, "interval"),
    ),
    "opinions": ViewOption(
        "bench.views.opinions.view:show",
        "Show the noise ceiling of the MOS and Krasula's AUCs, for labels with the spread of the ratings.",
    ),
    "resolution": ViewOption(
        "bench.views.resolution:show",
        "Show for each dataset the smallest difference of SRCC that a paired test finds (at 5 %, with a probability of "
        "80 %), and how many raters each method is worth, for labels with the spread and the number of the ratings.",
        takes=(*_TESTS, "interval"),
    ),
    "cross": ViewOption("bench.views.cross.view:show", takes=("intervals",)),
}


_OPTIONS = {"title": "caption", "brief": "appendix"}


def show(name: str, entries: Sequence[Entry], request: Request) -> Views:
    """Return a view of stored results.

    Args:
        name: key of ``VIEWS``.
        entries: stored results, at least one.
        request: settings of the view.

    Raises:
        UsageError: the view does not heed one of the settings, or cannot show these results; the message says why.
    """
    _refuse_settings(name, request)
    module, _, function = VIEWS[name].show.partition(":")
    view: Callable[[Sequence[Entry], Request], Views] = getattr(importlib.import_module(module), function)
    return view(entries, request)


def _refuse_settings(name: str, request: Request) -> None:
    default = type(request)()
    for setting in _SETTINGS:
        if setting not in VIEWS[name].takes and getattr(request, setting) != getattr(default, setting):
            if setting == "margin":
                raise UsageError(f"--margin got {request.margin:g} without --compare A B: ask for both, or for neither")
            view = "--style cross" if name == "cross" else f"--{name}"
            option = _OPTIONS.get(setting, setting.replace("_", "-"))
            raise UsageError(f"{view} and --{option} do not go together: leave one of them out")
