"""Pages of stored results: a report in one file, and a site."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from bench.defaults import REPORT_TITLE
from bench.results.arguments import check_draws, places_of
from bench.results.wording import public
from bench.runs.entry import Entry


class Pages:
    """What of :class:`bench.Results` writes pages.

    Attributes:
        entries: the results.
    """

    entries: tuple[Entry, ...]

    @public
    def report(
        self,
        output: str | os.PathLike[str],
        *,
        title: str | None = None,
        draws: int = 2000,
        gmad: tuple[str, str] | None = None,
        roots: Mapping[str, str | os.PathLike[str]] | None = None,
        images: str | os.PathLike[str] | None = None,
    ) -> Path:
        """Write the results as one HTML page: leaderboard, scatter plots, disagreements and provenance.

        Args:
            output: page to write, ``.html``; it needs no other file.
            title: title of the page.
            draws: number of bootstrap draws for intervals and tests; 0 turns both off.
            gmad: two methods to show the images for on which they differ most; None for the two best on each dataset.
            roots: folders of datasets, for their pictures.
            images: folder with photographs that were moved.

        Returns:
            The page's path.

        Raises:
            UsageError: the page cannot be written there.

        Example:
            >>> results.report("report.html", draws=0).name
            'report.html'
        """
        from bench.report.write import write_report

        check_draws(draws)
        places, title = places_of(roots), title or REPORT_TITLE
        page = write_report(
            self.entries, Path(output), title=title, places=places, images=images, draws=draws, pair=gmad
        )
        return page.path

    @public
    def site(
        self,
        folder: str | os.PathLike[str],
        *,
        title: str | None = None,
        draws: int = 2000,
        gmad: tuple[str, str] | None = None,
        roots: Mapping[str, str | os.PathLike[str]] | None = None,
        images: str | os.PathLike[str] | None = None,
    ) -> Path:
        """Write the results as a static site: a leaderboard, a page of each method and dataset, JSON and CSV.

        Args:
            folder: of the site; it is made where it does not exist.
            title: as in :meth:`report`, and so are the others.
            draws: as there.
            gmad: as there.
            roots: as there.
            images: as there.

        Returns:
            The path of the first page.

        Raises:
            UsageError: the site cannot be written there, or the folder has files and is not of an earlier site.

        Example:
            >>> results.site("site", draws=0).as_posix()
            'site/index.html'
        """
        from bench.report.site import write_site

        check_draws(draws)
        places, title = places_of(roots), title or REPORT_TITLE
        made = write_site(self.entries, Path(folder), title=title, places=places, images=images, draws=draws, pair=gmad)
        return made.index
