"""A user's own CSV: no label is ignored or misread, and every name means one file."""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran, make_photo
from dataset_proofs import Copy
from proofs_authentic import write_sheet

import bench as api
from bench.datasets.dataset import Dataset
from bench.datasets.readers import text as table
from bench.datasets.readers.local import read_local
from bench.datasets.readers.reading import Reading
from bench.errors import UsageError

Bench = Callable[..., Ran]


def own(photos: Path, content: str, labels: Reading = Reading()) -> Dataset:
    (photos / "scores.csv").write_text(content)
    return read_local(photos / "scores.csv", labels)


def told(header: str, *cells: str) -> str:
    return "\n".join([f"image,{header}", *(f"images/{i}.png,{cell}" for i, cell in enumerate(cells))]) + "\n"


# Columns.


@pytest.mark.parametrize("column", ["MOS", "Mos", "mos", "Score", "SCORE"])
def test_labels_are_found_in_any_case(photos: Path, column: str) -> None:
    assert [sample.mos for sample in own(photos, told(column, "3", "4")).samples] == [3, 4]


@pytest.mark.parametrize("column", ["rating", "dmos", "quality", "DMOS", "opinion score"])
def test_a_column_of_numbers_that_nobody_knows_is_asked_about_before_scoring(
    photos: Path, bench: Bench, column: str
) -> None:
    (photos / "scores.csv").write_text(told(f"{column},camera", "3,a", "4,b"))
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", photos)
    assert done.code == 2
    assert f"has no column score or mos, but numbers in {column}: say which column holds the labels" in done.err
    assert "--score-column NAME (add --lower-is-better" in done.err
    assert "scored" not in done.out
    assert f"numbers in {column}" in bench("doctor", photos).out
    with pytest.raises(UsageError, match=r"with score_column NAME \(add lower_is_better"):
        api.run("bytes-per-pixel", photos)


def test_images_that_the_csv_of_a_folder_does_not_name_are_said_to_be_left_out(photos: Path, bench: Bench) -> None:
    rows = (photos / "scores.csv").read_text().splitlines()
    (photos / "scores.csv").write_text("\n".join(rows[:4]) + "\n")
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", photos)
    assert "photos: 5 images of the folder are not in its scores.csv, and left out" in done.err
    done = bench("score", photos, "--method", "bytes-per-pixel")
    assert "only the 3 images in its scores.csv; 5 others are left out: move scores.csv out of the folder" in done.err
    assert "left out" not in bench("score", photos / "scores.csv", "--method", "bytes-per-pixel").err


def test_the_user_says_which_column_and_which_direction(photos: Path, bench: Bench) -> None:
    (photos / "scores.csv").write_text(told("rating", *"12345678"))
    asked = ["run", "--method", "bytes-per-pixel", "--dataset", photos, "--score-column", "rating"]
    higher, lower = bench(*asked), bench(*asked, "--lower-is-better")
    assert (higher.code, lower.code) == (0, 0)
    values = [float(done.out.partition("SRCC ")[2].split()[0]) for done in (higher, lower)]
    assert values[0] == -values[1] != 0
    dataset = api.load_dataset(photos, score_column="rating", lower_is_better=True)
    assert (dataset.direction, [s.mos for s in dataset.samples][:2]) == ("lower", [1, 2])


def test_a_regression_asks_for_the_column_too(photos: Path, bench: Bench) -> None:
    (photos / "scores.csv").write_text(told("rating", *"12345678"))
    done = bench("fit", "--features", "niqe", "--train", photos)
    assert (done.code, "numbers in rating: say which column holds the labels" in done.err) == (2, True)
    done = bench("fit", "--features", "niqe", "--train", photos, "--score-column", "rating", "--splits", 1)
    assert "say which column" not in done.err
    done = bench("fit", "niqe", "--pristine", photos, "--output", "x.npz", "--score-column", "rating")
    assert (done.code, "--score-column, which cannot be combined" in done.err) == (2, True)


def test_a_report_finds_the_images_of_a_column_that_the_user_named(photos: Path) -> None:
    from bench.datasets.roots import Roots
    from bench.tables.evaluation import evaluate
    from bench.tables.photographs import of_dataset

    (photos / "scores.csv").write_text(told("rating", *"12345678"))
    results = api.run("bytes-per-pixel", photos, score_column="rating", lower_is_better=True)
    found = of_dataset(evaluate(results.entries, draws=0), Roots())
    assert len(found.files) == 8


def test_no_column_can_be_chosen(photos: Path, bench: Bench) -> None:
    (photos / "scores.csv").write_text(told("rating", "1", "2"))
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", photos, "--score-column", "none")
    assert (done.code, "no SRCC: the dataset has no labels" in done.out) == (0, True)


@pytest.mark.parametrize("header", ["split", "camera", "", "split,Reference"])
def test_columns_that_hold_no_labels_are_not_asked_about(photos: Path, header: str) -> None:
    cells = ",".join(["x"] * (header.count(",") + 1)) if header else "7"
    dataset = own(photos, told(header, cells, cells))
    assert dataset.unread == ()
    assert [sample.mos for sample in dataset.samples] == [None, None]


def test_attributes_are_found_in_any_case(photos: Path) -> None:
    dataset = own(photos, told("score,Ref_Img,SPLIT,N_Raters", "1,a,test,5", "2,a,test,6", "3,b,training,7"))
    assert dataset.cluster == "reference"
    assert len(dataset.split("test").samples) == 2
    assert dataset.samples[2].attributes["n_raters"] == 7


@pytest.mark.parametrize("column", ["std", "n_raters"])
def test_a_spread_or_a_count_below_0_is_refused(photos: Path, column: str) -> None:
    with pytest.raises(UsageError, match=f"{column} of .* is '-0.5', below 0: leave it empty if it is not known"):
        own(photos, told(f"score,{column}", "1,0.5", "2,-0.5"))


@pytest.mark.parametrize(
    ("header", "labels", "message"),
    [
        ("MOS,score", Reading(), "has the columns score and MOS, and each could hold the labels"),
        ("mos,Mos", Reading(), "has the columns mos and Mos, and each could hold the labels"),
        ("mos,a", Reading("ratting"), r"has no column 'ratting'; its columns are image, mos, a"),
    ],
)
def test_a_doubtful_choice_is_refused(photos: Path, header: str, labels: Reading, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        own(photos, told(header, "1,2"), labels)


def test_one_of_two_columns_can_be_chosen(photos: Path) -> None:
    assert own(photos, told("mos,score", "1,2"), Reading("mos")).samples[0].mos == 1
    assert own(photos, told("mos,score", "1,2"), Reading("Score")).samples[0].mos == 2


@pytest.mark.parametrize("dataset", ["sample", "images"])
def test_a_column_is_only_for_a_csv(photos: Path, bench: Bench, dataset: str) -> None:
    given = photos / "images" if dataset == "images" else dataset
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", given, "--score-column", "x")
    assert (done.code, "--score-column, --lower-is-better" in done.err and "are for a CSV" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "filename,MOS,ref_img\nimages/0.png,3.5,a\nimages/1.png,4,b\n"),
        ("a.csv", ",Image Name,mos,Reference\n0,images\\0.png,3.5,a\n1,images\\1.png,4,b\n"),
        ("a.csv", "\ufeffsep=;\nimg_path;mos;ref;\n./images/0.png;3,5;a;\nimages/1.png;4,0;b;\n"),
        ("a.csv", "# rated in May\n\nimage_id,file_path,score,ref_name\n7,images/0.png,3.5,a\n9,images/1.png,4,b\n"),
        ("a.tsv", "image\tscore\treference\nIMAGES/0.PNG\t3.5\ta\n images/1.png \t4\tb\n"),
        (
            "a.json",
            '[{"image": "images/0.png", "mos": 3.5, "ref": "a"}, {"image": "images/1.png", "mos": 4, "ref": "b"}]',
        ),
        ("a.tsv", "image\tscore\tref\tversion\nimages/0.png\t3,5\ta\t1.2\nimages/1.png\t4,0\tb\t1.3\n"),
        ("a.csv", 'image,score,ref,version\nimages/0.png,"3,50",a,1.2\nimages/1.png,"4,00",b,1.3\n'),
        ("a.json", '{"name": ["images/0.png", "images/1.png"], "score": [3.5, 4], "reference": ["a", "b"]}'),
    ],
)
def test_tables_are_read_as_people_write_them(photos: Path, name: str, content: str) -> None:
    (photos / name).write_text(content, encoding="utf-8")
    samples = read_local(photos / name).samples
    assert [(s.mos, s.attributes) for s in samples] == [(3.5, {"reference": "a"}), (4, {"reference": "b"})]
    assert all(s.file and s.file.read() for s in samples)


def test_a_sheet_of_ones_own_is_a_table_too(photos: Path) -> None:
    write_sheet(Copy(photos, photos), "a.xlsx", "ratings", [["image", "MOS"], ["images/0.png", 3.5]])
    (sample,) = read_local(photos / "a.xlsx").samples
    assert (sample.name, sample.mos) == ("images/0.png", 3.5)


def test_what_was_read_from_which_column_is_said(photos: Path, bench: Bench) -> None:
    (photos / "scores.csv").write_text(
        "photo,MOS,dist_type,votes,camera\n" + "".join(f"images/{i}.png,{i},blur,9,x\n" for i in range(4))
    )
    refused = bench("run", "--method", "bytes-per-pixel", "--dataset", photos)
    assert (refused.code, "say which one holds the names of the images with --image-column NAME" in refused.err) == (
        2,
        1,
    )
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", photos, "--image-column", "photo")
    told = "images from column photo, labels from MOS (higher is better), type from dist_type, n_raters from votes"
    assert f"photos: {told}; not used: camera" in done.err
    assert told in bench("doctor", photos, "--image-column", "photo").out
    assert len(api.load_dataset(photos, image_column="photo").samples) == 4


def test_names_without_a_suffix_are_given_one(photos: Path, bench: Bench) -> None:
    from bench.datasets.roots import Roots
    from bench.tables.evaluation import evaluate
    from bench.tables.photographs import of_dataset

    (photos / "scores.csv").write_text("image,score\n" + "".join(f"images/{i},{i}\n" for i in range(4)))
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", photos)
    assert "files of these names that end in .png are there: give --suffix .png" in done.err
    (entry,) = api.run("bytes-per-pixel", photos, suffix="png").entries
    assert (entry.scored, str(entry.protocol)) == (4, "all images, full size")
    assert len(of_dataset(evaluate([entry], draws=0), Roots()).files) == 4


@pytest.mark.parametrize("given", ["csv", ".", "/etc/x.png"])
def test_a_suffix_is_that_of_an_image(photos: Path, given: str) -> None:
    with pytest.raises(UsageError, match=r"suffix got .*: give one of image files"):
        api.load_dataset(photos, suffix=given)


# Numbers.


@pytest.mark.parametrize(
    "text", ["3_4", "\uff13", "\u0663", "3\u066b5", "0x10", "1e", "+", ".", "\u00b2", "1_000.5", "3,5", "∞"]
)
def test_what_looks_like_a_number_and_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a number"):
        table.number("file", "mos", "a.png", text)


@pytest.mark.parametrize(
    ("text", "value"), [("3", 3), ("-3.5", -3.5), ("+.5", 0.5), ("5.", 5), ("1e-3", 0.001), ("2.5E+1", 25), ("", None)]
)
def test_numbers_are_read(text: str, value: float | None) -> None:
    assert table.number("file", "mos", "a.png", text) == value


def test_numbers_with_a_comma_are_read_where_the_card_says_so() -> None:
    assert table.number("file", "mos", "a.png", "3,5", ",") == 3.5


# Names.


@pytest.mark.parametrize(
    "other", ["./images/0.png", "images//0.png", "images/./0.png", "x/../images/0.png", ".\\images\\0.png"]
)
def test_two_ways_to_write_a_name_are_one_image(photos: Path, other: str) -> None:
    assert own(photos, f"image,score\n{other},1\n").samples[0].name == "images/0.png"
    with pytest.raises(UsageError, match=r"names 1 image\(s\) twice: 'images/0\.png'"):
        own(photos, f"image,score\nimages/0.png,1\n{other},2\n")


@pytest.mark.parametrize("name", [".", "./", "a/.."])
def test_a_folder_is_no_image_name(photos: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is not an image name"):
        own(photos, f"image,score\n{name},1\n")


ACCENT = "caf\u00e9"


@pytest.mark.parametrize("form", ["folder", "csv", "absolute", "zip"])
@pytest.mark.parametrize("listed", ["NFC", "NFD"])
def test_names_are_found_whatever_their_case_and_accents(tmp_path: Path, form: str, listed: str) -> None:
    folder = tmp_path / "own"
    stored = {"NFC": "NFD", "NFD": "NFC"}[listed]
    on_disk = unicodedata.normalize(stored, f"Bilder {ACCENT}/{ACCENT}.JPG")  # type: ignore[arg-type]
    make_photo(folder / on_disk, 1)
    make_photo(folder / "b.png", 2)
    asked = unicodedata.normalize(listed, f"bilder {ACCENT}/{ACCENT}.jpg")  # type: ignore[arg-type]
    start = f"{folder}/" if form == "absolute" else ""
    (folder / "scores.csv").write_text(f"image,score\n{start}{asked},1\n{start}b.png,2\n")
    path = folder / "scores.csv" if form in ("csv", "absolute") else folder
    if form == "zip":
        path = tmp_path / "own.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in ("scores.csv", "b.png", on_disk):
                archive.write(folder / file, file)
    first = read_local(path).samples[0]
    assert first.name == start + asked
    assert first.file is not None
    assert first.file.name == start + on_disk
    assert first.file.read()


def test_of_two_files_that_differ_in_case_the_exact_one_is_taken_and_none_is_guessed(photos: Path) -> None:
    make_photo(photos / "images" / "A.png", 1)
    make_photo(photos / "images" / "a.png", 2)
    dataset = own(photos, "image,score\nimages/A.png,1\nimages/a.png,2\n")
    assert [s.file.name for s in dataset.samples if s.file] == ["images/A.png", "images/a.png"]
    (photos / "images" / "a.PNG").write_bytes(b"x")
    (photos / "images" / "a.png").rename(photos / "images" / "a.Png")
    (photos / "images" / "A.png").rename(photos / "images" / "A.PNG")
    missing = own(photos, "image,score\nimages/a.png,1\nimages/0.png,2\n").samples[0].file
    assert missing is not None
    assert missing.name == "images/a.png"


def test_two_names_of_one_file_are_refused(photos: Path) -> None:
    with pytest.raises(UsageError, match=r"names 1 image\(s\) twice: 'images/0\.png'"):
        own(photos, "image,score\nimages/0.png,1\nimages/0.PNG,2\n")


def test_scores_are_imported_under_names_of_another_case(photos: Path, bench: Bench) -> None:
    scores = photos.parent / "theirs.csv"
    scores.write_text("image,score\n" + "".join(f"./images/{i}.PNG,{i}\n" for i in range(8)))
    done = bench("import", scores, "--method", "m", "--dataset", photos)
    assert (done.code, "imported 8, without a score 0" in done.out) == (0, True)


# Labels that are lacking.


def test_the_runs_line_says_how_many_have_no_label(photos: Path, bench: Bench) -> None:
    (photos / "scores.csv").write_text(told("score", "1", "2", "3", ""))
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", photos)
    assert "no SRCC: fewer than 4 images; 1 scored image has no label" in done.out
    (photos / "scores.csv").write_text(told("score", "1", "2", "3", "4", "5", "", ""))
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", photos)
    assert "(n = 5); 2 scored images have no label" in done.out
