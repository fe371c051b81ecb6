"""Figure of a training run's losses and validation (``bench plot training``)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import UsageError
from bench.figures.style import new_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_NO_LOSS = {"event", "step", "epoch", "lr", "images_per_second", "skipped"}
_MAX_BYTES = 2**30


@dataclass(frozen=True)
class Run:
    """The log of one training run: a name, and its events, oldest first."""

    name: str
    events: tuple[Mapping[str, Any], ...]


def read_log(path: Path) -> Run:
    """Read the JSON lines that training writes; the name is the folder's.

    Raises:
        UsageError: no such file, or it is not a training log.
    """
    if not path.is_file():
        raise UsageError(f"LOG got {path}, which is not a file")
    if path.stat().st_size > _MAX_BYTES:
        raise UsageError(f"LOG got {path}, which has more than {_MAX_BYTES:,} bytes")
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        # The last line is half one while training writes it, or where the machine went down.
        events = tuple(json.loads(line) for line in lines if line.endswith("\n"))
        known = all(map(_is_event, events))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        known = False
    if not known or not events:
        raise UsageError(f"LOG got {path}, which is not a training log: give the log.jsonl of `bench train`")
    return Run(path.resolve().parent.name, events)


def _is_event(event: Any) -> bool:
    """Say whether what is drawn of an event has the types that training writes."""
    if not isinstance(event["event"], str) or not isinstance(event["step"], int) or not 0 <= event["step"] < 2**53:
        return False
    values = [*(event.get("srcc") or {}).values()]
    if event["event"] == "validation":
        values.append(event["monotonicity"])
    if event["event"] == "train":
        values += [value for name, value in event.items() if name != "event"]
    return all(value is None or isinstance(value, int | float) for value in values)


def training_curves(runs: Sequence[Run]) -> Figure:
    """Draw losses above and validation below, by step: colour for what is measured, dashes for which run.

    What no run has logged, as validation where nothing is held out, has no panel.
    """
    import pandas as pd

    names = _distinct(runs)
    panels = {
        "loss": [row for name, run in names.items() for row in _losses(name, run)],
        "SRCC": [row for name, run in names.items() for row in _validations(name, run)],
    }
    tables = {
        label: pd.DataFrame(rows, columns=["run", "step", "curve", "value"]).dropna() for label, rows in panels.items()
    }
    shown = {label: table for label, table in tables.items() if not table.empty} or tables
    figure = new_figure(7, 2.3 * len(shown))
    rows = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (label, table) in zip(rows, shown.items(), strict=True):
        _draw(axes, table, label, many=len(runs) > 1)
    _set_steps(rows[-1], max(event["step"] for run in runs for event in run.events))
    return figure


def _set_steps(axes: Any, last: int) -> None:
    """Let the axis begin before step 0, whose markers are whole then, whatever is logged; with whole numbers."""
    from matplotlib.ticker import MaxNLocator

    margin = 0.03 * max(1, last)
    axes.set_xlim(-margin, max(1, last) + margin)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("step of the optimiser", fontsize="small")


def _draw(axes: Any, table: pd.DataFrame, label: str, *, many: bool) -> None:
    import seaborn as sns

    axes.set_ylabel(label, fontsize="small")
    axes.tick_params(labelsize="x-small")
    if table.empty:
        axes.text(0.5, 0.5, "nothing logged", ha="center", fontsize="small", transform=axes.transAxes)
        axes.set_yticks([])
        return
    style = {"style": "run"} if many else {"style": "curve"}
    sns.lineplot(table, x="step", y="value", hue="curve", ax=axes, marker="o", markersize=4, errorbar=None, **style)
    sns.move_legend(axes, "upper left", bbox_to_anchor=(1, 1), title=None, frameon=False, fontsize="x-small")


def _distinct(runs: Sequence[Run]) -> dict[str, Run]:
    """Name runs apart: two folders may have one name."""
    names = [run.name for run in runs]
    return {run.name if names.count(run.name) == 1 else f"{run.name} ({i})": run for i, run in enumerate(runs, 1)}


def _losses(name: str, run: Run) -> list[tuple[str, int, str, Any]]:
    return [
        (name, event["step"], key, value)
        for event in run.events
        if event["event"] == "train"
        for key, value in event.items()
        if key not in _NO_LOSS
    ]


def _validations(name: str, run: Run) -> list[tuple[str, int, str, Any]]:
    rows = []
    for event in run.events:
        if event["event"] == "validation":
            rows.append((name, event["step"], "falls with level (held out)", event["monotonicity"]))
            rows += [(name, event["step"], f"MOS of {key}", value) for key, value in (event.get("srcc") or {}).items()]
    return rows
