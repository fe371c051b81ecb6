"""Methods and datasets that a study's outputs name: they must be those of the study."""

from __future__ import annotations

from collections.abc import Collection

from bench.datasets.catalogue import canonical
from bench.datasets.resolve import resolve
from bench.datasets.roots import Roots
from bench.errors import UsageError, did_you_mean, listed
from bench.explain.explanation import offers_explanation
from bench.io.visible import quoted
from bench.plugins.registry import find_method
from bench.runs.loading import method_specs
from bench.studies.file import Study
from bench.studies.outputs import Choice, ContestOutput
from bench.studies.plan import options_of


def id_of(text: str, known: Collection[str], places: Roots) -> str:
    """Return the id of a dataset that a study names by an id among those known, or by a path.

    Raises:
        UsageError: it is neither.
    """
    name = canonical(text)
    return name if name in known else resolve(text, places, "dataset").id


def check_methods(study: Study) -> None:
    """Raise UsageError where an output names a method that the study does not have, or that cannot do what it needs.

    Args:
        study: its plugins are loaded.
    """
    specs = method_specs(study.names, options_of(study, study.names), "cpu", study.precision)
    methods = {name for spec in specs for name in (spec.label, spec.method.info.name)}
    naming: tuple[Choice | ContestOutput, ...] = (*study.tables, *study.figures, *study.gmad)
    for each in naming:
        for name in each.methods:
            _check_known("methods", each.file, name, methods)
    for measured in study.robustness:
        for name in measured.methods:
            find_method(name)
    for explained in study.explain:
        if not offers_explanation(find_method(explained.method)):
            raise UsageError(f"method of {explained.file} is {quoted(explained.method)}, which offers no explanations")


def check_datasets(study: Study, datasets: Collection[str], places: Roots) -> None:
    """Raise UsageError where an output shows a dataset that is none of the study.

    Args:
        study: what is asked for.
        datasets: ids of its datasets.
        places: where datasets are.
    """
    for each in (*study.tables, *study.figures):
        for name in each.datasets:
            _check_known("datasets", each.file, canonical(name), datasets)
    for contest in study.gmad:
        try:
            name = id_of(contest.dataset, datasets, places)
        except UsageError:
            name = contest.dataset
        _check_known("dataset", contest.file, name, datasets)


def _check_known(key: str, file: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        has = listed(sorted(known))
        hint = did_you_mean(name, known)
        raise UsageError(f"{key} of {file} has {quoted(name)}, which is none of the study.{hint} It has {has}")
