"""``bench robustness`` and ``bench invariance``: measurements of methods on photographs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.datasets.dataset import Dataset
from bench.errors import BenchError, UsageError
from bench.io.visible import quoted
from bench.plugins.registry import warn_about_plugins
from bench.robustness.audit import FOLDER, Auditor
from bench.robustness.degraded import degraded
from bench.robustness.derived import choose
from bench.robustness.invariance import Audit
from bench.robustness.levels import Levels, read_levels, summarise
from bench.robustness.levels_view import LevelsReport
from bench.runs import devices, loading, runner
from bench.runs.cluster_connection import check_scheduler
from bench.runs.jobs import LoadedMethod, MethodSpec, Settings
from bench.runs.store import Store
from bench.tables.cell import Cell
from bench.tables.evaluation import evaluate

if TYPE_CHECKING:
    from bench.distortions import Distortion


@dataclass(frozen=True)
class Robustness:
    """Agreement of methods' scores with the degradation of photographs.

    Attributes:
        report: the numbers, for a table.
        levels: scores by photograph, type and level, a method each; :func:`bench.robustness.figure.curves` draws them.
        types: of degradation.
    """

    report: LevelsReport
    levels: Sequence[Levels]
    types: Sequence[Distortion]


@dataclass(frozen=True)
class Invariance:
    """Changes of scores under changes that should not affect quality.

    Attributes:
        photos: id of the photographs' dataset.
        audits: what moved, a method each.
        resolutions: SRCC at rising short sides; empty where the photographs have no MOS.
    """

    photos: str
    audits: list[Audit]
    resolutions: list[list[Cell]]

    @property
    def defects(self) -> list[str]:
        """Methods whose scores differ although the pixels are the same, each with the changes that cause it."""
        return [f"{audit.label} ({', '.join(audit.defects)})" for audit in self.audits if audit.defects]


def measure_robustness(
    specs: Sequence[MethodSpec],
    photos: Dataset,
    store: Store,
    settings: Settings,
    *,
    types: str = "kadid",
    count: int = 50,
    size: int = 384,
) -> Robustness:
    """Degrade photographs at five levels and measure whether scores get worse with the level, a synthetic order.

    Args:
        specs: methods (:func:`bench.runs.loading.method_specs`).
        photos: where the photographs are from.
        store: where every score goes.
        settings: how to score.
        types: names of degradations, or presets of them, separated by commas.
        count: how many photographs.
        size: short side in pixels that they are brought to where it is longer.

    Raises:
        UsageError: a type is not known, a photograph cannot be read, or the store cannot be written.
        BenchError: a method scored no image.
    """
    from bench.distortions import find

    warn_about_plugins()
    names = select_types(types)
    store.check_writable()
    check_scheduler(settings)
    ready = loading.load_methods(specs)
    dataset = degraded(photos, count, size, names)
    entries = [done.entry for done in runner.run(ready, dataset, store, settings)]
    for entry in entries:
        if not entry.scored:
            raise BenchError(entry.nothing_scored)
    chosen = [find(name) for name in names]
    levels = [read_levels(entry, names) for entry in entries]
    notes = [f"{c.method.label}: {leak.why}." for c in evaluate(entries, draws=0, values=()) for leak in c.leaks]
    found = {each.label: summarise(each, chosen) for each in levels}
    return Robustness(LevelsReport(dataset.id, len(levels[0].scores), found, notes), levels, chosen)


def select_types(types: str) -> tuple[str, ...]:
    """Return the names of degradations, each once; raises UsageError where one is not known."""
    from bench.distortions import select

    try:
        return tuple(dict.fromkeys(select(types)))
    except ValueError as error:
        raise UsageError(f"--types got {quoted(types)}: {error}") from None


def measure_invariance(
    specs: Sequence[MethodSpec], photos: Dataset, store: Store, *, count: int = 50, size: int = 384
) -> Invariance:
    """Measure how much scores and ranks change under changes that should not affect quality.

    Args:
        specs: methods (:func:`bench.runs.loading.method_specs`).
        photos: where the photographs are from.
        store: scores go to a store of their own inside it.
        count: how many photographs.
        size: short side in pixels that they are brought to where it is longer.

    Raises:
        UsageError: a photograph cannot be read, or the store cannot be written.
        BenchError: the disk is nearly full.
    """
    warn_about_plugins()
    samples = choose(photos, count)
    inside = Store(store.root / FOLDER)
    inside.check_writable()
    ready = loading.load_methods(specs)
    auditor = Auditor(ready, _elsewhere(specs), photos, samples, size, inside)
    return Invariance(photos.id, auditor.audit(), auditor.resolutions())


def _elsewhere(specs: Sequence[MethodSpec]) -> list[LoadedMethod]:
    """Load the methods with a network on the other device too, if there is one."""
    bound = [spec for spec in specs if spec.method.info.device_bound]
    if not bound or devices.resolve_devices("auto", [spec.method for spec in bound]) == ("cpu",):
        return []
    return loading.load_methods([replace(s, devices=("cuda" if s.device == "cpu" else "cpu",)) for s in bound])
