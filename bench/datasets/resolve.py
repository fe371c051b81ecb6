"""Resolution of a user's text to a dataset: the id of a card, a path or a URL."""

from __future__ import annotations

from itertools import islice
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from bench.datasets.card import Card
from bench.datasets.catalogue import find_card, names, read_card
from bench.datasets.dataset import Dataset
from bench.datasets.readers.local import names_one_image, read_folder, read_image, read_local
from bench.datasets.readers.reading import Reading
from bench.datasets.readers.text import is_file
from bench.datasets.readers.with_card import read_with_card
from bench.datasets.roots import DATA_VARIABLE, Roots
from bench.errors import MissingRequirementError, UsageError, did_you_mean, one_by_one
from bench.io.files import File, Folder, LocalFolder, expand, is_url, open_folder
from bench.io.visible import quoted

_MOST_COMPARED = 2000  # names are compared letter by letter


def resolve(text: str, roots: Roots, parameter: str = "--dataset", reading: Reading = Reading()) -> Dataset:
    """Return the dataset that a user means by an id, a path or a URL. An id wins over a path: write ``./id``.

    Args:
        text: what the user wrote.
        roots: where the folders of datasets are.
        parameter: what the user wrote it after, for messages.
        reading: what the user says of how it is to be read.

    Raises:
        UsageError: there is no such id or path, or it cannot be read; says what to do.
    """
    if not text:
        raise UsageError(f"{parameter} got an empty text: give an id or a path")
    if is_url(text):
        if names_one_image(text):
            parent, _, name = text.rpartition("/")
            return read_image(File(open_folder(f"{parent}/", parameter), unquote(name)))
        folder = open_folder(text, parameter)
        return read_folder(folder, PurePosixPath(urlsplit(text).path).stem or "images", reading)
    named = find_named(text, roots)
    if named is not None:
        if reading.of_table:
            raise UsageError(
                "--score-column, --lower-is-better and --image-column are for a CSV of your own, but "
                f"{quoted(text)} has a card, which says where its labels are: leave them out, or give the dataset a "
                "command "
                "of its own"
            )
        return read_with_card(*named, suffix=reading.suffix)
    path = expand(text, parameter)
    try:
        exists = path.exists()
    except OSError:  # longer than a path can be
        exists = False
    if exists:
        return read_local(path, reading)
    hint = one_by_one(parameter, text, names()) or did_you_mean(text, [*names(), *_beside(path)])
    raise UsageError(
        f"{parameter} got {quoted(text)}, which is neither a known id nor a path that exists.{hint} "
        "See `bench list datasets`."
    )


def _beside(path: Path) -> list[str]:
    """Return the paths that lie where a path that does not exist would."""
    try:
        found = islice(path.parent.iterdir(), _MOST_COMPARED)
        return [str(path.with_name(each.name)) for each in found]
    except (OSError, ValueError):
        return []


def find_named(text: str, roots: Roots) -> tuple[Card, Folder] | None:
    """Return the card that a user means by an id or a card's path, and its folder; None where it is neither.

    Raises:
        MissingRequirementError: nobody said where the dataset is.
    """
    card = find_card(text)
    if card is not None:
        return card, open_root(card, roots)
    path = expand(text, "--dataset")
    if path.suffix == ".toml" and is_file(path):
        card = read_card(path)
        place = roots.find(card)
        return card, place.open() if place else LocalFolder(path.parent)
    return None


def open_root(card: Card, roots: Roots) -> Folder:
    """Return a card's folder, building it where the harness brings the images itself.

    Raises:
        MissingRequirementError: nobody said where the dataset is.
    """
    if card.id == "sample":
        from bench.datasets.sample_set import ensure

        return LocalFolder(ensure())
    place = roots.find(card)
    if place is None:
        raise MissingRequirementError(
            f"dataset {quoted(card.id)} ({card.title}) is not available here: get it from {card.source}, then give "
            f"--root {card.id}=FOLDER, or put it into ${DATA_VARIABLE}/{card.id}."
        )
    return place.open()
