"""Reader of a user's own table of images: which column is what, and which file an image is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bench.datasets.dataset import NO_LABELS, Attribute, Direction, Sample
from bench.datasets.readers import text as table
from bench.datasets.readers.index import Index, fold
from bench.errors import UsageError
from bench.io.files import File, Folder, LocalFolder

_LABELS = ("score", "mos")
# Attribute → the column names it goes by in the wild.
_ATTRIBUTES = {
    "split": ("split", "set"),
    "reference": ("reference", "reference_name", "ref_img", "source_id"),
    "type": ("type", "dist_type"),
    "level": ("level", "dist_level"),
    "std": ("std",),
    "n_raters": ("n_raters",),
}


@dataclass(frozen=True)
class LabelColumn:
    """What the user says of the column of labels in a table of their own.

    Attributes:
        name: its name; empty: ``score`` or ``mos``, in any case; NO_LABELS: no column is read.
        lower_is_better: whether a lower label means better quality.
    """

    name: str = ""
    lower_is_better: bool = False

    def __bool__(self) -> bool:
        """Whether anything is said."""
        return bool(self.name) or self.lower_is_better

    @property
    def direction(self) -> Direction:
        """Direction of the labels."""
        return "lower" if self.lower_is_better else "higher"


@dataclass(frozen=True)
class Place:
    """Where the images of a table are.

    Attributes:
        folder: what their files are relative to.
        find: a path in it to that of a file; None where there is none.
        start: what stands before each name, with a slash at its end.
        closed: whether names may not lead out of the folder.
    """

    folder: Folder
    find: Callable[[str], str | None]
    start: str = ""
    closed: bool = False

    def file(self, name: str) -> File:
        """Return the file of an image, there or not."""
        path = self.start + name
        return File(self.folder, self.find(path) or path)


@dataclass(frozen=True)
class OwnTable:
    """What a user's table says.

    Attributes:
        samples: one a row.
        direction: of the labels.
        chosen: column that the user named for the labels.
        unread: columns of numbers that may be labels, where no column is known to be.
    """

    samples: tuple[Sample, ...]
    direction: Direction
    chosen: str
    unread: tuple[str, ...]


def read_table(found: table.TextTable, place: Place, labels: LabelColumn) -> OwnTable:
    """Read a table with a column ``image``, of labels and of attributes.

    Args:
        found: the table as text.
        place: where the images are.
        labels: what the user says of the labels.

    Raises:
        UsageError: a column is lacking, a label is no number, a name leads out of the folder, an image is there
            twice, or none has a file.
    """
    table.need_columns(found.where, found.header, ["image"])
    if not found.rows:
        raise UsageError(f"{found.where} has a header but no rows")
    column = _label_column(found, labels)
    attributes = {name: _columns(found.header, names) for name, names in _ATTRIBUTES.items()}
    samples = [_sample(found.where, place, row, column, attributes) for row in found.rows]
    outside = next((sample.name for sample in samples if not table.is_inside(sample.name)), None)
    if place.closed and outside is not None:
        raise UsageError(
            f"{found.where}: the image name {outside!r} is outside the folder; give the CSV's path to allow this"
        )
    # By their files: two names may mean one.
    table.check_unique(found.where, [sample.file.name for sample in samples if sample.file])
    if not any(place.find(place.start + sample.name) for sample in samples):
        raise UsageError(
            f"{found.where} names {len(samples)} images, and no file of them exists; the first path is "
            f"{samples[0].file}: give names relative to the CSV's folder"
        )
    unread = () if column or labels.name else tuple(_may_be_labels(found, attributes.values()))
    return OwnTable(tuple(samples), labels.direction, labels.name, unread)


def _columns(header: Sequence[str], names: Sequence[str]) -> list[str]:
    return [column for name in names for column in header if column.lower() == name]


def _label_column(found: table.TextTable, labels: LabelColumn) -> str:
    if labels.name == NO_LABELS and NO_LABELS not in found.header:
        return ""
    if labels.name:
        table.need_columns(found.where, found.header, [labels.name])
        return labels.name
    known = _columns(found.header, _LABELS)
    if len(known) > 1:
        raise UsageError(
            f"{found.where} has the columns {' and '.join(known)}, and each could hold the labels: say which one with "
            "--score-column NAME, or keep the one with the human scores"
        )
    return known[0] if known else ""


def _may_be_labels(found: table.TextTable, known: Iterable[list[str]]) -> Iterable[str]:
    read = {"image", "", *(column for columns in known for column in columns)}
    for column in found.header:
        if column not in read and any(_is_number(row[column]) for row in found.rows):
            yield column


def _is_number(text: str) -> bool:
    try:
        return table.number("", "", "", text.replace(",", ".")) is not None
    except UsageError:
        return False


def _sample(where: str, place: Place, row: table.TextRow, column: str, attributes: dict[str, list[str]]) -> Sample:
    name = table.image_name(where, row["image"])
    mos = table.number(where, column, name, row[column]) if column else None
    said: dict[str, Attribute] = {}
    for attribute, columns in attributes.items():
        text = next((row[each] for each in columns if row[each]), "")
        value = table.number(where, attribute, name, text) if attribute in ("std", "n_raters") else text
        if text and value is not None:
            said[attribute] = value
    return Sample(name, place.file(name), mos, said)


def in_folder(folder: Folder, files: Iterable[str], start: str) -> Place:
    """Return the place of images that a table inside a folder names.

    A folder may have come from anywhere, so its table must not point out of it.
    """
    return Place(folder, Index(files).find, start, closed=True)


def on_disk(base: Path) -> Place:
    """Return the place of images that a table names which the user named: relative to its folder, or absolute.

    Absolute paths are how people list their own photographs.
    """
    listings: dict[Path, dict[str, list[str]]] = {}

    def alike(folder: Path, part: str) -> list[str]:
        if folder not in listings:
            listings[folder] = defaultdict(list)
            for path in folder.iterdir() if folder.is_dir() else ():
                listings[folder][fold(path.name)].append(path.name)
        return listings[folder].get(fold(part), [])

    def find(name: str) -> str | None:
        if table.is_file(base / name):
            return name
        found = PurePosixPath()
        for part in PurePosixPath(name).parts:
            there = part in ("/", "..") or table.exists(base / found / part)
            names = [part] if there else alike(base / found, part)
            if len(names) != 1:
                return None
            found /= names[0]
        return str(found) if table.is_file(base / found) else None

    return Place(LocalFolder(base), find)
