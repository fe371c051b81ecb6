"""Audit of invariance: methods and variants of photographs, scored into a separate store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.api import Resize
from bench.datasets.dataset import Dataset, Sample
from bench.errors import ImageError
from bench.io.images import decode
from bench.robustness.derived import DerivationRecipe, make
from bench.robustness.invariance import Audit, VariantChange, measure_change
from bench.robustness.variants import (
    BATCH,
    BATCHES,
    DECODER,
    DEVICE,
    ORIGINAL,
    PROCESSES,
    VARIANTS,
    Variant,
    has_second_decoder,
)
from bench.runs import runner
from bench.runs.jobs import LoadedMethod, Settings
from bench.runs.store import Store
from bench.tables.cell import Cell
from bench.tables.evaluation import evaluate

FOLDER = "invariance"
"""The folder of the store of variants, inside that of results: no table of real datasets shows them."""

SIZES = (224, 384, 512, 768, 1024)
"""Short sides of the resolution curve, where every photograph's own is longer."""

_ALONE = Settings(batch_size=1, workers=1)
_JPEG = b"\xff\xd8\xff"

Scores = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Auditor:
    """Runs variants of photographs of one dataset.

    Attributes:
        ready: methods, on the device that is asked for.
        elsewhere: those of them that run a network, on the other device; empty where there is none.
        photos: where the photographs are from.
        samples: the photographs.
        short: their short side where it is longer.
        store: where scores go.
    """

    ready: Sequence[LoadedMethod]
    elsewhere: Sequence[LoadedMethod]
    photos: Dataset
    samples: Sequence[Sample]
    short: int
    store: Store

    def audit(self) -> list[Audit]:
        """Score the photographs and every variant by every method that it can move.

        Raises:
            UsageError: a photograph cannot be read, or the cache cannot be written.
            BenchError: the disk is nearly full.
        """
        before = self._scores(self.ready, "original", ORIGINAL, _ALONE, self.samples)
        findings: dict[str, list[VariantChange]] = {label: [] for label in before}
        for variant in VARIANTS:
            for label, finding in self._find(variant, before).items():
                findings[label].append(finding)
        return [Audit(label, found) for label, found in findings.items()]

    def _find(self, variant: Variant, before: Scores) -> dict[str, VariantChange]:
        samples = _jpegs(self.samples) if variant is DECODER else self.samples
        reasons = {one.spec.label: self._why_not(variant, one, samples) for one in self.ready}
        found = {label: VariantChange(variant, None, why) for label, why in reasons.items() if why}
        methods = self.elsewhere if variant is DEVICE else self.ready
        if run := [one for one in methods if not reasons[one.spec.label]]:
            after = self._scores(run, variant.name, variant.recipe or ORIGINAL, _settings(variant), samples)
            found |= {
                label: VariantChange(variant, measure_change(before[label], scores)) for label, scores in after.items()
            }
        return found

    def _why_not(self, variant: Variant, one: LoadedMethod, samples: Sequence[Sample]) -> str:
        info = one.method.info
        if variant is BATCHES and (info.batching == "one" or info.stochastic):
            return "it takes photographs one at a time, whatever the batch"
        if variant is PROCESSES and info.device_bound and one.spec.device != "cpu":
            return "an accelerator has one process"
        if variant is PROCESSES and _cores() < 2:
            return "this machine has one core"
        if variant is DEVICE and not info.device_bound:
            return "it runs on the CPU alone"
        if variant is DEVICE and not self.elsewhere:
            return "torch finds no CUDA device here"
        if variant is DECODER and not has_second_decoder():
            return "there is no other decoder than Pillow's here"
        return "" if samples else "no photograph is a JPEG file"

    def _scores(
        self,
        ready: Sequence[LoadedMethod],
        name: str,
        recipe: DerivationRecipe,
        settings: Settings,
        samples: Sequence[Sample],
    ) -> Scores:
        made = make(f"{self.photos.id}: {name}", samples, self.short, [recipe])
        dataset = Dataset(
            id=f"{name}:{self.photos.id}",
            title=f"{self.photos.title}, {name}",
            kind="unknown",
            direction="higher",
            # The names stay: a method that draws gets the same seed for each photograph.
            samples=tuple(Sample(one.sample.name, one.file(recipe.files[0]), None) for one in made),
            content=self.photos.content,
            shares=(self.photos.id, *self.photos.shares),
            origin=self.photos.origin,
        )
        results = runner.run(ready, dataset, self.store, settings)
        found = {}
        for one, result in zip(ready, results, strict=True):
            frame = result.entry.scores()
            found[one.spec.label] = dict(zip(frame["image"], frame["score"].astype(float), strict=True))
        return found

    def resolutions(self) -> list[list[Cell]]:
        """Return each method's numbers at rising short sides and at full size; empty without labels."""
        labelled = tuple(sample for sample in self.samples if sample.mos is not None)
        if not labelled:
            return []
        dataset = replace(
            self.photos,
            id=f"resolution:{self.photos.id}",
            shares=(self.photos.id, *self.photos.shares),
            samples=labelled,
        )
        policies = [*(Resize(short=size) for size in SIZES if size < _shortest(labelled)), Resize()]
        runs = [runner.run(self.ready, dataset, self.store, replace(_ALONE, resize=policy)) for policy in policies]
        return [evaluate([done.entry for done in at], values=("srcc",)) for at in runs]


def _jpegs(samples: Sequence[Sample]) -> list[Sample]:
    return [sample for sample in samples if sample.file is not None and sample.file.read().startswith(_JPEG)]


def _settings(variant: Variant) -> Settings:
    if variant is BATCHES:
        return replace(_ALONE, batch_size=BATCH)
    return replace(_ALONE, workers=_cores()) if variant is PROCESSES else _ALONE


def _cores() -> int:
    import joblib

    return int(joblib.cpu_count())


def _shortest(samples: Sequence[Sample]) -> int:
    sides = []
    for sample in samples:
        assert sample.file is not None
        try:
            sides.append(min(decode(sample.file.read(), sample.name).pixels.shape[:2]))
        except ImageError:
            continue  # the run records it as a failure at every size
    return min(sides, default=0)
