"""Label tables: from a card and the files of a folder to rows of text."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product, repeat
from pathlib import PurePosixPath

from bench.datasets.card import BesideSpec, Card, LabelSpec, TableSpec
from bench.datasets.readers import formats
from bench.datasets.readers import text as table
from bench.datasets.readers.index import Index, fold, join, original
from bench.datasets.readers.text import TextRow, TextTable
from bench.datasets.readers.whose import choose_folder
from bench.errors import ImageError, MissingRequirementError, UsageError, listed
from bench.io.files import File, Folder, is_archive
from bench.io.patterns import search
from bench.io.visible import quoted

_SHEETS = ("csv", "xlsx", "xls")
_PLACEHOLDER = re.compile(r"\{([^{}:]+)(?::(\d+))?\}")


@dataclass(frozen=True)
class LabelFile:
    """A file that labels were read from.

    Attributes:
        name: relative to the root.
        sha256: of its content.
        known: whether that is a hash of the authors' file; None where the card knows none.
    """

    name: str
    sha256: str
    known: bool | None


@dataclass(frozen=True)
class LabelRows:
    """The rows of a label table, with the columns of the tables beside it.

    Attributes:
        spec: the form it came in.
        base: folder, relative to the root, that the names of the card are relative to.
        where: the label file, for messages.
        rows: what is there to score.
        sources: every file that was read.
        lacking: files that belong to it, may be absent, and are.
    """

    spec: LabelSpec
    base: str
    where: str
    rows: list[TextRow]
    sources: tuple[LabelFile, ...]
    lacking: tuple[str, ...] = ()


def read_labels(card: Card, folder: Folder, index: Index) -> LabelRows:
    """Read the label table of a card below a root.

    Raises:
        MissingRequirementError: there is none.
        UsageError: it is damaged, or not laid out as the card says.
    """
    spec, base, pattern = find_labels(card, folder, index)
    sources: list[LabelFile] = []
    main = _read(folder, base, index.matching(pattern, base), spec, sources)
    rows, lacking = list(main.rows), []
    if not rows:
        raise UsageError(f"{main.where} has no rows: it is incomplete, get it from {card.source}")
    for beside in spec.beside:
        found = _read_beside(card, folder, index, base, beside, sources)
        rows = _beside(card, main.where, rows, beside, found)
        lacking += [] if found else [beside.files[0]]
    if spec.blocks or spec.grid:
        rows = _with_places(main.where, rows, spec)
    table.need_columns(main.where, list(rows[0]), sorted(_columns(spec)))
    kept = [row for row in rows if _is_used(row, spec)]
    if not kept:
        raise UsageError(f"{main.where} has no usable rows: it is incomplete, get it from {card.source}")
    return LabelRows(spec, base, main.where, kept, tuple(sources), tuple(lacking))


def _is_used(row: TextRow, spec: LabelSpec) -> bool:
    wanted = all(search(pattern, row[column]) for column, pattern in spec.only.items())
    return wanted and not any(row[column] in texts for column, texts in spec.drop.items())


def find_labels(card: Card, folder: Folder, index: Index) -> tuple[LabelSpec, str, str]:
    """Return the form that the labels come in, the folder that it is relative to, and the file's name.

    Raises:
        MissingRequirementError: there is no label file.
        UsageError: several folders have one, or only that of another dataset has.
    """
    said = [(spec, pattern) for spec in card.labels for pattern in spec.files]
    # Somebody may have saved a sheet as CSV, or the other way round: the columns are the same.
    wanted = [*said, *((spec, again) for spec, pattern in said for again in _saved_as(pattern))]
    base = choose_folder(card, folder, {above for _, pattern in wanted for above in index.folders_with(pattern)})
    found = next(((spec, pattern) for spec, pattern in wanted if index.matching(pattern, base or "")), None)
    if base is None or found is None:
        names = " or ".join(pattern for _, pattern in said)
        raise MissingRequirementError(
            f"the root of dataset {quoted(card.id)}, {folder}, has no label file {names}: "
            f"{packed_hint(index) or f'get it from {card.source}'}"
        )
    return found[0], base, found[1]


def packed_hint(index: Index) -> str:
    """Say that what is lacking may be in an archive that is there; empty where there is none."""
    packed = [name for name in index.names if is_archive(name)]
    return f"it may be in {listed(packed, 3)}, which is there packed: unpack that there" if packed else ""


def _saved_as(pattern: str) -> list[str]:
    start, dot, suffix = pattern.rpartition(".")
    return [f"{start}.{other}" for other in _SHEETS if dot and suffix.lower() in _SHEETS and other != suffix.lower()]


def _read(folder: Folder, base: str, names: Iterable[str], spec: TableSpec, sources: list[LabelFile]) -> TextTable:
    tables = []
    for name in names:
        where = File(folder, name)
        try:
            data = where.read(table.MAX_BYTES)
        except ImageError as error:
            raise UsageError(f"{where} cannot be read: {error}") from None
        digest = hashlib.sha256(data).hexdigest()
        sources.append(LabelFile(name, digest, digest in spec.sha256 if spec.sha256 else None))
        stem = PurePosixPath(original(name.removeprefix(join(base, "")))).with_suffix("")
        tables.append(_as_named_here(formats.parse(data, str(where), spec), spec, str(stem)))
    first = tables[0]
    for other in tables[1:]:
        table.need_columns(other.where, other.header, first.header)
    return replace(first, rows=[{name: row[name] for name in first.header} for one in tables for row in one.rows])


def _as_named_here(found: TextTable, spec: TableSpec, stem: str) -> TextTable:
    """Give columns the names that the card has for them, and add the one that tells the file."""
    if spec.file and spec.file not in found.header:
        rows = [{**row, spec.file: stem} for row in found.rows]
        found = replace(found, header=[*found.header, spec.file], rows=rows)
    others = ((column, name) for column, also in spec.also.items() if column not in found.header for name in also)
    names = {name: column for column, name in others if name in found.header}
    if not names:
        return found
    rows = [{names.get(name, name): text for name, text in row.items()} for row in found.rows]
    return replace(found, header=[names.get(name, name) for name in found.header], rows=rows)


def _read_beside(
    card: Card, folder: Folder, index: Index, base: str, spec: BesideSpec, sources: list[LabelFile]
) -> TextTable | None:
    found = next((there for pattern in spec.files if (there := index.matching(pattern, base))), None)
    if found:
        return _prefixed(_read(folder, base, found, spec, sources), spec)
    if spec.optional:
        return None
    raise MissingRequirementError(
        f"the root of dataset {quoted(card.id)}, {folder}, has no {' or '.join(spec.files)}: get it from {card.source}"
    )


def _prefixed(found: TextTable, spec: BesideSpec) -> TextTable:
    key = spec.key or spec.on
    names = {name: name if name == key else spec.prefix + name for name in found.header}
    rows = [{names[name]: text for name, text in row.items()} for row in found.rows]
    return replace(found, header=list(names.values()), rows=rows)


def _beside(card: Card, where: str, rows: list[TextRow], spec: BesideSpec, found: TextTable | None) -> list[TextRow]:
    if found is None:  # its columns are there, with nothing in them
        return [{**dict.fromkeys((spec.prefix + name for name in spec.columns), ""), **row} for row in rows]
    if not spec.on:
        if len(found.rows) != len(rows):
            raise UsageError(
                f"{found.where} has {len(found.rows)} rows and {where} {len(rows)}: they must have equally many rows, "
                f"so one of them is incomplete; get it from {card.source}"
            )
        return [{**new, **row} for row, new in zip(rows, found.rows, strict=True)]
    key = spec.key or spec.on
    table.need_columns(found.where, found.header, [key])
    by_key = {_key(row[key]): row for row in found.rows}
    table.need_columns(where, list(rows[0]), [spec.on])
    nothing = dict.fromkeys(found.header, "")
    lacking = [row[spec.on] for row in rows if _key(row[spec.on]) not in by_key]
    if lacking and not spec.optional:
        raise UsageError(
            f"{found.where} lacks {len(lacking)} of the images of {where}: {', '.join(map(repr, lacking[:10]))}; "
            f"get it from {card.source}"
        )
    return [{**nothing, **by_key.get(_key(row[spec.on]), {}), **row} for row in rows]


def _key(text: str) -> str:
    return fold(text.replace("\\", "/"))


def _with_places(where: str, rows: list[TextRow], spec: LabelSpec) -> list[TextRow]:
    """Add the columns that tell a row by its place."""
    blocks = spec.blocks or {"": math.prod(spec.grid.values())}
    total = sum(blocks.values())
    if len(rows) != total:
        raise UsageError(
            f"{where} has {len(rows)} rows, but images are identified by row number among {total}: rows are "
            "missing or added; get the authors' file"
        )
    return [{**row, **place} for row, place in zip(rows, _places(blocks, spec.grid), strict=True)]


def _places(blocks: dict[str, int], grid: dict[str, int]) -> Iterator[TextRow]:
    row = 0
    for number, (block, size) in enumerate(blocks.items(), 1):
        points = product(*(range(1, n + 1) for n in grid.values())) if grid else repeat(())
        for index, point in zip(range(1, size + 1), points, strict=False):
            place = {"row": row, "block": block, "block_number": number, "index": index}
            yield {name: str(value) for name, value in (place | dict(zip(grid, point, strict=True))).items()}
            row += 1


def _columns(spec: LabelSpec) -> set[str]:
    texts = [spec.image, *(spec.votes or [spec.score]), *spec.attributes.values()]
    return {column for text in texts for column in columns_of(text)} | {*spec.drop, *spec.only, *spec.names}


def columns_of(text: str) -> list[str]:
    """Return the columns that a column's name or a template needs."""
    return [name for name, _ in _PLACEHOLDER.findall(text)] or [text]


def cell(row: TextRow, text: str, names: dict[str, dict[str, str]] | None = None) -> str:
    """Return what a column's name or a template gives for a row.

    Args:
        row: column → text.
        text: a column, or a template with ``{column}`` or ``{column:width}``.
        names: column → {text: what to put instead}, for templates of file names.
    """

    def put(match: re.Match[str]) -> str:
        value = row[match[1]]
        value = (names or {}).get(match[1], {}).get(value, value)
        return value.zfill(int(match[2])) if match[2] else value

    return _PLACEHOLDER.sub(put, text) if "{" in text else row[text]


def mean_vote(where: str, name: str, row: TextRow, columns: Iterable[str]) -> float | None:
    """Return the mean of votes 1, 2, ... given the share or number of each; None where there are none."""
    shares = [table.number(where, column, name, row[column]) or 0.0 for column in columns]
    total = sum(shares)
    return sum(k * share for k, share in enumerate(shares, 1)) / total if total > 0 else None
