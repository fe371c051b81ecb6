"""Records and summary of a gMAD contest."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from bench.gmad.contest import Contest, Direction, JudgedPair
from bench.gmad.pairs import Opinion


def records(contest: Contest) -> list[dict[str, Any]]:
    """Return one record a pair: images, raw scores and labels, gaps in standard deviations, verdict."""
    return [_record(contest, way, each) for way in contest.directions for each in way.judged]


def _record(contest: Contest, way: Direction, judged: JudgedPair) -> dict[str, Any]:
    pair = judged.pair
    record: dict[str, Any] = {
        "dataset": contest.column.dataset,
        "protocol": str(contest.column.protocol),
        "defender": way.defender,
        "attacker": way.attacker,
        "level": pair.level,
    }
    for side, place in (("better", pair.better), ("worse", pair.worse)):
        label = float(contest.labels[place])
        record |= {
            f"{side}_for_attacker": contest.images[place],
            f"defender_{side}": float(contest.scores[way.defender][place]),
            f"attacker_{side}": float(contest.scores[way.attacker][place]),
            f"label_{side}": None if np.isnan(label) else label,
        }
    return record | {
        "defender_gap": pair.defender_gap,
        "attacker_gap": pair.attacker_gap,
        "label_gap": judged.label_gap,
        "label_z": judged.label_z,
        "labels_side_with": judged.verdict,
        "reason": judged.reason,
    }


def summary(contest: Contest) -> str:
    """Return what was compared, in how many pairs the labels side with whom each way round, and how to read a sheet."""
    left_out = f"; {contest.failed:,} that one of them did not score are left out" if contest.failed else ""
    lines = [
        f"gMAD on {contest.column.dataset} ({contest.column.protocol}): {len(contest.images):,} images{left_out}; "
        f"equal: within {contest.equal:g} standard deviations",
        *_about_labels(contest),
    ]
    for way in contest.directions:
        lines.append(f"{way.defender} holds equal what {way.attacker} holds different: {sides(contest, way)}")
        lines += [f"  level {level.number}: {level.reason}" for level in way.levels if level.reason]
    for cell in contest.cells:
        lines += [f"note: {cell.method.label}: {leak.why}" for leak in cell.leaks]
    return "\n".join([*lines, f"figure: {frames(contest)}"])


def _about_labels(contest: Contest) -> list[str]:
    """Say how labels were held equal: by a test where the error of both is known."""
    judged = [each for way in contest.directions for each in way.judged if each.verdict is not None]
    tested = sum(each.label_z is not None for each in judged)
    test = "a z-test of the two labels at 5%, by the spread and the number of their ratings"
    if not judged:
        return []
    if tested == len(judged):
        return [f"labels: equal or different by {test}"]
    plain = f"equal within {contest.equal:g} standard deviations, which may be less than their noise"
    unknown = "the spread or the number of the ratings is not known"
    if not tested:
        return [f"labels: {plain}: {unknown}"]
    return [
        f"labels: equal or different by {test} in {tested} of {len(judged)} pairs; in the others {plain}: {unknown}"
    ]


def frames(contest: Contest) -> str:
    """Return what a row of the figure shows, and what its frames mean, in words."""
    who = judges(contest)
    rates = "rate" if who == "people" else "rates"
    verdicts = {judged.verdict for way in contest.directions for judged in way.judged}
    says = f"Thick frame: {who} {rates} this image as better. No thick frame: {who} {rates} both as equal"
    if verdicts == {None}:
        says = "No frame is thick, because no labels say which image is better"
    elif None in verdicts:
        says += ", or no labels say it"
    return (
        "Each row shows two images that the method named first scores equal, while the other method scores the left "
        "one better: if they look equally good, the first is right; if the left one looks better, the other is. "
        f"{says}."
    )


def judges(contest: Contest) -> str:
    """Return whom the labels speak for: a synthetic order is no human opinion."""
    return "the synthetic order" if contest.cells[0].dataset.kind == "synthetic-order" else "people"


def label_name(contest: Contest) -> str:
    """Return what the labels are called: MOS, DMOS where lower is better, or the level of a synthetic order."""
    dataset = contest.cells[0].dataset
    if dataset.kind == "synthetic-order":
        return "level"
    return "MOS" if dataset.direction == "higher" else "DMOS"


def sides(contest: Contest, way: Direction) -> str:
    """Return in how many pairs of one direction the labels side with whom."""
    counts = Counter(judged.verdict for judged in way.judged)
    pairs = f"{len(way.judged)} pair{'' if len(way.judged) == 1 else 's'}"
    why = dict.fromkeys(judged.reason for judged in way.judged if judged.verdict is None)
    unknown = f"{counts.pop(None)} without a verdict ({', '.join(why)})" if why else ""
    if not counts:
        return f"{pairs}; {unknown}" if unknown else pairs
    who = judges(contest)
    with_whom = (
        f"{way.attacker} in {counts[Opinion.ATTACKER]}",
        f"{way.defender} in {counts[Opinion.DEFENDER]}",
        f"neither in {counts[Opinion.NEITHER]}",
    )
    judged = f"{who} {'side' if who == 'people' else 'sides'} with {', '.join(with_whom)}"
    return "; ".join(filter(None, (pairs, judged, unknown)))
