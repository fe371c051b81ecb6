"""What the image files are is measured: their sizes name the protocol, and equal files are told."""

from __future__ import annotations

import json
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran, make_photo
from PIL import Image

import bench as api
from bench.datasets.protocol import Protocol
from bench.datasets.readers.local import read_local
from bench.io.images import decode
from bench.runs.store import Store
from bench.runs.survey import survey_images

Bench = Callable[..., Ran]

CARD = """
id = "mine"
title = "Mine"
kind = "authentic"
n = 8
licence = "CC0"
source = "my camera"
citation = "none"
size = [48, 40]
[labels]
files = ["scores.csv"]
direction = "higher"
range = [0, 100]
attributes = { split = "split" }
"""


@pytest.fixture
def card(photos: Path) -> Path:
    (photos / "mine.toml").write_text(CARD)
    return photos / "mine.toml"


def resized(photos: Path, size: tuple[int, int], *numbers: int) -> None:
    for i in numbers:
        make_photo(photos / "images" / f"{i}.png", i, size)


# Sizes.


def test_a_set_at_the_size_of_its_card_keeps_its_protocol_and_key(card: Path, store: Store) -> None:
    api.run("bytes-per-pixel", card)
    (entry,) = store.entries()[0]
    assert entry.protocol == Protocol()
    assert "size" not in entry.meta["identity"]["protocol"]
    assert entry.sizes is not None
    assert (entry.sizes.counts, entry.sizes.distinct) == ({"48x40": 8}, 1)


def test_a_set_at_another_size_is_another_protocol_named_by_it(card: Path, bench: Bench, store: Store) -> None:
    resized(card.parent, (24, 20), *range(8))
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", card)
    assert done.code == 0
    assert "; images of 24x20, not of the card's size" in done.out
    assert "note: mine: its images are of 24x20, not of the card's size, which is another protocol" in done.err
    (entry,) = store.entries()[0]
    assert entry.protocol.size == "24x20"
    assert str(entry.protocol) == "all images, images of 24x20 and not of the card's size"
    assert "images of 24x20 and not of the card's size" in bench("table").out
    assert "full size" not in bench("table").out


def test_images_that_are_missing_hide_no_other_size(card: Path, store: Store) -> None:
    rows = "".join(f"images/{i}.png,{i % 90},a\n" for i in range(400))
    (card.parent / "scores.csv").write_text(f"image,score,split\n{rows}")
    resized(card.parent, (24, 20), *range(3))
    for i in range(3, 8):
        (card.parent / "images" / f"{i}.png").unlink()
    api.run("bytes-per-pixel", card, allow_incomplete=True)
    (entry,) = store.entries()[0]
    assert entry.protocol.size == "24x20"


def test_several_other_sizes_are_named_by_their_range(card: Path, store: Store) -> None:
    resized(card.parent, (24, 20), 0, 1)
    resized(card.parent, (96, 80), 2)
    api.run("bytes-per-pixel", card)
    (entry,) = store.entries()[0]
    assert entry.protocol.size == "3 sizes from 24x20 to 96x80"
    assert entry.sizes is not None
    assert entry.sizes.counts == {"48x40": 5, "24x20": 2, "96x80": 1}


def test_a_hundredth_at_another_size_is_told_and_no_other_protocol(photos: Path, bench: Bench, store: Store) -> None:
    for i in range(100):
        make_photo(photos / "many" / f"{i}.png", i, (8, 8 + (i == 7)))
    (photos / "scores.csv").write_text("image,score,split\n" + "".join(f"many/{i}.png,{i},a\n" for i in range(100)))
    (photos / "mine.toml").write_text(CARD.replace("n = 8", "n = 100").replace("[48, 40]", "[8, 8]"))
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", photos / "mine.toml")
    assert "mine: 1 image(s) are not 8x8: many/7.png" in done.err
    (entry,) = store.entries()[0]
    assert entry.protocol == Protocol()
    assert "1 image(s) are not 8x8: many/7.png" in entry.dataset.notes


def test_without_a_size_on_the_card_the_distribution_is_kept(photos: Path, store: Store) -> None:
    resized(photos, (24, 20), 0, 1)
    (photos / "images" / "2.png").write_bytes(b"no image")
    api.run("bytes-per-pixel", photos)
    (entry,) = store.entries()[0]
    assert entry.protocol == Protocol()
    assert entry.meta["sizes"] == {
        "counts": {"48x40": 5, "24x20": 2},
        "distinct": 2,
        "smallest": "24x20",
        "largest": "48x40",
    }


@pytest.mark.parametrize("orientation", range(1, 9))
def test_sizes_are_those_of_the_decoded_pictures(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    names = ["a.jpg", "b.png", "c.tif", "d.webp", "e.avif", "f.jp2", "g.bmp", "h.gif"]
    for name in names:
        Image.new("RGB", (30, 20)).save(tmp_path / name, exif=exif)
    found = survey_images(read_local(tmp_path)).sizes
    decoded = {name: decode((tmp_path / name).read_bytes(), name).pixels.shape[:2] for name in names}
    assert found == {name: (width, height) for name, (height, width) in decoded.items()}


def test_a_png_with_large_metadata_has_a_size_and_a_raw_file_has_none(tmp_path: Path) -> None:
    profile = b"k\0\0" + zlib.compress(bytes(3 << 20))
    chunk = struct.pack(">I", len(profile)) + b"zTXt" + profile + struct.pack(">I", zlib.crc32(b"zTXt" + profile))
    data = make_photo(tmp_path / "a.png", 1).read_bytes()
    (tmp_path / "a.png").write_bytes(data[:33] + chunk + data[33:])
    Image.new("RGB", (30, 20)).save(tmp_path / "b.NEF", "TIFF")
    (tmp_path / "scores.csv").write_text("image\na.png\nb.NEF\n")
    assert survey_images(read_local(tmp_path)).sizes == {"a.png": (48, 40)}


def test_published_numbers_are_compared_with_the_measured_size(
    card: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench.datasets import catalogue

    mine = catalogue.read_card(card)
    monkeypatch.setattr(catalogue, "shipped_cards", lambda: {"mine": mine})
    resized(card.parent, (24, 20), *range(8))
    bench("run", "--method", "bytes-per-pixel", "--dataset", card)
    theirs = card.parent / "published.csv"
    theirs.write_text(
        "method,dataset,resolution,split,trained_on,plcc_mapping,srcc,plcc,source,verified\n"
        "bytes-per-pixel,mine,full,all,,raw,0.5,0.5,paper,yes\n"
    )
    (record,) = json.loads(bench("table", "--published-file", theirs, "--format", "json").out)
    assert record["state"] == "another protocol"
    assert "resolution: theirs 48x40, ours 24x20" in json.dumps(record)


# Equal files.


def copy_image(photos: Path, source: int, target: int) -> None:
    shutil.copy(photos / "images" / f"{source}.png", photos / "images" / f"{target}.png")


def test_equal_files_are_told_by_run_table_and_doctor(photos: Path, bench: Bench) -> None:
    copy_image(photos, 2, 4)
    copy_image(photos, 2, 6)
    told = "2 image(s) are the same file as another and count all the same: images/2.png = images/4.png = images/6.png"
    assert f"note: photos: {told}" in bench("run", "--method", "bytes-per-pixel", "--dataset", photos).err
    assert told in bench("table").out
    done = bench("doctor", photos)
    assert (done.code, f"warning: {told}" in done.out) == (0, True)


@pytest.mark.parametrize("split", ["all", "test", "training"])
def test_an_image_in_training_and_test_is_a_warning_on_the_cell(photos: Path, bench: Bench, split: str) -> None:
    copy_image(photos, 2, 3)  # training, test
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", photos, "--split", split)
    n = 2 if split == "all" else 1
    assert f"{n} image(s) are in another split too, as the same file" in done.out
    assert f"{n} image(s) are in another split of the dataset too, as the same file" in bench("table").out


def test_equal_files_inside_one_split_are_in_no_other(photos: Path, bench: Bench) -> None:
    copy_image(photos, 2, 4)
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", photos)
    assert "another split" not in done.out + bench("table").out


def test_unreadable_files_equal_nothing(photos: Path, bench: Bench) -> None:
    for i in (2, 3):
        (photos / "images" / f"{i}.png").unlink()
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", photos)
    assert "same file" not in done.out + done.err
