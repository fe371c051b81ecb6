"""Published correlations: a CSV with one row a method, a dataset and the protocol that the publisher told.

``results/published.csv`` is shipped. A file of the user's own is believed no more than other input.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bench.datasets.catalogue import canonical, find_card, names
from bench.datasets.readers import text as table
from bench.errors import UsageError, did_you_mean
from bench.io.shipped import shipped_folder
from bench.io.visible import quoted

COLUMNS = (
    *("method", "dataset", "resolution", "split", "trained_on"),
    *("plcc_mapping", "srcc", "plcc", "source", "verified"),
)
NOT_TOLD = "unknown"
"""In ``resolution``, ``split`` and ``plcc_mapping``: the publisher does not say."""

MAPPINGS = ("raw", "log4", "log5", NOT_TOLD)
MAX_BYTES = 2**20
"""Largest file that is read: some ten thousand rows."""

MAX_LENGTH = 200
"""Longest text in a cell."""

_RESOLUTION = re.compile(rf"full|[1-9]\d{{0,4}}x[1-9]\d{{0,4}}|short side [1-9]\d{{0,4}}|{NOT_TOLD}", re.ASCII)
_DECIMAL = re.compile(r"-?(\d(\.\d{0,15})?|\.\d{1,15})", re.ASCII)


@dataclass(frozen=True)
class Figure:
    """A published correlation.

    Attributes:
        value: -1..1.
        decimals: to which it was rounded.
    """

    value: float
    decimals: int

    @property
    def rounding(self) -> float:
        """Largest rounding error of the number."""
        return 0.5 * 10.0**-self.decimals

    def __str__(self) -> str:
        return f"{self.value:.{self.decimals}f}"


@dataclass(frozen=True)
class PublishedResult:
    """A published result of a method on a dataset.

    Attributes:
        method: its name there.
        dataset: id of the card.
        resolution: ``full``, ``WxH``, ``short side N`` or NOT_TOLD.
        split: ``all``, ``official NAME``, NOT_TOLD, or in the publisher's words.
        trained_on: ids of the datasets whose MOS it saw; empty for none and where nobody says.
        plcc_mapping: one of MAPPINGS.
        srcc: None where it is not given.
        plcc: the same.
        source: where it was read.
        verified: whether it was read there; else it is second hand.
    """

    method: str
    dataset: str
    resolution: str
    split: str
    trained_on: tuple[str, ...]
    plcc_mapping: str
    srcc: Figure | None
    plcc: Figure | None
    source: str
    verified: bool


def read_published(path: Path | None = None) -> list[PublishedResult]:
    """Read published correlations, in the order of the file.

    Args:
        path: a CSV with COLUMNS; None takes the shipped one.

    Raises:
        UsageError: the file is no such CSV; names the row and what is wrong with it.
    """
    path = path or shipped_folder("_results", "results", "published.csv") / "published.csv"
    if not table.is_file(path):
        raise UsageError(f"--published-file got {path}, and there is no such file")
    if path.stat().st_size > MAX_BYTES:
        raise UsageError(f"{path} is larger than {MAX_BYTES >> 20} MiB: no list of published correlations is")
    read = table.read_csv(path)
    table.need_columns(path, read.header, COLUMNS)
    if not read.rows:
        raise UsageError(f"{path} has no rows: write one for each published correlation")
    found = [_published(f"{path}, row {number}", row) for number, row in enumerate(read.rows, 1)]
    if twice := [one for one, count in Counter(found).items() if count > 1]:
        raise UsageError(f"{path} has {twice[0].method} on {twice[0].dataset} twice, every column alike: keep one row")
    return found


def _published(where: str, row: table.TextRow) -> PublishedResult:
    for column in COLUMNS:
        if not row[column].isprintable() or len(row[column]) > MAX_LENGTH:
            raise UsageError(f"{where}: {column} has control characters or more than {MAX_LENGTH} characters")
    for column in ("method", "split", "source"):
        if not row[column]:
            raise UsageError(f"{where}: {column} is empty, and must be given")
    srcc, plcc = (_figure(where, column, row[column]) for column in ("srcc", "plcc"))
    if srcc is None and plcc is None:
        raise UsageError(f"{where}: srcc and plcc are both empty: give one of them")
    return PublishedResult(
        method=row["method"],
        dataset=_dataset(where, row["dataset"]),
        resolution=_resolution(where, row["resolution"]),
        split=row["split"],
        trained_on=tuple(map(canonical, row["trained_on"].split())),
        plcc_mapping=_one_of(where, "plcc_mapping", row["plcc_mapping"], MAPPINGS),
        srcc=srcc,
        plcc=plcc,
        source=row["source"],
        verified=_one_of(where, "verified", row["verified"], ("yes", "no")) == "yes",
    )


def _figure(where: str, column: str, text: str) -> Figure | None:
    if text == "":
        return None
    if not _DECIMAL.fullmatch(text) or not -1 <= float(text) <= 1:
        raise UsageError(f"{where}: {column} is {quoted(text)}, not a number from -1 to 1 in plain decimals")
    return Figure(float(text), len(text.partition(".")[2]))


def _dataset(where: str, name: str) -> str:
    card = find_card(name)
    if card is None:
        raise UsageError(
            f"{where}: dataset is {quoted(name)}, which no card has as id or alias.{did_you_mean(name, names())}"
        )
    return card.id


def _resolution(where: str, text: str) -> str:
    if not _RESOLUTION.fullmatch(text):
        raise UsageError(f"{where}: resolution is {quoted(text)}, write full, WxH, short side N or {NOT_TOLD}")
    return text


def _one_of(where: str, column: str, text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise UsageError(f"{where}: {column} is {quoted(text)}, write {', '.join(known[:-1])} or {known[-1]}")
    return text
