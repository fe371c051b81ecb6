"""A user's own data as a dataset: a folder of images, a CSV with ``image,score``, or one image."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from bench.adapters import table
from bench.errors import UsageError
from bench.images import SUFFIXES
from bench.samples import Attribute, Dataset, Sample

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
    """Read a folder (with ``scores.csv`` or bare), a CSV or an image as a dataset named after it.

    Raises:
        UsageError: nothing there to score, or the CSV is not what it should be.
    """
    if path.is_dir():
        scores = path / SCORES_FILE
        name = path.resolve().name
        return _from_csv(scores, name, inside=True) if table.is_file(scores) else _from_folder(path, name)
    if path.suffix.lower() in (".csv", ".tsv"):
        return _from_csv(path, path.stem)
    if path.suffix.lower() in SUFFIXES:
        return _dataset(path.stem, path, [Sample(path.name, path, None)])
    raise UsageError(f"{path} is no dataset: a folder, a .csv, a .toml card or an image is expected")


def _dataset(name: str, origin: Path, samples: list[Sample]) -> Dataset:
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
        origin=_printable(str(origin)),
    )


def _from_folder(folder: Path, name: str) -> Dataset:
    paths = sorted(p for p in _walk(folder) if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise UsageError(f"the folder {folder} has no image files and no {SCORES_FILE}")
    return _dataset(name, folder, [Sample(_printable(p.relative_to(folder).as_posix()), p, None) for p in paths])


def _printable(name: str) -> str:
    # File names may hold control characters and bytes that are no UTF-8; names are printed and stored.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in name)


def _walk(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        # A part of the set that cannot be seen must not shrink it in silence.
        raise UsageError(f"the folder {error.filename} cannot be read: {error.strerror}")

    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        # A folder named like an image is listed too: it fails by name instead of vanishing.
        names = [*files, *(name for name in folders if Path(name).suffix.lower() in SUFFIXES)]
        yield from (Path(parent) / name for name in names if not name.startswith("."))


def _from_csv(path: Path, name: str, *, inside: bool = False) -> Dataset:
    header, rows = table.read_csv(path)
    table.need_columns(path, header, ["image"])
    if not rows:
        raise UsageError(f"{path} has a header but no rows: nothing to score")
    if all(column in header for column in _SCORE_COLUMNS):
        raise UsageError(f"{path} has both a score and a mos column: keep the one that people gave, as score")
    score = next((column for column in _SCORE_COLUMNS if column in header), None)
    samples = [_sample(path, row, score) for row in rows]
    table.check_unique(path, [s.name for s in samples])
    # A folder may have come from anywhere, so its CSV must not point out of it. A CSV that the user names
    # may: absolute paths are how people list their own photographs.
    outside = next((s.name for s in samples if not table.is_inside(s.name)), None)
    if inside and outside is not None:
        raise UsageError(f"{path}: the image name {outside!r} leaves the folder; name the CSV itself if you mean it")
    if not any(s.path is not None and table.is_file(s.path) for s in samples):
        raise UsageError(
            f"{path} names {len(samples)} images and none is there; the first would be {samples[0].path}: "
            "names are relative to the CSV's folder"
        )
    return _dataset(name, path, samples)


def _sample(path: Path, row: table.Row, score: str | None) -> Sample:
    name = table.image_name(path, row["image"])
    mos = table.number(path, score, name, row[score]) if score else None
    return Sample(name, path.parent / name, mos, _attributes(path, name, row))


def _attributes(path: Path, name: str, row: table.Row) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    for attribute, columns in _ATTRIBUTES.items():
        text = next((row[column] for column in columns if row.get(column)), "")
        if not text:
            continue
        value = table.number(path, attribute, name, text) if attribute in ("std", "n_raters") else text
        if value is not None:
            found[attribute] = value
    return found
