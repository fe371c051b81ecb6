"""Folders of datasets: command line first, then the environment, then ``bench.toml``."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.datasets import catalogue
from bench.datasets.card import Card
from bench.errors import UsageError, did_you_mean
from bench.io.files import Beside, Folder, LocalFolder, expand, is_url, open_folder
from bench.io.toml import fill
from bench.io.visible import quoted

DATA_VARIABLE = "BENCH_DATA"
SETTINGS_FILE = "bench.toml"
LISTS = "meta_info"
"""Folder in which pyiqa keeps the label files of all its sets, beside theirs."""
PRECEDENCE = (
    "--root ID=PATH",
    f"below ${DATA_VARIABLE}",
    f"[roots] of {SETTINGS_FILE}",
    f"below data of {SETTINGS_FILE}",
)
"""Places where a dataset is searched; the first that has it is used."""


@dataclass(frozen=True)
class Place:
    """Place of a dataset.

    Attributes:
        text: path or URL.
        by: which entry of PRECEDENCE gave it.
        lists: a folder of label files beside it, as pyiqa keeps them for all sets together; empty: none.
    """

    text: str
    by: str
    lists: str = ""

    def open(self) -> Folder:
        """Return the folder, with the lists as if they were in it; raises UsageError where there is none."""
        folder = open_folder(self.text, self.by)
        return Beside(folder, LISTS, LocalFolder(Path(self.lists))) if self.lists else folder


@dataclass(frozen=True)
class _Settings:
    data: str = ""
    roots: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Roots:
    """Folders of datasets.

    Attributes:
        explicit: id → path or URL, from ``--root ID=PATH``; the ids of cards and datasets of one's own too.
        data: the folder in ``BENCH_DATA``, holding one folder or archive a dataset, named by id or alias.
        configured: id → path or URL, from ``bench.toml``.
        configured_data: the folder named ``data`` there, as ``BENCH_DATA``.
        settings: the ``bench.toml`` that was read.
    """

    explicit: Mapping[str, str] = field(default_factory=dict)
    data: str = ""
    configured: Mapping[str, str] = field(default_factory=dict)
    configured_data: str = ""
    settings: Path | None = None

    @classmethod
    def parse(cls, assignments: Iterable[str]) -> Roots:
        """Read ``ID=PATH`` texts, the environment, and the nearest ``bench.toml`` upwards of the working directory.

        Raises:
            UsageError: a malformed text, an unknown id, a folder that is not there, or a damaged ``bench.toml``.
        """
        explicit = {}
        for text in assignments:
            name, equals, path = text.partition("=")
            if not equals or not path:
                raise UsageError(f"--root got {quoted(text)}: write ID=PATH, for example koniq=/data/koniq10k")
            there = is_url(path) or expand(path, "--root").exists()
            # The id of a card of one's own, or the name of a folder dataset, is none that could be known here.
            own = catalogue.find_card(name) is None and there and not did_you_mean(name, catalogue.names())
            name = name if own else _card(name, "--root").id
            if not there:
                raise UsageError(f"--root {name} got {quoted(path)}, which does not exist")
            explicit[name] = path
        file = next((f for f in _upwards(Path.cwd()) if f.is_file()), None)
        settings = _read_settings(file) if file else _Settings()
        return cls(explicit, _data_folder(), settings.roots, settings.data, file)

    def find(self, card: Card) -> Place | None:
        """Return where a card's dataset is, or None."""
        return next(iter(self.all(card)), None)

    def all(self, card: Card) -> list[Place]:
        """Return every place that has a card's dataset, the one that is taken first.

        A card that extends another is in that one's place too.
        """
        names = [card.id, *card.aliases]
        if card.extends and (base := catalogue.find_card(card.extends)):
            names += [base.id, *base.aliases]
        found = (self._from(level, names) for level in range(len(PRECEDENCE)))
        return [Place(text, PRECEDENCE[level], _lists(text)) for level, text in enumerate(found) if text]

    def _from(self, level: int, names: list[str]) -> str:
        if level in (0, 2):
            given = self.explicit if level == 0 else self.configured
            return next((given[name] for name in names if name in given), "")
        return _below(self.data if level == 1 else self.configured_data, names)


def _data_folder() -> str:
    text = os.environ.get(DATA_VARIABLE, "")
    if not text or is_url(text):
        return text
    folder = expand(text, f"${DATA_VARIABLE}")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"${DATA_VARIABLE} is {quoted(text)}, which is not a folder: set another")
    return str(folder)


def _below(data: str, names: list[str]) -> str:
    if not data:
        return ""
    if is_url(data):  # a store's listing would cost a round trip a dataset
        return f"{data.rstrip('/')}/{names[0]}"
    found = (Path(data, name + suffix) for name in names for suffix in ("", ".zip", ".tar"))
    return next((str(path) for path in found if path.exists()), "")


def _lists(text: str) -> str:
    """Return the folder of lists beside a dataset's own, which then has none itself; empty without one."""
    if is_url(text):
        return ""
    place = Path(text).expanduser()
    beside = place.parent / LISTS
    return str(beside) if beside.is_dir() and not (place / LISTS).is_dir() else ""


def _card(name: str, parameter: str) -> Card:
    card = catalogue.find_card(name)
    if card is None:
        raise UsageError(
            f"{parameter} got {quoted(name)}, which is not a known dataset.{did_you_mean(name, catalogue.names())}"
        )
    return card


def _upwards(folder: Path) -> Iterator[Path]:
    yield from (parent / SETTINGS_FILE for parent in (folder, *folder.parents))


def _read_settings(path: Path) -> _Settings:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    settings: _Settings = fill(_Settings, table, str(path))
    roots = {_card(name, f"{path} [roots]").id: _absolute(path, text) for name, text in settings.roots.items()}
    return _Settings(_absolute(path, settings.data) if settings.data else "", roots)


def _absolute(settings: Path, text: str) -> str:
    # Relative to the file, so that it means the same from every folder below.
    return text if is_url(text) else str(settings.parent / expand(text, str(settings)))
