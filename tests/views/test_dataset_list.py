"""``bench list datasets`` and ``bench list datasets ID``: what people read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran

from bench.datasets.card import Archive, download_size, unpacked_size
from bench.datasets.catalogue import shipped_cards
from bench.datasets.roots import Roots
from bench.views.dataset_card import card_text
from bench.views.dataset_list import list_text, size_text

Bench = Callable[..., Ran]


def listed(text: str, name: str) -> list[str]:
    """The columns of a dataset's line."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return re.split(r"\s{2,}", line)


def test_the_list_says_sizes_and_fits_a_terminal() -> None:
    text = list_text(list(shipped_cards().values()), Roots())
    assert max(map(len, text.splitlines())) <= 120
    assert listed(text, "kadid10k")[:5] == ["kadid10k", "10,125", "synthetic", "3.1 GB", "unknown"]
    assert listed(text, "pipal")[3:5] == ["5.8 GB", "5.8 GB"]
    assert listed(text, "piq23")[3] == "by hand"
    assert listed(text, "sample")[-1] == "ready"
    assert listed(text, "spaq")[-1] == "no"


def test_the_list_says_where_a_dataset_is(bench: Bench, photos: Path) -> None:
    out = bench("list", "datasets", "--root", f"koniq={photos}").out
    assert listed(out, "koniq")[-1].startswith("incomplete: ")
    assert list_text([], Roots()) == "no dataset is like that\n"


def test_sizes_in_json(bench: Bench) -> None:
    cards = {card["id"]: card for card in json.loads(bench("list", "datasets", "--format", "json").out)}
    assert cards["kadid10k"]["download_size"] == 3067408471
    assert (cards["piq23"]["download_size"], cards["piq23"]["unpacked_size"]) == (0, 0)
    assert cards["koniq"]["arxiv"] == "1910.06180"


def test_a_size_is_unknown_where_one_part_is() -> None:
    known, unknown = Archive(url="https://x.org/a.zip", size=3), Archive(url="https://x.org/b.zip")
    table = Archive(url="https://x.org/c.csv", size=5)
    assert (download_size((known, table)), download_size((known, unknown)), download_size(())) == (8, 0, 0)
    assert (unpacked_size((table,)), unpacked_size((known,)), unpacked_size((known, table))) == (5, 0, 0)
    assert unpacked_size((Archive(url="https://x.org/a.zip", size=3, unpacked=4), table)) == 9
    assert [size_text(n) for n in (1, 9_949_999, 999_499_999, 10**9)] == ["0.0 MB", "9.9 MB", "999 MB", "1.0 GB"]


def test_mirrors_come_after_the_authors() -> None:
    sources = shipped_cards()["tid2013"].sources
    assert list(sources) == ["", "pyiqa"]
    assert shipped_cards()["tid2013"].default_archives == sources[""]
    assert list(shipped_cards()["spaq"].sources) == ["pyiqa"]
    assert shipped_cards()["piq23"].default_archives == ()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("kadid10k", "rated People online rated how much worse an image looks than its reference"),
        ("kadid10k", "labels 1 to 5, higher is better; with the spread of the ratings of each image."),
        ("kadid10k", "images 10,125 to score of 512 x 384 pixels; synthetic. Photographs from: pixabay."),
        ("kadid10k", "No official split. random:SEED keeps images of one reference together."),
        ("kadid10k", "https://doi.org/10.1109/QoMEX.2019.8743252 BibTeX: bench cite kadid10k"),
        ("kadid10k", "bench fetch dataset kadid10k --output FOLDER from the authors: download 3.1 GB"),
        ("kadid10k", "bench fetch dataset kadid10k --output FOLDER --mirror pyiqa"),
        ("spaq", "bench fetch dataset spaq --output FOLDER from pyiqa: download 34.8 GB"),
        ("spaq", "Images are scored resized (short:512); correlations are over all images"),
        ("piq23", "inside one scene, and the median over these is taken"),
        ("piq23", "Official: 3,604 training, 1,512 test."),
        ("piq23", "No command downloads it: get it from the page. Page: https://corp.dxomark.com"),
        ("piq23", "Once you have it: --root piq23=FOLDER"),
        ("piq23", "Other forms of the set: piq23-details (PIQ23, details); piq23-exposure"),
        ("tid2008", "Shares photographs with: tid2013."),
        ("bsds500", "rated Nothing: these are images without labels."),
        ("sample", "rated By nobody."),
        ("koniq", "with the number of ratings of each image."),
    ],
)
def test_a_card_is_told_in_sentences(name: str, told: str) -> None:
    # However the lines are broken.
    assert told in " ".join(card_text(shipped_cards()[name], Roots()).split())


def test_no_card_shows_python_or_a_wide_line() -> None:
    for card in shipped_cards().values():
        text = card_text(card, Roots())
        assert not re.search(r"\('|\{'|\['|\(\)", text), card.id
        assert max(len(line) for line in text.splitlines() if "http" not in line) <= 120


def test_a_card_says_where_the_dataset_was_found(bench: Bench, photos: Path) -> None:
    out = bench("list", "datasets", "clive", "--root", f"clive={photos}").out
    assert re.search(r"^here +Incomplete: ", out, re.MULTILINE)
    assert "Once you have it" not in out
