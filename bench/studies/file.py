"""A study's file: its keys, read strictly."""

from __future__ import annotations

import functools
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bench.api import Resize
from bench.errors import UsageError
from bench.io.toml import fill
from bench.plugins.from_file import choose_methods, load_plugins
from bench.studies.outputs import ContestOutput, ExplanationOutput, FigureOutput, Output, RobustnessOutput, TableOutput


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
        gmad: figures of contests to write.
        explain: figures of explanations to write.
        robustness: figures of scores against levels of distortions to write.
        report: HTML page to write; empty: none.
        site: folder of a static site to write; empty: none.
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
    gmad: tuple[ContestOutput, ...] = ()
    explain: tuple[ExplanationOutput, ...] = ()
    robustness: tuple[RobustnessOutput, ...] = ()
    report: str = ""
    site: str = ""
    cite: str = ""

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """Names of its methods; the plugins are loaded when they are first asked for, in the folder of the file."""
        return choose_methods(self.methods, load_plugins(self.plugins))

    @property
    def files(self) -> list[str]:
        """All files that it writes; of a site the first page."""
        return [f"{file}/index.html" if key == "site" else file for key, file in self.written]

    @property
    def written(self) -> list[tuple[str, str]]:
        """All files that it writes, and the folder of a site, each with its key."""
        outputs: tuple[Output, ...] = (*self.tables, *self.figures, *self.gmad, *self.explain, *self.robustness)
        pages = [(key, getattr(self, key)) for key in ("report", "site", "cite") if getattr(self, key)]
        return [*(named for each in outputs for named in each.written), *pages]

    @property
    def read(self) -> list[tuple[str, str]]:
        """All files that it reads beside its datasets, each with its key; of options any text may be one."""
        values = [value if isinstance(value, list) else [value] for value in self.options.values()]
        return [
            ("STUDY", self.path.name),
            *(("plugins", each) for each in self.plugins),
            *(("options", each) for several in values for each in several if isinstance(each, str)),
            *(("names", each.names) for each in self.tables if each.names),
            *(("of", each) for table in self.tables if table.view == "published" for each in table.of),
            *(("photo", each.photo) for each in self.explain),
        ]

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
    if "id" in table and not {"methods", "datasets", "plugins"} & table.keys():
        raise UsageError(
            f"STUDY got {path}, which is a card and no study: write `bench run --method NAME --dataset {path}`"
        )
    if "path" in table:
        raise UsageError(f"{where} has the unknown key 'path'.")
    study: Study = fill(Study, {**table, "path": path.absolute()}, where)
    _check(study, where)
    return study


def _check(study: Study, where: str) -> None:
    if not study.datasets or not (study.methods or study.plugins):
        raise UsageError(f"{where} names no {'method' if study.datasets else 'dataset'}: give a list of names")
    for key in ("datasets", "methods", "plugins", "splits", "resize", "seeds"):
        again = [value for value, count in Counter(getattr(study, key)).items() if count > 1]
        if again:
            raise UsageError(f"{where} {key} has {again[0]!r} twice: keep one")
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
    try:
        _check_outputs(study)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def _check_outputs(study: Study) -> None:
    from bench.studies import checks

    base = study.path.parent
    named = [*(each.dataset for each in study.robustness), *(each.images for each in study.gmad if each.images)]
    folders = [*study.datasets, *study.roots.values(), *named]
    checks.check_files(study.written, study.read, folders, base)
    checks.check_drawn([*study.figures, *study.gmad, *study.explain, *study.robustness])
    checks.check_tables(study.tables)
    checks.check_figures(study.figures)
    checks.check_contests(study.gmad)
    checks.check_explanations(study.explain, base)
    checks.check_robustness(study.robustness)
