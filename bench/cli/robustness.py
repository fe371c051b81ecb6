"""``bench robustness``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli import common, showing
from bench.cli.commands import command
from bench.cli.photographs import PhotographChoice, photographs_options
from bench.errors import UsageError, counted

if TYPE_CHECKING:
    from bench.robustness.run import Robustness
    from bench.runs.jobs import Settings


@command(short_help="Test whether scores get worse as photographs are degraded.")
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
@common.style_options
@click.option("--raw", is_flag=True, help="Draw raw scores, with one column of panels for each method.")
def robustness(
    methods: tuple[str, ...],
    photographs: PhotographChoice,
    types: str,
    options: tuple[str, ...],
    device: str,
    precision: str,
    settings: Settings,
    results: str | None,
    form: str | None,
    output: Path | None,
    raw: bool,
) -> None:
    """Degrade photographs at five levels and test whether methods' scores get worse with the level.

    The levels are a synthetic order, not human opinion. Degraded photographs are kept in the cache (BENCH_CACHE) and
    all scores in the results folder. A command that was stopped continues when it is run again.
    """
    from bench.robustness import levels_view
    from bench.robustness.run import measure_robustness, select_types
    from bench.runs import loading
    from bench.runs.store import Store

    _check_output(output, raw)
    specs = loading.method_specs(methods, options, device, precision)
    select_types(types)  # a mistake is told before photographs are read
    found = measure_robustness(
        specs,
        photographs.resolve(),
        Store.locate(results),
        settings,
        types=types,
        count=photographs.count,
        size=photographs.size,
    )
    showing.show(levels_view.show(found.report), form)
    if output is not None:
        _draw(found, output, raw)


def _check_output(output: Path | None, raw: bool) -> None:
    from bench.figures.style import check_path

    if output is not None:
        check_path(output)
    elif raw:
        raise UsageError("--raw is given without --output, but it changes only the figure: give --output FIGURE too")


def _draw(found: Robustness, output: Path, raw: bool) -> None:
    from bench.figures.style import save_figure
    from bench.robustness.figure import draw

    save_figure(draw(found, raw=raw), output)
    click.echo(f"{output}: {counted(len(found.levels), 'method')}, {counted(len(found.types), 'type')}", err=True)
