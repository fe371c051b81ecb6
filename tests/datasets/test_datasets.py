from __future__ import annotations

from pathlib import Path

import pytest
from conftest import make_photo

from bench.datasets import catalogue
from bench.datasets.readers import text as table
from bench.datasets.readers.local import read_local
from bench.datasets.resolve import resolve
from bench.datasets.roots import Roots
from bench.distortions import LEVELS
from bench.errors import MissingRequirementError, UsageError

NO_ROOTS = Roots()


def test_a_folder_with_scores_is_a_dataset_named_after_it(photos: Path) -> None:
    dataset = resolve(str(photos), NO_ROOTS)
    assert dataset.id == "photos"
    assert [s.mos for s in dataset.samples] == list(range(10, 18))
    assert len(dataset.split("test").samples) == 4


def test_a_bare_folder_has_images_and_no_labels(tmp_path: Path) -> None:
    for name in ("b.png", "a/c.JPG", ".hidden/d.png", "notes.txt"):
        make_photo(tmp_path / "bare" / name, 1) if not name.endswith("txt") else None
    dataset = resolve(str(tmp_path / "bare"), NO_ROOTS)
    assert [(s.name, s.mos) for s in dataset.samples] == [("a/c.JPG", None), ("b.png", None)]


def test_a_csv_without_scores_or_with_some_missing(photos: Path) -> None:
    path = photos / "mine.csv"
    path.write_text("image,score\nimages/0.png,3.5\nimages/1.png,\n")
    assert [s.mos for s in resolve(str(path), NO_ROOTS).samples] == [3.5, None]
    path.write_text("image\nimages/0.png\n")
    assert [s.mos for s in read_local(path).samples] == [None]


def test_one_image_is_a_dataset(photos: Path) -> None:
    (sample,) = resolve(str(photos / "images" / "3.png"), NO_ROOTS).samples
    assert (sample.name, sample.mos) == ("3.png", None)


def test_semicolons_tabs_and_a_byte_order_mark_are_read(photos: Path) -> None:
    path = photos / "mine.csv"
    for separator in ";\t":
        path.write_bytes(f"\ufeffimage{separator}score\r\nimages/0.png{separator}4\r\n".encode())
        assert read_local(path).samples[0].mos == 4.0


def test_references_that_repeat_are_what_intervals_resample(photos: Path) -> None:
    path = photos / "mine.csv"
    path.write_text("image,score,ref_img\nimages/0.png,1,a\nimages/1.png,2,a\nimages/2.png,3,b\n")
    assert read_local(path).cluster == "reference"
    path.write_text("image,score,ref_img\nimages/0.png,1,a\nimages/1.png,2,b\n")
    assert read_local(path).cluster == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"image,score\n", "has a header but no rows"),
        (b"photo,mos\na.png,3\n", "has no column 'image'; its columns are photo, mos: say which one holds the names"),
        (b"image,score\nimages/0.png,good\n", "column 'score' of image 'images/0.png' is 'good', not a number"),
        (b"image,score\nimages/0.png,nan\n", "is 'nan', not a number"),
        (b"image,score\nimages/0.png,inf\n", "is 'inf', not a number"),
        (b"image,score\nimages/0.png,1\nimages/0.png,2\n", r"names 1 image\(s\) twice: 'images/0.png'"),
        (b"image,score\nimages/0.png\n", "line 2: 1 fields, but the header has 2"),
        (b"image,score,mos\nimages/0.png,1,2\n", "has the columns score and mos, and each could hold the labels"),
        (b"image,score,score\na,1,2\n", "the header names a column twice"),
        (b"image,score\nnowhere.png,1\n", "names 1 images, and no file of them exists"),
        (b"image,score\n,1\n", "'' is not an image name"),
        (b"<!DOCTYPE html>\n<html>", r"is a web page \(HTML\), not a table"),
        (b"\n\n  <html lang=en>", "is a web page"),
        ("image,score\na.png,1".encode("utf-16"), "is UTF-16"),
        (b"Image,score\na.png,1\n", "names 1 images, and no file of them exists"),
        (b'image,score\nimages/0.png,"1,500"\n', "write decimals with a point"),
        (b"image,score\nimages/0.png,NA\n", "is 'NA', not a number: leave the cell empty where there is no number"),
        (
            b"images/0.png,3\nimages/1.png,4\n",
            "its first line, images/0.png, 3, looks like a row and not like a header",
        ),
        (b"image|score\nimages/0.png|3\n", r"has the one column 'image\|score': separate columns by commas"),
        (b"image,score\n/nowhere/a.png,1\n", "the first path is /nowhere/a.png: give names"),
        (b"image,score\n" + b"x" * 300 + b".png,1\n", "names 1 images, and no file of them exists"),
        (b"PK\x03\x04\0\0\0", "is a binary file"),
        (b"image,score\n\xff\xfe.png,1\n", r"is not UTF-8 \(byte 12\)"),
        (b'image,score\n"images/0.png,1\n', "not valid CSV"),
    ],
)
def test_a_csv_that_is_none_is_refused_for_what_it_is(photos: Path, content: bytes, message: str) -> None:
    path = photos / "mine.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_local(path)


def test_a_github_page_saved_as_a_csv_is_refused_for_what_it_is(shared: Path) -> None:
    (page,) = (shared / "labels" / "koniq10k" / "negative_test").iterdir()
    with pytest.raises(UsageError, match=r"web page .* download the raw file"):
        table.read_csv(page)


def test_a_folders_csv_may_not_point_out_of_it_but_a_named_csv_may(photos: Path) -> None:
    outside = make_photo(photos.parent / "outside.png", 1)
    (photos / "scores.csv").write_text(f"image,score\n../outside.png,1\n{outside},2\n")
    with pytest.raises(UsageError, match=r"'\.\./outside\.png' is outside the folder"):
        read_local(photos)
    assert [bool(s.file.read()) for s in read_local(photos / "scores.csv").samples if s.file] == [True, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("koniqq", "neither a known id nor a path that exists. Did you mean 'koniq'"),
        ("./nowhere", "neither a known id nor a path"),
    ],
)
def test_an_unknown_dataset_is_answered_with_the_nearest(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        resolve(text, NO_ROOTS)


def test_an_empty_folder_and_a_strange_file_say_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"has no image files and no scores\.csv"):
        resolve(str(tmp_path / "empty"), NO_ROOTS)
    (tmp_path / "a.pdf").touch()
    with pytest.raises(UsageError, match="or an image"):
        resolve(str(tmp_path / "a.pdf"), NO_ROOTS)


# KonIQ: the authors' own label file, with stand-in images.


@pytest.fixture
def koniq(shared: Path, tmp_path: Path) -> Path:
    root = tmp_path / "koniq10k"
    root.mkdir()
    labels = shared / "labels" / "koniq10k" / "koniq10k_distributions_sets.csv"
    (root / labels.name).write_bytes(labels.read_bytes())
    make_photo(root / "1024x768" / "10004473376.jpg", 1)
    return root


def test_koniq_is_read_from_the_authors_label_file(koniq: Path) -> None:
    dataset = resolve("koniq", Roots.parse([f"koniq={koniq}"]))
    assert (len(dataset.samples), dataset.direction) == (10073, "higher")
    assert dataset.notes == ("this copy has 1 images, the complete set 10,073",)
    sizes = {name: len(dataset.split(name).samples) for name in ("training", "validation", "test")}
    assert sizes == {"training": 7058, "validation": 1000, "test": 2015}
    first = dataset.samples[0]
    assert (first.name, first.mos) == ("10004473376.jpg", 77.3836206897)
    assert first.attributes["n_raters"] == 105
    assert str(first.file) == str(koniq / "1024x768" / "10004473376.jpg")


def test_a_dataset_is_found_below_bench_data_by_any_of_its_names(koniq: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DATA", str(koniq.parent))
    assert len(resolve("koniq-10k", Roots.parse([])).samples) == 10073


def test_what_is_missing_is_said_with_the_source(koniq: Path, tmp_path: Path) -> None:
    with pytest.raises(
        MissingRequirementError, match=r"KonIQ-10k.* is not available here: get it from https://.*--root koniq="
    ):
        resolve("koniq", NO_ROOTS)
    (tmp_path / "bare").mkdir()
    with pytest.raises(MissingRequirementError, match=r"has no label file koniq10k_distributions_sets\.csv"):
        resolve("koniq", Roots.parse([f"koniq={tmp_path / 'bare'}"]))
    (koniq / "1024x768" / "10004473376.jpg").unlink()
    with pytest.raises(MissingRequirementError, match="none of the 10073 images is in 1024x768"):
        resolve("koniq", Roots.parse([f"koniq={koniq}"]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("koniq", "write ID=PATH"),
        ("konik=.", "'konik', which is not a known dataset. Did you mean 'koniq'"),
        ("koniq=/no/such/folder", "--root koniq got '/no/such/folder', which does not exist"),
    ],
)
def test_a_wrong_root_is_named(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Roots.parse([text])


# Cards.

CARD = """
id = "mine"
title = "Mine"
kind = "authentic"
n = 8
licence = "CC0"
source = "my camera"
citation = "none"
[labels]
files = ["scores.csv"]
direction = "lower"
range = [0, 100]
attributes = { split = "split" }
"""


def test_a_card_anywhere_is_a_dataset(photos: Path) -> None:
    (photos / "mine.toml").write_text(CARD)
    dataset = resolve(str(photos / "mine.toml"), NO_ROOTS)
    assert (dataset.id, dataset.direction, len(dataset.samples)) == ("mine", "lower", 8)
    assert dataset.card_hash


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "authentic"', 'kind = "odd"', "kind is 'odd': use one of authentic"),
        ('direction = "lower"', 'direction = "down"', "direction is 'down', use one of higher, lower"),
        ('licence = "CC0"', "", "lacks the key 'licence'"),
        ('licence = "CC0"', 'licence = "CC0"\nlicense = "CC0"', "unknown key 'license'. Did you mean 'licence'"),
        ("n = 8", "n = ", "is not valid TOML"),
        ("n = 8", 'n = "eight"', "n is 'eight': give a whole number"),
        ('files = ["scores.csv"]', 'files = "scores.csv"', "files is 'scores.csv': give a list of strings"),
        ("range = [0, 100]", "range = [0]", r"range is \[0\]: use 2 values"),
        ("n = 8", 'n = 8\ncluster = "ref"', "has 'ref', which .* lacks"),
        ('id = "mine"', 'id = "mi\\u001bne"', "is not a valid id or alias: use letters, digits"),
        ('id = "mine"', 'id = "../mine"', "is not a valid id or alias: use letters, digits"),
        ("n = 8", 'n = 8\nextends = "../mine"', "extends is '../mine': write the id of another card"),
        ("n = 8", "n = 8\nlayouts = []", "layouts must name folders"),
        ("n = 8", "n = 8\nsize = [32]", r"size must be \[width, height\]"),
        ("range = [0, 100]", "range = [0, 100]\nheader = 0", "header must be at least 1"),
        ("range = [0, 100]", 'range = [0, 100]\ndelimiter = ",,"', "delimiter one character or space"),
        (
            "range = [0, 100]",
            'range = [0, 100]\nencoding = "nonsense"',
            "encoding is 'nonsense': use one that Python knows",
        ),
        ("range = [0, 100]", "range = [0, 100]\nblocks = { a = -1, b = 9 }", "write numbers above 0"),
        ("range = [0, 100]", 'range = [0, 100]\nimage = "{image:99999999}"', "a width has at most two digits"),
        ("range = [0, 100]", "range = [0, 100]\nheader = 99", "has only 9 lines; the header should be line 99"),
        ('{ split = "split" }', '{ score = "split" }', "the attribute name 'score' is reserved"),
        (
            "range = [0, 100]",
            "range = [0, 12]",
            r"5 label\(s\) are outside the card's range of 0 to 12: images/3.png \(13\)",
        ),
    ],
)
def test_a_card_that_breaks_the_form_is_named_with_its_key(photos: Path, old: str, new: str, message: str) -> None:
    (photos / "mine.toml").write_text(CARD.replace(old, new))
    with pytest.raises(UsageError, match=message):
        resolve(str(photos / "mine.toml"), NO_ROOTS)


def test_a_label_file_may_not_point_out_of_its_folder(photos: Path) -> None:
    (photos / "mine.toml").write_text(CARD)
    scores = photos / "scores.csv"
    scores.write_text(scores.read_text() + "../../etc/passwd,12,test\n")
    with pytest.raises(UsageError, match=r"1 image name\(s\) leave the dataset's folder: \.\./\.\./etc/passwd"):
        resolve(str(photos / "mine.toml"), NO_ROOTS)


def test_a_set_that_is_not_whole_says_so(photos: Path) -> None:
    (photos / "mine.toml").write_text(CARD.replace("n = 8", "n = 9"))
    assert "has 8 images, the complete set 9" in resolve(str(photos / "mine.toml"), NO_ROOTS).notes[0]


def test_every_shipped_card_is_well_formed() -> None:
    shipped = catalogue.shipped_cards()
    assert {"sample", "koniq"} <= set(shipped)
    names = [name for card in shipped.values() for name in (card.id, *card.aliases)]
    assert len(names) == len(set(names))
    for card in shipped.values():
        assert card.n > 0
        assert all(labels.range[0] < labels.range[1] for labels in card.labels)


def test_two_cards_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(CARD.replace('id = "mine"', f'id = "{name}"\naliases = ["both"]'))
    monkeypatch.setattr(catalogue, "cards_folder", lambda: tmp_path)
    with pytest.raises(UsageError, match="both have the id or alias 'both'"):
        catalogue.shipped_cards.__wrapped__()


def test_a_folder_that_cannot_be_seen_whole_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_photo(tmp_path / "part" / "a.png", 1)

    def denied(path: object) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.scandir", denied)
    with pytest.raises(UsageError, match="cannot be read: Permission denied"):
        read_local(tmp_path / "part")


def test_the_sample_card_counts_what_the_recipe_makes() -> None:
    from bench.datasets import sample_set

    made = len(sample_set.PHOTOGRAPHS) * len(sample_set.TYPES) * len(LEVELS)
    assert catalogue.shipped_cards()["sample"].n == made
