"""The first screen of a report: methods in order, each with intervals drawn on one scale, and published rows below."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench import stats
from bench.api.declaration import NOT_DECLARED
from bench.datasets.protocol import Protocol
from bench.report.leaderboard import LEAKS, LEGEND, find_letters
from bench.report.links import Link, dataset_links, method_links
from bench.report.slugs import find_slugs
from bench.runs.speed import Speed, speed
from bench.tables.averages import Average, kind_of
from bench.tables.cell import MethodKey
from bench.tables.columns import DatasetKey
from bench.tables.table import Table
from bench.views.paper import PaperTable
from bench.views.published.numbers import Figure, PublishedResult
from bench.views.published.protocols import datasets_of
from bench.views.words import number


@dataclass(frozen=True)
class Bar:
    """A value and its interval on the scale of the page, in percent of its width; no ends without an interval."""

    at: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Standing:
    """One method in one place.

    Attributes:
        value: SRCC, or mean SRCC; None where there is none.
        text: the same to three decimals, or a dash.
        said: interval in words, or why there is no value.
        bar: None without a value.
        best: whether the method may be the best here.
        rank: 1 is the highest; 0 where the method does not compare with the others.
        ranks: interval of the rank, as ``1-3``; empty where it is not known.
        marks: (letter, why).
        key: of the entry behind the value; empty for an average.
    """

    value: float | None
    text: str
    said: str
    bar: Bar | None
    best: bool = False
    rank: int = 0
    ranks: str = ""
    marks: tuple[tuple[str, str], ...] = ()
    key: str = ""


@dataclass(frozen=True)
class Place:
    """A column of the ranking.

    Attributes:
        title: of a dataset, or whose average.
        id: of the dataset; empty for an average.
        slug: of the dataset; empty for an average.
        kind: of the dataset, for the filter; empty for an average.
        about: number of images and kind, or over how many datasets.
        details: sentences about a dataset.
        links: to its paper and source.
    """

    title: str
    id: str
    slug: str
    kind: str
    about: str
    details: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Entrant:
    """One method.

    Attributes:
        label: of its row.
        slug: of its label.
        family: heading of its group.
        colour: number of its family.
        about: version and parameters.
        summary: what it is; empty where it does not say.
        licence: as declared; empty where it is not.
        trained_on: names of datasets; empty for none.
        links: to papers and code.
        speed: on the dataset whose speeds are shown.
        standings: one for each place.
    """

    label: str
    slug: str
    family: str
    colour: int
    about: str
    summary: str
    licence: str
    trained_on: tuple[str, ...]
    links: tuple[Link, ...]
    speed: Speed
    standings: tuple[Standing, ...]


@dataclass(frozen=True)
class PublishedRow:
    """Published numbers of a method from one source.

    Attributes:
        method: its name there.
        source: where they were read.
        verified: whether somebody read them there.
        standings: one for each place; never ranked.
    """

    method: str
    source: str
    verified: bool
    standings: tuple[Standing, ...]


@dataclass(frozen=True)
class Ranking:
    """The first screen.

    Attributes:
        places: the average over all datasets first, where there is one.
        entrants: by their values in the first place, the highest first.
        published: by method.
        families: (colour, heading).
        ticks: (percent, text) of the scale of all bars.
        legend: (letter, meaning), those that stand beside a number.
        speed_on: dataset on which the speeds were measured; empty where none is known.
        draws: bootstrap draws behind the intervals; 0 without any.
    """

    places: tuple[Place, ...]
    entrants: tuple[Entrant, ...]
    published: tuple[PublishedRow, ...]
    families: tuple[tuple[int, str], ...]
    ticks: tuple[tuple[float, str], ...]
    legend: tuple[tuple[str, str], ...]
    speed_on: str
    draws: int

    def on(self, place: int) -> tuple[Entrant, ...]:
        """Return the methods by their values in a place, the highest first."""
        return tuple(sorted(self.entrants, key=lambda each: -_or_last(each.standings[place].value)))

    def around(self, method: str) -> tuple[PublishedRow, ...]:
        """Return the published rows of a method, by its label."""
        name = method.partition(" ")[0].removeprefix("pyiqa:")
        return tuple(row for row in self.published if row.method == name)


@dataclass(frozen=True)
class _Scale:
    low: float

    def bar(self, value: float, low: float | None = None, high: float | None = None) -> Bar:
        ends = (None, None) if low is None or high is None else (self._at(low), self._at(high))
        return Bar(self._at(value), *ends)

    def _at(self, value: float) -> float:
        return round(100 * min(1.0, max(0.0, (value - self.low) / (1 - self.low))), 2)

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        return tuple((self._at(value), f"{value:g}") for value in (-1, -0.5, 0, 0.5, 1) if value >= self.low)


def rank_methods(paper: PaperTable, published: Iterable[PublishedResult] = ()) -> Ranking:
    """Return a table as the first screen shows it.

    Args:
        paper: the table with its marks and averages.
        published: rows of others; those of other datasets than the table's are left out.
    """
    table = paper.table
    averages = sorted(paper.averages, key=lambda each: each.kind != "")
    theirs = _by_source(table, published)
    scale = _Scale(_lowest(table, theirs))
    standings: list[dict[MethodKey, Standing]] = [_of_average(paper, each, scale) for each in averages]
    standings += [_of_dataset(paper, column, scale) for column in paper.columns]
    slugs = find_slugs(dict.fromkeys(column.dataset for column in table.columns))
    places = [_average_place(each) for each in averages]
    places += [_dataset_place(paper, column, slugs[column.dataset]) for column in paper.columns]
    entrants = _entrants(table, paper, standings)
    return Ranking(
        tuple(places),
        entrants,
        tuple(_published_row(group, paper, scale) for group in theirs),
        tuple(enumerate(heading for heading, _ in table.groups)),
        scale.ticks,
        tuple(
            (letter, why)
            for letter, why in LEGEND
            if any(letter == mark for each in entrants for one in each.standings for mark, _ in one.marks)
        ),
        _timed(table).dataset if any(each.speed.value for each in entrants) else "",
        paper.marks.draws,
    )


def _lowest(table: Table, theirs: Sequence[Sequence[PublishedResult]]) -> float:
    """Return the lower end of the scale: 0, or below it what the lowest number needs."""
    ours = [end for cell in table.cells.values() for end in (cell.correlations.srcc, cell.interval.low)]
    numbers = [each for each in (*ours, *(row.srcc.value for group in theirs for row in group if row.srcc)) if each]
    return max(-1.0, min(0.0, math.floor(10 * min(numbers, default=0.0)) / 10))


def _average_place(over: Average) -> Place:
    return Place(f"average, {over.kind}" if over.kind else "average", "", "", "", f"{len(over.over)} datasets")


def _dataset_place(paper: PaperTable, column: DatasetKey, slug: str) -> Place:
    most = max(cell.correlations.n for cell in paper.table.column(column).values())
    kind = kind_of(paper.table, column)
    what = {"synthetic-order": ", a synthetic order, no human opinion", "unknown": ""}.get(kind, f", {kind}")
    protocol = "" if str(column.protocol) == str(Protocol()) else f", {column.protocol}"
    return Place(
        paper.table.title(column),
        column.dataset,
        slug,
        kind,
        f"{most:,} images{what}{protocol}",
        paper.about_column(column),
        dataset_links(column.dataset),
    )


def _of_dataset(paper: PaperTable, column: DatasetKey, scale: _Scale) -> dict[MethodKey, Standing]:
    table, found = paper.table, {}
    values = {row: cell.correlations.srcc for row, cell in table.column(column).items()}
    ranks = _positions({row: values[row] for row in table.eligible[column]})
    for row, cell in table.column(column).items():
        value, interval = values[row], cell.interval
        if value is None:
            found[row] = Standing(
                None, "–", cell.correlations.reasons.get("srcc", "no number"), None, key=cell.entry.key
            )
            continue
        found[row] = Standing(
            value,
            number(value),
            _said(interval),
            scale.bar(value, interval.low, interval.high),
            paper.marks.mark(row, column) == "best",
            ranks.get(row, 0),
            _span(paper.marks.rank(row, column)),
            find_letters(cell),
            cell.entry.key,
        )
    return found


def _of_average(paper: PaperTable, over: Average, scale: _Scale) -> dict[MethodKey, Standing]:
    ranks, found = _positions({row: mean.value for row, mean in over.srcc.items()}), {}
    for row, mean in over.srcc.items():
        if mean.value is None:
            found[row] = Standing(None, "–", mean.reason, None)
            continue
        rows = paper.table.rows
        interval = over.bootstrap.intervals[rows.index(row)] if over.bootstrap else None
        leaks = {leak.relation: leak.why for column in over.over for leak in paper.table.cells[row, column].leaks}
        found[row] = Standing(
            mean.value,
            number(mean.value),
            _said(interval) if interval else "no interval",
            scale.bar(mean.value, interval.low, interval.high) if interval else scale.bar(mean.value),
            paper.marks.mark(row, over.kind) == "best",
            ranks.get(row, 0),
            _span(paper.marks.rank(row, over.kind)),
            tuple((LEAKS[relation][0], why) for relation, why in leaks.items()),
        )
    return found


def _positions(values: dict[MethodKey, float | None]) -> dict[MethodKey, int]:
    known = sorted((value for value in values.values() if value is not None), reverse=True)
    return {row: 1 + known.index(value) for row, value in values.items() if value is not None}


def _said(interval: stats.Interval) -> str:
    if interval.low is None or interval.high is None:
        return f"no interval: {interval.reason}"
    return f"{interval.level:.0%} interval {number(interval.low)} to {number(interval.high)}"


def _span(ranks: tuple[int, int] | None) -> str:
    return "" if ranks is None else f"{ranks[0]}–{ranks[1]}" if ranks[0] < ranks[1] else str(ranks[0])


def _entrants(table: Table, paper: PaperTable, standings: Sequence[dict[MethodKey, Standing]]) -> tuple[Entrant, ...]:
    none, timed = Standing(None, "–", "not run", None), _timed(table)
    slugs = find_slugs(table.labels[row] for row in table.rows)
    found = []
    for colour, (heading, rows) in enumerate(table.groups):
        for row in rows:
            cell = next(cell for (where, _), cell in table.cells.items() if where == row)
            told = cell.entry.meta["method"]
            there = table.cells.get((row, timed))
            label = table.labels[row]
            found.append(
                Entrant(
                    label,
                    slugs[label],
                    heading,
                    colour,
                    paper.about_row(row),
                    _declared(told.get("summary")),
                    _declared(told.get("licence")),
                    cell.method.trained_on,
                    method_links(cell),
                    speed(there.entry) if there else Speed(None, reason="not run"),
                    tuple(of.get(row, none) for of in standings),
                )
            )
    # Python's sort keeps the order of equal ones: opinion-unaware first.
    return tuple(sorted(found, key=lambda each: -_or_last(each.standings[0].value)))


def _declared(text: object) -> str:
    return text if isinstance(text, str) and text != NOT_DECLARED else ""


def _or_last(value: float | None) -> float:
    return -2.0 if value is None else value


def _timed(table: Table) -> DatasetKey:
    """Return the column on which most methods were timed, of several that with the most images."""
    timed: Counter[DatasetKey] = Counter()
    images: Counter[DatasetKey] = Counter()
    for (_, column), cell in table.cells.items():
        found = speed(cell.entry)
        timed[column] += found.value is not None
        images[column] += found.images
    return max(table.columns, key=lambda column: (timed[column], images[column]))


def _by_source(table: Table, published: Iterable[PublishedResult]) -> list[list[PublishedResult]]:
    """Return rows of the table's datasets in groups: one method from one source, each dataset once."""
    ours = {column.dataset for column in table.columns}
    groups: dict[tuple[str, str, bool, int], list[PublishedResult]] = {}
    seen: Counter[tuple[str, str, bool, str]] = Counter()
    for row in published:
        if row.srcc is None or not ours & set(datasets_of(row)):
            continue
        turn = seen[row.method, row.source, row.verified, row.dataset]
        seen[row.method, row.source, row.verified, row.dataset] += 1
        groups.setdefault((row.method, row.source, row.verified, turn), []).append(row)
    return [groups[key] for key in sorted(groups)]


def _published_row(group: Sequence[PublishedResult], paper: PaperTable, scale: _Scale) -> PublishedRow:
    none = Standing(None, "–", "not published there", None)
    standings = [none] * len(paper.averages)
    for column in paper.columns:
        row = next((row for row in group if column.dataset in datasets_of(row)), None)
        standings.append(_theirs(row, row.srcc, scale) if row and row.srcc else none)
    return PublishedRow(group[0].method, group[0].source, group[0].verified, tuple(standings))


def _theirs(row: PublishedResult, srcc: Figure, scale: _Scale) -> Standing:
    trained = f"; trained on {', '.join(row.trained_on)}" if row.trained_on else ""
    said = f"theirs: split {row.split}, resolution {row.resolution}{trained}"
    return Standing(srcc.value, str(srcc), said, scale.bar(srcc.value))
