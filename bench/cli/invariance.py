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


@click.command(short_help="Measure how much scores change when only irrelevant things change.")
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
    form: str,
    strict: bool,
) -> None:
    """Measure how much scores and ranks change under changes that should not affect quality.

    If the pixels stay the same (other batch, processes, device or file format), a change of a score beyond rounding is
    a defect. Changes of the pixels (flip, crop, resize, noise, JPEG decoder) show the method's sensitivity. For
    photographs with a MOS, the SRCC at several resolutions is printed too. The scores are stored in a subfolder of the
    results. A command that was stopped continues when it is run again.
    """
    from bench.robustness import invariance_view
    from bench.robustness.audit import FOLDER, Auditor
    from bench.robustness.derived import choose
    from bench.runs import loading
    from bench.runs.store import Store

    common.warn_about_plugins()
    specs = loading.method_specs(methods, options, device, precision)
    photos = photographs.resolve()
    samples = choose(photos, photographs.count)
    store = Store(Store.locate(results).root / FOLDER)
    store.check_writable()
    ready = loading.load_methods(specs)
    auditor = Auditor(ready, _elsewhere(specs), photos, samples, photographs.size, store)
    audits, resolutions = auditor.audit(), auditor.resolutions()
    click.echo(invariance_view.show(audits, resolutions, photos.id).written(form).rstrip("\n"))
    defects = [f"{audit.label} ({', '.join(audit.defects)})" for audit in audits if audit.defects]
    if strict and defects:
        raise BenchError(f"--strict: scores differ although the pixels are the same: {', '.join(defects)}")


def _elsewhere(specs: Sequence[MethodSpec]) -> list[LoadedMethod]:
    """Load the methods with a network on the other device too, if there is one."""
    from bench.runs import loading, scoring

    bound = [spec for spec in specs if spec.method.info.device_bound]
    if not bound or scoring.resolve_device("auto", [spec.method for spec in bound]) == "cpu":
        return []
    return loading.load_methods([replace(s, device="cpu" if s.device == "cuda" else "cuda") for s in bound])
