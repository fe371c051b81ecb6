"""What the image files of a dataset are, read once before any is scored: hashes, sizes, equal files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from bench.datasets.dataset import MOST_OFF, Dataset, Sample
from bench.datasets.equal_files import across_splits, equal_files_told
from bench.errors import ImageError, listed
from bench.io.hashing import UNREADABLE, hash_bytes, short_hash
from bench.io.images import size_of
from bench.io.progress import bar
from bench.runs.entry import SizesRecord
from bench.runs.jobs import ImageToScore

_LISTED = 20

Size = tuple[int, int]


@dataclass(frozen=True)
class Survey:
    """Facts of image files, by the names of the images.

    Attributes:
        digests: hash of the content; UNREADABLE where there is none.
        sizes: (width, height) in pixels, upright; images that cannot be opened have none.
    """

    digests: Mapping[str, str]
    sizes: Mapping[str, Size]

    def hash_of(self, part: Dataset) -> str:
        """Identify the image files of the dataset, or of a part of it: 12 hex digits."""
        return short_hash(sorted((s.name, self.digests.get(s.name, UNREADABLE)) for s in part.samples))

    def item(self, sample: Sample, methods: tuple[int, ...]) -> ImageToScore:
        """Return a sample, which has a file, as an image to score by methods, given their indices."""
        assert sample.file is not None
        width, height = self.sizes.get(sample.name, (0, 0))
        return ImageToScore(sample.name, sample.file, methods, self.digests[sample.name], width * height)

    def sizes_of(self, part: Dataset) -> SizesRecord:
        """Return the distribution of the sizes in the dataset, or in a part of it."""
        counts = Counter(self.sizes[s.name] for s in part.samples if s.name in self.sizes)
        ordered = sorted(counts, key=lambda size: (size[0] * size[1], size))
        return SizesRecord(
            counts={size_text(size): n for size, n in counts.most_common(_LISTED)},
            distinct=len(counts),
            smallest=size_text(ordered[0]) if ordered else "",
            largest=size_text(ordered[-1]) if ordered else "",
        )

    def protocol_size(self, part: Dataset) -> str:
        """Name the measured size of a set that is not at the size of its card; empty where it is, or none is known."""
        if not self._many(part, self._of_other_size(part)):
            return ""
        seen = self.sizes_of(part)
        if seen.distinct == 1:
            return seen.largest
        return f"{seen.distinct} sizes from {seen.smallest} to {seen.largest}"

    def remarks(self, part: Dataset) -> tuple[str, ...]:
        """Return sentences on what should be known of the files: a few of another size, equal ones."""
        others = self._of_other_size(part)
        few = others and not self._many(part, others)
        remarks = [f"{len(others)} image(s) are not {size_text(part.size)}: {listed(others, 3)}"] if few else []
        equal = equal_files_told({s.name: self.digests[s.name] for s in part.samples if s.name in self.digests})
        return (*remarks, *([equal] if equal else []))

    def _many(self, part: Dataset, some: Sequence[str]) -> bool:
        # Of those that have a size: of an incomplete copy all may have another one.
        return len(some) > MOST_OFF * sum(sample.name in self.sizes for sample in part.samples)

    def _of_other_size(self, part: Dataset) -> list[str]:
        names = (s.name for s in part.samples if s.name in self.sizes)
        return [name for name in names if part.size and self.sizes[name] != part.size]


def size_text(size: tuple[int, ...]) -> str:
    """Write a size as width x height."""
    return f"{size[0]}x{size[1]}"


def survey_images(dataset: Dataset) -> Survey:
    """Read every image file of a dataset, with a progress bar, and decode none.

    Args:
        dataset: its images; those without a file are left out.
    """
    samples = [sample for sample in dataset.samples if sample.file is not None]
    digests: dict[str, str] = {}
    sizes: dict[str, Size] = {}
    with (
        bar(len(samples), f"{dataset.id}: reading", delay=1.0) as shown,
        ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool,
    ):
        for sample, (digest, size) in zip(samples, pool.map(_look_at, samples), strict=True):
            digests[sample.name] = digest
            if size is not None:
                sizes[sample.name] = size
            shown.update()
    return Survey(digests, sizes)


def _look_at(sample: Sample) -> tuple[str, Size | None]:
    assert sample.file is not None
    try:
        data = sample.file.read()
    except ImageError:
        return UNREADABLE, None
    try:
        return hash_bytes(data), size_of(data, sample.name)
    except ImageError:
        return hash_bytes(data), None


def across_splits_in(whole: Dataset, part: Dataset, survey: Survey) -> int:
    """Count the images of a part whose very file is in another official split of the dataset.

    Files of other splits are read only where they have as many bytes as one of the part. Where lengths are not known
    without reading (archives, servers), only the part is looked at.

    Args:
        whole: the dataset.
        part: what is scored of it.
        survey: of the part.
    """
    inside = {sample.name for sample in part.samples}
    others = [s for s in whole.samples if s.name not in inside and "split" in s.attributes]
    lengths = {_length(sample) for sample in part.samples} - {None} if others else set()
    alike = tuple(sample for sample in others if _length(sample) in lengths)
    found = survey_images(replace(whole, samples=alike)) if alike else Survey({}, {})
    return len(inside & across_splits((*part.samples, *alike), {**survey.digests, **found.digests}))


def _length(sample: Sample) -> int | None:
    return sample.file.folder.length(sample.file.name) if sample.file else None
