"""``bench doctor``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli import common, completion
from bench.cli.commands import command
from bench.errors import BenchError, counted
from bench.io.visible import one_line

_MOST_SOURCES = 10

if TYPE_CHECKING:
    from bench.datasets.doctor import Examination
    from bench.datasets.readers.reading import Reading
    from bench.datasets.roots import Roots


@command(short_help="Check whether copies of datasets are complete and readable.")
@click.argument("datasets", nargs=-1, metavar="[ID|PATH]...", shell_complete=completion.datasets)
@common.root_option
@common.reading_options
@click.option("--quick", is_flag=True, help="Check without decoding the images.")
@common.text_or("json")
def doctor(datasets: tuple[str, ...], roots: tuple[str, ...], reading: Reading, quick: bool, form: str) -> None:
    """Check whether copies of datasets are complete, readable and identical to the authors' release.

    Every problem is printed with its remedy. Every image is decoded as in a run, and images that look alike in
    different splits are listed. Without a dataset, print where datasets are searched and which are found. The exit
    code is 1 if a copy is incomplete, damaged or missing.
    """
    from bench.datasets.doctor import examine_named
    from bench.datasets.roots import Roots
    from bench.overlap.across_splits import with_near_duplicates

    places = Roots.parse(roots)
    if not datasets:
        _print_places(places)
        return
    found = [with_near_duplicates(examine_named(text, places, not quick, reading)) for text in datasets]
    if form == "json":
        click.echo(json.dumps([one.as_json() for one in found], indent=1, ensure_ascii=False))
    else:
        click.echo("\n\n".join("\n".join(map(one_line, _lines(one))) for one in found))
    wrong = [one.id for one in found if not one.complete]
    if wrong:
        raise BenchError(f"incomplete: {', '.join(wrong)}")


def _print_places(places: Roots) -> None:
    from bench.datasets.catalogue import shipped_cards
    from bench.datasets.doctor import state
    from bench.datasets.roots import DATA_VARIABLE, PRECEDENCE, SETTINGS_FILE

    settings = places.settings or f"no {SETTINGS_FILE} in the working directory or above it"
    now = (
        "given to each command",
        _there(places.data) or f"${DATA_VARIABLE} is not set",
        f"{settings}" + (f": {', '.join(places.configured)}" if places.configured else ""),
        _there(places.configured_data) or "not set",
    )
    click.echo("Datasets are searched in this order; the first place that has a dataset is used:")
    for number, (place, here) in enumerate(zip(PRECEDENCE, now, strict=True), 1):
        click.echo(f"  {number}. {place}  ({here})")
    click.echo()
    for card in shipped_cards().values():
        click.echo(f"{card.id}: {state(card, places)}")


def _there(data: str) -> str:
    from bench.io.files import is_url

    return data if not data or is_url(data) or Path(data).is_dir() else f"{data}, which does not exist"


def _lines(found: Examination) -> list[str]:
    lines = [f"{found.id}: {found.card.title}" if found.card else found.id]
    if found.place:
        lines[0] += f", at {found.place.text} ({found.place.by})"
    lines += [f"  also at {place.text} ({place.by}): not used" for place in found.others]
    lines += _about(found)
    lines += [f"  {problem.level}: {problem.sentence()}" for problem in found.problems]
    return [*lines, f"  {'complete' if found.complete else 'NOT complete'}"]


def _about(found: Examination) -> list[str]:
    from bench.datasets.dataset import count_values
    from bench.datasets.doctor import ranges

    seen = found.inspection
    if seen is None:
        return []
    dataset = seen.dataset
    known = {True: ", the authors' file (same hash)", False: ", not the authors' file (the hash differs)", None: ""}
    lines = [f"  labels: {source.name}{known[source.known]}" for source in seen.sources[:_MOST_SOURCES]]
    more = len(seen.sources) - _MOST_SOURCES
    lines += [f"  and {counted(more, 'label file')} more"] if more > 0 else []
    where = f" in {', '.join(folder or '.' for folder in seen.folders)}" if seen.folders else ""
    decoded = f", {found.decoded} decoded" if found.decoded is not None else ", not decoded"
    lines.append(f"  images: {seen.found} of {len(dataset.samples)}{where}{decoded}")
    lines += [f"  columns: {dataset.columns}"] if dataset.columns else []
    if seen.unnamed:
        lines.append(f"  {len(seen.unnamed)} other images have no label")
    found_range = ranges(dataset)
    if found_range:
        lines.append(f"  labels from {found_range[0]:g} to {found_range[1]:g}, {dataset.direction} is better")
    splits = count_values(dataset.samples, "split")
    if splits:
        lines.append(f"  splits: {', '.join(f'{name} {n}' for name, n in splits.items())}")
    names = sorted({name for sample in dataset.samples for name in sample.attributes})
    return [*lines, f"  attributes: {', '.join(names)}"] if names else lines
