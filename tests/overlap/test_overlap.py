"""Near-duplicates: hashes, pairs, the cache, and the command."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Ran, make_photo
from PIL import Image

from bench.errors import ImageError
from bench.io.images import decode, read_bytes
from bench.overlap import compare, hashing, near


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "hashes.sqlite"


def random_hashes(n: int, seed: int) -> near.Hashes:
    # Few bits, so that pairs at every distance are there.
    return np.random.default_rng(seed).integers(0, 256, (n, 2), np.uint8)


def brute(a: near.Hashes, b: near.Hashes, threshold: int, inside: bool) -> set[tuple[int, int, int]]:
    found = set()
    for i, one in enumerate(a):
        for j, other in enumerate(b):
            distance = sum((int(x) ^ int(y)).bit_count() for x, y in zip(one, other, strict=True))
            if distance <= threshold and (i < j or not inside):
                found.add((i, j, distance))
    return found


@pytest.mark.parametrize("threshold", [0, 3, 16])
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("n", [1, 7, 40, 41])
def test_pairs_are_those_of_a_double_loop(
    n: int, inside: bool, threshold: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "BLOCK", 7)
    monkeypatch.setattr(near, "_COLUMNS", 10)
    a = random_hashes(n, 1)
    b = a if inside else random_hashes(33, 2)
    found = [
        triple
        for pairs in near.near_pairs(a, b, threshold, inside=inside)
        for triple in zip(*(column.tolist() for column in pairs), strict=True)
    ]
    assert len(found) == len(set(found))
    assert set(found) == brute(a, b, threshold, inside)


def test_no_hashes_no_pairs() -> None:
    none = np.empty((0, 2), np.uint8)
    assert list(near.near_pairs(none, random_hashes(3, 1), 16)) == []
    (pairs,) = near.near_pairs(random_hashes(3, 1), none, 16)
    assert [len(column) for column in pairs] == [0, 0, 0]


def distance(a: near.Hashes, b: near.Hashes) -> int:
    return int(np.unpackbits(a ^ b).sum())


def test_changed_copies_are_near_and_other_photographs_are_not(shared: Path) -> None:
    paths = sorted((shared / "pristine" / "bsds500").iterdir())[:8]
    images = [Image.fromarray(decode(read_bytes(path), path.name).pixels) for path in paths]
    hashes = [near.perceptual_hash(np.asarray(image)) for image in images]
    for image, own in zip(images, hashes, strict=True):
        file = io.BytesIO()
        image.save(file, "JPEG", quality=30)
        copies = [image.resize((256, 192)), image.crop((9, 6, image.width - 9, image.height - 6))]
        for copy in (*copies, Image.fromarray(decode(file.getvalue(), "copy").pixels)):
            assert distance(own, near.perceptual_hash(np.asarray(copy))) <= near.THRESHOLD
    others = [distance(one, other) for i, one in enumerate(hashes) for other in hashes[:i]]
    assert min(others) > near.THRESHOLD


def test_frames_of_one_video_are_found_and_no_others(bench: Command, shared: Path) -> None:
    folder = shared / "human" / "avt_hevc_uhd_subset"
    with (folder / "scores.csv").open() as file:
        source = {row["image"]: row["source_id"] for row in csv.DictReader(file)}
    sizes = Counter(source.values()).values()
    pairs = json.loads(bench("overlap", folder, folder, "--format", "json").out)["pairs"]
    assert all(source[pair["a"]] == source[pair["b"]] for pair in pairs)
    assert 0.9 * sum(n * (n - 1) // 2 for n in sizes) < len(pairs)


def test_a_picture_of_one_tone_has_nothing_to_be_compared_by() -> None:
    with pytest.raises(ImageError, match="all pixels are equal"):
        near.perceptual_hash(np.full((20, 30, 3), 255, np.uint8))


@pytest.fixture
def copies(tmp_path: Path, photos: Path) -> Path:
    """A folder with JPEG copies of photos 0 to 2 under other names, two others, and a file that is no image."""
    folder = tmp_path / "copies"
    for i in range(3):
        image = Image.open(photos / "images" / f"{i}.png")
        folder.mkdir(exist_ok=True)
        image.resize((96, 80)).save(folder / f"copy{i}.jpg", quality=60)
    for i in (20, 21):
        make_photo(folder / f"other{i}.png", i)
    (folder / "broken.jpg").write_bytes(b"no image")
    return folder


Command = Callable[..., Ran]
COPIES = {(f"images/{i}.png", f"copy{i}.jpg") for i in range(3)}


def test_copies_are_found_and_what_is_not_compared_is_listed(bench: Command, photos: Path, copies: Path) -> None:
    ran = bench("overlap", photos, copies)
    assert ran.code == 0
    assert "3 of 8 images of photos have a near-duplicate in copies\n" in ran.out
    assert "3 of 6 images of copies have a near-duplicate in photos\n" in ran.out
    assert "images of copies that could not be compared: 1\n  broken.jpg: not an image" in ran.out
    for a, b in COPIES:
        assert f"  {a}  {b}\n" in ran.out


def test_json_and_csv_hold_all(bench: Command, photos: Path, copies: Path, tmp_path: Path) -> None:
    made: dict[str, Any] = json.loads(bench("overlap", photos, copies, "--format", "json", "--show", 1).out)
    assert {(pair["a"], pair["b"]) for pair in made["pairs"]} == COPIES
    assert all(0 <= pair["distance"] <= made["threshold"] == near.THRESHOLD for pair in made["pairs"])
    assert (made["a"]["images"], made["a"]["with_a_near_duplicate"], made["a"]["not_compared"]) == (8, 3, [])
    assert [one["image"] for one in made["b"]["not_compared"]] == ["broken.jpg"]
    output = tmp_path / "pairs.csv"
    assert bench("overlap", photos, copies, "--format", "csv", "--output", output).out == ""
    rows = list(csv.DictReader(output.read_text().splitlines()))
    assert {(row["a"], row["b"]) for row in rows if row["kind"] == "near-duplicate"} == COPIES
    assert [row["b"] for row in rows if row["kind"] == "not compared"] == ["broken.jpg"]


def test_text_shows_the_first_and_counts_the_rest(bench: Command, photos: Path, copies: Path) -> None:
    out = bench("overlap", photos, copies, "--show", 1).out
    assert sum(f"  {a}  {b}\n" in out for a, b in COPIES) == 1
    assert "... and 2 more pairs" in out


@pytest.mark.parametrize(("limit", "code"), [(2, 1), (3, 0)])
def test_fail_over_is_for_ci(bench: Command, photos: Path, copies: Path, limit: int, code: int) -> None:
    ran = bench("overlap", photos, copies, "--fail-over", limit)
    assert ran.code == code
    assert ("--fail-over got 2: 3 images of A" in ran.err) == bool(code)


def test_fail_over_with_names_counts_names(bench: Command, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("image\n6056698931.jpg\n1.jpg\n")
    (tmp_path / "b.csv").write_text("image\nx/6056698931.png\n1.jpg\n")
    ran = bench("overlap", "--names", "a.csv", "b.csv", "--fail-over", 0)
    assert ran.code == 1
    assert "1 of 2 images of a share a distinctive name in b" in ran.out
    assert "equal names that are too common to count: 1 (1)" in ran.out
    assert bench("overlap", "--names", "a.csv", "b.csv", "--fail-over", 1).code == 0


def test_a_set_against_itself_is_looked_at_inside(bench: Command, copies: Path) -> None:
    make_photo(copies / "again.png", 20)
    made = json.loads(bench("overlap", copies, copies, "--format", "json").out)
    assert made["pairs"] == [{"a": "again.png", "b": "other20.png", "distance": 0}]
    assert made["a"]["with_a_near_duplicate"] == made["b"]["with_a_near_duplicate"] == 2
    assert "2 of 7 images of copies have a near-duplicate inside it" in bench("overlap", copies, copies).out


def test_threshold_decides(bench: Command, photos: Path, copies: Path) -> None:
    assert "; 0 pairs" in bench("overlap", photos, copies, "--threshold", 0).out
    assert "; 3 pairs" in bench("overlap", photos, copies).out
    assert "; 40 pairs" in bench("overlap", photos, copies, "--threshold", 256).out


def test_nothing_that_can_be_compared_is_an_error(bench: Command, photos: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "a.jpg").write_bytes(b"no image")
    ran = bench("overlap", photos, broken)
    assert (ran.code, "no image of broken could be compared; the first is a.jpg" in ran.err) == (1, True)


def test_doctor_lists_what_two_splits_of_a_set_share(bench: Command, photos: Path, copies: Path) -> None:
    rows = [f"photos/images/{i}.png,training" for i in range(8)]
    rows += [f"copies/{path.name},test" for path in copies.glob("*[0-9].*")]
    (photos.parent / "both.csv").write_text("\n".join(["image,split", *rows]))
    ran = bench("doctor", photos.parent / "both.csv")
    assert ran.code == 0
    assert "warning: 3 pair(s) of images in different splits look alike" in ran.out
    for a, b in COPIES:
        assert f"copies/{b} and photos/{a}" in ran.out
    assert "look alike" not in bench("doctor", photos.parent / "both.csv", "--quick").out


def test_splits_that_cannot_be_compared_are_told_by_doctor(bench: Command, photos: Path) -> None:
    Image.new("RGB", (40, 40)).save(photos / "black.png")
    (photos / "both.csv").write_text("image,split\nimages/0.png,training\nblack.png,test\n")
    ran = bench("doctor", photos / "both.csv")
    assert "warning: images of different splits were not compared" in ran.out
    assert (ran.code, "no image of both, test could be compared" in ran.out) == (0, True)


def test_too_many_pairs_are_an_error(
    bench: Command, photos: Path, copies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "_MOST_PAIRS", 39)
    ran = bench("overlap", photos, copies, "--threshold", 256)
    assert (ran.code, "more than 39 pairs" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--names", "--threshold", "3"], "--threshold applies to images"),
        (["--output", "nowhere/x.txt"], "the folder nowhere does not exist"),
    ],
)
def test_mistakes_are_told(bench: Command, photos: Path, args: list[str], message: str) -> None:
    ran = bench("overlap", photos, photos, *args)
    assert (ran.code, message in ran.err) == (2, True)


def test_a_label_file_without_names_is_told(bench: Command, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,score\n1,2\n")
    ran = bench("overlap", "--names", "a.csv", "a.csv")
    assert (ran.code, "no value looks like the name of an image" in ran.err) == (2, True)


def test_names_of_a_card_need_no_images(bench: Command, shared: Path, tmp_path: Path) -> None:
    root = f"koniq={shared / 'labels' / 'koniq10k'}"
    (tmp_path / "a.csv").write_text("image\nx/10004473376.png\n")
    ran = bench("overlap", "--names", "koniq", "a.csv", "--root", root)
    assert ran.code == 0
    assert "1 of 10,073 images of koniq share a distinctive name in a\n" in ran.out


def test_what_is_hashed_is_not_decoded_again(
    bench: Command, photos: Path, copies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bench("overlap", photos, copies).out
    decoded = []
    monkeypatch.setattr(hashing, "decode", lambda data, name: decoded.append(name) or decode(data, name))
    assert bench("overlap", photos, copies).out == first
    assert decoded == ["broken.jpg"]
    monkeypatch.setattr(hashing, "HASH", "another")
    assert bench("overlap", photos, copies).out == first
    assert len(decoded) == 1 + 8 + 6


def test_a_damaged_cache_costs_time_and_nothing_else(bench: Command, photos: Path, copies: Path, cache: Path) -> None:
    first = bench("overlap", photos, copies)
    cache.write_bytes(b"no database" * 1000)
    second = bench("overlap", photos, copies)
    assert (second.code, second.out) == (0, first.out)
    assert "hashes are not kept for the next time" in second.err
    assert "hashes are not kept" not in first.err
