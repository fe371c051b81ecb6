"""The results that a study needs, and which of them a store has."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.datasets.catalogue import card_of
from bench.datasets.dataset import Dataset
from bench.errors import MissingRequirementError
from bench.plugins import options as method_options
from bench.plugins.functions import FunctionMethod
from bench.plugins.registry import find_method
from bench.results.arguments import assignments_of, datasets_of, places_of
from bench.results.run import limited_split
from bench.runs.entry import Entry
from bench.runs.jobs import MethodSpec
from bench.runs.loading import method_specs
from bench.studies.file import Study


@dataclass(frozen=True)
class Protocols:
    """What the methods of a study are measured under, one after the other.

    Attributes:
        methods: names.
        options: of these methods, as ``METHOD.NAME=VALUE``.
        split: of every dataset.
        resize: policy; None: what a dataset's card asks for.
        seed: of methods that draw.
    """

    methods: tuple[str, ...]
    options: tuple[str, ...]
    split: str
    resize: str | None
    seed: int


@dataclass(frozen=True)
class Part:
    """One result that a study needs.

    Attributes:
        spec: the method.
        dataset: id.
        labels: hash of names and labels; empty where the dataset is not here.
        n: number of images; 0 where the dataset is not here.
        split: as in ``Protocol``, and so is ``resize``.
        seed: of a method that draws; None for others.
        lacks: what must be got before it can be computed here; empty where nothing must.
    """

    spec: MethodSpec
    dataset: str
    labels: str
    n: int
    split: str
    resize: str
    seed: int | None
    lacks: str

    def stored(self, entries: Sequence[Entry]) -> Entry | None:
        """Return the newest stored result that is this one, a complete one before one that is not; None without any.

        Images and weights are not read: they count as those of the result.
        """
        found = [entry for entry in entries if self._is(entry)]
        return max(found, key=lambda entry: (entry.complete, entry.finished), default=None)

    def _is(self, entry: Entry) -> bool:
        method, protocol, info = entry.identity.method, entry.protocol, self.spec.method.info
        options = json.loads(json.dumps(method_options.identity(self.spec.options)))
        function = self.spec.method.digest if issubclass(self.spec.method, FunctionMethod) else ""
        return (
            entry.source == "run"
            and entry.method.label == self.spec.label
            and (method["name"], method["version"], method["options"]) == (info.name, info.version, options)
            and method["seed"] == self.seed
            and function in ("", entry.identity.fingerprint)
            and entry.dataset.id == self.dataset
            and self.labels in ("", entry.identity.dataset["labels"])
            and (protocol.split, protocol.resize, protocol.mos) == (self.split, self.resize, "dataset")
        )


def protocols_of(study: Study) -> list[Protocols]:
    """Return what to measure, and load the study's plugins.

    Of further seeds only methods that draw are measured.

    Raises:
        UsageError: a plugin cannot be imported, or a method is not known.
    """
    found = []
    for split, resize, seed in itertools.product(study.splits, study.resize or [None], study.seeds):
        first = seed == study.seeds[0]
        chosen = tuple(name for name in study.names if first or find_method(name).info.stochastic)
        if chosen:
            # All options at first, so that one of a method that is not among them is told.
            options = tuple(assignments_of(study.options)) if first else options_of(study, chosen)
            found.append(Protocols(chosen, options, limited_split(split, study.limit or None), resize, seed))
    return found


def options_of(study: Study, methods: Sequence[str]) -> tuple[str, ...]:
    """Return what a study says of the options of some methods, as ``METHOD.NAME=VALUE``."""
    chosen = {find_method(name).info.name for name in methods}
    of_method = {key: find_method(key.rpartition(".")[0]).info.name for key in study.options}
    return tuple(assignments_of({key: study.options[key] for key, name in of_method.items() if name in chosen}))


def parts_of(study: Study) -> list[Part]:
    """Return every result that a study needs; no image and no weights are read.

    Raises:
        UsageError: a method, an option, a dataset or a split is not known.
    """
    protocols = protocols_of(study)
    datasets = {text: _dataset(study, text) for text in study.datasets}
    return [
        part
        for each in protocols
        for text, (dataset, lacks) in datasets.items()
        for part in _parts(study, each, text, dataset, lacks)
    ]


def _dataset(study: Study, text: str) -> tuple[Dataset | None, str]:
    try:
        (found,) = datasets_of([text], places_of(study.roots), "datasets")
    except MissingRequirementError as error:
        return None, str(error)
    return found, ""


def _parts(study: Study, each: Protocols, text: str, dataset: Dataset | None, lacks: str) -> Iterator[Part]:
    split = dataset.split_meant(each.split) if dataset else each.split
    part = dataset.split(split) if dataset else None
    card = None if dataset else card_of(text)
    resize = each.resize or (dataset.resize if dataset else card.resize if card else "none")
    for spec in method_specs(each.methods, each.options, "cpu", study.precision):
        yield Part(
            spec,
            dataset.id if dataset else card.id if card else text,
            part.labels_hash if part else "",
            len(part.samples) if part else 0,
            split,
            resize,
            each.seed if spec.method.info.stochastic else None,
            "; ".join(filter(None, (lacks, _lacks(spec)))),
        )


def _lacks(spec: MethodSpec) -> str:
    # A file that an option names may be what the class says is missing.
    named = spec.options != spec.method.Options()
    return "" if named else spec.method.missing()
