"""Output of ``bench overlap``: shared images as text, CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from bench.io.visible import one_line, spreadsheet_cell
from bench.overlap.compare import NearDuplicates, Overlap
from bench.overlap.names import SharedName
from bench.overlap.near import BITS, HASH

_COLUMNS = ("kind", "key", "a", "b", "distance", "error")
_EXAMPLES = 5


def _rows(found: Overlap) -> Iterator[dict[str, Any]]:
    if found.near:
        for a, b, distance in found.near.rows():
            yield {"kind": "near-duplicate", "a": a, "b": b, "distance": distance}
        for name, error in found.near.a.failed:
            yield {"kind": "not compared", "a": name, "error": error}
        for name, error in () if found.near.inside else found.near.b.failed:
            yield {"kind": "not compared", "b": name, "error": error}
    for shared in found.names.telling:
        for a in shared.a:
            for b in shared.b:
                yield {"kind": shared.kind, "key": shared.key, "a": a, "b": b}
    for stem in found.names.generic:
        yield {"kind": "equal name that tells nothing", "key": stem}


def to_csv(found: Overlap, raw: bool = False) -> str:
    """Return one line a pair, name or image that could not be compared.

    Args:
        found: what both have.
        raw: leave texts as they are; else none of them is computed by a spreadsheet or steers a terminal.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in _rows(found):
        writer.writerow(row if raw else {name: spreadsheet_cell(value) for name, value in row.items()})
    return text.getvalue()


def to_json(found: Overlap) -> str:
    """Return counts, pairs and names."""
    named = found.named()
    sides = [
        {"id": side.id, "origin": side.origin, "images": len(side.names), "sharing_a_name": count}
        for side, count in zip((found.a, found.b), named, strict=True)
    ]
    value: dict[str, Any] = {"a": sides[0], "b": sides[1]}
    if found.near:
        for side, hashed, count in zip(sides, (found.near.a, found.near.b), found.near.counts(), strict=True):
            side["with_a_near_duplicate"] = count
            side["not_compared"] = [{"image": name, "error": error} for name, error in hashed.failed]
        value |= {"hash": HASH, "threshold": found.threshold}
        value["pairs"] = [{"a": a, "b": b, "distance": distance} for a, b, distance in found.near.rows()]
    value["names"] = [vars(shared) for shared in found.names.telling]
    value["equal_names_that_tell_nothing"] = found.names.generic
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def to_text(found: Overlap, show: int) -> str:
    """Return counts, and the first pairs and names, of which at most ``show`` each."""
    lines = [*_near_lines(found, found.near, show)] if found.near else []
    telling, generic = found.names.telling, found.names.generic
    lines += _counts("share a distinctive name", found, found.named())
    lines += [f"  {one.kind:9}  {one.key}  {one.a[0]}  {one.b[0]}{_more(one)}" for one in telling[:show]]
    lines += _rest(len(telling), show, "names")
    if generic:
        examples = ", ".join(generic[:_EXAMPLES]) + (", ..." if len(generic) > _EXAMPLES else "")
        lines.append(f"equal names that are too common to count: {len(generic):,} ({examples})")
    return "\n".join(map(one_line, lines)) + "\n"


def _near_lines(found: Overlap, near: NearDuplicates, show: int) -> Iterator[str]:
    yield f"near-duplicates: {HASH}, at most {found.threshold} of {BITS} bits apart; {len(near.pairs.a):,} pairs"
    yield from _counts("have a near-duplicate", found, near.counts())
    yield from (f"  {distance:3}  {a}  {b}" for a, b, distance in islice(near.rows(), show))
    yield from _rest(len(near.pairs.a), show, "pairs")
    for side, hashed in ((found.a, near.a), (found.b, near.b))[: 1 if near.inside else 2]:
        if hashed.failed:
            yield f"images of {side.id} that could not be compared: {len(hashed.failed):,}"
            yield from (f"  {name}: {reason}" for name, reason in hashed.failed[:show])
            yield from _rest(len(hashed.failed), show, "images")


def _counts(what: str, found: Overlap, counts: tuple[int, int]) -> list[str]:
    a, b = found.a, found.b
    if a == b:
        return [f"{counts[0]:,} of {len(a.names):,} images of {a.id} {what} inside it"]
    return [
        f"{count:,} of {len(one.names):,} images of {one.id} {what} in {other.id}"
        for one, other, count in ((a, b, counts[0]), (b, a, counts[1]))
    ]


def _more(shared: SharedName) -> str:
    others = len(shared.a) + len(shared.b) - 2
    return f"  and {others:,} more" if others else ""


def _rest(count: int, show: int, what: str) -> list[str]:
    return [f"  ... and {count - show:,} more {what}: use --format csv or json to list all"] if count > show else []
