"""``bench.Results``: stored results with their tables and figures."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bench.errors import UsageError, counted
from bench.io.progress import note
from bench.io.toml import fill
from bench.results.arguments import check_draws, several
from bench.results.pages import Pages
from bench.results.wording import public
from bench.runs.entry import Entry
from bench.runs.selection import select
from bench.views.names import Names

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bench.views.shown import Views

_FIRST_COLUMNS = ("method", "dataset", "image", "score", "mos", "error")


@dataclass(frozen=True, repr=False)
class Results(Pages):
    """Stored results: what :func:`bench.run` and :func:`bench.load_results` return.

    Tables show themselves in a notebook; each has ``to_frame()``, ``to_markdown()``, ``to_latex()``, ``to_html()``,
    ``to_json()`` and ``to_csv()``. The numbers are those that ``bench table`` prints.

    Attributes:
        entries: one for each method on each dataset; :class:`bench.runs.entry.Entry` has what identifies its scores.
        datasets: ids in the order of the columns of :meth:`table`, as they were asked for; others follow by their ids.
    """

    entries: tuple[Entry, ...]
    datasets: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.entries)

    def __str__(self) -> str:
        done = [entry for entry in self.entries if entry.complete]
        scored, failed = sum(entry.scored for entry in done), sum(entry.failed for entry in done)
        methods = counted(len({entry.method.label for entry in self.entries}), "method")
        datasets = counted(len({entry.dataset.id for entry in self.entries}), "dataset")
        failures = counted(failed, "failure") if failed else "no failures"
        unfinished = f", {counted(len(self.entries) - len(done), 'result')} unfinished" if len(done) < len(self) else ""
        return f"{methods} on {datasets}, {counted(scored, 'score')}, {failures}{unfinished}"

    def __repr__(self) -> str:
        return f"<bench results: {self}>"

    @public
    def only(
        self,
        methods: str | Sequence[str] = (),
        datasets: str | Sequence[str] = (),
        families: str | Sequence[str] = (),
    ) -> Results:
        """Choose among the results.

        Args:
            methods: names or labels of methods; empty for all.
            datasets: ids, in the order of the columns of :meth:`table`; empty for all.
            families: ``opinion-unaware``, ``opinion-aware``, ``undeclared``, or the families of :class:`bench.Family`.

        Raises:
            UsageError: there is no result of one of them.

        Example:
            >>> results.only(methods="niqe")
            <bench results: 1 method on 1 dataset, 210 scores, no failures>
        """
        chosen = select(self.entries, several(methods), several(datasets), several(families))
        return Results(tuple(chosen), tuple(several(datasets)) or self.datasets)

    def scores(self) -> pd.DataFrame:
        """Return every score, with the labels and attributes of the images.

        Returns:
            One row an image and result: ``method``, ``dataset``, ``image``, ``score`` (raw, in the method's direction),
            ``mos`` (in the dataset's units and direction; NaN without one), ``error`` (None where there is a score),
            then the labels' attributes (``type``, ``level``, ``reference``, ...), then ``protocol`` and ``key``, which
            tell results of one method and dataset apart. Results that are not complete have no rows.

        Raises:
            UsageError: a stored file is damaged.

        Example:
            >>> frame = results.scores()
            >>> list(frame)[:6], len(frame)
            (['method', 'dataset', 'image', 'score', 'mos', 'error'], 420)
        """
        import pandas as pd

        frames = [
            entry.scores().assign(
                method=entry.method.label, dataset=entry.dataset.id, protocol=str(entry.protocol), key=entry.key
            )
            for entry in self.entries
            if entry.complete
        ]
        if not frames:
            return pd.DataFrame(columns=[*_FIRST_COLUMNS, "protocol", "key"])
        frame = pd.concat(frames, ignore_index=True)
        attributes = [name for name in frame if name not in (*_FIRST_COLUMNS, "protocol", "key")]
        return frame[[*_FIRST_COLUMNS, *attributes, "protocol", "key"]]

    @public
    def table(
        self,
        values: str | Sequence[str] = (),
        *,
        by: str | None = None,
        over: Literal["datasets"] | None = None,
        intervals: bool = False,
        marks: Literal["set", "value"] = "set",
        interval: Literal["percentile", "bca", "t"] = "percentile",
        draws: int = 2000,
        common: bool = False,
        mix_protocols: bool = False,
        sort: str = "name",
        names: Mapping[str, Any] | None = None,
        caption: str = "",
        label: str = "",
        brief: bool = False,
    ) -> Views:
        """Return the table of methods and datasets that ``bench table`` prints, with a reason for every missing number.

        Args:
            values: statistics to show, such as ``["srcc", "krcc"]``; empty for SRCC and PLCC, with ``by`` for SRCC.
            by: a label attribute (``type``, ``level``, ...): the statistics inside each of its values.
            over: ``datasets``: take these (3 or more) as a sample, and return how the methods would compare on others.
            intervals: print the 95% intervals of each SRCC and of its rank; ``to_frame()`` always has them.
            marks: what bold means: ``set``, the method is in the 95% confidence set of the best; ``value``, its SRCC is
                the highest (the second highest is underlined), which no test supports.
            interval: its kind; ``bca`` is corrected for bias and skew; ``t`` is always taken of fewer than 50 images.
            draws: number of bootstrap draws for intervals and tests; 0 turns both off.
            common: use only images that every method scored.
            mix_protocols: put different protocols of a dataset into one table.
            sort: order of the methods inside their groups: ``name``, or with the highest SRCC first on ``average`` or
                on the dataset of this id.
            names: names to show, as ``{"methods": {"niqe": "NIQE"}, "datasets": {"koniq": "KonIQ-10k"}}``.
            caption: of the table; the sentences that explain it follow.
            label: by which LaTeX refers to it.
            brief: leave versions, protocols and hashes to :meth:`appendix`.

        Raises:
            UsageError: no dataset has the attribute, a value is not one that can be shown, there are too few datasets
                for ``over``, or two arguments do not go together.

        Example:
            >>> frame = results.table(draws=0).to_frame()
            >>> float(frame.set_index("method").loc["niqe", "srcc"]) > 0.9
            True
        """
        if by is not None and over is not None:
            raise UsageError("--by and --over do not go together: ask for one of them at a time")
        return self._show(
            "by" if by is not None else "over" if over is not None else "paper",
            argument=by or over,
            datasets=self.datasets,
            draws=draws,
            interval=interval,
            common=common,
            mix_protocols=mix_protocols,
            intervals=intervals,
            marks=marks,
            values=tuple(several(values)),
            sort=sort,
            names=fill(Names, names or {}, "names"),
            title=caption,
            label=label,
            brief=brief,
        )

    @public
    def appendix(self) -> Views:
        """Return what a brief table leaves out: versions and parameters of methods, protocols and hashes of datasets.

        Example:
            >>> results.appendix().parts[1].records[0]["method"]
            'bytes-per-pixel'
        """
        from bench.views import appendix
        from bench.views.arranging import Request

        return appendix.show(self.entries, Request(datasets=self.datasets))

    @public
    def compare(
        self, a: str, b: str, *, margin: float | None = None, draws: int = 2000, mix_protocols: bool = False
    ) -> Views:
        """Test on each dataset whether one method is better than another, by a paired bootstrap.

        Args:
            a: name or label of a method.
            b: of the other.
            margin: difference of SRCC below which the two are equivalent, which is then tested too; None: no such test.
            draws: number of bootstrap draws, at least 100.
            mix_protocols: compare across protocols of a dataset too.

        Raises:
            UsageError: a method has no result here, or they have no dataset in common.

        Example:
            >>> found = results.compare("niqe", "bytes-per-pixel", draws=200)
        """
        chosen = Results(tuple(select(self.entries, pair=(a, b))))
        return chosen._show("compare", argument=(a, b), margin=margin, draws=draws, mix_protocols=mix_protocols)

    @public
    def significance(self, *, draws: int = 2000, common: bool = False, mix_protocols: bool = False) -> Views:
        """Test all pairs of methods on each dataset and return the results as a matrix.

        Args:
            draws: number of bootstrap draws, at least 100.
            common: use only images that every method scored.
            mix_protocols: put different protocols of a dataset into one table.

        Raises:
            UsageError: there are no draws.

        Example:
            >>> found = results.significance(draws=200)
        """
        return self._show("significance", draws=draws, common=common, mix_protocols=mix_protocols)

    @public
    def published(self, file: str | os.PathLike[str] | None = None, *, draws: int = 2000) -> Views:
        """Compare published correlations with these results and show how the protocols differ.

        Args:
            file: a CSV in the columns of ``results/published.csv``; None: that list.
            draws: number of bootstrap draws of the intervals.

        Raises:
            UsageError: the file is not what it should be, or has nothing on these methods and datasets.

        Example:
            >>> found = results.published(draws=0)
        """
        return self._show("published", argument=None if file is None else Path(file), draws=draws)

    @public
    def opinions(self) -> Views:
        """Return the noise ceiling of the MOS and Krasula's AUCs, for labels with the spread of the ratings.

        Example:
            >>> found = results.opinions()
        """
        return self._show("opinions")

    @public
    def resolution(self, *, draws: int = 2000, common: bool = False, mix_protocols: bool = False) -> Views:
        """Return the smallest difference of SRCC that each dataset finds, and how many raters each method is worth.

        Args:
            draws: number of bootstrap draws, at least 100.
            common: use only images that every method scored.
            mix_protocols: put different protocols of a dataset into one table.

        Raises:
            UsageError: there are no draws.

        Example:
            >>> found = results.resolution(draws=200)
        """
        return self._show("resolution", draws=draws, common=common, mix_protocols=mix_protocols)

    @public
    def cross(self, *, intervals: bool = False) -> Views:
        """Compare regressions fitted on one dataset and tested on others with opinion-unaware methods.

        Args:
            intervals: write the intervals too.

        Raises:
            UsageError: there is no regression among the results.
        """
        return self._show("cross", intervals=intervals)

    @public
    def plot(
        self,
        kind: Literal["ranking", "significance", "scatter", "residuals", "correlation", "speed"],
        *,
        style: Literal["screen", "paper"] = "screen",
        transparent: bool = False,
        **options: Any,
    ) -> Figure:
        """Draw a figure of ``bench plot``.

        Args:
            kind: ``ranking`` and ``significance``: methods by SRCC, and which is better than which; ``scatter`` and
                ``residuals``: scores against labels, and what the fitted mapping leaves; ``correlation``: how alike
                methods rank one dataset; ``speed``: SRCC against images a second.
            style: size of the figure and its text: for a screen, or for one or two columns of a paper, which writes the
                caption itself.
            transparent: leave the background out.
            **options: ``draws`` of ranking, significance, scatter and speed; ``against`` of residuals.

        Returns:
            A matplotlib figure; ``figure.savefig("ranking.pdf")`` writes it. What is left out is said on stderr.

        Raises:
            UsageError: the kind or an option is not known, or these results have nothing to draw.

        Example:
            >>> results.plot("ranking", draws=200).get_axes()[0].get_title()
            'sample (n = 210)'
        """
        from bench.figures.plots import PLOTS, check_options
        from bench.figures.style import own_style

        check_options(kind, options)
        if "draws" in options and kind != "scatter":
            check_draws(options["draws"])
        with own_style(style, transparent):
            drawn = PLOTS[kind](self.entries, **options)
        for line in drawn.notes:
            note(line)
        return drawn.figure

    @public
    def cite(self, form: Literal["bibtex", "text"] = "bibtex") -> str:
        """Return what to cite for the methods and datasets of these results, and for the programs.

        Args:
            form: ``bibtex``: a BibTeX file, each paper once; ``text``: one line a name.

        Returns:
            The references; what has none that is known (folders of one's own, imported scores) is said on stderr.

        Example:
            >>> "mittal2013making" in results.cite()
            True
        """
        from bench.cite.run import cite_results, write_citations

        return write_citations(cite_results(self.entries), form)

    def _show(self, view: str, **request: Any) -> Views:
        from bench.views import show
        from bench.views.arranging import Request

        if "draws" in request:
            check_draws(request["draws"])
        return show(view, self.entries, Request(**request))


def in_order(entries: Iterable[Entry]) -> Results:
    """Return results whose columns stand in the order in which the entries have their datasets first."""
    given = tuple(entries)
    return Results(given, tuple(dict.fromkeys(entry.dataset.id for entry in given)))
