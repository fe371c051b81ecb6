"""Reader of a user's own data: a folder or archive of images, a table with ``image,score``, or one image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from bench.datasets.card import TableSpec
from bench.datasets.dataset import Dataset, Sample, references_repeat
from bench.datasets.readers import formats
from bench.datasets.readers import text as table
from bench.datasets.readers.own_table import OwnTable, in_folder, on_disk, read_table
from bench.datasets.readers.reading import Reading
from bench.errors import ImageError, UsageError, printable
from bench.io.files import File, Folder, file_at, is_archive, is_url, open_folder
from bench.io.images import is_image_name

SCORES_FILE = "scores.csv"
_TABLES = (".csv", ".tsv", ".xlsx", ".xls", ".json")


def read_local(path: Path, reading: Reading = Reading()) -> Dataset:
    """Read a folder or archive (with ``scores.csv`` or bare), a table or an image as a dataset named after it.

    Args:
        path: of it.
        reading: what the user says of a CSV.

    Raises:
        UsageError: nothing there to score, or the table is not what it should be.
    """
    if path.suffix.lower() in _TABLES and not path.is_dir():
        found = formats.parse(table.read_file(path), str(path), TableSpec(files=()))
        return _labelled(read_table(found, on_disk(path.parent), reading), path.stem, str(path), reading)
    if names_one_image(str(path)):
        _refuse_reading(reading, f"{path} is an image")
        return read_image(file_at(path))
    if path.is_file() and not is_archive(path.name):
        raise UsageError(
            f"{path} is not a dataset: give a folder, a .zip or .tar, a table (.csv, .xlsx, .json), a .toml "
            "card or an image"
        )
    name = path.resolve().name if path.is_dir() else path.stem
    return read_folder(open_folder(str(path), "--dataset"), name, reading)


def names_one_image(text: str) -> bool:
    """Say whether a path or URL is that of one image."""
    return is_image_name(text) and (is_url(text) or not Path(text).is_dir())


def read_image(file: File) -> Dataset:
    """Return one image as a dataset named after it."""
    name = PurePosixPath(file.name)
    return _dataset(name.stem, str(file), [Sample(printable(name.name), file, None)])


def read_folder(folder: Folder, name: str, reading: Reading = Reading()) -> Dataset:
    """Read a folder, archive or URL, with ``scores.csv`` or bare, as a dataset of that name.

    Args:
        folder: where its files are.
        name: of the dataset.
        reading: what the user says of ``scores.csv``.

    Raises:
        UsageError: nothing there to score, or the CSV is not what it should be.
    """
    files = folder.files()
    start = _only_folder(files)
    if SCORES_FILE in files or f"{start}{SCORES_FILE}" in files:
        start = "" if SCORES_FILE in files else start
        where = File(folder, start + SCORES_FILE)
        try:
            data = where.read(table.MAX_BYTES)
        except ImageError as error:
            raise UsageError(f"{where} cannot be read: {error}; repair or remove it") from None
        found = table.parse_text(data, str(where), TableSpec(files=()))
        read = _labelled(read_table(found, in_folder(folder, files, start), reading), name, str(folder), reading)
        named = {sample.file.name for sample in read.samples if sample.file}
        return replace(read, unnamed=sum(is_image_name(file) and file not in named for file in files))
    _refuse_reading(reading, f"{folder} has no {SCORES_FILE}")
    images = [file for file in files if is_image_name(file)]
    if not images:
        raise UsageError(f"the folder {folder} has no image files and no {SCORES_FILE}")
    return _dataset(name, str(folder), [Sample(printable(image), File(folder, image), None) for image in images])


def _refuse_reading(reading: Reading, why: str) -> None:
    if reading:
        raise UsageError(f"--score-column, --lower-is-better, --image-column and --suffix are for a CSV, but {why}")


def _only_folder(files: Sequence[str]) -> str:
    """Return the one folder that holds all files, with a slash: archives are packed so. Empty where there is none."""
    tops = {file.partition("/")[0] for file in files if "/" in file}
    return f"{tops.pop()}/" if len(tops) == 1 and all("/" in file for file in files) else ""


def _dataset(name: str, origin: str, samples: list[Sample]) -> Dataset:
    clustered = references_repeat(samples)
    unknown = sum("reference" not in s.attributes for s in samples)
    note = f"{unknown} images have no reference, so that there is no interval and no test"
    return Dataset(
        id=printable(name) or "images",
        title=printable(name),
        kind="unknown",
        direction="higher",
        samples=tuple(samples),
        cluster="reference" if clustered else "",
        group="reference" if clustered else "",
        notes=(note,) if clustered and unknown else (),
        origin=printable(origin),
    )


# File names may hold control characters and bytes that are no UTF-8; names are printed and stored: hence printable.
def _labelled(read: OwnTable, name: str, origin: str, reading: Reading) -> Dataset:
    return replace(
        _dataset(name, origin, list(read.samples)),
        direction=read.direction,
        label_column=reading.labels,
        image_column=reading.images,
        columns=printable(read.columns),
        suffix=reading.suffix,
        unread=tuple(map(printable, read.unread)),
    )
