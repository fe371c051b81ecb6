"""``bench fit METHOD --pristine``: parameters of a method, fitted on pristine photographs and written to a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from bench.api import Photo
from bench.datasets.dataset import Dataset
from bench.errors import ImageError, UsageError
from bench.io.atomic import check_replaceable
from bench.io.images import decode
from bench.io.progress import bar
from bench.io.visible import quoted
from bench.plugins.weights import with_fetching
from bench.runs.jobs import MethodSpec


def fit_on_pristine(spec: MethodSpec, dataset: Dataset, output: Path) -> str:
    """Fit a method's parameters on pristine photographs and write them to a file, for an option of the method.

    Args:
        spec: the method with its options (:func:`bench.runs.loading.method_specs`).
        dataset: the photographs; one that cannot be decoded is skipped, and stderr says so.
        output: the file, which appears whole or not at all.

    Returns:
        A sentence on what was fitted on how much.

    Raises:
        UsageError: the method has nothing to fit, or the file cannot be written.
        MissingRequirementError: weights are not here and cannot be fetched.
    """
    if not output.parent.is_dir():
        raise UsageError(f"--output got {output}: the folder {output.parent} does not exist")
    check_replaceable(output)
    try:
        return with_fetching(
            lambda: spec.method.fit(
                _photos(dataset), output, options=spec.options, device=spec.device, source=dataset.id
            )
        )
    except NotImplementedError:
        raise UsageError(
            f"METHOD got {quoted(spec.method.info.name)}, which has no parameters to fit on pristine photographs"
        ) from None


def _photos(dataset: Dataset) -> Iterator[Photo]:
    with bar(len(dataset.samples), "fitting") as shown:
        for sample in dataset.samples:
            shown.update()
            if sample.file is None:
                continue
            try:
                yield decode(sample.file.read(), sample.name)
            except ImageError as error:
                shown.write(f"skipped {sample.name}: {error}", file=sys.stderr)
