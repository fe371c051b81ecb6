"""A study's file: its keys, read strictly."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bench.api import Resize
from bench.defaults import DRAWS
from bench.errors import UsageError, did_you_mean
from bench.figures.style import SUFFIXES
from bench.io.toml import fill
from bench.io.visible import quoted
from bench.tables.sorting import BY_NAME
from bench.views import VIEWS
from bench.views.shown import FORM_OF, form_of


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which of a study's results an output shows.

    Attributes:
        file: to write.
        methods: names or labels; empty: all.
        datasets: ids; empty: all.
        families: kinds of methods, as ``--family`` takes them; empty: all.
    """

    file: str
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
    def form(self) -> str:
        """The form that it is written in; empty where neither the format nor the suffix says one."""
        return self.format or form_of(Path(self.file))


@dataclass(frozen=True, kw_only=True)
class FigureOutput(Choice):
    """A figure, as ``bench plot`` draws it.

    Attributes:
        kind: of the figure.
        draws: of the bootstrap; None: as many as the kind takes unasked.
        against: horizontal axis of ``residuals``.
        style: ``screen`` or ``paper``, the size of the figure and its text.
        transparent: leave the background out.
    """

    kind: Literal["ranking", "significance", "scatter", "residuals", "correlation", "speed"]
    draws: int | None = None
    against: Literal["", "predicted", "label"] = ""
    style: Literal["screen", "paper"] = "screen"
    transparent: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """The options of the figure that are given."""
        given = {"draws": self.draws, "against": self.against or None}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is measured, and what shows it. Paths are relative to the folder of the study's file.

    Attributes:
        path: of the file.
        datasets: ids, paths or URLs, as ``--dataset`` takes them.
        methods: names; empty: the one method of the plugins.
        options: of methods, as ``"niqe.model" = "mine.npz"``; of a list of values each makes a row.
        plugins: Python files with methods.
        splits: of every dataset.
        resize: policies, each a protocol; empty: what the datasets' cards ask for.
        seeds: of methods that draw.
        limit: score so many images for a trial; 0: all.
        device: where networks run.
        precision: of networks.
        roots: id → folder of a dataset.
        results: folder of the store; empty: ``$BENCH_RESULTS``, else ``results``.
        tables: to write.
        figures: to write.
        report: HTML page to write; empty: none.
        cite: BibTeX file to write of every method and dataset; empty: none.
    """

    path: Path
    datasets: tuple[str, ...]
    methods: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    splits: tuple[str, ...] = ("all",)
    resize: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    limit: int = 0
    device: str = "auto"
    precision: Literal["exact", "fast"] = "exact"
    roots: dict[str, str] = field(default_factory=dict)
    results: str = ""
    tables: tuple[TableOutput, ...] = ()
    figures: tuple[FigureOutput, ...] = ()
    report: str = ""
    cite: str = ""

    @property
    def files(self) -> list[str]:
        """All files that it writes."""
        appendices = [each.appendix for each in self.tables]
        shown = [each.file for each in (*self.tables, *self.figures)]
        return [*shown, *filter(None, (*appendices, self.report, self.cite))]

    @contextmanager
    def folder(self) -> Iterator[None]:
        """Work in the folder of the file, which all paths are relative to."""
        with chdir(self.path.parent):
            yield


def read_study(path: Path) -> Study:
    """Read a study's file.

    Raises:
        UsageError: it is missing, is not TOML, or has a key or a value that is not one; the message has the key.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"STUDY got {path}, which cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"STUDY got {path}, which is not valid TOML: {error}") from None
    where = f"the study {path}"
    if "path" in table:
        raise UsageError(f"{where} has the unknown key 'path'.")
    study: Study = fill(Study, {**table, "path": path.absolute()}, where)
    _check(study, where)
    return study


def _check(study: Study, where: str) -> None:
    if not study.datasets or not (study.methods or study.plugins):
        raise UsageError(f"{where} names no {'method' if study.datasets else 'dataset'}: give a list of names")
    for key in ("datasets", "methods", "plugins", "splits", "resize", "seeds", "files"):
        again = [value for value, count in Counter(getattr(study, key)).items() if count > 1]
        if again:
            told = "writes the file" if key == "files" else f"{key} has"
            raise UsageError(f"{where} {told} {again[0]!r} twice: keep one")
    if not study.splits or not study.seeds or min(study.seeds) < 0 or study.limit < 0:
        raise UsageError(f"{where}: splits and seeds must have a value, and seeds and limit must be at least 0")
    for policy in study.resize:
        try:
            Resize.parse(policy)
        except ValueError as error:
            raise UsageError(f"{where}: resize: {error}") from None
    for name, value in study.options.items():
        several = value if isinstance(value, list) else [value]
        if "." not in name or not all(isinstance(each, (str, int, float)) for each in several):
            raise UsageError(f'{where}: options: {name} is {value!r}: write "METHOD.NAME" = VALUE, or a list of values')
    _check_outputs(study, where)


def _check_outputs(study: Study, where: str) -> None:
    inputs = {study.path.resolve(), *((study.path.parent / each).resolve() for each in study.plugins)}
    if hidden := [each for each in study.files if (study.path.parent / each).resolve() in inputs]:
        raise UsageError(f"{where} would write over {quoted(hidden[0])}, which it is made of: give another name")
    for table in study.tables:
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
    for figure in study.figures:
        if Path(figure.file).suffix.lower() not in SUFFIXES:
            raise UsageError(f"{where}: the figure {figure.file} has no known suffix: end it in {', '.join(SUFFIXES)}")
