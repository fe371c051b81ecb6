"""What `bench pick` found, as text, CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.errors import counted
from bench.io.visible import brief, spreadsheet_cell
from bench.picking.choose import Candidate, Picks
from bench.picking.measure import STATISTICS


def as_records(picks: Picks) -> list[dict[str, Any]]:
    """Return a row a candidate, the best first; values unrounded, None where there is none."""
    return [
        {
            "method": one.method,
            "chosen": one.method == picks.chosen,
            "srcc": one.srcc,
            "low": one.low,
            "high": one.high,
            "milliseconds": one.milliseconds,
            "affordable": one.affordable,
            "failed": one.failed,
            "commercial": one.commercial,
            "licence": one.licence,
            "better": one.better,
            "reason": one.reason,
        }
        for one in picks.candidates
    ]


def as_csv(picks: Picks) -> str:
    """Return the candidates as CSV."""
    return _csv([{name: _text(value) for name, value in row.items()} for row in as_records(picks)])


def rating_csv(picks: Picks, folder: Path) -> str:
    """Return the photographs to rate as a CSV with an empty column ``score``; filled in, it is a dataset.

    Args:
        picks: what was found.
        folder: where the CSV goes: paths below it are written relative to it, others whole.
    """
    base = folder.absolute()
    below = [Path(path).is_relative_to(base) for path in picks.files]
    names = [
        Path(path).relative_to(base).as_posix() if inside else path
        for path, inside in zip(picks.files, below, strict=True)
    ]
    return _csv([{"image": name, "score": ""} for name in names])


def after_rating(picks: Picks, path: Path) -> str:
    """Say what to do with the CSV of photographs to rate; or why it was not written."""
    if not picks.to_rate:
        return f"{path}: not written: only two methods or more that score the photographs can disagree on them"
    chosen = " ".join(dict.fromkeys(f"--method {one.method.partition('[')[0]}" for one in picks.candidates))
    return (
        f"{path}: fill in the column score of {counted(len(picks.to_rate), 'photograph')}, higher for better; then "
        f"`bench run {chosen} --dataset {path}` says which method agrees with you"
    )


def _csv(rows: Sequence[Mapping[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if rows:
        writer.writerow(rows[0])
    writer.writerows(map(spreadsheet_cell, row.values()) for row in rows)
    return out.getvalue()


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def as_json(picks: Picks) -> str:
    """Return all of it."""
    whole = {
        "chosen": picks.chosen,
        "candidates": [
            {**record, "agreements": {name: vars(each) for name, each in one.agreements.items()}}
            for record, one in zip(as_records(picks), picks.candidates, strict=True)
        ],
        "datasets": [vars(each) for each in picks.datasets],
        "between": [{"methods": list(pair), "srcc": srcc} for pair, srcc in picks.between.items()],
        "to_rate": list(picks.to_rate),
        "photographs": {
            name: {"mean": mean, "deviation": deviation}
            for name, mean, deviation in zip(STATISTICS, picks.measured.mean, picks.measured.deviation, strict=True)
        },
        "basis": list(picks.basis),
    }
    return json.dumps(whole, indent=1, ensure_ascii=False)


def as_text(picks: Picks) -> str:
    """Return all of it for a terminal."""
    parts = [
        _advice(picks),
        _columns([("method", "SRCC with people", "ms", "commercial use"), *map(_row, picks.candidates)]),
        "Licences\n" + "\n".join(f"  {one.method}: {brief(one.licence)}" for one in picks.candidates),
        *([f"Rated datasets\n{_datasets(picks)}"] if picks.datasets else []),
        *([f"SRCC between methods on your photographs\n{_matrix(picks)}"] if picks.between else []),
        *([_rating(picks)] if picks.to_rate else []),
        "What it rests on\n" + "\n".join(f"  {sentence}" for sentence in picks.basis),
    ]
    return "\n\n".join(parts) + "\n"


def _advice(picks: Picks) -> str:
    chosen = next((one for one in picks.candidates if one.method == picks.chosen), None)
    if chosen is None:
        return "Nothing tells which method to use."
    return f"Use {chosen.method}, whose {chosen.better} scores are better."


def _row(one: Candidate) -> tuple[str, ...]:
    if one.srcc is None:
        srcc = f"-  ({one.reason})"
    else:
        srcc = f"{one.srcc:.3f}" + (f" [{one.low:.3f}, {one.high:.3f}]" if one.low is not None else "")
    took = "-" if one.milliseconds is None else f"{one.milliseconds:,.{0 if one.milliseconds >= 10 else 2}f}"
    took += "" if one.affordable else " (over budget)"
    failed = f"; {one.failed} photographs have no score" if one.failed else ""
    return one.method, srcc, took, f"{one.commercial}{failed}"


def _datasets(picks: Picks) -> str:
    rows = [("dataset", "resemblance", *(one.method for one in picks.candidates))]
    for each in picks.datasets:
        alike = "not measured" if each.resemblance is None else f"{each.resemblance:.2f}"
        known = [one.agreements.get(each.dataset) for one in picks.candidates]
        numbers = [f"{one.srcc:.3f}{'' if one.source == 'stored' else ' published'}" if one else "-" for one in known]
        rows.append((each.dataset + ("" if each.counts else " (does not count)"), alike, *numbers))
    return _columns(rows)


def _matrix(picks: Picks) -> str:
    labels = list(dict.fromkeys(label for pair in picks.between for label in pair))
    both = {**picks.between, **{(b, a): value for (a, b), value in picks.between.items()}}
    cells = [[both.get((a, b)) for b in labels] for a in labels]
    rows = [[f"{value:.3f}" if value is not None else "-" for value in row] for row in cells]
    return _columns([("", *labels), *((label, *row) for label, row in zip(labels, rows, strict=True))])


def _rating(picks: Picks) -> str:
    names = "\n".join(f"  {brief(name)}" for name in picks.to_rate)
    return f"Rate these {len(picks.to_rate)}: there the methods disagree most\n{names}"


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(f"  {line.rstrip()}" for line in lines)
