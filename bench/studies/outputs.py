"""What a study's file says of each file to write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from bench.defaults import DRAWS
from bench.tables.sorting import BY_NAME
from bench.views.shown import form_of


@dataclass(frozen=True, kw_only=True)
class Output:
    """A file that a study writes.

    Attributes:
        file: to write.
    """

    file: str
    keys: ClassVar[tuple[str, ...]] = ("file",)

    @property
    def written(self) -> list[tuple[str, str]]:
        """All files that it writes, each with its key."""
        return [(key, getattr(self, key)) for key in self.keys if getattr(self, key)]


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
    keys: ClassVar[tuple[str, ...]] = ("file", "appendix")

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
        dataset: id or path, as the study has it.
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
    keys: ClassVar[tuple[str, ...]] = ("file", "csv")


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
    keys: ClassVar[tuple[str, ...]] = ("file", "chart", "json")


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
    keys: ClassVar[tuple[str, ...]] = ("file", "table")
