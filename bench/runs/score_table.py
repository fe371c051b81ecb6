"""A CSV of scores that grows as images are scored, and that the same call goes on with.

A row is believed again where its image has the same name and content (``file``) and its method is what it was
(``scored_as``: a hash of the method's version, options and parameters, of how images are decoded and resized, and of
the seed where the method draws). Rows with an error are tried again.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from bench.api import Photo
from bench.errors import UsageError, counted, listed
from bench.io.atomic import write_output
from bench.io.hashing import hash_files, short_hash
from bench.io.progress import note
from bench.io.visible import spreadsheet_cell
from bench.runs.image_scores import ImageScore, NamedImage, Sort, arranged, score_images
from bench.runs.jobs import LoadedMethod, Settings
from bench.runs.runner import method_identity

COLUMNS = (*ImageScore._fields, "scored_as", "file")
_MAX_BYTES = 2**30


def score_into(
    path: Path,
    images: Sequence[NamedImage],
    ready: Sequence[LoadedMethod],
    settings: Settings,
    *,
    sort: Sort | None = None,
    raw: bool = False,
) -> tuple[list[ImageScore], int]:
    """Score what a CSV does not have yet, and write each row to it as it comes.

    Stopped at any moment, what is written stays, and the same call goes on from there.

    Args:
        path: the CSV; it need not exist.
        images: files to score.
        ready: the methods.
        settings: how to score.
        sort: order of the rows when all are there; None: that of the images.
        raw: write texts as they are, not safe for spreadsheets.

    Returns:
        All rows in that order, and how many of them are new.

    Raises:
        UsageError: the file is no such CSV, has scores of other methods, options or images, or cannot be written; or an
            image is in memory.
    """
    _check_path(path, images)
    digests = hash_files([image.file for image in images if not isinstance(image.file, Photo)])
    images = [image._replace(digest=digest) for image, digest in zip(images, digests, strict=True)]
    table = _Table(path, images, ready, settings, raw)
    rows = {(row.image, row.method): row for row in table.read()}
    kept = len(rows)
    table.write(rows.values())
    try:
        with path.open("a", encoding="utf-8", newline="") as file:
            for row in score_images(images, ready, settings, rows.keys()):
                table.append(file, row)
                rows[row.image, row.method] = row
    except OSError as error:
        raise UsageError(f"--output got {path}, which cannot be written: {error.strerror or error}") from None
    found = [rows[image.name, one.spec.label] for image in images for one in ready]
    found = arranged(found, sort)
    table.write(found)
    return found, len(rows) - kept


def _check_path(path: Path, images: Sequence[NamedImage]) -> None:
    if path.suffix.lower() != ".csv":
        raise UsageError(f"--output got {path}: its name must end in .csv")
    if not path.parent.is_dir():
        raise UsageError(f"--output got {path}: the folder {path.parent} does not exist")
    if any(isinstance(image.file, Photo) for image in images):
        raise UsageError(f"--output got {path}, and an image in memory has no file to know it by: give files")
    if twice := [
        name for name, count in Counter(spreadsheet_cell(image.name) for image in images).items() if count > 1
    ]:
        raise UsageError(f"--output got {path}, and {listed(twice, 1)} is given twice: give each image once")


class _Table:
    """The CSV, and what its rows must say to be believed."""

    def __init__(
        self,
        path: Path,
        images: Sequence[NamedImage],
        ready: Sequence[LoadedMethod],
        settings: Settings,
        raw: bool,
    ) -> None:
        self.path, self.raw = path, raw
        self.images = {self._cell(image.name): image for image in images}
        self.labels = {self._cell(one.spec.label): one.spec.label for one in ready}
        self.scored_as = {
            (policy, one.spec.label): _scored_as(one, settings.with_policy(policy))
            for policy in {image.resize for image in images}
            for one in ready
        }

    def read(self) -> list[ImageScore]:
        """Return the rows that hold, without those that have an error."""
        rows = self._lines()
        self._refuse_others(rows)
        found = []
        for row in rows:
            image, label = self.images.get(row["image"]), self.labels[row["method"]]
            if image is not None and row["file"] == image.digest and row["score"]:
                found.append(ImageScore(image.name, label, self._score(row["score"]), None, row["better"]))
        return found

    def _refuse_others(self, rows: Sequence[Mapping[str, str]]) -> None:
        if strange := list(dict.fromkeys(row["method"] for row in rows if row["method"] not in self.labels)):
            raise UsageError(
                f"--output got {self.path}, which has scores of {listed(strange, 3)}, and the methods are "
                f"{listed(list(self.labels), 3)}: give the same methods and options, or another file"
            )
        gone = list(dict.fromkeys(row["image"] for row in rows if row["image"] not in self.images))
        if rows and len(gone) == len({row["image"] for row in rows}):
            raise UsageError(
                f"--output got {self.path}, which has scores of other images, such as {listed(gone, 1)}: give the same "
                "images, or another file"
            )
        for row in rows:
            image = self.images.get(row["image"])
            if image and row["scored_as"] != self.scored_as[image.resize, self.labels[row["method"]]]:
                raise UsageError(
                    f"--output got {self.path}, whose scores of {listed([row['method']])} are of another version, "
                    "option, weight file or resize policy: give those again, or another file"
                )
        if gone:
            note(f"{self.path} loses the rows of {counted(len(gone), 'image')} not given any more: {listed(gone, 3)}")

    def _score(self, text: str) -> float:
        try:
            score = float(text)
        except ValueError:
            score = math.nan
        if not math.isfinite(score):
            raise UsageError(f"--output got {self.path}, which has the score {text[:40]!r}: give another file")
        return score

    def _lines(self) -> list[dict[str, str]]:
        if not self.path.exists():
            return []
        try:
            with self.path.open("rb") as file:
                text = file.read(_MAX_BYTES).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--output got {self.path}, which cannot be read as a CSV: {error}") from None
        if not text:
            return []
        # What a kill left of a last line is scored again.
        lines = list(csv.reader(io.StringIO(text[: text.rfind("\n") + 1], newline="")))
        if not lines or tuple(lines[0]) != COLUMNS:
            raise UsageError(f"--output got {self.path}, which is there and no table of scores: give another file")
        return [dict(zip(COLUMNS, line, strict=True)) for line in lines[1:] if len(line) == len(COLUMNS)]

    def write(self, rows: Iterable[ImageScore]) -> None:
        """Replace the file by one with these rows."""
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerow(COLUMNS)
        for row in rows:
            self.append(text, row)
        write_output(self.path, text.getvalue())

    def append(self, file: IO[str], row: ImageScore) -> None:
        """Write one more row, so that it is on the disk."""
        image = self.images[self._cell(row.image)]
        whole = (*row, self.scored_as[image.resize, row.method], image.digest)
        csv.writer(file, lineterminator="\n").writerow(map(self._cell, whole))
        file.flush()

    def _cell(self, value: Any) -> Any:
        return value if self.raw else spreadsheet_cell(value)


def _scored_as(ready: LoadedMethod, settings: Settings) -> str:
    return short_hash([method_identity(ready.spec, settings), str(settings.resize)])
