"""Reader of a user's own table of images: which column is what, and which file an image is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bench.datasets.dataset import NO_LABELS, Attribute, Direction, Sample
from bench.datasets.readers import text as table
from bench.datasets.readers.index import Index, ending_in, fold
from bench.datasets.readers.reading import Reading
from bench.errors import UsageError, listed
from bench.io.files import File, Folder, LocalFolder
from bench.io.images import SUFFIXES, is_image_name
from bench.io.visible import quoted

# What columns go by in the wild, the likeliest first.
_IMAGES = (
    *("image", "image_name", "image name", "imagename", "image_path", "img", "img_name", "img_path", "dist_img"),
    *("filename", "file_name", "file name", "file", "filepath", "file_path", "path", "name", "image_id"),
)
_LABELS = ("score", "mos")
_ATTRIBUTES = {
    "split": ("split", "set", "official_split"),
    "reference": (
        *("reference", "reference_name", "reference_image", "ref_img", "ref_image", "ref_name", "ref", "source_id"),
    ),
    "type": ("type", "dist_type", "distortion_type", "distortion"),
    "level": ("level", "dist_level", "distortion_level"),
    "std": ("std", "mos_std", "score_std", "stddev", "std_dev", "sd"),
    "n_raters": ("n_raters", "num_raters", "n_ratings", "num_ratings", "n_votes", "votes"),
}
_OF_LABELS = ("std", "n_raters")


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
        columns: what was read from which column, for people.
        unread: columns of numbers that may be labels, where no column is known to be.
    """

    samples: tuple[Sample, ...]
    direction: Direction
    columns: str
    unread: tuple[str, ...]


def read_table(found: table.TextTable, place: Place, reading: Reading) -> OwnTable:
    """Read a table with a column of image names, and those of labels and of attributes that it has.

    Args:
        found: the table as text.
        place: where the images are.
        reading: what the user says of it.

    Raises:
        UsageError: a column is lacking, a label is no number, a name leads out of the folder, an image is there
            twice, or none has a file.
    """
    if not found.rows:
        raise UsageError(f"{found.where} has a header but no rows")
    columns = find_columns(found, place, reading)
    samples = [_sample(found.where, place, row, columns, reading.suffix) for row in found.rows]
    outside = next((sample.name for sample in samples if not table.is_inside(sample.name)), None)
    if place.closed and outside is not None:
        raise UsageError(
            f"{found.where}: the image name {quoted(outside)} is outside the folder; give the CSV's path to allow this"
        )
    # By their files: two names may mean one.
    files = [sample.file.name for sample in samples if sample.file]
    table.check_unique(found.where, files)
    if not any(map(place.find, files)):
        raise UsageError(
            f"{found.where} names {len(samples)} images, and no file of them exists; the first path is "
            f"{files[0] if files[0].startswith('/') else samples[0].file}: {_remedy(place, files)}"
        )
    unread = () if columns.label or reading.labels else tuple(may_be_labels(found, columns))
    return OwnTable(tuple(samples), reading.direction, columns.told(found.header, reading.direction), unread)


def find_columns(found: table.TextTable, place: Place, reading: Reading = Reading()) -> Columns:
    """Tell which column of a user's table is what.

    Args:
        found: the table as text.
        place: where the images are.
        reading: what the user says of it.

    Raises:
        UsageError: no column is known to hold names of images, or several could hold the labels.
    """
    image, label = _image_column(found, place, reading), _label_column(found, reading)
    taken = {image, label}
    attributes = {name: there for name, names in _ATTRIBUTES.items() if (there := _called(found.header, names, taken))}
    return Columns(image, label, attributes)


@dataclass(frozen=True)
class Columns:
    """Columns that a table is read from: of names, of labels (empty: none), and of each attribute."""

    image: str
    label: str
    attributes: Mapping[str, list[str]]

    @property
    def read(self) -> set[str]:
        """All of them."""
        return {self.image, self.label, *(column for columns in self.attributes.values() for column in columns)}

    def told(self, header: Sequence[str], direction: Direction) -> str:
        """Say what is read from which column, and which are not."""
        labels = f"labels from {self.label} ({direction} is better)" if self.label else "no labels"
        said = [f"{name} from {' or '.join(columns)}" for name, columns in self.attributes.items()]
        unused = [column for column in header if column not in self.read]
        rest = [f"not used: {listed(unused)}"] if unused else []
        return "; ".join([", ".join([f"images from column {self.image}", labels, *said]), *rest])


def _called(header: Sequence[str], names: Sequence[str], taken: Collection[str] = ()) -> list[str]:
    return [column for name in names for column in header if column.lower() == name and column not in taken]


def _image_column(found: table.TextTable, place: Place, reading: Reading) -> str:
    if reading.images:
        return _asked(found, reading.images)
    known = _called(found.header, _IMAGES)
    if not known and any(is_image_name(cell) or _is_number(cell) for cell in found.header):
        raise UsageError(
            f"{found.where}: its first line, {', '.join(found.header)[:300]}, looks like a row and not like a header: "
            "put a line such as image,score above it"
        )
    if not known and len(found.header) == 1:
        raise UsageError(
            f"{found.where} has the one column {quoted(found.header[0][:300])}: separate columns by commas, semicolons "
            "or "
            "tabs, and call that of the names image"
        )
    if not known:
        raise UsageError(
            f"{found.where} has no column 'image'; its columns are {', '.join(found.header)[:300]}: say which one "
            "holds the names of the images with --image-column NAME"
        )
    return next((column for column in known if _names_files(found, place, column, reading.suffix)), known[0])


def _asked(found: table.TextTable, name: str) -> str:
    """Return the column that the user means, in another case where none has that name."""
    alike = [column for column in found.header if column.lower() == name.lower()]
    if name not in found.header and len(alike) == 1:
        return alike[0]
    table.need_columns(found.where, found.header, [name])
    return name


def _names_files(found: table.TextTable, place: Place, column: str, suffix: str) -> bool:
    texts = (row[column] for row in found.rows[:100] if row[column])
    return any(place.find(place.start + ending_in(table.image_name(found.where, text), suffix)) for text in texts)


def _remedy(place: Place, files: Sequence[str]) -> str:
    """Say what would make the files of a table be found: another suffix, where files with it are there."""
    there = next((s for s in sorted(SUFFIXES) if any(place.find(ending_in(name, s)) for name in files[:100])), "")
    if there:
        return f"files of these names that end in {there} are there: give --suffix {there}"
    return "give names relative to the CSV's folder"


def _label_column(found: table.TextTable, reading: Reading) -> str:
    if reading.labels == NO_LABELS and NO_LABELS not in found.header:
        return ""
    if reading.labels:
        return _asked(found, reading.labels)
    known = _called(found.header, _LABELS)
    if len(known) > 1:
        raise UsageError(
            f"{found.where} has the columns {' and '.join(known)}, and each could hold the labels: say which one with "
            "--score-column NAME, or keep the one with the human scores"
        )
    return known[0] if known else ""


def may_be_labels(found: table.TextTable, columns: Columns) -> Iterable[str]:
    """Yield the columns of numbers that are not known to be something else than labels."""
    # Without labels there is nothing whose spread or number of raters these could be.
    of_labels = {column for name in _OF_LABELS for column in columns.attributes.get(name, ())}
    for column in found.header:
        if column not in columns.read - of_labels and any(_is_number(row[column]) for row in found.rows):
            yield column


def _is_number(text: str) -> bool:
    try:
        return table.number("", "", "", text.replace(",", ".")) is not None
    except UsageError:
        return False


def _sample(where: str, place: Place, row: table.TextRow, columns: Columns, suffix: str) -> Sample:
    name = table.image_name(where, row[columns.image])
    mos = table.number(where, columns.label, name, row[columns.label]) if columns.label else None
    said: dict[str, Attribute] = {}
    for attribute, those in columns.attributes.items():
        text = next((row[each] for each in those if row[each]), "")
        value = table.number(where, attribute, name, text) if attribute in _OF_LABELS else text
        if isinstance(value, float) and value < 0:
            raise UsageError(
                f"{where}: {attribute} of {quoted(name)} is {quoted(text)}, below 0: leave it empty if it is not known"
            )
        if text and value is not None:
            said[attribute] = value
    return Sample(name, place.file(ending_in(name, suffix)), mos, said)


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
