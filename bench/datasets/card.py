"""Dataset cards: the keys of a card and their meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

from bench.datasets.dataset import Direction

RESERVED = ("image", "score", "error", "mos")
"""Columns of a stored result, which no attribute may be named after."""

PACKED = (".zip", ".rar", ".7z", ".gz", ".tgz", ".bz2", ".xz", ".zst")
"""Ends of the names of files that are smaller than what is in them; a ``.tar`` is not."""

Checked = Literal["", "authors' file", "copy", "stand-in"]


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """A table in a file: CSV, TSV, white-space separated text, Excel or MATLAB, told by the file's suffix.

    Attributes:
        files: names relative to the root, the first that exists is read; of one with ``*``, all that match,
            one after the other.
        sheet: sheet of a workbook; empty: the first; of one with ``*``, all that match, one after the other.
        header: line or row of the header, counted from 1.
        columns: names of the columns where the file has no header; of a MATLAB file, the variables to read.
        further: whether rows may have more fields than ``columns`` names, which are left out.
        also: column → what it is called in other editions of the file, taken where the column itself is not there.
        file: name of a column to add, which tells the file that a row is of, in lower case and without its suffix
            (``train/labels``); of sheets read one after the other, the sheet. For sets whose split is told by it.
        delimiter: empty: comma, semicolon or tab, whichever the header has most of; ``space``: white space.
        decimal: decimal sign of its numbers.
        encoding: of a text file.
        flatten: read a MATLAB matrix as one column, in MATLAB's order (down the columns).
        sha256: of files known to be what the authors distribute.
    """

    files: tuple[str, ...]
    sheet: str = ""
    header: int = 1
    columns: tuple[str, ...] = ()
    further: bool = False
    also: dict[str, tuple[str, ...]] = field(default_factory=dict)
    file: str = ""
    delimiter: str = ""
    decimal: str = "."
    encoding: str = "utf-8"
    flatten: bool = False
    sha256: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BesideSpec(TableSpec):
    """A second table that adds columns to the label table.

    Attributes:
        on: column of the label table by which rows meet; empty: row by row.
        key: column of this table that holds the same; empty: of the same name.
        prefix: put before the names of its columns, where they would clash.
        optional: whether the set may come without it.
    """

    on: str = ""
    key: str = ""
    prefix: str = ""
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class LabelSpec(TableSpec):
    """Label files of a dataset and the meaning of their columns.

    Wherever a column is named, a template may stand: ``{image}.{level:2}.png`` puts columns together, with
    a width to which numbers are filled up with zeros.

    Attributes:
        direction: whether a ``higher`` or a ``lower`` label is better.
        range: (low, high) that labels can take.
        image: column of image names.
        select: regular expression; what it matches of an image's text is the name.
        score: column of the label.
        votes: columns with the share or number of votes for 1, 2, ...; the label is then their mean.
        attributes: attribute name (split, reference, type, level, std, n_raters, ...) → column.
        names: column → {its text: what file names have instead}; for the template of ``image`` alone.
        drop: column → its texts in rows that are no images to be scored, as references among the distorted.
        only: column → regular expression found in its text in the rows to be used, as where one list holds
            whole pictures and their patches.
        left_out: names that the authors' own file labels twice or wrongly; their rows are not used.
        blocks: for tables that name no images: text → how many rows in turn; gives the columns ``block``,
            ``block_number`` and ``index`` (in the block), counted from 1, and ``row``, counted from 0.
        grid: for the same: column → how many values, counted from 1, the last one changing fastest; in each
            block, or over all rows where there are no blocks.
        beside: further tables.
        known: hash of names and labels as ``bench doctor --format json`` gives it (``content``), of files whose
            numbers are known to be the authors'.
    """

    direction: Direction
    range: tuple[float, float]
    image: str = "image"
    select: str = ""
    score: str = "score"
    votes: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    drop: dict[str, tuple[str, ...]] = field(default_factory=dict)
    only: dict[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    blocks: dict[str, int] = field(default_factory=dict)
    grid: dict[str, int] = field(default_factory=dict)
    beside: tuple[BesideSpec, ...] = ()
    known: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Archive:
    """One file that a dataset is downloaded as.

    Attributes:
        url: where it comes from.
        name: its file name; empty: the last part of the URL.
        size: bytes, roughly; 0 where nobody says.
        unpacked: bytes of what is in it, roughly; 0 where nobody says.
        sha256: 64 hex digits; empty where none is published.
        md5: 32 hex digits, for where nothing better is published.
        into: sub-folder of the dataset's folder that it is unpacked into.
        mirror: whose copy it is, and what ``--mirror`` chooses by; empty: the authors' own.
    """

    url: str
    name: str = ""
    size: int = 0
    unpacked: int = 0
    sha256: str = ""
    md5: str = ""
    into: str = ""
    mirror: str = ""

    @property
    def file_name(self) -> str:
        """Name of the file that it is kept in."""
        return self.name or unquote(PurePosixPath(urlsplit(self.url).path).name)

    @property
    def unpacked_size(self) -> int:
        """Bytes that it takes on the disk, roughly; those of the download where it is not packed; 0: unknown."""
        packed = self.file_name.lower().endswith(PACKED)
        return self.unpacked or (0 if packed else self.size)


@dataclass(frozen=True, kw_only=True)
class Card:
    """One dataset.

    Attributes:
        id: what ``--dataset`` takes.
        title: full name.
        kind: one of ``bench.defaults.KINDS``.
        n: how many images the complete set has to score.
        licence: terms of the images.
        source: page to get it from.
        citation: paper, one line.
        doi: of the paper, such as ``10.1109/TIP.2020.2967829``; empty where it has none.
        arxiv: id of the paper there, such as ``1910.06180``.
        rated: what people were asked and how many answered, in one sentence.
        labels: the forms that its labels come in, the first that is there is read; none: images alone.
        layouts: each the folders that one distribution keeps its images in, relative to the root, ``*``
            standing for any part of a name; the layout in which most images are found is taken. They are looked
            for beside the labels too, and in a folder of the set's own name.
        aliases: other ids, also names of its folder below ``BENCH_DATA``.
        extends: id of the card that this one varies; what is not said here is as there, and so is its place.
        pattern: regular expression over image names whose named groups are attributes; where there are no labels
            and a name is not of that form, over the file's name from the root on.
        values: attribute → {its text: the field's term for it}.
        n_raters: ratings of every image, where they are the same number and no column says it.
        within: attributes inside whose groups alone labels compare.
        aggregate: how correlations inside those groups are put together, as the field's protocol has it.
        cluster: attribute that intervals resample (the reference image of synthetic sets).
        group: attribute that random splits keep together (reference, scene, prompt); empty: ``cluster``.
        splits: name → number of images of the official splits.
        groups: attribute → how many different values the complete set has.
        content: pools that the photographs come from (for leakage), e.g. ``pixabay``.
        shares: ids of sets with photographs in common.
        resize: resize policy that the field's protocol asks for.
        size: (width, height) that every image has; empty where they differ.
        archives: what can be downloaded; empty where the authors want to be asked.
        checked: what its reader was proved on.
        notes: sentences that go with every number.
        hash: 12 hex digits over the card's text.
    """

    id: str
    title: str
    kind: str
    n: int
    licence: str
    source: str
    citation: str
    doi: str = ""
    arxiv: str = ""
    rated: str = ""
    labels: tuple[LabelSpec, ...] = ()
    layouts: tuple[tuple[str, ...], ...] = ((".",),)
    aliases: tuple[str, ...] = ()
    extends: str = ""
    pattern: str = ""
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    n_raters: int = 0
    within: tuple[str, ...] = ()
    aggregate: Literal["mean", "median"] = "mean"
    cluster: str = ""
    group: str = ""
    splits: dict[str, int] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    content: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    resize: str = "none"
    size: tuple[int, ...] = ()
    archives: tuple[Archive, ...] = ()
    checked: Checked = ""
    notes: tuple[str, ...] = ()
    hash: str = ""

    @property
    def family(self) -> str:
        """Id that it shares with the other forms of its set: that of the card which they extend."""
        return self.extends or self.id

    @property
    def direction(self) -> Direction:
        """Direction of its labels as they come first; ``higher`` where there are none."""
        return self.labels[0].direction if self.labels else "higher"

    @property
    def sources(self) -> dict[str, tuple[Archive, ...]]:
        """Whose copy → its archives: first the authors', named by an empty text, then the mirrors in their order."""
        names = sorted(dict.fromkeys(archive.mirror for archive in self.archives), key=bool)
        return {name: tuple(each for each in self.archives if each.mirror == name) for name in names}

    @property
    def default_archives(self) -> tuple[Archive, ...]:
        """What is downloaded where no mirror is asked for: the first of the sources."""
        return next(iter(self.sources.values()), ())


def download_size(archives: tuple[Archive, ...]) -> int:
    """Return the bytes to download, roughly; 0 where nobody says."""
    return _total([archive.size for archive in archives])


def unpacked_size(archives: tuple[Archive, ...]) -> int:
    """Return the bytes that they take on the disk, roughly; 0 where nobody says."""
    return _total([archive.unpacked_size for archive in archives])


def paper_link(doi: str, arxiv: str) -> str:
    """Return the address of a paper by its DOI, else by its arXiv id; empty without both.

    Example:
        >>> paper_link("10.1109/TIP.2020.2967829", "1910.06180"), paper_link("", "1910.06180"), paper_link("", "")
        ('https://doi.org/10.1109/TIP.2020.2967829', 'https://arxiv.org/abs/1910.06180', '')
    """
    return f"https://doi.org/{doi}" if doi else f"https://arxiv.org/abs/{arxiv}" if arxiv else ""


def _total(sizes: list[int]) -> int:
    return sum(sizes) if all(sizes) else 0
