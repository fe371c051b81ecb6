"""``bench fit``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli import common
from bench.errors import ImageError, UsageError

if TYPE_CHECKING:
    from bench.api import Photo, Resize
    from bench.datasets.dataset import Dataset
    from bench.fit.data import DatasetFeatures
    from bench.fit.regression import Regression
    from bench.runs.scoring import MethodSpec
    from bench.runs.store import Store


_PRISTINE = {"method": "METHOD", "pristine": "--pristine", "output": "--output"}
_MOS = {"features": "--features", "train": "--train"}
_ONLY_MOS = {name: f"--{name}" for name in ("features", "train", "test", "regression", "splits", "resize", "results")}


@click.command(short_help="Fit a method on pristine photographs, or a regression of its features on MOS.")
@click.argument("method", required=False)
@click.option(
    "--pristine", metavar="ID|PATH", help="Pristine photographs to fit METHOD on: a dataset id, a folder or a CSV."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="File to write the fitted parameters of METHOD to.",
)
@click.option("--features", metavar="METHOD", help="Fit regressions on MOS instead, with the features of this method.")
@click.option(
    "--train", multiple=True, metavar="ID|PATH", help="Dataset whose MOS to fit on, with --features. Repeatable."
)
@click.option("--test", multiple=True, metavar="ID|PATH", help="Dataset to test on too, with --features. Repeatable.")
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
@common.option_option
@common.device_option
@common.precision_option
@click.option("--resize", metavar="POLICY", help="Resize every image first, with --features: none, short:N or WxH.")
@common.root_option
@common.results_option
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
    options: tuple[str, ...],
    device: str,
    precision: str,
    resize: str | None,
    roots: tuple[str, ...],
    results: str | None,
) -> None:
    """Fit METHOD's parameters on pristine photographs and write them to a file.

    Other commands use the file by an option, for example --option niqe.model=FILE.

    With --features METHOD --train DATASET, fit regressions from the method's features to the MOS instead, one for each
    split, and store their predictions on the test parts of every dataset given. `bench table --style cross` shows them.
    """
    from bench.datasets.resolve import resolve
    from bench.datasets.roots import Roots
    from bench.runs import loading
    from bench.runs.store import Store

    _check_usage(context)
    (spec,) = loading.method_specs([str(method or features)], options, device, precision)
    places = Roots.parse(roots)
    if pristine is not None and output is not None:
        _on_pristine(spec, resolve(pristine, places, "--pristine"), output)
        return
    policy = common.parse_resize(resize) if resize else None
    trained = [resolve(text, places, "--train") for text in dict.fromkeys(train)]
    others = [resolve(text, places, "--test") for text in dict.fromkeys(test) if text not in train]
    _on_mos(spec, trained, others, regression, splits, policy, Store.locate(results))


def _check_usage(context: click.Context) -> None:
    """Refuse a mixture of the two usages, and one that lacks something."""
    default = click.core.ParameterSource.DEFAULT
    given = {name for name in context.params if context.get_parameter_source(name) is not default}
    both = f"{' '.join(_PRISTINE.values())} fits on photographs, {' '.join(_MOS.values())} fits on MOS"
    pristine, mos = _PRISTINE.keys() & given, _ONLY_MOS.keys() & given
    if pristine and mos:
        got = " and ".join(word for name, word in (_PRISTINE | _ONLY_MOS).items() if name in given)
        raise UsageError(f"got {got}, which cannot be combined: {both}")
    needed = _MOS if mos else _PRISTINE
    if lacking := [word for name, word in needed.items() if name not in given]:
        raise UsageError(f"{' and '.join(lacking)} must be given: {both}")


def _on_pristine(spec: MethodSpec, dataset: Dataset, output: Path) -> None:
    from bench.plugins import weights

    if not output.parent.is_dir():
        raise UsageError(f"--output got {output}: the folder {output.parent} does not exist")
    try:
        click.echo(
            weights.with_fetching(
                lambda: spec.method.fit(
                    _photos(dataset), output, options=spec.options, device=spec.device, source=dataset.id
                )
            )
        )
    except NotImplementedError:
        raise UsageError(
            f"METHOD got {spec.method.info.name!r}, which has no parameters to fit on pristine photographs"
        ) from None


def _photos(dataset: Dataset) -> Iterator[Photo]:
    from bench.io.images import decode
    from bench.io.progress import bar

    with bar(len(dataset.samples), "fitting") as shown:
        for sample in dataset.samples:
            shown.update()
            if sample.file is None:
                continue
            try:
                yield decode(sample.file.read(), sample.name)
            except ImageError as error:
                shown.write(f"skipped {sample.name}: {error}", file=sys.stderr)


def _on_mos(
    spec: MethodSpec,
    train: list[Dataset],
    others: list[Dataset],
    regression: Regression,
    splits: int,
    policy: Resize | None,
    store: Store,
) -> None:
    from bench.fit import data, fitting
    from bench.fit import features as extraction
    from bench.runs import loading

    extraction.check_features(spec)
    data.check_datasets(train, [*train, *others], splits)
    store.check_writable()
    (ready,) = loading.load_methods([spec])
    measured = [data.extract_features(ready, dataset, policy, store.root) for dataset in (*train, *others)]
    for one in measured:
        _report_failures(one)
    for one in measured[: len(train)]:
        for done in fitting.Fitting(ready, regression, splits, one, measured).run(store):
            stored = f", {splits - done.new} already stored" if done.new < splits else ""
            click.echo(f"{done.label} on {done.target}: {done.new} splits fitted{stored}")
    click.echo(f"Stored in {store.root}; `bench table --style cross` compares them with other methods.", err=True)


def _report_failures(measured: DatasetFeatures) -> None:
    errors, total = measured.features.errors, len(measured.features)
    for image, error in list(errors.items())[:5]:
        click.echo(f"  no features: {image}: {error}", err=True)
    if errors:
        click.echo(f"{measured.dataset.id}: {len(errors)} of {total} images have no features", err=True)
