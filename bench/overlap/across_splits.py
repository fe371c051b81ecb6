"""Near-duplicates across the official splits of one dataset: photographs that training and test share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from bench.datasets.dataset import Dataset, Sample
from bench.datasets.doctor import Examination
from bench.datasets.readers.problems import Problem
from bench.datasets.readers.with_card import Inspection
from bench.errors import BenchError
from bench.overlap.compare import compare_hashed, hash_dataset
from bench.overlap.near import THRESHOLD


def with_near_duplicates(found: Examination) -> Examination:
    """Add a warning to an examination that decoded its images, where two splits have images that look alike."""
    if found.inspection is None or not found.decoded:
        return found
    parts = _parts(found.inspection)
    try:
        pairs = tuple(_pairs(parts))
    except BenchError as error:
        problem = Problem("alike", "images of different splits were not compared", (str(error),), level="warning")
        return replace(found, problems=(*found.problems, problem))
    if not pairs:
        return found
    text = f"{len(pairs)} pair(s) of images in different splits look alike (at most {THRESHOLD} of 256 bits differ)"
    remedy = "look at them; what was trained on one split knows some of the other"
    return replace(found, problems=(*found.problems, Problem("alike", text, pairs, remedy, level="warning")))


def _parts(inspection: Inspection) -> list[Dataset]:
    """Return the splits of a dataset, without what is not here."""
    dataset = inspection.dataset
    samples: dict[str, list[Sample]] = defaultdict(list)
    for sample in inspection.here:
        if "split" in sample.attributes:
            samples[str(sample.attributes["split"])].append(sample)
    return [replace(dataset, id=f"{dataset.id}, {name}", samples=tuple(of)) for name, of in sorted(samples.items())]


def _pairs(parts: Sequence[Dataset]) -> Iterator[str]:
    hashed = [hash_dataset(part) for part in parts] if len(parts) > 1 else []
    for first, second in combinations(hashed, 2):
        for one, other, _ in compare_hashed(first, second, THRESHOLD).rows():
            yield f"{one} and {other}"
