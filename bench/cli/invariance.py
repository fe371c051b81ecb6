"""``bench invariance``."""

from __future__ import annotations

import click

from bench.cli import common
from bench.cli.photographs import PhotographChoice, photographs_options
from bench.errors import BenchError


@click.command(short_help="Show how much scores move under changes that should not matter.")
@common.methods_option
@photographs_options
@common.option_option
@common.device_option
@common.precision_option
@common.results_option
@click.option("--format", "form", type=click.Choice(["md", "csv", "json"]), default="md", show_default=True)
@click.option("--strict", is_flag=True, help="Exit with 1 if scores move where the pixels are the same.")
def invariance(
    methods: tuple[str, ...],
    photographs: PhotographChoice,
    options: tuple[str, ...],
    device: str,
    precision: str,
    results: str | None,
    form: str,
    strict: bool,
) -> None:
    """Score photographs again after changes that should not matter, and show how much scores and ranks move.

    Changes that leave the pixels as they are (batch, processes, device, file format) must not move a score beyond
    rounding: that is a defect. The others (flip, crop, resize, noise, JPEG decoder) are sensitivities. Where the
    photographs have a MOS, SRCC at several resolutions is shown too. Scores go to a store of their own inside the
    usual one; stopped at any moment, the same command goes on.
    """
    from bench.robustness import invariance_view
    from bench.robustness.run import measure_invariance
    from bench.runs import loading
    from bench.runs.store import Store
    from bench.views import records

    specs = loading.method_specs(methods, options, device, precision)
    found = measure_invariance(
        specs, photographs.resolve(), Store.locate(results), count=photographs.count, size=photographs.size
    )
    shown = (found.audits, found.resolutions, found.photos)
    if form == "md":
        click.echo(invariance_view.to_markdown(*shown).rstrip("\n"))
    else:
        write = records.records_as_json if form == "json" else records.records_as_csv
        click.echo(write(invariance_view.records(*shown)).rstrip("\n"))
    if strict and found.defects:
        raise BenchError(f"--strict: scores move where the pixels are the same: {', '.join(found.defects)}")
