"""Writing the files of a study."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.datasets.resolve import resolve
from bench.datasets.roots import Roots
from bench.errors import BenchError, StoppedError, UsageError, counted
from bench.io.atomic import make_folder, write_output
from bench.io.progress import note
from bench.results.results import Results, in_order
from bench.runs import loading
from bench.runs.entry import Entry
from bench.runs.jobs import Settings
from bench.runs.store import Store
from bench.studies.chosen import id_of
from bench.studies.file import Study
from bench.studies.outputs import ContestOutput, Drawing, ExplanationOutput, FigureOutput, RobustnessOutput, TableOutput
from bench.studies.plan import options_of
from bench.views.shown import form_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bench.views.arranging import Request


class Writer:
    """Writes the files of a study. To be used in its folder, with its plugins loaded.

    Attributes:
        study: what to write.
        results: of the study.
        store: where the scores of degraded photographs go.
        settings: how these are computed.
        places: where datasets are.
    """

    def __init__(self, study: Study, entries: Sequence[Entry], store: Store, settings: Settings, places: Roots) -> None:
        """Take the results, which must be at least one.

        Raises:
            UsageError: there are none.
        """
        if not entries:
            raise UsageError(f"the study {study.path} has no result to show: see `bench status {study.path.name}`")
        self.study, self.results = study, in_order(entries)
        self.store, self.settings, self.places = store, settings, places

    def write(self) -> Iterator[str]:
        """Write all files, and yield a line for each.

        Raises:
            BenchError: a file cannot be written, or cannot show these results; the others are written.
        """
        site = [(self.study.site, self._site)] if self.study.site else []
        failed = []
        # The site goes first, because no other file may be in its folder before.
        for file, write in itertools.chain(site, self._writers()):
            try:
                yield f"{file}: {write()}"
            except StoppedError:
                raise
            except BenchError as error:  # the others can be written all the same
                failed.append(f"{file}: {error}")
        if failed:
            raise BenchError(f"{counted(len(failed), 'file')} of the study could not be written: {'; '.join(failed)}")

    def _writers(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """Yield the files but the site, each with what writes it and returns what it shows."""
        study = self.study
        self._make_folders()
        for table in study.tables:
            yield table.file, partial(self._table, table)
            if table.appendix:
                yield table.appendix, partial(self._appendix, table)
        for figure in study.figures:
            yield figure.file, partial(self._figure, figure)
        for contest in study.gmad:
            yield contest.file, partial(self._contest, contest)
        for explanation in study.explain:
            yield explanation.file, partial(self._explanation, explanation)
        for measured in study.robustness:
            yield measured.file, partial(self._robustness, measured)
        if study.report:
            yield study.report, self._report
        if study.cite:
            yield study.cite, self._references

    def _make_folders(self) -> None:
        for file in self.study.files:
            # What cannot be written then says so with its key, and costs no other file.
            with suppress(OSError):
                make_folder(Path(file).parent)

    def _table(self, output: TableOutput) -> Results:
        chosen = self.results.only(output.methods, output.datasets, output.families)
        write_output(Path(output.file), _as_table(output, chosen), "file")
        return chosen

    def _appendix(self, output: TableOutput) -> str:
        from bench.views import appendix

        chosen = self.results.only(output.methods, output.datasets, output.families)
        views = appendix.show(chosen.entries, _request(output, chosen))
        write_output(Path(output.appendix), views.written(form_of(Path(output.appendix))), "appendix")
        return f"appendix of {output.file}"

    def _figure(self, output: FigureOutput) -> Results:
        from bench.figures.plots import PLOTS

        chosen = self.results.only(output.methods, output.datasets, output.families)
        with _styled(output):
            drawn = PLOTS[output.kind](chosen.entries, **output.options)
            _save(drawn.figure, output.file)
        for line in drawn.notes:
            note(f"{output.file}: {line}")
        return chosen

    def _contest(self, output: ContestOutput) -> str:
        from bench.gmad.figure import contact_sheet
        from bench.gmad.output import records
        from bench.gmad.run import contest_of, count_photographs, photographs_of
        from bench.views.records import to_csv

        a, b = output.methods
        contest = contest_of(
            self.results.entries,
            a,
            b,
            id_of(output.dataset, self.results.datasets, self.places),
            levels=output.levels,
            pairs=output.pairs,
            equal=output.equal,
        )
        pictures = photographs_of(contest, self.places, output.images or None)
        if output.csv:
            write_output(Path(output.csv), to_csv(records(contest)), "csv")
        with _styled(output):
            _save(contact_sheet(contest, pictures), output.file)
        return count_photographs(contest, pictures)

    def _explanation(self, output: ExplanationOutput) -> str:
        from bench.explain.figure import aspect_chart, overlay
        from bench.explain.run import explain_photo

        study = self.study
        found = explain_photo(
            Path(output.photo), output.method, options_of(study, [output.method]), study.device, study.precision
        )
        with _styled(output):
            _save(overlay(found.photo.pixels, found.explanation), output.file)
            if output.chart:
                _save(aspect_chart(found, "chart"), output.chart)
        if output.json:
            write_output(Path(output.json), json.dumps(found.as_json(), indent=1, ensure_ascii=False) + "\n", "json")
        return f"{output.photo}, {found.method} {found.explanation.score:.4f}"

    def _robustness(self, output: RobustnessOutput) -> str:
        from bench.robustness import levels_view
        from bench.robustness.figure import draw
        from bench.robustness.run import measure_robustness

        study = self.study
        names = output.methods or study.names
        found = measure_robustness(
            loading.method_specs(names, options_of(study, names), study.device, study.precision),
            resolve(output.dataset, self.places, "dataset"),
            self.store,
            self.settings,
            types=",".join(output.types),
            count=output.count,
            size=output.size,
        )
        if output.table:
            write_output(
                Path(output.table), levels_view.show(found.report).written(form_of(Path(output.table))), "table"
            )
        with _styled(output):
            _save(draw(found, raw=output.raw), output.file)
        return f"{counted(len(found.levels), 'method')}, {counted(len(found.types), 'type')}"

    def _report(self) -> Results:
        self.results.report(self.study.report, roots=self.study.roots)
        return self.results

    def _site(self) -> Results:
        self.results.site(self.study.site, roots=self.study.roots)
        return self.results

    def _references(self) -> str:
        write_output(Path(self.study.cite), self.results.cite(), "cite")
        return "what to cite"


def _styled(output: Drawing) -> AbstractContextManager[None]:
    from bench.figures.style import own_style

    return own_style(output.style, output.transparent)


def _save(figure: Figure, file: str) -> None:
    from bench.figures.style import save_figure

    save_figure(figure, Path(file), "file")


def _as_table(output: TableOutput, chosen: Results) -> str:
    from bench.views import show

    return show(output.view, chosen.entries, _request(output, chosen)).written(output.form)


def _request(output: TableOutput, chosen: Results) -> Request:
    from bench.views.arranging import Request
    from bench.views.names import Names, read_names

    argument: object = output.of if len(output.of) > 1 else next(iter(output.of), None)
    if output.view == "published" and argument is not None:
        argument = Path(str(argument))
    return Request(
        draws=output.draws,
        interval=output.interval,
        common=output.common,
        mix_protocols=output.mix_protocols,
        intervals=output.intervals,
        marks=output.marks,
        values=output.values,
        margin=output.margin,
        argument=argument,
        datasets=chosen.datasets if output.view in ("paper", "by") else output.datasets,
        sort=output.sort,
        names=read_names(Path(output.names)) if output.names else Names(),
        title=output.caption,
        label=output.label,
        brief=bool(output.appendix),
    )
