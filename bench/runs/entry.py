"""Entry of the store: identity, metadata and per-image scores of one result."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from bench.api import Family
from bench.datasets.dataset import Direction
from bench.datasets.protocol import Protocol
from bench.errors import UsageError
from bench.io.hashing import short_hash
from bench.io.toml import fill
from bench.io.visible import quoted
from bench.runs import checksums
from bench.runs.journal import JOURNAL, Journal, Outcome, read_journal

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 2
_KEY_FORMAT = 1  # another one would have every stored score computed again
SCORES, PROVENANCE = "scores.parquet", "provenance.json"

Json = dict[str, Any]


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
        return _key(self.as_json())

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
    trained_on_hashes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetRecord:
    """Record of a dataset in a sidecar: all of ``Dataset`` except its samples.

    Attributes:
        id: as in ``Dataset``, and so are the others.
        n: number of images.
        whole_labels: hash of names and labels of the whole dataset, where only a part of it was scored.
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
    image_column: str = ""
    suffix: str = ""
    across_splits: int = 0
    whole_labels: str = ""

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
        twins: ids of other datasets that have the same labels or the same image files.
    """

    folder: Path
    meta: Json
    twins: tuple[str, ...] = ()

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
    def content_hashes(self) -> frozenset[str]:
        """What its dataset's labels and image files are known by, those of the whole dataset among them."""
        return frozenset({self.identity.labels, self.identity.images, self.dataset.whole_labels} - {""})

    @property
    def source(self) -> str:
        """Origin of the scores: ``run``, ``import`` or ``fit``."""
        return str(self.meta["source"])

    @property
    def code(self) -> tuple[str, ...]:
        """Hashes of the states of the method's code that computed its scores; empty where nobody knows."""
        return tuple(self.meta.get("code", ()))

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
    def nothing_scored(self) -> str:
        """Sentence that none of its images has a score, with the reason of the first."""
        first = f"; the first failed so: {self.failures[0][1]}" if self.failures else ""
        return f"{self.method.label} scored no image of {self.dataset.id}{first}"

    @property
    def sessions(self) -> list[Json]:
        """Records of its sessions: device, batch size, versions, times."""
        return list(self.meta["sessions"])

    @property
    def finished(self) -> str:
        """When the last session on it ended: ISO 8601, UTC."""
        return str(self.sessions[-1]["finished"]) if self.sessions else ""

    @property
    def sealed(self) -> bool:
        """Whether its files have checksums; older versions wrote none."""
        return bool(self.meta["format"] != checksums.UNSEALED)

    def outcomes_so_far(self) -> int:
        """Count the images with an outcome, in an entry that is not complete."""
        return len(self.journal().outcomes)

    def journal(self) -> Journal:
        """Return what is stored of an entry that is not complete."""
        return read_journal(self.folder / JOURNAL, self.key, self.sealed)

    def scores(self, columns: Collection[str] | None = None) -> pd.DataFrame:
        """Return the per-image rows: image, score, error, mos and attributes, in dataset order.

        Args:
            columns: those to read, as far as they are there; None reads all.

        Raises:
            UsageError: the file is missing or damaged.
        """
        with damage(self.folder, SCORES):
            frame = checksums.read_parquet(self._scores_file(), self.meta.get(checksums.SCORES_HASH), columns)
            if "error" in frame:
                told = frame["error"].notna()
                frame["error"] = frame["error"].astype(object).where(told, None) if told.any() else None
            kinds = {"image": "str", "score": "float64", "mos": "float64"}
            return frame.astype({name: kind for name, kind in kinds.items() if columns is None or name in columns})

    def outcomes(self) -> list[Outcome]:
        """Return the outcome of every image of an entry that is complete.

        Raises:
            UsageError: the file is missing or damaged.
        """
        frame = self.scores()
        return [
            Outcome(image, None if error else float(score), error)
            for image, score, error in zip(frame["image"], frame["score"], frame["error"], strict=True)
        ]

    def check(self) -> None:
        """Read what the entry's numbers come from; files without checksums as far as they can be read.

        Raises:
            UsageError: a file is missing or damaged; names the entry and what to do.
        """
        if not self.complete:
            self.journal().check()
        elif self.sealed:
            with damage(self.folder, SCORES):
                checksums.check_parquet(self._scores_file(), self.meta[checksums.SCORES_HASH])
        else:
            with damage(self.folder, SCORES):
                _ = self.scores()[list(self.dataset.within)]

    def _scores_file(self) -> bytes:
        return (self.folder / SCORES).read_bytes()


def _key(identity: Json) -> str:
    return short_hash([_KEY_FORMAT, identity])


def read_entry(folder: Path) -> Entry:
    """Read the sidecar of the entry in a folder.

    Raises:
        UsageError: it is missing or damaged, or another version wrote it; names the entry and what to do.
    """
    with damage(folder, PROVENANCE):
        meta = checksums.read_record((folder / PROVENANCE).read_bytes())
        if meta["format"] not in (checksums.UNSEALED, FORMAT):
            raise checksums.DamagedError(f"its format is {quoted(meta['format'])}, and this version reads {FORMAT}")
        entry = Entry(folder, meta)
        _ = entry.identity, entry.dataset, entry.source, entry.finished, entry.failures, Family(entry.method.family)
        if entry.key != folder.name.rpartition("@")[2]:
            raise checksums.DamagedError(f"it is that of the entry {entry.key}")
        # By what was written, not by today's fields of an identity.
        if entry.key != _key(meta["identity"]):
            raise checksums.DamagedError("its key is not that of its identity")
        if entry.fitted:
            _ = entry.fit
        if entry.complete:
            _ = entry.scored + entry.failed
        return entry


@contextmanager
def damage(folder: Path, name: str) -> Iterator[None]:
    """Turn what goes wrong while a file of an entry is read into a UsageError that names both and says what to do."""
    try:
        yield
    except FileNotFoundError:
        raise UsageError(f"{folder / name} is missing: {_remedy(folder)}") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, UsageError) as error:
        words = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"{folder / name} is damaged ({words or type(error).__name__}): {_remedy(folder)}") from None


def _remedy(folder: Path) -> str:
    return f"remove the entry with `bench results rm {folder.name.rpartition('@')[2]}` and score again"


def _read_block(record: type[Any], block: Mapping[str, Any]) -> Any:
    known = {field.name for field in dataclasses.fields(record)}
    return fill(record, {key: value for key, value in block.items() if key in known}, record.__name__)
