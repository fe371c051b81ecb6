"""``bench robustness``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli import common
from bench.cli.photographs import PhotographChoice, photographs_options
from bench.errors import BenchError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.distortions import Distortion
    from bench.robustness.levels import Levels
    from bench.runs.entry import Entry
    from bench.runs.scoring import Settings


@click.command(short_help="Test whether scores get worse as photographs are degraded.")
@common.methods_option
@photographs_options
@click.option(
    "--types",
    default="kadid",
    show_default=True,
    metavar="NAME[,NAME...]",
    help="Distortion types, or presets of types: kadid, authentic, compositions.",
)
@common.option_option
@common.device_option
@common.precision_option
@common.settings_options
@common.results_option
@common.format_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FIGURE",
    help="Figure of mean scores by level to write: .svg, .png or .pdf.",
)
@click.option("--raw", is_flag=True, help="Draw raw scores, with one row of panels for each method.")
def robustness(
    methods: tuple[str, ...],
    photographs: PhotographChoice,
    types: str,
    options: tuple[str, ...],
    device: str,
    precision: str,
    settings: Settings,
    results: str | None,
    form: str,
    output: Path | None,
    raw: bool,
) -> None:
    """Degrade photographs at five levels and test whether methods' scores get worse with the level.

    The levels are a synthetic order, not human opinion. Degraded photographs are kept in the cache (BENCH_CACHE) and
    all scores in the results folder. A command that was stopped continues when it is run again.
    """
    from bench.runs import loading

    _check_output(output, raw)
    from bench.robustness.degraded import degraded
    from bench.runs import runner
    from bench.runs.store import Store

    common.warn_about_plugins()
    specs = loading.method_specs(methods, options, device, precision)
    names = _select(types)
    photos = photographs.resolve()
    store = Store.locate(results)
    store.check_writable()
    ready = loading.load_methods(specs)
    dataset = degraded(photos, photographs.count, photographs.size, names)
    entries = [done.entry for done in runner.run(ready, dataset, store, settings)]
    for entry in entries:
        if not entry.scored:
            raise BenchError(f"{entry.method.label} scored no image of {dataset.id}")
    _show(entries, names, form, output, raw)


def _check_output(output: Path | None, raw: bool) -> None:
    from bench.figures.style import check_path

    if output is not None:
        check_path(output)
    elif raw:
        raise UsageError("--raw is given without --output, but it changes only the figure: give --output FIGURE too")


def _select(types: str) -> tuple[str, ...]:
    from bench.distortions import select

    try:
        return tuple(dict.fromkeys(select(types)))
    except ValueError as error:
        raise UsageError(f"--types got {types!r}: {error}") from None


def _show(entries: Sequence[Entry], names: Sequence[str], form: str, output: Path | None, raw: bool) -> None:
    from bench.distortions import find
    from bench.robustness import levels_view
    from bench.robustness.levels import read_levels, summarise
    from bench.tables.evaluation import evaluate

    types = [find(name) for name in names]
    levels = [read_levels(entry, names) for entry in entries]
    dataset = entries[0].dataset.id
    notes = [f"{c.method.label}: {leak.why}." for c in evaluate(entries, draws=0, values=()) for leak in c.leaks]
    found = {each.label: summarise(each, types) for each in levels}
    report = levels_view.LevelsReport(dataset, len(levels[0].scores), found, notes)
    click.echo(levels_view.show(report).written(form).rstrip("\n"))
    if output is not None:
        _draw(levels, types, dataset, output, raw)


def _draw(levels: Sequence[Levels], types: Sequence[Distortion], dataset: str, output: Path, raw: bool) -> None:
    from bench.figures.style import save_figure
    from bench.robustness.figure import curves, raw_curves

    save_figure((raw_curves if raw else curves)(levels, types, dataset), output)
    click.echo(f"{output}: {len(levels)} methods, {len(types)} types", err=True)
