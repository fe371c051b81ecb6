"""Reader of a dataset in its authors' layout, as its card describes it.

``inspect`` looks at everything and collects what is wrong; ``read_with_card`` takes what can be used and
refuses the rest. Both read the same way, so that what ``bench doctor`` says holds for a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from bench.datasets.card import Card
from bench.datasets.catalogue import find_card, shipped_cards
from bench.datasets.dataset import Attribute, Dataset, Direction, Sample, count_values, told_count
from bench.datasets.readers.index import Index, ending_in, fold, join
from bench.datasets.readers.labels import LabelFile, LabelRows, find_labels, packed_hint, read_labels
from bench.datasets.readers.problems import Problem
from bench.datasets.readers.rows import attributes_of_name, content_hash, read_rows
from bench.datasets.readers.text import repeated
from bench.errors import MissingRequirementError, UsageError, listed
from bench.io.files import File, Folder
from bench.io.images import is_image_name
from bench.io.visible import quoted


@dataclass(frozen=True)
class Inspection:
    """A copy of a dataset, looked at without decoding its images.

    Attributes:
        dataset: what can be used of it.
        sources: label files that were read.
        folders: folders, relative to the root, that images were found in.
        found: how many of its images are there.
        unnamed: image files in those folders that no label names.
        problems: what is wrong.
        content: hash of names and labels, whatever file they came in; empty without labels.
    """

    dataset: Dataset
    sources: tuple[LabelFile, ...]
    folders: tuple[str, ...]
    found: int
    unnamed: tuple[str, ...]
    problems: tuple[Problem, ...]
    content: str = ""

    @property
    def here(self) -> tuple[Sample, ...]:
        """Samples whose image is not missing."""
        absent = {name for problem in self.problems if problem.kind == "missing" for name in problem.items}
        return tuple(s for s in self.dataset.samples if s.file is not None and s.file.name not in absent)


def read_with_card(card: Card, folder: Folder, need_images: bool = True, suffix: str = "") -> Dataset:
    """Read the labels that the card describes and find the images below ``folder``.

    An image that is not there stays in the dataset, and fails by name when it is scored. Without ``need_images``, for
    scores that are there already, all of them may be absent. ``suffix`` is that of ``Reading``.

    Raises:
        MissingRequirementError: the label file or every image is missing.
        UsageError: the labels are not what the card says.
    """
    seen = inspect(card, folder, suffix)
    for problem in seen.problems:
        missing = problem.kind == "missing"
        if problem.fatal and (need_images or not missing):
            kind = MissingRequirementError if missing else UsageError
            raise kind(f"dataset {quoted(card.id)} at {folder}: {problem.sentence()}")
    dataset = seen.dataset if need_images else replace(seen.dataset, here_n=len(seen.dataset.samples))
    short = told_count(dataset.here_n, card.n)
    return replace(dataset, notes=(*card.notes, short)) if short else dataset


def inspect(card: Card, folder: Folder, suffix: str = "") -> Inspection:
    """Read a copy of a dataset and collect what is wrong with it; ``suffix`` is that of ``Reading``.

    Raises:
        MissingRequirementError: the label file, or what belongs to it, is not there.
        UsageError: it is damaged as a whole, so that no row of it can be read.
    """
    index = Index(folder.files())
    problems: list[Problem] = []
    if not card.labels:
        if suffix:
            raise UsageError(
                f"--suffix is for images that labels name, and dataset {quoted(card.id)} has none: leave it out"
            )
        return _inspect_unlabelled(card, folder, index)
    labels = read_labels(card, folder, index)
    if labels.lacking:
        text = "files of the set that may be absent are not here, and nor is what they say (splits, for one)"
        problems.append(Problem("lacking", text, labels.lacking, f"get them from {card.source}", level="warning"))
    rows, faults = read_rows(card, labels)
    problems += faults
    content = content_hash((row.name, row.mos) for row in rows)
    problems += _unknown_labels(card, labels, content, complete=not faults and len(labels.rows) == card.n)
    names = [ending_in(row.name, suffix) for row in rows]
    folders, files = _place(card, index, labels.base, names)
    samples = tuple(
        Sample(row.name, File(folder, file or join(folders[0], name)), row.mos, row.attributes)
        for row, name, file in zip(rows, names, files, strict=True)
    )
    problems += _missing(card, index, samples, files)
    problems += _counts(card, len(labels.rows), samples, sound=not faults)
    found = [file for file in files if file]
    here = len(labels.rows) - (len(samples) - len(found))
    dataset = describe_with_card(card, samples, str(folder), labels.spec.direction, here)
    dataset = replace(dataset, suffix=suffix)
    # Images of rows that could not be used would look as if nobody named them.
    unnamed = () if faults else _unnamed(index, found)
    return Inspection(dataset, labels.sources, folders, len(found), unnamed, tuple(problems), content)


def glance(card: Card, folder: Folder) -> str:
    """Say what a copy lacks at first sight: the label file, or every image; empty where both are there."""
    index = Index(folder.files())
    if card.labels:
        try:
            find_labels(card, folder, index)
        except MissingRequirementError as error:
            return str(error)
    return "" if any(map(is_image_name, index.names)) else f"no image is there; {_again(card)}"


def describe_with_card(
    card: Card, samples: tuple[Sample, ...], origin: str, direction: Direction | None = None, here: int = 0
) -> Dataset:
    """Return a dataset of these samples, of which so many are here, about which the card says everything else."""
    return Dataset(
        id=card.id,
        title=card.title,
        kind=card.kind,
        direction=direction or card.direction,
        samples=samples,
        within=card.within,
        aggregate=card.aggregate,
        cluster=card.cluster,
        group=card.group or card.cluster,
        content=card.content,
        shares=card.shares,
        resize=card.resize,
        size=card.size,
        card_hash=card.hash,
        origin=origin,
        notes=card.notes,
        complete_n=card.n if here else 0,
        here_n=here,
    )


def _place(card: Card, index: Index, base: str, names: list[str]) -> tuple[tuple[str, ...], list[str | None]]:
    """Find each image in the layout that has most of them: (its folders, a file or None for each name)."""
    # One layout for all: images of another resolution in the next folder are another protocol.
    best: tuple[tuple[str, ...], list[str | None]] = ((join(base, card.layouts[0][0]),), [None] * len(names))
    most = 0
    for start in dict.fromkeys((base, "", *_named_after(card, index))):
        for layout in card.layouts:
            folders = tuple(folder for pattern in layout for folder in index.folders(pattern, start))
            files = [next(filter(None, (index.find(join(f, name)) for f in folders)), None) for name in names]
            found = sum(file is not None for file in files)
            if found > most:
                best, most = (folders, files), found
            if most == len(names):
                return best
    return best


def _named_after(card: Card, index: Index) -> list[str]:
    """Return the folders at the top that have the set's name, as archives beside a list of labels unpack."""
    base = find_card(card.extends) if card.extends else None
    kin = [card, *([base] if base else [])]
    names = {name.lower() for each in kin for name in (each.id, *each.aliases)}
    tops = {name.partition("/")[0] for name in index.names if "/" in name}
    return sorted(top for top in tops if top.lower() in names)


def _missing(card: Card, index: Index, samples: tuple[Sample, ...], files: list[str | None]) -> list[Problem]:
    missing = [s for s, file in zip(samples, files, strict=True) if file is None]
    if not missing:
        return []
    looked = " or ".join("+".join(layout) for layout in card.layouts)
    names = tuple(s.file.name if s.file else s.name for s in missing)
    if len(missing) < len(samples):
        return [Problem("missing", f"{len(names)} of {len(samples)} images are missing", names, _again(card))]
    bases = {fold(sample.name.rpartition("/")[2]) for sample in samples[:100]}
    split = (name.rpartition("/") for name in index.names)
    elsewhere = sorted({folder or "." for folder, _, base in split if fold(base) in bases})
    hint = f" (files of these names are in {listed(elsewhere)}, no layout of {card.id})" if elsewhere else ""
    if kin := _laid_out_so(card, elsewhere):
        text = f"none of the {len(samples)} images is there{hint}"
        return [Problem("missing", text, names, f"use {kin}, whose images these are", fatal=True)]
    text = f"none of the {len(samples)} images is in {looked}{hint}{_converted(index, samples)}"
    moved = f"if those are the set's own images, move them so that the first is {names[0]}" if elsewhere else ""
    return [Problem("missing", text, names, moved or packed_hint(index) or _again(card), fatal=True)]


def _laid_out_so(card: Card, folders: Iterable[str]) -> str:
    """Return the id of another form of the set whose images are in one of the folders; empty without one."""
    others = (other for other in shipped_cards().values() if other.id != card.id and other.family == card.family)
    ends = tuple(f"/{folder}" for folder in folders)
    named = ((o.id, f"/{pattern}") for o in others for layout in o.layouts for pattern in layout if pattern != ".")
    return next((other for other, pattern in named if any(end.endswith(pattern) for end in ends)), "")


def _converted(index: Index, samples: tuple[Sample, ...]) -> str:
    """Say that images of the same names are there in another format; empty where they are not."""
    stems = {fold(PurePosixPath(sample.name).stem): PurePosixPath(sample.name).suffix for sample in samples[:100]}
    there = (PurePosixPath(name) for name in index.names if is_image_name(name))
    other = next(((stems[fold(p.stem)], p.suffix) for p in there if fold(p.stem) in stems), None)
    if other is None or not other[0] or other[0].lower() == other[1].lower():
        return ""
    return (
        f" (the same names end in {other[1]} in place of {other[0]}: pictures saved again in another format are not "
        f"those that people rated, and another protocol; --suffix {other[1]} takes them as that)"
    )


def _again(card: Card) -> str:
    return f"get the images from {card.source}"


def _counts(card: Card, n: int, samples: tuple[Sample, ...], *, sound: bool = True) -> list[Problem]:
    if n != card.n:
        return [Problem("count", told_count(n, card.n), remedy=f"get the whole set from {card.source}")]
    if not sound:  # rows were left out, so nothing else can be counted
        return []
    problems = []
    splits = count_values(samples, "split")
    if card.splits and splits and splits != card.splits:
        problems.append(Problem("splits", f"the splits are {_told(splits)}, the official ones {_told(card.splits)}"))
    for attribute, expected in card.groups.items():
        there = {value.lower() for value in count_values(samples, attribute)}
        if len(there) != expected:
            text = f"{len(there)} different values of {attribute}, the complete set has {expected}"
            problems.append(Problem("groups", text))
    return problems


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(counts.items()))


def _unknown_labels(card: Card, labels: LabelRows, content: str, *, complete: bool) -> list[Problem]:
    """Compare names and labels, or else the bytes of the files, with what is known of the authors'."""
    known = labels.spec.known
    if content in known:
        return []
    if known and complete:
        text = f"{labels.where}: its numbers are not those that the authors distribute, as far as the card knows"
        return [Problem("labels", text, remedy=f"get the authors' file from {card.source}")]
    unknown = tuple(source.name for source in labels.sources if source.known is False)
    if not unknown:
        return []
    text = "not, byte for byte, what the authors distribute, as far as the card knows"
    remedy = f"names, counts and ranges were checked all the same; the authors' are at {card.source}"
    return [Problem("hash", text, unknown, remedy, level="warning")]


def _unnamed(index: Index, found: list[str]) -> tuple[str, ...]:
    named = set(found)
    places = {name.rpartition("/")[0] for name in found}
    others = (name for name in index.names if name not in named and name.rpartition("/")[0] in places)
    return tuple(filter(is_image_name, others))


def _inspect_unlabelled(card: Card, folder: Folder, index: Index) -> Inspection:
    starts = [*_named_after(card, index), ""]
    layouts = (_images_in(index, layout, start) for start in starts for layout in card.layouts)
    folders, found = next(((folders, found) for folders, found in layouts if found), ((), []))
    if not found:
        looked = " or ".join("+".join(layout) for layout in card.layouts)
        raise MissingRequirementError(
            f"dataset {quoted(card.id)}: there are no images in {looked} of {folder}; {_again(card)}"
        )
    samples = tuple(Sample(name, File(folder, file), None, _said(card, name, file)) for name, file in found)
    problems = _counts(card, len(samples), samples)
    if twice := repeated(fold(sample.name) for sample in samples):
        text = f"the same names are in more than one of {', '.join(folders)}"
        problems.append(Problem("duplicate", text, tuple(twice), "keep one folder of them", fatal=True))
    dataset = describe_with_card(card, samples, str(folder), here=len(samples))
    return Inspection(dataset, (), folders, len(samples), (), tuple(problems))


def _said(card: Card, name: str, file: str) -> Mapping[str, Attribute]:
    # The folder above may be that of a split, which the name has no part of.
    return attributes_of_name(card, name) or attributes_of_name(card, file) or {}


def _images_in(index: Index, layout: Iterable[str], base: str) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    """Return the folders of a layout, and each image below them: (its name there, its file)."""
    folders = tuple(folder for pattern in layout for folder in index.folders(pattern, base))
    found = []
    for start in (join(folder, "") for folder in folders):
        below = (name for name in index.names if name.lower().startswith(start.lower()) and is_image_name(name))
        found += [(name[len(start) :], name) for name in below]
    return folders, found
