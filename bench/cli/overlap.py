"""``bench overlap``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli import common
from bench.errors import BenchError, UsageError
from bench.io.atomic import write_output

if TYPE_CHECKING:
    from bench.overlap.compare import NearDuplicates, Overlap
    from bench.overlap.names import SharedName

_COLUMNS = ("kind", "key", "a", "b", "distance", "error")
_EXAMPLES = 5


@click.command(short_help="Find the images that two datasets share.")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@common.root_option
@click.option("--names", "only_names", is_flag=True, help="Compare only file names; labels are read, images are not.")
@click.option(
    "--threshold",
    type=click.IntRange(0, 256),
    metavar="BITS",
    help="Largest Hamming distance of near-duplicates, of 256 bits. [default: the value measured in docs/overlap.md]",
)
@click.option(
    "--show",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="Number of pairs and names to print with --format text.",
)
@click.option(
    "--fail-over", type=click.IntRange(0), metavar="N", help="Exit with 1 if more than N images of A are in B."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "csv", "json"]),
    default="text",
    show_default=True,
    help="Format of the output.",
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="File to write instead of stdout."
)
def overlap(
    a: str,
    b: str,
    roots: tuple[str, ...],
    only_names: bool,
    threshold: int | None,
    show: int,
    fail_over: int | None,
    form: str,
    output: Path | None,
) -> None:
    """Find images of A that are also in B, slightly changed or under another name.

    A and B are ids, folders, CSVs, cards or images; give A twice to find duplicates inside it. Near-duplicates are
    listed with the distance of their perceptual hashes, followed by distinctive names that both have. Check every pair
    by eye.
    """
    if output is not None and not output.parent.is_dir():
        raise UsageError(f"--output got {output}: the folder {output.parent} does not exist")
    if only_names and threshold is not None:
        raise UsageError("--threshold applies to images, and --names compares only names: leave one of them out")
    from bench.datasets.resolve import resolve
    from bench.datasets.roots import Roots
    from bench.overlap.compare import compare_names, compare_sets, read_names
    from bench.overlap.near import THRESHOLD

    places = Roots.parse(roots)
    if only_names:
        found = compare_names(read_names(a, places, "A"), read_names(b, places, "B"))
    else:
        found = compare_sets(
            resolve(a, places, "A"), resolve(b, places, "B"), THRESHOLD if threshold is None else threshold
        )
    _write(_to_text(found, show) if form == "text" else {"csv": _to_csv, "json": _to_json}[form](found), output)
    in_a, _ = found.near.counts() if found.near else found.named()
    if fail_over is not None and in_a > fail_over:
        raise BenchError(f"--fail-over got {fail_over}: {in_a} images of A are in B")


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


def _to_csv(found: Overlap) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_rows(found))
    return text.getvalue()


def _to_json(found: Overlap) -> str:
    named = found.named()
    sides = [
        {"id": side.id, "origin": side.origin, "images": len(side.names), "sharing_a_name": count}
        for side, count in zip((found.a, found.b), named, strict=True)
    ]
    value: dict[str, Any] = {"a": sides[0], "b": sides[1]}
    if found.near:
        from bench.overlap.near import HASH

        for side, hashed, count in zip(sides, (found.near.a, found.near.b), found.near.counts(), strict=True):
            side["with_a_near_duplicate"] = count
            side["not_compared"] = [{"image": name, "error": error} for name, error in hashed.failed]
        value |= {"hash": HASH, "threshold": found.threshold}
        value["pairs"] = [{"a": a, "b": b, "distance": distance} for a, b, distance in found.near.rows()]
    value["names"] = [vars(shared) for shared in found.names.telling]
    value["equal_names_that_tell_nothing"] = found.names.generic
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _to_text(found: Overlap, show: int) -> str:
    lines = [*_near_lines(found, found.near, show)] if found.near else []
    telling, generic = found.names.telling, found.names.generic
    lines += _counts("share a distinctive name", found, found.named())
    lines += [f"  {one.kind:9}  {one.key}  {one.a[0]}  {one.b[0]}{_more(one)}" for one in telling[:show]]
    lines += _rest(len(telling), show, "names")
    if generic:
        examples = ", ".join(generic[:_EXAMPLES]) + (", ..." if len(generic) > _EXAMPLES else "")
        lines.append(f"equal names that are too common to count: {len(generic):,} ({examples})")
    return "\n".join(lines) + "\n"


def _near_lines(found: Overlap, near: NearDuplicates, show: int) -> Iterator[str]:
    from bench.overlap.near import BITS, HASH

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


def _write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
    else:
        write_output(output, text)
