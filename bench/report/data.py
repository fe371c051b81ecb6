"""Data of a report, computed from tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench import __version__
from bench.io.progress import bar
from bench.report import points as scatter
from bench.report import robustness
from bench.report.leaderboard import Leaderboard, lay_out
from bench.report.pictures import BUDGET, EmbeddedPicture, EmbeddedPictures, PictureFiles, take_pictures
from bench.report.points import DatasetPoints
from bench.report.provenance import Provenance, describe_provenance
from bench.report.ranking import Ranking, rank_methods
from bench.report.robustness import Robustness
from bench.tables.averages import kind_of
from bench.tables.columns import DatasetKey
from bench.tables.table import Table
from bench.views.arranging import Request
from bench.views.paper import PaperTable
from bench.views.published.numbers import PublishedResult


@dataclass(frozen=True)
class PairedImage:
    """One image of a pair.

    Attributes:
        name: of the image.
        said: what both methods say of it.
        picture: None where the image is not here.
    """

    name: str
    said: str
    picture: EmbeddedPicture | None


@dataclass(frozen=True)
class PicturePair:
    """Two images that one method calls equal and another tells apart most.

    Attributes:
        title: which method defends and which attacks, and at which level.
        worse: the image that the attacker thinks less of.
        better: the other.
        dataset: id of their dataset.
    """

    title: str
    worse: PairedImage
    better: PairedImage
    dataset: str = ""


@dataclass(frozen=True)
class Report:
    """All that a page shows.

    Attributes:
        title: of the page.
        version: of bench.
        newest: day on which the newest result was finished, ISO 8601; the page has no date of its own, so that equal
            results give equal pages.
        ranking: the first screen.
        papers: the tables as ``bench table`` lays them out.
        boards: all their numbers; the second and later ones hold further protocols of the same datasets.
        families: of methods, for the filter.
        kinds: of datasets, for the filter.
        points: datasets with scores and labels, and their pictures.
        robustness: datasets of distortion levels.
        pairs: of images, prepared elsewhere.
        provenance: of every cell.
    """

    title: str
    version: str
    newest: str
    ranking: Ranking
    papers: tuple[PaperTable, ...]
    boards: tuple[Leaderboard, ...]
    families: tuple[str, ...]
    kinds: tuple[str, ...]
    points: tuple[tuple[DatasetPoints, EmbeddedPictures], ...]
    robustness: tuple[Robustness, ...]
    pairs: tuple[PicturePair, ...]
    provenance: tuple[Provenance, ...]

    @property
    def results(self) -> int:
        """Return how many results are shown."""
        return sum(len(paper.table.cells) for paper in self.papers)

    @property
    def missing(self) -> list[str]:
        """Return a sentence for each dataset some of whose pictures are not in the page."""
        told = {
            points.dataset: f"{points.dataset}: {len(pictures.reasons)} of {len(pictures.reasons) + len(pictures.of)} "
            f"pictures are missing ({'; '.join(dict.fromkeys(pictures.reasons.values()))})"
            for points, pictures in self.points
            if pictures.reasons
        }
        for pair in self.pairs:
            if pair.worse.picture is None or pair.better.picture is None:
                told.setdefault(pair.dataset, f"{pair.dataset}: pictures of its pairs are missing")
        return list(told.values())


def gather(
    tables: Sequence[Table],
    title: str,
    files: PictureFiles,
    fitted: int = 0,
    pairs: Sequence[PicturePair] = (),
    published: Sequence[PublishedResult] = (),
) -> Report:
    """Return all that a report shows of some tables.

    Args:
        tables: from ``arrange``.
        title: of the page.
        files: where photographs lie.
        fitted: results of ``bench fit --features`` that are stored and not in the tables.
        pairs: of images, worst first.
        published: numbers of others.
    """
    papers = [PaperTable(table, Request(intervals=True), 0 if index else fitted) for index, table in enumerate(tables)]
    places = [(table, column) for table in tables for column in table.columns]
    return Report(
        title=title,
        version=__version__,
        newest=max(cell.entry.finished for table in tables for cell in table.cells.values())[:10],
        ranking=rank_methods(papers[0], published),
        papers=tuple(papers),
        boards=tuple(map(lay_out, papers)),
        families=tuple(dict.fromkeys(heading for table in tables for heading, _ in table.groups)),
        kinds=tuple(dict.fromkeys(kind_of(*place) for place in places)),
        points=_with_pictures(places, files),
        robustness=tuple(found for place in places if (found := robustness.collect(*place))),
        pairs=tuple(pairs),
        provenance=tuple(
            describe_provenance(cell, table.labels[row], table.remarks(row, column))
            for table, column in places
            for row, cell in table.column(column).items()
        ),
    )


def _with_pictures(
    places: Sequence[tuple[Table, DatasetKey]], files: PictureFiles
) -> tuple[tuple[DatasetPoints, EmbeddedPictures], ...]:
    found = []
    with bar(len(places), "points and pictures", delay=1.0) as shown:
        for table, column in places:
            points = scatter.collect_points(table, column)
            if points:
                cells = [cell for (_, where), cell in table.cells.items() if where == column]
                # Images that were scored here are the ones to show; imported scores know no files.
                cell = max(cells, key=lambda each: each.entry.source == "run")
                names = scatter.worst_names(points)
                found.append((points, take_pictures(cell, names, files, BUDGET // len(places))))
            shown.update()
    return tuple(found)
