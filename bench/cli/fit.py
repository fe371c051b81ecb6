"""``bench fit``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli import common, completion
from bench.cli.commands import command
from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.datasets.readers.reading import Reading
    from bench.fit.regression import Regression


_PRISTINE = {"method": "METHOD", "pristine": "--pristine", "output": "--output"}
_MOS = {"features": "--features", "train": "--train"}
_DATA_OPTIONS = ("score_column", "lower_is_better", "image_column", "suffix", "allow_incomplete")
_PROCESSES = ("workers", "image_timeout", "scheduler")
_ONLY_MOS = {
    name: f"--{name.replace('_', '-')}"
    for name in ("features", "train", "test", "regression", "splits", "resize", "results", *_PROCESSES, *_DATA_OPTIONS)
}


@command(short_help="Fit a method on pristine photographs, or a regression of its features on MOS.")
@click.argument("method", required=False, shell_complete=completion.methods)
@click.option(
    "--pristine",
    metavar="ID|PATH",
    shell_complete=completion.datasets,
    help="Pristine photographs to fit METHOD on: a dataset id, a folder or a CSV.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="File to write the fitted parameters of METHOD to; with --features, one regression on all ratings.",
)
@click.option(
    "--features",
    metavar="METHOD",
    shell_complete=completion.methods,
    help="Fit regressions on MOS instead, with the features of this method.",
)
@click.option(
    "--train",
    multiple=True,
    metavar="ID|PATH",
    shell_complete=completion.datasets,
    help="Dataset whose MOS to fit on, with --features. Repeatable.",
)
@click.option(
    "--test",
    multiple=True,
    metavar="ID|PATH",
    shell_complete=completion.datasets,
    help="Dataset to test on too, with --features. Repeatable.",
)
@click.option(
    "--regression",
    type=click.Choice(["ridge", "svr"]),
    default="ridge",
    show_default=True,
    help="Kind of regression, with --features.",
)
@click.option(
    "--splits",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Number of content-disjoint splits (random:0, random:1, ...), with --features.",
)
@common.plugin_option
@common.reading_options
@common.option_option
@common.device_option
@common.precision_option
@common.processes_options
@click.option("--resize", metavar="POLICY", help="Resize every image first, with --features: none, short:N or WxH.")
@common.root_option
@common.results_option
@common.incomplete_option
@click.pass_context
def fit(
    context: click.Context,
    method: str | None,
    pristine: str | None,
    output: Path | None,
    features: str | None,
    train: tuple[str, ...],
    test: tuple[str, ...],
    regression: Regression,
    splits: int,
    reading: Reading,
    options: tuple[str, ...],
    device: str,
    precision: str,
    workers: int | None,
    image_timeout: int,
    scheduler: str | None,
    resize: str | None,
    roots: tuple[str, ...],
    results: str | None,
    allow_incomplete: bool,
) -> None:
    """Fit METHOD's parameters on pristine photographs and write them to a file.

    Other commands use the file by an option, for example --option niqe.model=FILE.

    With --features METHOD --train RATINGS --output FILE, fit one regression from the method's features to ratings of
    your own: `bench score --model FILE` rates new photographs by it.

    With --features METHOD --train DATASET and no --output, fit regressions to the MOS, one for each split, and store
    their predictions on the test parts of every dataset given. `bench table --style cross` shows them.
    """
    from bench.datasets.resolve import resolve
    from bench.datasets.roots import Roots
    from bench.fit.mos import fit_on_mos
    from bench.fit.own import fit_on_ratings
    from bench.fit.pristine import fit_on_pristine
    from bench.runs import loading
    from bench.runs.jobs import Settings
    from bench.runs.store import Store

    _check_usage(context)
    spec = loading.one_spec(str(method or features), options, device, precision)
    places = Roots.parse(roots)
    if pristine is not None and output is not None:
        click.echo(fit_on_pristine(spec, resolve(pristine, places, "--pristine"), output))
        return
    store = Store.locate(results)
    policy = common.parse_resize(resize) if resize else None
    settings = Settings(policy, workers=workers, image_timeout=image_timeout, scheduler=scheduler)
    if output is not None:
        click.echo(
            fit_on_ratings(spec, resolve(train[0], places, "--train", reading), output, store, settings, regression)
        )
        return
    for done in fit_on_mos(
        spec,
        [resolve(text, places, "--train", reading) for text in dict.fromkeys(train)],
        [resolve(text, places, "--test", reading) for text in dict.fromkeys(test) if text not in train],
        store,
        settings,
        regression=regression,
        splits=splits,
        allow_incomplete=allow_incomplete,
    ):
        stored = f", {splits - done.new} already stored" if done.new < splits else ""
        click.echo(f"{done.label} on {done.target}: {done.new} splits fitted{stored}")
    click.echo(f"Stored in {store.root}; `bench table --style cross` compares them with other methods.", err=True)


def _check_usage(context: click.Context) -> None:
    """Refuse a mixture of the usages, and one that lacks something."""
    default = click.core.ParameterSource.DEFAULT
    given = {name for name in context.params if context.get_parameter_source(name) is not default}
    both = (
        f"{' '.join(_PRISTINE.values())} fits on photographs, {' '.join(_MOS.values())} fits on MOS, and with --output "
        "on ratings of your own"
    )
    pristine, mos = {"method", "pristine"} & given, _ONLY_MOS.keys() & given
    if pristine and mos:
        got = " and ".join(word for name, word in (_PRISTINE | _ONLY_MOS).items() if name in given)
        raise UsageError(f"got {got}, which cannot be combined: {both}")
    needed = _MOS if mos else _PRISTINE
    if lacking := [word for name, word in needed.items() if name not in given]:
        raise UsageError(f"{' and '.join(lacking)} must be given: {both}")
    if mos and "output" in given:
        _check_one_file(context, given)


def _check_one_file(context: click.Context, given: set[str]) -> None:
    if beside := [_ONLY_MOS[name] for name in ("test", "splits") if name in given]:
        raise UsageError(
            f"--output got a file for one regression on all ratings, and {' and '.join(beside)} may not be given"
        )
    if len(context.params["train"]) > 1:
        raise UsageError("--output got a file for one regression, and --train is given more than once: give it once")
