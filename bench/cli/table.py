"""``bench table``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bench.cli import common, showing
from bench.cli.commands import command
from bench.cli.selection import Selection, selection_options
from bench.errors import UsageError
from bench.io.atomic import check_apart, write_output
from bench.views import VIEWS
from bench.views.shown import FORM_OF, form_of


def _view_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for each view that has one, in the order of ``VIEWS``."""
    for name, view in reversed(VIEWS.items()):
        if view.help:
            kind: dict[str, Any] = {"metavar": " ".join(view.metavars), "nargs": len(view.metavars)}
            option = click.option(f"--{name}", name, help=view.help, **(kind if view.metavars else {"is_flag": True}))
            command = option(command)
    return command


@command(short_help="Print the stored results as a table.")
@selection_options
@common.format_option
@common.raw_option
@click.option(
    "--style",
    type=click.Choice(["plain", "cross"]),
    default="plain",
    show_default=True,
    help="Layout; cross compares regressions of `bench fit --features` with opinion-unaware methods across datasets.",
)
@click.option(
    "--values",
    metavar="NAMES",
    help="Statistics to show, separated by commas: srcc, krcc, plcc_raw, plcc_log4, plcc_log5, rmse_log4, rmse_log5. "
    "[default: srcc,plcc_log4; with --by srcc]",
)
@click.option(
    "--intervals",
    is_flag=True,
    help="Print the 95 % intervals of each SRCC and of its rank (CSV and JSON always have them).",
)
@click.option(
    "--marks",
    type=click.Choice(["set", "value"]),
    default="set",
    show_default=True,
    help="What bold means: set, the method is in the 95 % confidence set of the best; value, its SRCC is the highest "
    "(the second highest is underlined), which no test supports.",
)
@click.option(
    "--interval",
    "kind",
    type=click.Choice(["percentile", "bca", "t"]),
    default="percentile",
    show_default=True,
    help="Kind of interval; bca is corrected for bias and skew; t is taken with fewer than 50 images or references.",
)
@common.draws_option
@click.option("--common", "on_common", is_flag=True, help="Use only images that all methods shown have scored.")
@_view_options
@click.option(
    "--margin",
    type=float,
    metavar="D",
    help="For --compare: test too whether the two differ by less than D in SRCC, and so are equivalent.",
)
@click.option(
    "--published-file",
    type=click.Path(path_type=Path),
    metavar="CSV",
    help="Published correlations to compare with instead of results/published.csv, in the same columns.",
)
@click.option(
    "--mix-protocols", is_flag=True, help="Put results under different protocols into one table and mark them."
)
@click.option(
    "--sort",
    default="name",
    show_default=True,
    metavar="name|average|ID",
    help="Order of the methods inside their groups: by name, or the highest SRCC first, on average or on a dataset.",
)
@click.option(
    "--names",
    "names_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="TOML file of names to show, in the tables [methods] and [datasets]: niqe = 'NIQE'.",
)
@click.option("--caption", default="", metavar="TEXT", help="Caption; the sentences that explain the table follow it.")
@click.option("--label", default="", metavar="NAME", help="Label for LaTeX to refer to the table by, such as tab:main.")
@click.option(
    "--appendix",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="File for versions, protocols and hashes (.md, .tex, .html, .csv or .json), which the table then leaves out.",
)
@click.option(
    "--bib",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="BibTeX file to write, with what to cite for the methods and datasets of the table.",
)
@common.output_option
def table(
    selection: Selection,
    form: str | None,
    raw: bool,
    style: str,
    values: str | None,
    intervals: bool,
    kind: Any,
    marks: Any,
    draws: int,
    on_common: bool,
    margin: float | None,
    published_file: Path | None,
    mix_protocols: bool,
    sort: str,
    names_file: Path | None,
    caption: str,
    label: str,
    appendix: Path | None,
    bib: Path | None,
    output: Path | None,
    **views: Any,
) -> None:
    """Print the stored results as a table of methods and datasets, with the protocol and missing results in footnotes.

    Bold methods may be the best of their column: the others are shown to be worse by a paired bootstrap. SRCC and ranks
    are averaged over the datasets on which all methods shown have results; a line below the table names them.
    """
    from bench.cite.run import cite_results, write_citations
    from bench.views import appendix as appendices
    from bench.views import show
    from bench.views.arranging import Request
    from bench.views.names import Names, read_names

    common.check_raw(raw, form)
    views["published"] = views["published"] or published_file
    view, argument = _chosen(views, style)
    request = Request(
        draws=draws,
        interval=kind,
        common=on_common,
        mix_protocols=mix_protocols,
        intervals=intervals,
        marks=marks,
        margin=margin,
        values=() if values is None else tuple(name.strip() for name in values.split(",")),
        argument=published_file if view == "published" else argument,
        methods=selection.methods,
        datasets=selection.datasets,
        with_records=form in ("csv", "json"),
        sort=sort,
        names=read_names(names_file) if names_file else Names(),
        title=caption,
        label=label,
        brief=appendix is not None,
    )
    check_apart(
        [("--output", output), ("--appendix", appendix), ("--bib", bib)],
        [("--names", names_file), ("--published-file", published_file)],
    )
    if appendix is not None and not form_of(appendix):
        raise UsageError(f"--appendix got {appendix}: give a file that ends in {', '.join(FORM_OF)}")
    entries = selection.entries(pair=argument if view == "compare" else ())
    showing.show(show(view, entries, request), form, output, raw)
    if appendix is not None:
        write_output(appendix, appendices.show(entries, request).written(form_of(appendix)))
    if bib is not None:
        write_output(bib, write_citations(cite_results(entries), "bibtex"))


def _chosen(views: dict[str, Any], style: str) -> tuple[str, Any]:
    """Return the view that is asked for and its argument; refuse two views at once."""
    cross = style == "cross"
    # Click hands them over in the order in which the user gave them.
    given = {"--style cross": cross} | {f"--{name}": views[name] for name in VIEWS if name in views}
    asked = [option for option, value in given.items() if value]
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} do not go together: ask for one of them at a time")
    if cross:
        return "cross", None
    return next(((name, value) for name, value in views.items() if value), ("paper", None))
