"""Monitors of training: SRCC with the MOS of a dataset."""

from __future__ import annotations

import math

from bench import stats
from bench.api import Monitor, ScorePhotos
from bench.datasets.dataset import Dataset, Sample
from bench.errors import ImageError, UsageError
from bench.io.images import decode
from bench.io.progress import bar
from bench.io.visible import quoted


def monitor(dataset: Dataset) -> Monitor:
    """Return what scores a dataset's labelled images at full size and gives the SRCC, as tables would.

    An image that cannot be scored is left out; NaN is given where no correlation can be.

    Raises:
        UsageError: no image of the dataset has a label.
    """
    labelled = [(s, s.file, s.mos) for s in dataset.samples if s.mos is not None and s.file is not None]
    if not labelled:
        raise UsageError(f"--val-dataset got {quoted(dataset.id)}, which has no labels")

    def watch(score: ScorePhotos) -> float:
        rows: list[tuple[Sample, float, float]] = []
        with bar(len(labelled), dataset.id) as shown:
            for sample, file, mos in labelled:
                shown.update()
                try:
                    value = float(score([decode(file.read(), sample.name)])[0])
                except ImageError:
                    continue
                rows.append((sample, mos, value))
        return _srcc(dataset, rows)

    return watch


def _srcc(dataset: Dataset, rows: list[tuple[Sample, float, float]]) -> float:
    scores, labels = [score for _, _, score in rows], [mos for _, mos, _ in rows]
    sign = 1 if dataset.direction == "higher" else -1
    if dataset.within:
        groups = ["\x1f".join(str(sample.attributes.get(a)) for a in dataset.within) for sample, _, _ in rows]
        value = stats.correlate_within(scores, labels, groups, label_sign=sign, aggregate=dataset.aggregate).srcc
    else:
        value = stats.correlate(scores, labels, label_sign=sign).srcc
    return math.nan if value is None else value
