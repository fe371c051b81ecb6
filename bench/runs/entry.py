"""Entry of the store: identity, metadata and per-image scores of one result."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from bench.datasets.dataset import Direction
from bench.datasets.protocol import Protocol
from bench.errors import UsageError
from bench.io.hashing import short_hash
from bench.io.toml import fill

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
SCORES, PROVENANCE, JOURNAL = "scores.parquet", "provenance.json", "journal.jsonl"

Json = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """Outcome of one image: a raw finite score, or an error message."""

    image: str
    score: float | None
    error: str | None = None


@dataclass(frozen=True)
class Identity:
    """All that identifies a stored score. Equal identities are one entry.

    Attributes:
        method: name, version, options, fingerprint and what else its scores depend on.
        dataset: id, labels hash, images hash.
        protocol: split, resize, whose MOS, and the measured size where it is not the card's.
    """

    method: Mapping[str, Any]
    dataset: Mapping[str, Any]
    protocol: Protocol

    def as_json(self) -> Json:
        """Return it as plain JSON values."""
        return {"method": dict(self.method), "dataset": dict(self.dataset), "protocol": self.protocol.as_json()}

    @property
    def key(self) -> str:
        """12 hex digits."""
        return short_hash([FORMAT, self.as_json()])

    @property
    def fingerprint(self) -> str:
        """Hash of the method's parameters or weights; empty: it has none."""
        return str(self.method["fingerprint"])

    @property
    def labels(self) -> str:
        """Hash of names and labels."""
        return str(self.dataset["labels"])

    @property
    def images(self) -> str:
        """Hash of the image files; empty where scores were imported."""
        return str(self.dataset["images"])


@dataclass(frozen=True)
class MethodRecord:
    """Record of a method in a sidecar: the parts of ``MethodInfo`` that tables need, and the label of its row.

    Attributes:
        label: name and options, for people.
        name: as in ``MethodInfo``, and so are the others.
    """

    label: str
    name: str
    version: str
    family: str
    opinion_aware: bool | None
    trained_on: tuple[str, ...]
    higher_is_better: bool
    selected_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetRecord:
    """Record of a dataset in a sidecar: all of ``Dataset`` except its samples.

    Attributes:
        id: as in ``Dataset``, and so are the others.
        n: number of images.
    """

    id: str
    title: str
    kind: str
    direction: Direction
    n: int
    within: tuple[str, ...] = ()
    aggregate: Literal["mean", "median"] = "mean"
    cluster: str = ""
    group: str = ""
    content: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    card_hash: str = ""
    origin: str = ""
    notes: tuple[str, ...] = ()
    complete_n: int = 0
    here_n: int = 0
    label_column: str = ""
    across_splits: int = 0

    @property
    def sign(self) -> int:
        """+1 where a higher label means better quality, -1 where a lower one does."""
        return 1 if self.direction == "higher" else -1


@dataclass(frozen=True)
class SizesRecord:
    """Distribution of the sizes of the images, as they were read and before any resizing.

    Attributes:
        counts: ``WIDTHxHEIGHT`` to the number of images, the most frequent sizes.
        distinct: number of different sizes.
        smallest: the size with the fewest pixels; empty where no image could be opened.
        largest: the size with the most.
    """

    counts: dict[str, int]
    distinct: int
    smallest: str
    largest: str


@dataclass(frozen=True)
class PredictedSet:
    """The dataset that a regression predicted, before it was split.

    Attributes:
        id: of the dataset.
        labels: hash of its names and labels.
        images: hash of its image files.
        n: number of images.
    """

    id: str
    labels: str
    images: str
    n: int


@dataclass(frozen=True)
class FitRecord:
    """Record of a regression in a sidecar, fitted by ``bench fit --features`` on one split.

    Attributes:
        train: id of the dataset that it was fitted on.
        splits: how many splits were asked for.
        whole: the predicted dataset before it was split.
    """

    train: str
    splits: int
    whole: PredictedSet


@dataclass(frozen=True)
class Entry:
    """One stored result, read back.

    Attributes:
        folder: where it lies.
        meta: the sidecar, whole; the properties below are its parts with types.
    """

    folder: Path
    meta: Json

    @property
    def key(self) -> str:
        """The identity's hash."""
        return str(self.meta["key"])

    @property
    def protocol(self) -> Protocol:
        """The protocol of its scores."""
        return self.identity.protocol

    @property
    def complete(self) -> bool:
        """Whether every image has an outcome."""
        return bool(self.meta["complete"])

    @functools.cached_property
    def identity(self) -> Identity:
        """All that identifies its scores."""
        identity = self.meta["identity"]
        return Identity(identity["method"], identity["dataset"], Protocol(**identity["protocol"]))

    @functools.cached_property
    def method(self) -> MethodRecord:
        """The method as recorded in the sidecar."""
        return cast("MethodRecord", _read_block(MethodRecord, self.meta["method"]))

    @functools.cached_property
    def dataset(self) -> DatasetRecord:
        """The dataset as recorded in the sidecar."""
        about = self.meta["dataset"]
        # Older sidecars call it `middle`, or have nothing of the kind.
        return cast("DatasetRecord", _read_block(DatasetRecord, {"aggregate": about.get("middle", "mean"), **about}))

    @functools.cached_property
    def fit(self) -> FitRecord:
        """The fitted regression as recorded in the sidecar; only for entries of regressions."""
        return cast("FitRecord", _read_block(FitRecord, self.meta["fit"]))

    @functools.cached_property
    def sizes(self) -> SizesRecord | None:
        """The sizes of its images as recorded in the sidecar; None where nobody measured them."""
        block = self.meta.get("sizes")
        return None if block is None else cast("SizesRecord", _read_block(SizesRecord, block))

    @property
    def source(self) -> str:
        """Origin of the scores: ``run``, ``import`` or ``fit``."""
        return str(self.meta["source"])

    @property
    def fitted(self) -> bool:
        """Whether the scores are those of a regression on one split (``bench fit --features``)."""
        return self.meta.get("source") == "fit"

    @property
    def sign(self) -> int:
        """+1 where a higher score means better quality, -1 where a lower one does."""
        return 1 if self.method.higher_is_better else -1

    @property
    def scored(self) -> int:
        """Number of images with a score, in an entry that is complete."""
        return int(self.meta["scored"])

    @property
    def failed(self) -> int:
        """Number of images without a score, in an entry that is complete."""
        return int(self.meta["failed"])

    @property
    def failures(self) -> list[tuple[str, str]]:
        """The first images without a score, each with its reason; the Parquet file has them all."""
        return [(each["image"], each["error"]) for each in self.meta.get("failures", ())]

    @property
    def sessions(self) -> list[Json]:
        """Records of its sessions: device, batch size, versions, times."""
        return list(self.meta["sessions"])

    @property
    def finished(self) -> str:
        """When the last session on it ended: ISO 8601, UTC."""
        return str(self.sessions[-1]["finished"]) if self.sessions else ""

    def outcomes_so_far(self) -> int:
        """Count the images with an outcome, in an entry that is not complete."""
        return len(read_journal(self.folder / JOURNAL))

    def scores(self) -> pd.DataFrame:
        """Return the per-image rows: image, score, error, mos and attributes, in dataset order.

        Raises:
            UsageError: the file is missing or damaged.
        """
        import pandas as pd

        try:
            frame = pd.read_parquet(self.folder / SCORES)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{self.folder / SCORES} cannot be read ({error}): remove it with `bench results rm {self.key}`"
            ) from None
        told = frame["error"].notna()
        frame["error"] = frame["error"].astype(object).where(told, None) if told.any() else None
        return frame


def read_journal(path: Path) -> list[Outcome]:
    """Return the outcomes of a run that is not complete; a line that a kill cut short ends them."""
    if not path.is_file():
        return []
    outcomes = []
    for line in path.read_bytes().split(b"\n"):
        try:
            outcomes.append(Outcome(**json.loads(line)))
        except (ValueError, TypeError):
            break  # a line that a kill cut short, or the end; what is missing is scored again
    return outcomes


def _read_block(record: type[Any], block: Mapping[str, Any]) -> Any:
    known = {field.name for field in dataclasses.fields(record)}
    return fill(record, {key: value for key, value in block.items() if key in known}, record.__name__)
