"""``bench doctor`` names each planted fault, the first ten items and their number, and the remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran, make_photo
from dataset_proofs import Copy

Bench = Callable[..., Ran]

CARD = """
id = "mine"
title = "Mine"
kind = "synthetic"
n = 24
licence = "CC0"
source = "https://example.org/mine"
citation = "none"
layouts = [["images"]]
pattern = '(?P<reference>[ab])_\\d'
cluster = "reference"
groups = { reference = 2 }
splits = { training = 12, test = 12 }
size = [48, 40]
[[labels]]
files = ["labels.csv"]
image = "name"
score = "mos"
direction = "higher"
range = [0, 100]
attributes = { split = "split" }
"""


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A card beside a complete copy of its dataset: 24 images of two references."""
    root = tmp_path / "mine"
    rows = ["name,mos,split"]
    for i in range(24):
        name = f"{'ab'[i % 2]}_{i:02}.png"
        make_photo(root / "images" / name, i)
        rows.append(f"{name},{i},{'test' if i % 2 else 'training'}")
    (root / "labels.csv").write_text("\n".join(rows) + "\n")
    (root / "mine.toml").write_text(CARD)
    return root / "mine.toml"


def edit(card: Path, old: str, new: str) -> None:
    labels = card.with_name("labels.csv")
    text = labels.read_text()
    assert old in text
    labels.write_text(text.replace(old, new))


def test_a_complete_copy_is_called_complete(card: Path, bench: Bench) -> None:
    done = bench("doctor", card)
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        f"mine: Mine, at {card.parent} (beside the card)",
        "  labels: labels.csv",
        "  images: 24 of 24 in images, 24 decoded",
        "  labels from 0 to 23, higher is better",
        "  splits: test 12, training 12",
        "  attributes: reference, split",
        "  complete",
    ]


def test_missing_images_are_named_ten_and_the_rest_counted(card: Path, bench: Bench) -> None:
    for i in range(12):
        (card.parent / "images" / f"a_{2 * i:02}.png").unlink()
    done = bench("doctor", card)
    assert done.code == 1
    named = ", ".join(f"images/a_{2 * i:02}.png" for i in range(10))
    expected = f"12 of 24 images are missing: {named} and 2 more; get the images from https://example.org/mine"
    assert f"  error: {expected}" in done.out.splitlines()
    assert done.out.splitlines()[-1] == "  NOT complete"
    assert done.err == "bench: error: incomplete: mine\n"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: data[: len(data) // 2], "images/b_05.png (damaged or cut short"),
        (lambda data: b"", "images/b_05.png (the file is empty (0 bytes))"),
        (lambda data: b"<!DOCTYPE html>", "images/b_05.png (not an image in a known format"),
    ],
    ids=["cut", "empty", "html"],
)
def test_images_that_cannot_be_decoded_are_named(
    card: Path, bench: Bench, spoil: Callable[[bytes], bytes], message: str
) -> None:
    path = card.parent / "images" / "b_05.png"
    path.write_bytes(spoil(path.read_bytes()))
    done = bench("doctor", card)
    assert done.code == 1
    assert f"error: 1 of 24 images cannot be decoded: {message}" in done.out
    assert "get them again from https://example.org/mine" in done.out
    assert bench("doctor", card, "--quick").code == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("b_05.png,5,", "b_05.png,nan,", "1 image(s) have no number for a label: b_05.png ('nan')"),
        ("b_05.png,5,", "b_05.png,,", "1 image(s) have no number for a label: b_05.png ('')"),
        ("b_05.png,5,", "b_05.png,500,", "1 label(s) are outside the card's range of 0 to 100: b_05.png (500)"),
        ("b_05.png,5,", "b_07.png,5,", "1 image(s) are named more than once: b_07.png"),
        ("b_05.png,5,", "B_07.png,5,", "1 image name(s) are not of the form"),
        ("b_05.png,5,", ",5,", "1 row(s) name no image: row 6"),
        ("b_05.png,5,", "../b_05.png,5,", "1 image name(s) leave the dataset's folder: ../b_05.png"),
        ("b_05.png,5,test\n", "", "this copy has 23 images, the complete set 24; get the whole set from"),
        ("b_05.png,5,test", "b_05.png,5,training", "the splits are test 11, training 13, the official ones test 12"),
        ("b_05.png,5,test", "b_05.png,5", "line 7: 2 fields, but the header has 3: the file is damaged or incomplete"),
        ("name,mos,split", "name,score,split", "has no column 'mos'; its columns are name, score, split"),
        ("name,mos,split\n", "<!doctype html>\n", "is a web page (HTML), not a table"),
    ],
)
def test_faults_of_the_labels_are_named(card: Path, bench: Bench, old: str, new: str, message: str) -> None:
    edit(card, old, new)
    done = bench("doctor", card)
    assert done.code == 1
    assert message in done.out
    assert "labels.csv" in done.out


def test_several_faults_are_told_together(card: Path, bench: Bench) -> None:
    edit(card, "b_05.png,5,", "b_05.png,nan,")
    edit(card, "b_07.png,7,", "b_07.png,700,")
    (card.parent / "images" / "b_09.png").unlink()
    (card.parent / "images" / "b_11.png").write_bytes(b"")
    record = json.loads(bench("doctor", card, "--format", "json").out)[0]
    assert {problem["kind"]: problem["items"] for problem in record["problems"]} == {
        "score": ["b_05.png ('nan')"],
        "range": ["b_07.png (700)"],
        "missing": ["images/b_09.png"],
        "unreadable": ["images/b_11.png (the file is empty (0 bytes))"],
    }
    assert record["complete"] is False


def test_another_resolution_is_a_warning_and_not_a_fault(card: Path, bench: Bench) -> None:
    make_photo(card.parent / "images" / "b_05.png", 5, (24, 20))
    done = bench("doctor", card)
    assert done.code == 0
    assert "warning: 1 image(s) are not 48 x 40: another resolution is another protocol" in done.out
    assert "images/b_05.png (24 x 20)" in done.out


def test_a_label_file_of_another_hash_is_a_warning(card: Path, bench: Bench) -> None:
    card.write_text(CARD.replace('image = "name"', f'image = "name"\nsha256 = ["{"0" * 64}"]'))
    done = bench("doctor", card)
    assert done.code == 0
    assert "labels: labels.csv, not the authors' file (the hash differs)" in done.out
    assert "warning: not, byte for byte, what the authors distribute, as far as the card knows: labels.csv" in done.out


def test_numbers_that_are_not_the_known_ones_are_an_error_whatever_the_bytes(card: Path, bench: Bench) -> None:
    content = json.loads(bench("doctor", card, "--format", "json").out)[0]["content"]
    known = f'image = "name"\nsha256 = ["{"0" * 64}"]\nknown = ["{content}"]'
    card.write_text(CARD.replace('image = "name"', known))
    labels = card.with_name("labels.csv")
    labels.write_bytes(labels.read_bytes().replace(b"\n", b"\r\n"))
    done = bench("doctor", card)
    assert (done.code, "warning" in done.out) == (0, False)
    edit(card, "b_05.png,5,", "b_05.png,5.5,")
    done = bench("doctor", card)
    assert done.code == 1
    assert "error: " in done.out
    assert "labels.csv: its numbers are not those that the authors distribute, as far as the card knows" in done.out


def test_images_of_a_variant_are_an_error_that_names_it(
    card: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench.datasets import doctor
    from bench.datasets.catalogue import read_card

    small = card.with_name("mine-small.toml")
    small.write_text('id = "mine-small"\nextends = "mine"\nsize = [24, 20]\n')
    monkeypatch.setattr(doctor, "shipped_cards", lambda: {"mine-small": read_card(small)})
    for i in range(24):
        make_photo(card.parent / "images" / f"{'ab'[i % 2]}_{i:02}.png", i, (24, 20))
    done = bench("doctor", card)
    assert done.code == 1
    assert "they are those of mine-small: give --root mine-small=FOLDER" in done.out


def test_images_in_a_folder_that_is_no_layout_are_pointed_at(card: Path, bench: Bench) -> None:
    (card.parent / "images").rename(card.parent / "pictures")
    done = bench("doctor", card)
    assert "none of the 24 images is in images (files of these names are in pictures, no layout of mine)" in done.out
    assert "if those are the set's own images, move them so that the first is images/a_00.png" in done.out


def test_images_that_no_label_names_are_counted(card: Path, bench: Bench) -> None:
    make_photo(card.parent / "images" / "reference.png", 1)
    assert "1 other images have no label" in bench("doctor", card).out


def test_a_dataset_that_is_not_here_says_where_it_was_looked_for(bench: Bench) -> None:
    done = bench("doctor", "koniq")
    assert done.code == 1
    assert "get it from https://database.mmsp-kn.de" in done.out
    assert "Looked for it: --root ID=PATH, below $BENCH_DATA, [roots] of bench.toml" in done.out


def test_a_folder_of_ones_own_is_examined_too(photos: Path, bench: Bench) -> None:
    assert bench("doctor", photos).code == 0
    (photos / "images" / "3.png").write_bytes(b"no")
    done = bench("doctor", photos)
    assert done.code == 1
    assert "1 of 8 images cannot be decoded: images/3.png" in done.out


def test_an_unknown_dataset_is_a_mistake_of_the_user(bench: Bench) -> None:
    done = bench("doctor", "konik")
    assert done.code == 2
    assert "Did you mean 'koniq'" in done.err


def test_a_run_refuses_what_doctor_calls_fatal_and_fails_what_is_missing(card: Path, bench: Bench) -> None:
    (card.parent / "images" / "b_09.png").unlink()
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", card, "--allow-incomplete")
    assert (done.code, "scored 23, failed 1" in done.out) == (0, True)
    assert "failed: b_09.png: no such file" in done.err
    edit(card, "b_05.png,5,", "b_05.png,nan,")
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", card)
    assert done.code == 2
    assert "1 image(s) have no number for a label: b_05.png ('nan')" in done.err


def test_a_card_reads_a_zip_and_a_server_of_files(shared: Path, tmp_path: Path, bench: Bench) -> None:
    import zipfile

    import proofs_first

    copy = Copy(tmp_path / "clive" / "root", shared)
    copy.root.mkdir(parents=True)
    proofs_first._clive(copy)
    with zipfile.ZipFile(tmp_path / "clive.zip", "w") as archive:
        for path in sorted(copy.root.rglob("*.*")):
            archive.write(path, Path("ChallengeDB_release") / path.relative_to(copy.root))
    plain = json.loads(bench("doctor", "clive", "--root", f"clive={copy.root}", "--format", "json").out)[0]
    packed = json.loads(bench("doctor", "clive", "--root", f"clive={tmp_path / 'clive.zip'}", "--format", "json").out)[
        0
    ]
    assert plain["complete"]
    assert packed["complete"]
    assert plain["labels_hash"] == packed["labels_hash"]
    assert packed["decoded"] == 1162
