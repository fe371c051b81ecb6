"""PLCC of a cell through mappings fitted on other images than they are judged by."""

from __future__ import annotations

import functools

from bench import stats
from bench.cells import Cell
from bench.evaluation import joined, signs_of, usable_rows


def cross_fit(cell: Cell) -> stats.CrossFitted:
    """Return the PLCC after a 4-parameter mapping that is cross-fitted over five content-disjoint folds.

    Folds keep together what random splits do: a reference, a scene, a prompt; else each image stands for itself.
    """
    if cell.correlations.plcc_log4 is None:
        return stats.CrossFitted(reason=cell.correlations.reasons["plcc_log4"])
    usable = usable_rows(cell.entry)
    content = cell.dataset.get("group") or cell.dataset["cluster"] or "image"
    if content not in usable:
        return stats.CrossFitted(reason=f"the labels do not say the {content} that folds keep together")
    folds = _folds(tuple(joined(usable, [content]) or ()))
    if len(set(folds)) < 2:
        return stats.CrossFitted(reason=f"all images have the same {content}: there is nothing else to fit on")
    return stats.cross_fit(usable["score"], usable["mos"], folds, *signs_of(cell.entry))


@functools.lru_cache(maxsize=8)
def _folds(contents: tuple[str, ...]) -> tuple[int, ...]:
    # The rows of a dataset share them, and hashing ten thousand names takes as long as the fits.
    return tuple(stats.content_folds(contents).tolist())
