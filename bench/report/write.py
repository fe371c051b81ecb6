"""``bench report``: stored results as one HTML page in a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.datasets.roots import Roots
from bench.defaults import REPORT_TITLE
from bench.errors import UsageError
from bench.io.atomic import write_output
from bench.io.files import open_folder
from bench.io.progress import note
from bench.report.data import Report, gather
from bench.report.duels import find_pairs
from bench.report.page import render
from bench.report.pictures import PictureFiles
from bench.runs.entry import Entry
from bench.runs.selection import select, without_fitted
from bench.tables.evaluation import evaluate
from bench.tables.table import arrange
from bench.views.published.numbers import read_published


@dataclass(frozen=True)
class WrittenPage:
    """A page that was written.

    Attributes:
        path: where it is.
        results: how many results it shows.
        characters: its length.
    """

    path: Path
    results: int
    characters: int


def write_report(
    entries: Sequence[Entry],
    output: Path,
    *,
    title: str = REPORT_TITLE,
    places: Roots,
    images: str | os.PathLike[str] | None = None,
    draws: int = 2000,
    pair: tuple[str, str] | None = None,
) -> WrittenPage:
    """Write a page with leaderboard, scatter plots, disagreements and provenance; say which pictures are missing.

    Args:
        entries: stored results.
        output: the page, ``.html``.
        title: of the page.
        places: where the folders of datasets are, for pictures of images on which a method and people disagree.
        images: folder with photographs that were moved; None for none.
        draws: number of bootstrap draws; 0 turns intervals and tests off.
        pair: two methods whose gMAD pairs are shown; None: the two best on each dataset.

    Raises:
        UsageError: the path is not that of a page, or cannot be written; a method of the pair has no results; there
            is no such folder of images.
    """
    if output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--output got {output}: its name must end in .html")
    if not output.parent.is_dir():
        raise UsageError(f"--output got {output}: the folder {output.parent} does not exist")
    report = gather_stored(entries, title, places, images, draws, pair)
    page = render(report)
    write_output(output, page)
    return WrittenPage(output, report.results, len(page))


def gather_stored(
    entries: Sequence[Entry],
    title: str,
    places: Roots,
    images: str | os.PathLike[str] | None,
    draws: int,
    pair: tuple[str, str] | None,
) -> Report:
    """Return what a report shows of stored results; say which pictures are missing.

    See :func:`write_report` for the arguments and errors.
    """
    if pair:
        select(entries, pair=pair)  # reports a name without results
    files = PictureFiles(places, open_folder(os.fspath(images), "--images") if images else None)
    kept, fitted = without_fitted(entries)
    tables = arrange(evaluate(kept, draws))
    report = gather(tables, title, files, fitted, find_pairs(tables, files, pair), read_published())
    if report.missing:
        note(f"{'. '.join(report.missing)}. Give --images DIR or --root ID=PATH if the photographs were moved.")
    return report
