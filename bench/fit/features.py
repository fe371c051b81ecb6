"""Features of a dataset's images, computed once and kept in the results folder.

``DIR/features/<dataset>/<method>@<key>/`` holds parts of ``PART`` images and more as .npz. The key hashes all that a
feature depends on: method, options, weights, decode and resize policies, names and content of the images.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.api import FloatArray
from bench.datasets.dataset import Dataset
from bench.errors import BenchError, UsageError
from bench.io.atomic import write_atomically
from bench.io.hashing import short_hash
from bench.io.visible import quoted
from bench.plugins import gaussian
from bench.plugins.method_source import hash_method
from bench.plugins.own_ratings import identity_of_features
from bench.plugins.pristine_distance import offers_features
from bench.runs.jobs import LoadedMethod, Measured, MethodSpec, Settings
from bench.runs.scoring import score_items
from bench.runs.store import keep_out_of_git, slug, writing
from bench.runs.survey import Survey

PART = 32
"""Images a part, at least, but for the last."""
_MAX_BYTES = 2**26


@dataclass(frozen=True)
class Features:
    """Features or errors of a dataset's images.

    Attributes:
        vectors: image → (2D,), finite, as :func:`bench.plugins.pristine_distance.summed_up` gives them.
        errors: image → why it has none.
    """

    vectors: dict[str, FloatArray] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.vectors) + len(self.errors)


def check_features(spec: MethodSpec) -> None:
    """Raise UsageError unless the method offers features."""
    if not offers_features(spec.method):
        raise UsageError(
            f"--features got {quoted(spec.method.info.name)}, which does not offer features: give a NAME for "
            f"which `bench list methods` shows ou:NAME"
        )


def identity(ready: LoadedMethod) -> dict[str, Any]:
    """Return all of a method, loaded with its options, that its features depend on (JSON values)."""
    return identity_of_features(ready.method)


def extract(ready: LoadedMethod, dataset: Dataset, settings: Settings, survey: Survey, root: Path) -> Features:
    """Return the features of every image of a dataset, computing those that are not kept, with a progress bar.

    Args:
        ready: a method that offers features, loaded.
        dataset: its images.
        settings: where they are computed, and the protocol's ``resize``, which comes before the method's own.
        survey: of the image files.
        root: the results folder.

    Raises:
        UsageError: a part that is kept is damaged.
        BenchError: the method's features change their width, the disk is full, an image was changed meanwhile, or
            images in a row killed the process that was at them.
    """
    key = short_hash([identity(ready), hash_method(ready.spec.method), str(settings.resize), survey.hash_of(dataset)])
    folder = root / "features" / slug(dataset.id) / f"{slug(ready.method.info.name)}@{key}"
    # A folder that is there was not finished; one of its images may have ended the process.
    settings = replace(settings, measure="features", apart=folder.is_dir())
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        keep_out_of_git(folder.parents[1])
    found, part = _read_parts(folder), Features()
    left = [s for s in dataset.samples if s.name not in found.vectors and s.name not in found.errors]
    part.errors.update({sample.name: "it has no image file, only scores" for sample in left if sample.file is None})
    items = [survey.item(sample, (0,)) for sample in left if sample.file is not None]
    for scored in score_items([ready], items, settings, f"{dataset.id}: features"):
        for outcome in itertools.chain(*scored.outcomes.values()):
            if isinstance(outcome, Measured):
                part.vectors[outcome.image] = outcome.vector
            else:
                part.errors[outcome.image] = str(outcome.error)
        if len(part) >= PART:
            _keep(part, found, folder, ready)
            part = Features()
    _keep(part, found, folder, ready)
    return found


def _keep(part: Features, found: Features, folder: Path, ready: LoadedMethod) -> None:
    if part:
        _join(found, part, ready.method.info.name)
        _write_part(folder, part)


def _join(found: Features, part: Features, what: str) -> None:
    found.vectors.update(part.vectors)
    found.errors.update(part.errors)
    if len({vector.size for vector in (*list(found.vectors.values())[:1], *part.vectors.values())}) > 1:
        raise BenchError(
            f"the features of {what} have different lengths for different images: the method's author must correct this"
        )


def _write_part(folder: Path, part: Features) -> None:
    names = [*part.vectors, *part.errors]
    buffer = io.BytesIO()
    np.savez(
        buffer,
        images=np.array(list(part.vectors), dtype=str),
        vectors=np.array(list(part.vectors.values()), dtype=np.float64),
        failed=np.array(list(part.errors), dtype=str),
        errors=np.array(list(part.errors.values()), dtype=str),
    )
    with writing(folder):
        write_atomically(folder / f"{short_hash(names)}.npz", buffer.getvalue())


def _read_parts(folder: Path) -> Features:
    found = Features()
    for path in sorted(folder.glob("*.npz")):
        try:
            with path.open("rb") as file:
                part = _checked(gaussian.read_npz(file.read(_MAX_BYTES + 1), _MAX_BYTES))
        # Damaged files make numpy and zipfile raise nearly anything.
        except Exception as error:
            raise UsageError(
                f"{path} cannot be read as features ({type(error).__name__}): remove it and run the command again"
            ) from None
        _join(found, part, folder.name)
    return found


def _checked(arrays: dict[str, Any]) -> Features:
    vectors = np.asarray(arrays["vectors"], dtype=np.float64)
    if not np.isfinite(vectors).all():
        raise ValueError("not finite")
    return Features(_by_name(arrays["images"], vectors), _by_name(arrays["failed"], [str(e) for e in arrays["errors"]]))


def _by_name(names: Iterable[Any], values: Iterable[Any]) -> dict[str, Any]:
    return {str(name): value for name, value in zip(names, values, strict=True)}
