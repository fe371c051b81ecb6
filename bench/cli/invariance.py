"""``bench invariance``."""

from __future__ import annotations

import click

from bench.cli import common, showing
from bench.cli.commands import command
from bench.cli.photographs import PhotographChoice, photographs_options
from bench.errors import BenchError


@command(short_help="Measure how much scores change when only irrelevant things change.")
@common.methods_option
@photographs_options
@common.option_option
@common.device_option
@common.precision_option
@common.results_option
@common.format_option
@click.option("--strict", is_flag=True, help="Exit with 1 if scores differ although the pixels are the same.")
def invariance(
    methods: tuple[str, ...],
    photographs: PhotographChoice,
    options: tuple[str, ...],
    device: str,
    precision: str,
    results: str | None,
    form: str | None,
    strict: bool,
) -> None:
    """Measure how much scores and ranks change under changes that should not affect quality.

    If the pixels stay the same (other batch, processes, device or file format), a change of a score beyond rounding is
    a defect. Changes of the pixels (flip, crop, resize, noise, JPEG decoder) show the method's sensitivity. For
    photographs with a MOS, the SRCC at several resolutions is printed too. The scores are stored in a subfolder of the
    results. A command that was stopped continues when it is run again.
    """
    from bench.robustness import invariance_view
    from bench.robustness.run import measure_invariance
    from bench.runs import loading
    from bench.runs.store import Store

    specs = loading.method_specs(methods, options, device, precision)
    found = measure_invariance(
        specs, photographs.resolve(), Store.locate(results), count=photographs.count, size=photographs.size
    )
    showing.show(invariance_view.show(found.audits, found.resolutions, found.photos), form)
    if strict and found.defects:
        raise BenchError(f"--strict: scores differ although the pixels are the same: {', '.join(found.defects)}")
