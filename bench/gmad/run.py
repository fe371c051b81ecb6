"""``bench gmad``: contest of two stored methods on one dataset, and the photographs of its pairs."""

from __future__ import annotations

from collections.abc import Sequence

from bench.datasets.catalogue import canonical
from bench.datasets.roots import Roots
from bench.errors import UsageError, listed
from bench.gmad.contest import Contest, run_contest
from bench.gmad.output import records
from bench.io.files import open_folder
from bench.runs.entry import Entry
from bench.runs.selection import select, without_fitted
from bench.tables.evaluation import evaluate
from bench.tables.photographs import Photographs, in_folder, of_dataset
from bench.tables.table import arrange


def contest_of(
    entries: Sequence[Entry], a: str, b: str, dataset: str, *, levels: int = 6, pairs: int = 1, equal: float = 0.1
) -> Contest:
    """Find pairs of images with equal scores by one method and most different scores by the other, in both directions.

    Args:
        entries: stored results.
        a: name or label of a method.
        b: of the other.
        dataset: id of a dataset that both have scored.
        levels: of quality, of each method.
        pairs: at each level.
        equal: standard deviations within which scores, and labels, are held equal.

    Raises:
        UsageError: a method has no result there, or no pair of images is such.
    """
    kept, _ = without_fitted(select(entries, datasets=[dataset], pair=(a, b)))
    tables = arrange(evaluate(kept, draws=0, values=()))
    contest = run_contest(tables, (a, b), canonical(dataset), levels, pairs, equal)
    if not records(contest):
        raise UsageError(
            f"A and B got {a} and {b}: no pair of images has equal scores by one and different scores by the other"
        )
    return contest


def photographs_of(contest: Contest, places: Roots, images: str | None = None) -> Photographs:
    """Return the photographs of a contest, as far as they are here.

    Args:
        contest: see :func:`contest_of`.
        places: where the folders of datasets are.
        images: folder, archive or URL of the images; None: the dataset's own.
    """
    if images is not None:
        return in_folder(open_folder(images, "--images"), contest.images)
    return of_dataset(contest.cells, places)


def count_photographs(contest: Contest, photographs: Photographs) -> str:
    """Say how many photographs a sheet of the contest shows, and which of them are not here."""
    shown = {
        place for way in contest.directions for each in way.judged for place in (each.pair.better, each.pair.worse)
    }
    lacking = [contest.images[place] for place in sorted(shown) if contest.images[place] not in photographs.files]
    if not lacking:
        return f"{len(shown)} photographs"
    return (
        f"{len(lacking)} of {len(shown)} photographs are not available ({photographs.reason.rstrip('.')}): "
        f"{listed(lacking, 3)}; give --images DIR or --root ID=PATH"
    )
