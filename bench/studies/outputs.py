"""What a study's file says of each file to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.defaults import DRAWS
from bench.errors import UsageError, did_you_mean
from bench.figures.style import SUFFIXES
from bench.tables.sorting import BY_NAME
from bench.views import VIEWS
from bench.views.shown import FORM_OF, form_of


@dataclass(frozen=True, kw_only=True)
class Output:
    """A file that a study writes.

    Attributes:
        file: to write.
    """

    file: str

    @property
    def files(self) -> list[str]:
        """All files that it writes."""
        return [self.file]


@dataclass(frozen=True, kw_only=True)
class Drawing(Output):
    """A file that is a figure.

    Attributes:
        style: ``screen`` or ``paper``, the size of the figure and its text.
        transparent: leave the background out.
    """

    style: Literal["screen", "paper"] = "screen"
    transparent: bool = False


@dataclass(frozen=True, kw_only=True)
class Choice(Output):
    """Which of a study's results an output shows.

    Attributes:
        methods: names or labels; empty: all.
        datasets: ids; empty: all.
        families: kinds of methods, as ``--family`` takes them; empty: all.
    """

    methods: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    families: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TableOutput(Choice):
    """A table, as ``bench table`` prints it; a key means what the option of that name means.

    Attributes:
        view: a key of ``bench.views.VIEWS``: ``paper``, ``by``, ``compare``, ``significance``, ``over``, ...
        of: values of the view: the attribute of ``by``, the two methods of ``compare``, the file of ``published``.
        format: ``md``, ``latex``, ``html``, ``csv`` or ``json``; empty: what the suffix of the file says.
        appendix: file for versions, protocols and hashes, which the table then leaves out; empty: they stay in it.
    """

    view: str = "paper"
    of: tuple[str, ...] = ()
    format: Literal["", "md", "latex", "html", "csv", "json"] = ""
    values: tuple[str, ...] = ()
    intervals: bool = False
    marks: Literal["set", "value"] = "set"
    interval: Literal["percentile", "bca", "t"] = "percentile"
    draws: int = DRAWS
    common: bool = False
    mix_protocols: bool = False
    sort: str = BY_NAME
    names: str = ""
    caption: str = ""
    label: str = ""
    appendix: str = ""
    margin: float | None = None

    @property
    def files(self) -> list[str]:
        """All files that it writes."""
        return [self.file, *filter(None, [self.appendix])]

    @property
    def form(self) -> str:
        """The form that it is written in; empty where neither the format nor the suffix says one."""
        return self.format or form_of(Path(self.file))


@dataclass(frozen=True, kw_only=True)
class FigureOutput(Choice, Drawing):
    """A figure, as ``bench plot`` draws it.

    Attributes:
        kind: of the figure.
        draws: of the bootstrap; None: as many as the kind takes unasked.
        against: horizontal axis of ``residuals``.
    """

    kind: Literal["ranking", "significance", "scatter", "residuals", "correlation", "speed"]
    draws: int | None = None
    against: Literal["", "predicted", "label"] = ""

    @property
    def options(self) -> dict[str, Any]:
        """The options of the figure that are given."""
        given = {"draws": self.draws, "against": self.against or None}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class ContestOutput(Drawing):
    """Pairs of images on which two methods differ most, as ``bench gmad`` draws them.

    Attributes:
        methods: the two.
        dataset: id.
        levels: of quality, of each method.
        pairs: at each level.
        equal: standard deviations within which scores, and labels, count as equal.
        images: folder, archive or URL of the images; empty: the dataset's own.
        csv: file of all pairs to write; empty: none.
    """

    methods: tuple[str, ...]
    dataset: str
    levels: int = 6
    pairs: int = 1
    equal: float = 0.1
    images: str = ""
    csv: str = ""

    @property
    def files(self) -> list[str]:
        """All files that it writes."""
        return [self.file, *filter(None, [self.csv])]


@dataclass(frozen=True, kw_only=True)
class ExplanationOutput(Drawing):
    """Maps of a method over a photograph, as ``bench explain`` draws them.

    Attributes:
        photo: the photograph.
        method: name.
        chart: bar chart of the probabilities of aspects to write; empty: none.
        json: file of the score, the probabilities and a summary of each map to write; empty: none.
    """

    photo: str
    method: str
    chart: str = ""
    json: str = ""

    @property
    def files(self) -> list[str]:
        """All files that it writes."""
        return [self.file, *filter(None, [self.chart, self.json])]


@dataclass(frozen=True, kw_only=True)
class RobustnessOutput(Drawing):
    """Scores against levels of distortions, as ``bench robustness`` draws and tabulates them.

    Attributes:
        dataset: photographs to degrade.
        methods: names; empty: all of the study.
        types: names of distortions, or presets of them.
        count: how many photographs.
        size: short side in pixels that they are brought to where it is longer.
        raw: draw raw scores, a row of panels for each method.
        table: file of the table to write; empty: none.
    """

    dataset: str
    methods: tuple[str, ...] = ()
    types: tuple[str, ...] = ("kadid",)
    count: int = 50
    size: int = 384
    raw: bool = False
    table: str = ""

    @property
    def files(self) -> list[str]:
        """All files that it writes."""
        return [self.file, *filter(None, [self.table])]


def check_tables(tables: Sequence[TableOutput], where: str) -> None:
    """Raise UsageError where a table asks for what there is not."""
    for table in tables:
        if table.view not in VIEWS:
            raise UsageError(
                f"{where}: view is {table.view!r}.{did_you_mean(table.view, VIEWS)} Use {', '.join(VIEWS)}"
            )
        needed = VIEWS[table.view].metavars
        if needed and len(table.of) != len(needed):
            example = ", ".join(f'"{each}"' for each in needed)
            raise UsageError(f"{where}: the view {table.view} of {table.file} needs of = [{example}]")
        if table.appendix and not form_of(Path(table.appendix)):
            raise UsageError(
                f"{where}: the appendix {table.appendix} has no known suffix: end it in {', '.join(FORM_OF)}"
            )
        if not table.form:
            raise UsageError(f"{where}: the table {table.file} says no format: end it in {', '.join(FORM_OF)}")


def check_figures(files: Sequence[str], where: str) -> None:
    """Raise UsageError where a figure's name says no format that can be drawn."""
    for file in files:
        if Path(file).suffix.lower() not in SUFFIXES:
            raise UsageError(f"{where}: the figure {file} has no known suffix: end it in {', '.join(SUFFIXES)}")


def check_contests(contests: Sequence[ContestOutput], where: str) -> None:
    """Raise UsageError where a contest has not two methods, or numbers that ``bench gmad`` would refuse."""
    for each in contests:
        if len(set(each.methods)) != 2:
            raise UsageError(f'{where}: gmad of {each.file} needs methods = ["A", "B"], two of them')
        _check_range(each, {"levels": (1, 40), "pairs": (1, 40), "equal": (0, 1)}, where)
        if each.csv and not each.csv.lower().endswith(".csv"):
            raise UsageError(f"{where}: csv of {each.file} is {each.csv!r}: end it in .csv")


def check_robustness(measured: Sequence[RobustnessOutput], where: str) -> None:
    """Raise UsageError where the numbers are ones that ``bench robustness`` would refuse."""
    for each in measured:
        _check_range(each, {"count": (1, 10_000), "size": (16, 4096)}, where)
        if each.table and not form_of(Path(each.table)):
            raise UsageError(f"{where}: the table {each.table} says no format: end it in {', '.join(FORM_OF)}")


def _check_range(output: Output, ranges: Mapping[str, tuple[float, float]], where: str) -> None:
    for key, (low, high) in ranges.items():
        if not low <= getattr(output, key) <= high:
            raise UsageError(f"{where}: {key} of {output.file} is {getattr(output, key)}: use {low} to {high}")
