"""``bench site``: stored results as a static site of several pages, for a lab's own leaderboard."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.datasets.roots import Roots
from bench.defaults import REPORT_TITLE
from bench.errors import UsageError
from bench.io.atomic import write_output
from bench.report.data import Report
from bench.report.links import Places
from bench.report.page import CONSTANTS, STYLES, render_page
from bench.report.points import as_json
from bench.report.ranking import Entrant, Place
from bench.report.write import gather_stored
from bench.runs.entry import Entry
from bench.views.records import to_csv, to_json

MARK = ".bench-site.json"
"""File that says which files of a folder are a site's, so that a later site removes those that it no longer has."""

_PAGE = re.compile(r"(methods|datasets)/[A-Za-z0-9_][A-Za-z0-9_.-]*\.html")


@dataclass(frozen=True)
class WrittenSite:
    """A site that was written.

    Attributes:
        index: its first page.
        results: how many results it shows.
        files: names of its files, relative to its folder.
    """

    index: Path
    results: int
    files: tuple[str, ...]


def write_site(
    entries: Sequence[Entry],
    folder: Path,
    *,
    title: str = REPORT_TITLE,
    places: Roots,
    images: str | os.PathLike[str] | None = None,
    draws: int = 2000,
    pair: tuple[str, str] | None = None,
) -> WrittenSite:
    """Write a leaderboard, a page of each method and dataset, and all numbers as JSON and CSV.

    Args:
        entries: stored results.
        folder: of the site; it is made where it does not exist. Files that are not the site's stay as they are.
        title: of the site.
        places: where the folders of datasets are, for pictures.
        images: folder with photographs that were moved; None for none.
        draws: number of bootstrap draws; 0 turns intervals and tests off.
        pair: two methods whose gMAD pairs are shown; None: the two best on each dataset.

    Raises:
        UsageError: the folder cannot be written or has files and is not of a site; what
            :func:`bench.report.write.write_report` raises.
    """
    check_folder(folder)
    report = gather_stored(entries, title, places, images, draws, pair)
    files = {**render_site(report), **_downloads(report)}
    before = _written_before(folder)
    for name, text in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"OUT got {folder}: {path.parent} cannot be made ({error.strerror})") from None
        write_output(path, text, "OUT")
    for name in before - files.keys():
        (folder / name).unlink(missing_ok=True)
    write_output(folder / MARK, json.dumps(sorted(files), indent=1) + "\n", "OUT")
    return WrittenSite(folder / "index.html", report.results, tuple(files))


def render_site(report: Report) -> dict[str, str]:
    """Return name → text of the pages of a site."""
    pages = {"index.html": _index(report, _places(report, ""))}
    inside = _places(report, "../")
    for entrant in report.ranking.entrants:
        pages[f"methods/{entrant.slug}.html"] = _method(report, entrant, inside)
    for place in report.ranking.places:
        if place.slug:
            pages[f"datasets/{place.slug}.html"] = _dataset(report, place, inside)
    return pages


def _places(report: Report, up: str) -> Places:
    slugs = {entrant.label: entrant.slug for entrant in report.ranking.entrants}
    return Places(
        f"{up}index.html",
        up + "methods/{}.html",
        up + "datasets/{}.html",
        up + "methods/{slug}.html#cell-{key}",
        {each.key: slugs[each.method] for each in report.provenance if each.method in slugs},
    )


def _index(report: Report, links: Places) -> str:
    return _page("site_index.html.j2", ("common.js", "ranking.js", "page.js"), report, links, report.title)


def _method(report: Report, entrant: Entrant, links: Places) -> str:
    return _page(
        "site_method.html.j2",
        ("common.js", "page.js"),
        report,
        links,
        f"{entrant.label} · {report.title}",
        entrant=entrant,
        cells=[each for each in report.provenance if each.method == entrant.label],
    )


def _dataset(report: Report, place: Place, links: Places) -> str:
    points = [each for each in report.points if each[0].dataset == place.id]
    return _page(
        "site_dataset.html.j2",
        ("common.js", "scatter.js", "images.js"),
        report,
        links,
        f"{place.title} · {report.title}",
        index=report.ranking.places.index(place),
        place=place,
        shown=points,
        points=[as_json(*each) for each in points],
        curves=[each for each in report.robustness if each.title == place.id],
        pairs=[each for each in report.pairs if each.dataset == place.id],
    )


def _page(template: str, scripts: Sequence[str], report: Report, links: Places, title: str, **shown: Any) -> str:
    return render_page(template, STYLES, scripts, title=title, report=report, links=links, **CONSTANTS, **shown)


def _downloads(report: Report) -> dict[str, str]:
    records = [record for paper in report.papers for record in paper.records()]
    return {"results.json": to_json(records) + "\n", "results.csv": to_csv(records)}


def check_folder(folder: Path, parameter: str = "OUT") -> None:
    """Raise UsageError unless a site may be written to a folder: a new one, an empty one, or that of an earlier site.

    Hidden files, such as ``.git``, may be there before.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{parameter} got {folder}: it is a file, give a folder")
    others = folder.is_dir() and any(not each.name.startswith(".") for each in folder.iterdir())
    if others and not (folder / MARK).exists():
        raise UsageError(
            f"{parameter} got {folder}: it has files, and `bench site` did not write it; give another folder"
        )


def _written_before(folder: Path) -> set[str]:
    """Return the files that an earlier site wrote: pages of methods and datasets alone, whatever the list claims."""
    try:
        listed = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    names = listed if isinstance(listed, list) else []
    return {name for name in names if isinstance(name, str) and _PAGE.fullmatch(name)}
