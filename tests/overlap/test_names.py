"""Which names tell that two sets share content: made-up ones, and the label files of real datasets."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.datasets.roots import Roots
from bench.overlap.compare import read_names
from bench.overlap.names import SharedName, SharedNames, looks_like_name, shared_names

FEW = ["a.jpg", "b.jpg"]


def share(a: list[str], b: list[str] | None = None) -> SharedNames:
    return shared_names({name: [name] for name in a}, None if b is None else {name: [name] for name in b})


@pytest.mark.parametrize(
    ("a", "b", "kind", "key"),
    [
        ("10004473376.jpg", "flickr/10004473376.png", "photo id", "10004473376"),
        ("6056698931_0a1b2c_b.jpg", "https://www.flickr.com/photos/someone/6056698931/", "photo id", "6056698931"),
        ("123456789.jpg", "x-123456789-y.jpg", "photo id", "123456789"),
        ("StudentSculpture.bmp", "refs\\studentsculpture.BMP", "file name", "studentsculpture"),
        ("studentsculpture.bmp", "studentsculpture.png", "stem", "studentsculpture"),
        ("EMOTIC__cwpvmtkuw83q2or3za.jpg", "x/EMOTIC__cwpvmtkuw83q2or3za.jpg", "file name", None),
        ("COCO_train2014_000000129738.jpg", "COCO_train2014_000000129738.jpg", "file name", None),
    ],
)
def test_telling_names_are_shared(a: str, b: str, kind: str, key: str | None) -> None:
    found = share([a, *FEW], [b, "c.jpg"])
    assert found.telling == (SharedName(kind, key or Path(a).stem.lower(), (a,), (b,)),)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    ["I01.png", "img2.bmp", "00001.jpg", "1.jpg", "IMG_1234.JPG", "I01_01_01.png", "0000123456.jpg", "photo.jpg"],
)
def test_generic_names_are_told_apart(name: str) -> None:
    found = share([name, *FEW], [name, "c.jpg"])
    assert found == SharedNames((), (Path(name).stem.lower(),))


@pytest.mark.parametrize("name", ["1234567890123.jpg", "a12345678901b.jpg", "0123456789.jpg", "12345678.jpg"])
def test_other_numbers_are_no_photo_ids(name: str) -> None:
    assert all(one.kind != "photo id" for one in share([name], [name]).telling)


def test_letters_of_a_numbered_series_tell_nothing() -> None:
    series = [f"validation_photograph_{i}.png" for i in range(10)]
    assert share(series[:9], series[:1]).telling  # alone it is a name like any other
    assert not share(series, series[:1]).telling
    assert not share(series[:1], series).telling


def test_a_dense_numbering_is_no_set_of_photo_ids() -> None:
    dense = [f"{100_000_000 + i}.jpg" for i in range(50)]
    sparse = [f"{100_000_000 + 400_000 * i}.jpg" for i in range(50)]
    assert not share(dense, dense).telling
    assert len(share(sparse, sparse).telling) == 50


def test_a_number_that_every_image_bears_is_no_photo_id() -> None:
    names = [f"100000001_{i}.jpg" for i in range(300)]
    assert not share(names, ["100000001_x.jpg"]).telling
    assert [one.key for one in share(names[:125], ["100000001_x.jpg"]).telling] == ["100000001"]


def test_inside_a_set_images_share_and_none_shares_with_itself() -> None:
    found = share(["a/6056698931.jpg", "b/6056698931.jpg", "c/6056698932.jpg"])
    assert found.telling == (SharedName("photo id", "6056698931", ("a/6056698931.jpg",), ("b/6056698931.jpg",)),)
    assert share(["a/1.png", "b/1.png", "c/2.png"]) == SharedNames((), ("1",))


def test_an_image_goes_by_all_its_names() -> None:
    a = {"1.jpg": ["1.jpg", "57e4d1414e5bab14ea89877bc72e3f77.jpg"]}
    b = {"I01.png": ["I01.png", "57e4d1414e5bab14ea89877bc72e3f77.png"]}
    (found,) = shared_names(a, b).telling
    assert (found.kind, found.a, found.b) == ("stem", ("1.jpg",), ("I01.png",))


@pytest.mark.parametrize(
    ("text", "is_name"),
    [("a/b.JPG", True), ("https://example.org/photos/1/", True), ("77.38", False), ("training", False), ("", False)],
)
def test_what_looks_like_a_name(text: str, is_name: bool) -> None:
    assert looks_like_name(text) is is_name


NOWHERE = Roots()


@pytest.mark.parametrize(
    ("a", "b", "telling", "generic"),
    [
        ("labels/koniq10k/koniq10k_distributions_sets.csv", "labels/flive/labels640.csv", 0, 0),
        ("labels/koniq10k/koniq10k_distributions_sets.csv", "published_scores/qbench_koniq.csv", 9933, 140),
        ("labels/uhdiqa/uhd-iqa-metadata.csv", "labels/aigciqa2023/AIGCIQA2023.csv", 0, 2399),
        ("labels/kadid10k/kadid10k.DMOS.csv", "labels/tid2013/alt_smilingwolf/TID2013.MOS.csv", 0, 25),
    ],
)
def test_real_label_files(shared: Path, a: str, b: str, telling: int, generic: int) -> None:
    # The 140 have ids of 8 digits, the oldest of Flickr's: as a numbering may have.
    first, second = (read_names(str(shared / path), NOWHERE, "A").names for path in (a, b))
    found = shared_names(first, second)
    assert (len(found.telling), len(found.generic)) == (telling, generic)


def test_original_names_and_pages_of_uhd_iqa_are_read(shared: Path) -> None:
    uhd = read_names(str(shared / "labels/uhdiqa/uhd-iqa-metadata.csv"), NOWHERE, "A").names
    other = {
        "x.png": ["book-old-book-read-used-2363881.png"],
        "y.png": ["57e4d1414e5bab14ea89877bc72e3f771122dfe054537641752b7ad4.png"],
    }
    assert {one.a for one in shared_names(uhd, other).telling} == {("1.jpg",), ("2.jpg",)}
