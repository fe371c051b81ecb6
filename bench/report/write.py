"""``bench report``: stored results as one HTML page in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.datasets.roots import Roots
from bench.errors import UsageError
from bench.io.atomic import write_output
from bench.report.data import gather
from bench.report.duels import find_pairs
from bench.report.page import render
from bench.runs.entry import Entry
from bench.runs.selection import select, without_fitted
from bench.tables.evaluation import evaluate
from bench.tables.table import arrange

TITLE = "No-reference image quality metrics"


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
    title: str = TITLE,
    places: Roots,
    draws: int = 2000,
    pair: tuple[str, str] | None = None,
) -> WrittenPage:
    """Write a page with leaderboard, scatter plots, disagreements and provenance.

    Args:
        entries: stored results.
        output: the page, ``.html``.
        title: of the page.
        places: where the folders of datasets are, for pictures of images on which a method and people disagree.
        draws: number of bootstrap draws; 0 turns intervals and tests off.
        pair: two methods whose gMAD pairs are shown; None: the two best on each dataset.

    Raises:
        UsageError: the path is not that of a page, or cannot be written; a method of the pair has no results.
    """
    if output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--output got {output}: its name must end in .html")
    if not output.parent.is_dir():
        raise UsageError(f"--output got {output}: the folder {output.parent} does not exist")
    if pair:
        select(entries, pair=pair)  # reports a name without results
    kept, fitted = without_fitted(entries)
    tables = arrange(evaluate(kept, draws))
    page = render(gather(tables, title, places, fitted, find_pairs(tables, places, pair)))
    write_output(output, page)
    return WrittenPage(output, sum(len(table.cells) for table in tables), len(page))
