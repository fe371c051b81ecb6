"""Mistakes in what a study's file says of its outputs, each told with its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.errors import UsageError, did_you_mean
from bench.figures.plots import check_options
from bench.figures.style import SUFFIXES
from bench.gmad.figure import MOST_ROWS
from bench.io.atomic import check_apart, check_replaceable
from bench.io.visible import quoted, visible
from bench.report.site import check_folder
from bench.results.arguments import check_draws
from bench.studies.outputs import ContestOutput, ExplanationOutput, FigureOutput, Output, RobustnessOutput, TableOutput
from bench.tables.cell import STATISTICS
from bench.views import VIEWS
from bench.views.shown import FORM_OF

Files = Sequence[tuple[str, str]]
"""Keys, each with the file that it names."""

_SUFFIXES = {
    "chart": SUFFIXES,
    "csv": (".csv",),
    "json": (".json",),
    "table": tuple(FORM_OF),
    "appendix": tuple(FORM_OF),
    "report": (".html", ".htm"),
    "cite": (".bib",),
}


def check_files(written: Files, read: Files, datasets: Sequence[str], base: Path) -> None:
    """Raise UsageError where a file would be written over what is read, among it, or over another output.

    Args:
        written: files to write.
        read: files that are read.
        datasets: as the study names them; those that are folders get no new files.
        base: folder that all paths are relative to.
    """
    for key, file in (*written, *read, *(("datasets", each) for each in datasets)):
        if visible(file) != file or {"\n", "\t"} & set(file):
            raise UsageError(f"{key} is {quoted(file)}, with a character that no path may have: leave it out")
    first = [(key, f"{file}/index.html" if key == "site" else file) for key, file in written]
    inputs = [*read, *(("datasets", each) for each in datasets)]
    check_apart(*([(f"{key} {quoted(file)}", base / file) for key, file in files] for files in (first, inputs)))
    folders = [folder.resolve() for each in datasets if (folder := base / Path(each).expanduser()).is_dir()]
    closed = [folder for folder in folders if not base.resolve().is_relative_to(folder)]
    for key, file in written:
        if any((base / file).resolve().is_relative_to(folder) for folder in closed):
            raise UsageError(f"{key} is {quoted(file)}, in the folder of a dataset: write to another folder")
        suffixes = _SUFFIXES.get(key, ())
        if suffixes and not file.lower().endswith(suffixes):
            raise UsageError(f"{key} is {quoted(file)}: end it in {', '.join(suffixes)}")
        if key == "site":
            check_folder(base / file, key)
        else:
            check_replaceable(base / file, key)


def check_tables(tables: Sequence[TableOutput]) -> None:
    """Raise UsageError where a table asks for what there is not."""
    for table in tables:
        if table.view not in VIEWS:
            raise UsageError(f"view is {table.view!r}.{did_you_mean(table.view, VIEWS)} Use {', '.join(VIEWS)}")
        needed = VIEWS[table.view].metavars
        if needed and len(table.of) != len(needed):
            example = ", ".join(f'"{each}"' for each in needed)
            raise UsageError(f"the view {table.view} of {table.file} needs of = [{example}]")
        if not table.form:
            raise UsageError(f"the table {table.file} says no format: end it in {', '.join(FORM_OF)}")
        for value in table.values:
            if value not in STATISTICS or table.values.count(value) > 1:
                raise UsageError(
                    f"values of {table.file} has {quoted(value)}: choose some of {', '.join(STATISTICS)}, each once"
                )
        if table.margin is not None and not 0 < table.margin < 2:
            raise UsageError(f"margin of {table.file} is {table.margin:g}: give a number above 0 and below 2")
        check_draws(table.draws, f"draws of {table.file}")


def check_figures(figures: Sequence[FigureOutput]) -> None:
    """Raise UsageError where a figure has an option that its kind has not, or too few draws."""
    for figure in figures:
        try:
            check_options(figure.kind, figure.options)
        except UsageError as error:
            raise UsageError(f"the figure {figure.file}: {error}") from None
        if figure.draws is not None:
            check_draws(figure.draws, f"draws of {figure.file}")


def check_drawn(drawn: Sequence[Output]) -> None:
    """Raise UsageError where a figure's name says no format that can be drawn."""
    for each in drawn:
        if Path(each.file).suffix.lower() not in SUFFIXES:
            raise UsageError(f"the figure {each.file} has no known suffix: end it in {', '.join(SUFFIXES)}")


def check_contests(contests: Sequence[ContestOutput]) -> None:
    """Raise UsageError where a contest has not two methods, or numbers that ``bench gmad`` would refuse."""
    for each in contests:
        if len(set(each.methods)) != 2:
            raise UsageError(f'gmad of {each.file} needs methods = ["A", "B"], two of them')
        _check_range(each, {"levels": (1, 40), "pairs": (1, 40), "equal": (0, 1)})
        if (rows := each.levels * each.pairs) > MOST_ROWS:
            raise UsageError(f"levels and pairs of {each.file} make {rows} rows: a figure has at most {MOST_ROWS}")


def check_explanations(explanations: Sequence[ExplanationOutput], base: Path) -> None:
    """Raise UsageError where a photograph is not there."""
    for each in explanations:
        if not (base / each.photo).is_file():
            raise UsageError(f"photo of {each.file} is {quoted(each.photo)}, which is not there: give a photograph")


def check_robustness(measured: Sequence[RobustnessOutput]) -> None:
    """Raise UsageError where numbers or types are ones that ``bench robustness`` would refuse."""
    for each in measured:
        _check_range(each, {"count": (1, 10_000), "size": (16, 4096)})
        from bench.distortions import select  # imports torch, which no other study needs

        try:
            select(",".join(each.types))
        except ValueError as error:
            raise UsageError(f"types of {each.file} is {quoted(list(each.types))}: {error}") from None


def _check_range(output: Output, ranges: Mapping[str, tuple[float, float]]) -> None:
    for key, (low, high) in ranges.items():
        if not low <= getattr(output, key) <= high:
            raise UsageError(f"{key} of {output.file} is {getattr(output, key)}: use {low} to {high}")
