"""Check of a dataset's copy: complete, readable, equal to the authors' release; problems and remedies."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from bench.datasets.card import Card, download_size, unpacked_size
from bench.datasets.catalogue import card_of, find_card, shipped_cards
from bench.datasets.dataset import Dataset, Sample, count_values
from bench.datasets.equal_files import equal_files_told
from bench.datasets.readers.problems import Problem
from bench.datasets.readers.reading import Reading
from bench.datasets.readers.with_card import Inspection, glance, inspect
from bench.datasets.resolve import open_root, resolve
from bench.datasets.roots import PRECEDENCE, Place, Roots
from bench.errors import BenchError, ImageError, MissingRequirementError, UsageError
from bench.io.files import is_url
from bench.io.hashing import UNREADABLE, hash_bytes
from bench.io.images import decode
from bench.io.progress import bar


@dataclass(frozen=True)
class Examination:
    """Result of an examination.

    Attributes:
        id: the dataset's.
        card: None for a folder or CSV of the user's own.
        place: where it was looked at; None where it is not here.
        others: places that have it too and are not used.
        inspection: None where it could not be read at all.
        decoded: how many images were decoded; None where that was not asked for.
        problems: everything that is wrong, errors first.
    """

    id: str
    card: Card | None
    place: Place | None
    others: tuple[Place, ...] = ()
    inspection: Inspection | None = None
    decoded: int | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether there is no problem of level ``error``."""
        return not any(problem.level == "error" for problem in self.problems)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        record: dict[str, Any] = {
            "dataset": self.id,
            "complete": self.complete,
            "place": asdict(self.place) if self.place else None,
            "not_used": [asdict(place) for place in self.others],
            "problems": [asdict(problem) for problem in self.problems],
        }
        if self.inspection:
            dataset = self.inspection.dataset
            record |= {
                "n": len(dataset.samples),
                "found": self.inspection.found,
                "decoded": self.decoded,
                "range": ranges(dataset),
                "direction": dataset.direction,
                "splits": count_values(dataset.samples, "split"),
                "sources": [asdict(source) for source in self.inspection.sources],
                "folders": self.inspection.folders,
                "unnamed": len(self.inspection.unnamed),
                "labels_hash": dataset.labels_hash,
                "content": self.inspection.content,
            }
        return record


Progress = Callable[[int], Any]


def examine_named(text: str, roots: Roots, decoding: bool = True, reading: Reading = Reading()) -> Examination:
    """Check a copy of a dataset: complete, readable, what the authors distribute; every fault becomes a problem.

    Args:
        text: id, path of a card, folder, archive, URL or CSV.
        roots: where the folders of datasets are.
        decoding: decode every image as a run would, with a progress bar.
        reading: what the user says of how it is to be read.

    Raises:
        UsageError: there is no such dataset, or a card cannot be read.
    """
    card, beside = card_of(text), None
    if card is not None and find_card(text) is None:
        beside = None if roots.find(card) else Place(str(Path(text).parent), "beside the card")
    with bar(card.n if card else None, f"{text}: decoding", delay=1.0) as shown:
        if card is None:
            return examine_own(text, roots, decoding, shown.update, reading)
        return examine(card, beside, roots, decoding, shown.update, reading.suffix)


def examine(
    card: Card, place: Place | None, roots: Roots, decoding: bool, progress: Progress, suffix: str = ""
) -> Examination:
    """Look at a card's dataset in a place, or where the roots have it; every fault becomes a problem.

    Args:
        card: of the dataset.
        place: where to look; None: where ``roots`` say.
        roots: where the folders of datasets are.
        decoding: decode every image, as a run would.
        progress: called with how many images were decoded since.
        suffix: as in ``Reading``.
    """
    places = [place] if place else roots.all(card)
    found = Examination(card.id, card, places[0] if places else None, tuple(places[1:]))
    try:
        folder = places[0].open() if places else open_root(card, roots)
        seen = inspect(card, folder, suffix)
    except MissingRequirementError as error:
        looked = f" Looked for it: {', '.join(PRECEDENCE)}." if not places else ""
        return replace(found, problems=(Problem("absent", f"{error}{looked}", fatal=True),))
    except BenchError as error:
        return replace(found, problems=(Problem("unreadable labels", str(error), fatal=True),))
    if found.place is None:
        found = replace(found, place=Place(str(folder), "built here"))
    return _with_images(replace(found, inspection=seen, problems=seen.problems), decoding, progress)


def examine_own(
    text: str, roots: Roots, decoding: bool, progress: Progress, reading: Reading = Reading()
) -> Examination:
    """Look at a folder, archive, CSV, image or URL of the user's own.

    Raises:
        UsageError: there is no such thing, or nothing in it to score.
    """
    dataset = resolve(text, roots, reading=reading)
    missing = tuple(s.name for s in dataset.samples if s.mos is None)
    problems: tuple[Problem, ...] = ()
    try:
        dataset.check_labels()
    except UsageError as error:
        problems = (Problem("score", str(error), level="warning"),)
    if missing and len(missing) < len(dataset.samples):
        told = f"{len(missing)} of {len(dataset.samples)} images have no label"
        problems = (Problem("score", told, missing, "correlations leave them out", level="warning"),)
    seen = Inspection(dataset, (), (), len(dataset.samples), (), problems)
    found = Examination(dataset.id, None, Place(text, "given"), inspection=seen, problems=problems)
    return _with_images(found, decoding, progress)


def _with_images(found: Examination, decoding: bool, progress: Progress) -> Examination:
    seen = found.inspection
    if seen is None or not decoding:
        return found
    results = _decode_all(seen.here, progress)
    faults = tuple(f"{each.name} ({each.error})" for each in results if each.error)
    problems = list(found.problems)
    if faults:
        text = f"{len(faults)} of {len(results)} images cannot be decoded"
        source = found.card.source if found.card else "where they came from"
        problems.append(Problem("unreadable", text, faults, f"get them again from {source}"))
    if found.card and found.card.size:
        problems += _sizes(found.card, results)
    if equal := equal_files_told({each.name: each.digest for each in results}):
        problems.append(Problem("equal", equal, remedy="keep one of each", level="warning"))
    problems.sort(key=lambda problem: problem.level)
    return replace(found, decoded=len(results) - len(faults), problems=tuple(problems))


class Decoded(NamedTuple):
    """What became of a file: its name, the error, its size and the hash of its content."""

    name: str
    error: str
    size: tuple[int, ...] = ()
    digest: str = UNREADABLE


def _decode_all(samples: Sequence[Sample], progress: Progress) -> list[Decoded]:
    # Threads serve: Pillow lets go of the interpreter while it decodes.
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        results = []
        for result in pool.map(_decode, samples):
            results.append(result)
            progress(1)
        return results


def _decode(sample: Sample) -> Decoded:
    assert sample.file is not None
    try:
        data = sample.file.read()
        height, width = decode(data, sample.name).pixels.shape[:2]
    except ImageError as error:
        return Decoded(sample.file.name, str(error))
    return Decoded(sample.file.name, "", (width, height), hash_bytes(data))


def _sizes(card: Card, results: Sequence[Decoded]) -> list[Problem]:
    wrong = tuple(f"{r.name} ({r.size[0]} x {r.size[1]})" for r in results if r.size and r.size != card.size)
    if not wrong:
        return []
    text = f"{len(wrong)} image(s) are not {card.size[0]} x {card.size[1]}: another resolution is another protocol"
    sizes = {each.size for each in results if each.size}
    other = next((c for c in shipped_cards().values() if _is_kin(c, card) and sizes == {c.size}), None)
    if other is not None:
        return [Problem("size", text, wrong, f"they are those of {other.id}: give --root {other.id}=FOLDER")]
    return [Problem("size", text, wrong, f"the set's images are at {card.source}", level="warning")]


def _is_kin(one: Card, other: Card) -> bool:
    return one.family == other.family and one.size != other.size


def describe_card(card: Card, roots: Roots) -> dict[str, Any]:
    """Return all that a card says, direction and range of its labels, sizes in bytes (0: unknown), and its place."""
    first = card.labels[0] if card.labels else None
    about = {
        "direction": first.direction if first else None,
        "range": first.range if first else None,
        "download_size": download_size(card.default_archives),
        "unpacked_size": unpacked_size(card.default_archives),
    }
    return {**asdict(card), **about, "ready": state(card, roots)}


def state(card: Card, roots: Roots) -> str:
    """Say in some words whether a card's dataset is here, without reading it: for listings."""
    if card.id == "sample":
        return "ready (built at first use)"
    place = roots.find(card)
    if place is None:
        return f"not here: get it from {card.source}, then --root {card.id}=FOLDER"
    if is_url(place.text):
        return f"at {place.text}"
    try:
        lacking = glance(card, place.open())
    except BenchError as error:
        lacking = str(error)
    return f"incomplete: {lacking}" if lacking else f"ready: {place.text}"


def choose_cards(
    cards: Iterable[Card], roots: Roots, kind: str | None = None, licence: str = "", *, ready: bool = False
) -> list[Card]:
    """Keep the cards of one kind, whose licence contains a text in any case, and whose datasets are found here."""
    return [
        card
        for card in cards
        if (kind is None or card.kind == kind)
        and licence.lower() in card.licence.lower()
        and (not ready or state(card, roots).startswith(("ready", "at ")))
    ]


def ranges(dataset: Dataset) -> tuple[float, float] | None:
    """Return the smallest and the largest label; None where there are none."""
    labels = [sample.mos for sample in dataset.samples if sample.mos is not None]
    return (min(labels), max(labels)) if labels else None
