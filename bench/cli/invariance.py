"""``bench invariance``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from bench.cli import common
from bench.cli.photographs import PhotographChoice, photographs_options
from bench.errors import BenchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.runs.scoring import LoadedMethod, MethodSpec


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
    from bench.plugins.registry import warn_about_plugins
    from bench.robustness import invariance_view
    from bench.robustness.audit import FOLDER, Auditor
    from bench.robustness.derived import choose
    from bench.runs import loading
    from bench.runs.store import Store
    from bench.views import records

    warn_about_plugins()
    specs = loading.method_specs(methods, options, device, precision)
    photos = photographs.resolve()
    samples = choose(photos, photographs.count)
    store = Store(Store.locate(results).root / FOLDER)
    store.check_writable()
    ready = loading.load_methods(specs)
    auditor = Auditor(ready, _elsewhere(specs), photos, samples, photographs.size, store)
    audits, resolutions = auditor.audit(), auditor.resolutions()
    if form == "md":
        click.echo(invariance_view.to_markdown(audits, resolutions, photos.id).rstrip("\n"))
    else:
        write = records.records_as_json if form == "json" else records.records_as_csv
        click.echo(write(invariance_view.records(audits, resolutions, photos.id)).rstrip("\n"))
    defects = [f"{audit.label} ({', '.join(audit.defects)})" for audit in audits if audit.defects]
    if strict and defects:
        raise BenchError(f"--strict: scores move where the pixels are the same: {', '.join(defects)}")


def _elsewhere(specs: Sequence[MethodSpec]) -> list[LoadedMethod]:
    """Load the methods that run a network on the other device, where there is one."""
    from bench.runs import loading, scoring

    bound = [spec for spec in specs if spec.method.info.device_bound]
    if not bound or scoring.resolve_device("auto", [spec.method for spec in bound]) == "cpu":
        return []
    return loading.load_methods([replace(s, device="cpu" if s.device == "cuda" else "cuda") for s in bound])
