"""``bench robustness``: table of the agreement of each method's scores with distortion levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.defaults import CONFIDENCE
from bench.errors import listed
from bench.robustness.levels import LevelAgreement
from bench.views.model import Value, View
from bench.views.shown import Views
from bench.views.words import interval_text, number

NO_OPINION = "synthetic order, no human opinion"
_NAMED = 3  # types that a sentence names
_APART = "level is no order of severity: in no mean"


@dataclass(frozen=True)
class LevelsReport:
    """Results of methods on one degraded dataset.

    Attributes:
        dataset: its id.
        photographs: how many are in it.
        found: label of a method → what ``robustness.summarise`` found, the same types for each.
        notes: sentences on methods, what they have seen of the photographs say.
    """

    dataset: str
    photographs: int
    found: Mapping[str, Sequence[LevelAgreement]]
    notes: Sequence[str] = ()

    @property
    def summaries(self) -> list[str]:
        """One sentence a method."""
        return [summary(label, found) for label, found in self.found.items()]


def show(report: LevelsReport) -> Views:
    """Return one line for each type, by groups, with SRCC and the share of violated pairs of each method.

    The records are one for each method and type, group or all.
    """
    lines = [dict(zip(report.found, each, strict=True)) for each in zip(*report.found.values(), strict=True)]
    types = [line for line in lines if _any(line).scope == "type"]
    means = {_any(line).name: line for line in lines if _any(line).scope == "group"}
    groups = []
    for name, mean in means.items():
        inside = [_line(one) for one in types if _any(one).group == name and _any(one).monotone]
        groups.append((name, [*inside, _line(mean, "mean")]))
    if apart := [_line(one) for one in types if not _any(one).monotone]:
        groups.append((_APART, apart))
    if every := [line for line in lines if _any(line).scope == "all"]:
        groups.append(("all types whose level orders severity", [_line(every[0], "mean")]))
    head = ["type", *(text for label in report.found for text in (f"{label} SRCC", "violated"))]
    captions = [*report.summaries, _caption(report), *report.notes]
    return Views((View([Value(text) for text in head], groups, captions, _records(report)),))


def summary(label: str, found: Sequence[LevelAgreement]) -> str:
    """Return one sentence on a method: how well its scores follow the level, and which types they follow least."""
    ordered = [one for one in found if one.scope == "type" and one.monotone and one.srcc is not None]
    every = next((one for one in found if one.scope == "all"), None)
    if every is None or every.srcc is None or every.violated is None:
        return f"{label}: no type whose level orders severity could be judged."
    least = sorted(ordered, key=lambda one: one.srcc or 0.0)[:_NAMED]
    named = ", ".join(f"{one.name} ({number(one.srcc or 0.0)})" for one in least)
    return f"{label}: SRCC {number(every.srcc)} with the level, {every.violated:.0%} violated; least with {named}."


def _any(line: Mapping[str, LevelAgreement]) -> LevelAgreement:
    return next(iter(line.values()))


def _line(line: Mapping[str, LevelAgreement], name: str = "") -> list[Value]:
    return [Value(name or _any(line).name), *(value for one in line.values() for value in _values(one))]


def _values(one: LevelAgreement) -> tuple[Value, Value]:
    if one.srcc is None or one.violated is None:
        return Value("-"), Value("-")
    low, high = one.violated_interval.low, one.violated_interval.high
    between = "" if low is None or high is None else f" [{low:.0%}, {high:.0%}]"
    return Value(number(one.srcc), interval_text(one.srcc_interval)), Value(f"{one.violated:.0%}", between)


def _caption(report: LevelsReport) -> str:
    text = (
        f"{report.dataset} ({NO_OPINION}): {report.photographs} photographs. SRCC: of falling quality with the "
        "level (0 is the photograph itself, then 1 to 5), mean of the series of one photograph and type; 1 if every "
        "score falls. Violated: neighbouring levels where the score does not fall, ties included. In brackets: "
        f"{CONFIDENCE:.0%} bootstrap interval over photographs."
    )
    judged = [(label, one) for label, found in report.found.items() for one in found if one.scope == "type"]
    gaps: dict[str, list[str]] = {}
    for label, one in judged:
        if why := _reason(one):
            gaps.setdefault(why, []).append(f"{label} on {one.name}")
    for why, where in gaps.items():
        text += f" {why[0].upper()}{why[1:]}: {'all' if len(where) == len(judged) else listed(where, _NAMED)}."
    return text


def _records(report: LevelsReport) -> list[dict[str, Any]]:
    return [
        {
            "method": label,
            "dataset": report.dataset,
            "labels": NO_OPINION,
            "photographs": report.photographs,
            "scope": one.scope,
            "name": one.name,
            "group": one.group,
            "monotone": one.monotone,
            "series": one.series,
            "failed": one.failed,
            "unchanged": one.unchanged,
            "srcc": one.srcc,
            "srcc_low": one.srcc_interval.low,
            "srcc_high": one.srcc_interval.high,
            "violated": one.violated,
            "violated_low": one.violated_interval.low,
            "violated_high": one.violated_interval.high,
            "reason": _reason(one),
        }
        for label, found in report.found.items()
        for one in found
    ]


def _reason(one: LevelAgreement) -> str:
    reasons = []
    if one.failed:
        reasons.append(f"{one.failed} series left out, of which an image has no score")
    if one.unchanged:
        reasons.append(f"{one.unchanged} series left out, which the type leaves with under three different images")
    if one.srcc_interval.reason:
        reasons.append(f"no interval: {one.srcc_interval.reason}")
    return "; ".join(reasons)
