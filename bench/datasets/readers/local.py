"""Reader of a user's own data: a folder or archive of images, a CSV with ``image,score``, or one image."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

from bench.datasets.card import TableSpec
from bench.datasets.dataset import Attribute, Dataset, Sample
from bench.datasets.readers import text as table
from bench.errors import ImageError, UsageError
from bench.io.files import File, Folder, LocalFolder, file_at, is_archive, is_url, open_folder
from bench.io.images import is_image_name

SCORES_FILE = "scores.csv"
_SCORE_COLUMNS = ("score", "mos")
# Attribute → the column names it goes by in the wild.
_ATTRIBUTES = {
    "split": ("split", "set"),
    "reference": ("reference", "reference_name", "ref_img", "source_id"),
    "type": ("type", "dist_type"),
    "level": ("level", "dist_level"),
    "std": ("std",),
    "n_raters": ("n_raters",),
}


def read_local(path: Path) -> Dataset:
    """Read a folder or archive (with ``scores.csv`` or bare), a CSV or an image as a dataset named after it.

    Raises:
        UsageError: nothing there to score, or the CSV is not what it should be.
    """
    if path.suffix.lower() in (".csv", ".tsv") and not path.is_dir():
        header, rows = table.read_csv(path)
        return _labelled(table.TextTable(str(path), header, rows), LocalFolder(path.parent), path.stem, str(path))
    if names_one_image(str(path)):
        return read_image(file_at(path))
    if path.is_file() and not is_archive(path.name):
        raise UsageError(f"{path} is not a dataset: give a folder, a .zip or .tar, a .csv, a .toml card or an image")
    return read_folder(open_folder(str(path), "--dataset"), path.resolve().name if path.is_dir() else path.stem)


def names_one_image(text: str) -> bool:
    """Say whether a path or URL is that of one image."""
    return is_image_name(text) and (is_url(text) or not Path(text).is_dir())


def read_image(file: File) -> Dataset:
    """Return one image as a dataset named after it."""
    name = PurePosixPath(file.name)
    return _dataset(name.stem, str(file), [Sample(_printable(name.name), file, None)])


def read_folder(folder: Folder, name: str) -> Dataset:
    """Read a folder, archive or URL, with ``scores.csv`` or bare, as a dataset of that name.

    Raises:
        UsageError: nothing there to score, or the CSV is not what it should be.
    """
    files = folder.files()
    start = _only_folder(files)
    if SCORES_FILE in files or f"{start}{SCORES_FILE}" in files:
        start = "" if SCORES_FILE in files else start
        where = File(folder, start + SCORES_FILE)
        try:
            data = where.read()
        except ImageError as error:
            raise UsageError(f"{where} cannot be read: {error}; repair or remove it") from None
        found = table.parse_text(data, str(where), TableSpec(files=()))
        return _labelled(found, folder, name, str(folder), start, files, inside=True)
    images = [file for file in files if is_image_name(file)]
    if not images:
        raise UsageError(f"the folder {folder} has no image files and no {SCORES_FILE}")
    return _dataset(name, str(folder), [Sample(_printable(image), File(folder, image), None) for image in images])


def _only_folder(files: Sequence[str]) -> str:
    """Return the one folder that holds all files, with a slash: archives are packed so. Empty where there is none."""
    tops = {file.partition("/")[0] for file in files if "/" in file}
    return f"{tops.pop()}/" if len(tops) == 1 and all("/" in file for file in files) else ""


def _dataset(name: str, origin: str, samples: list[Sample]) -> Dataset:
    references = [s.attributes.get("reference") for s in samples]
    # One row a reference would make clusters of one image: the same draws under another name.
    clustered = None not in references and len(set(references)) < len(references)
    return Dataset(
        id=_printable(name) or "images",
        title=_printable(name),
        kind="unknown",
        direction="higher",
        samples=tuple(samples),
        cluster="reference" if clustered else "",
        group="reference" if clustered else "",
        origin=_printable(origin),
    )


def _printable(name: str) -> str:
    # File names may hold control characters and bytes that are no UTF-8; names are printed and stored.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in name)


def _labelled(
    found: table.TextTable,
    folder: Folder,
    name: str,
    origin: str,
    start: str = "",
    files: Collection[str] = (),
    *,
    inside: bool = False,
) -> Dataset:
    where, header = found.where, found.header
    table.need_columns(where, header, ["image"])
    if not found.rows:
        raise UsageError(f"{where} has a header but no rows")
    if all(column in header for column in _SCORE_COLUMNS):
        raise UsageError(f"{where} has both a score and a mos column: keep the one with the human scores, named score")
    score = next((column for column in _SCORE_COLUMNS if column in header), None)
    samples = [_sample(where, folder, start, row, score) for row in found.rows]
    table.check_unique(where, [s.name for s in samples])
    # A folder may have come from anywhere, so its CSV must not point out of it. A CSV that the user names
    # may: absolute paths are how people list their own photographs.
    outside = next((s.name for s in samples if not table.is_inside(s.name)), None)
    if inside and outside is not None:
        raise UsageError(
            f"{where}: the image name {outside!r} is outside the folder; give the CSV's path to allow this"
        )
    _need_one(where, folder, set(files), samples)
    return _dataset(name, origin, samples)


def _need_one(where: str, folder: Folder, files: Collection[str], samples: Sequence[Sample]) -> None:
    if isinstance(folder, LocalFolder):  # a CSV may name images of any folder
        there = any(s.file is not None and table.is_file(folder.path / s.file.name) for s in samples)
    else:
        there = any(s.file is not None and s.file.name in files for s in samples)
    if not there:
        raise UsageError(
            f"{where} names {len(samples)} images, and no file of them exists; the first path is {samples[0].file}: "
            "give names relative to the CSV's folder"
        )


def _sample(where: str, folder: Folder, start: str, row: table.TextRow, score: str | None) -> Sample:
    name = table.image_name(where, row["image"])
    mos = table.number(where, score, name, row[score]) if score else None
    return Sample(name, File(folder, start + name), mos, _attributes(where, name, row))


def _attributes(where: str, name: str, row: table.TextRow) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    for attribute, columns in _ATTRIBUTES.items():
        text = next((row[column] for column in columns if row.get(column)), "")
        if not text:
            continue
        value = table.number(where, attribute, name, text) if attribute in ("std", "n_raters") else text
        if value is not None:
            found[attribute] = value
    return found
