"""States in which people have copies: renamed, saved again, packed, one folder too many."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran
from dataset_proofs import Copy
from PIL import Image
from proofs_authentic import write_sheet

from bench.datasets.catalogue import find_card
from bench.datasets.readers.with_card import Inspection, inspect
from bench.errors import BenchError
from bench.io.files import open_folder

LABELS = "dist_img,ref_img,dmos,var\nI01_01_01.png,I01.png,4.57,0.496\nI01_01_02.png,I01.png,4.33,0.869\n"
MOS = {"I01_01_01.png": 4.57, "I01_01_02.png": 4.33}


def kadid(root: Path, text: str = LABELS, name: str = "dmos.csv", folder: str = "images") -> Path:
    """Lay a copy out: its labels, and stand-ins of the images that they name."""
    (root / folder).mkdir(parents=True)
    (root / name).write_text(text, encoding="utf-8")
    for image in MOS:
        (root / folder / image).touch()
    return root


def seen(root: Path, card: str = "kadid10k") -> Inspection:
    found = find_card(card)
    assert found
    return inspect(found, open_folder(str(root), "--root"))


def labels(found: Inspection) -> dict[str, float | None]:
    assert found.found == len(found.dataset.samples)
    return {sample.name: sample.mos for sample in found.dataset.samples}


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffdist_img;ref_img;dmos;var\nI01_01_01.png;I01.png;4,57;0,496\nI01_01_02.png;I01.png;4,33;0,869\n",
        "sep=;\n" + LABELS.replace(",", ";"),
        f"# KADID-10k\n# re-saved\n\n{LABELS}",
        LABELS.replace("dist_img", ",dist_img").replace("\nI", "\n0,I"),
        LABELS.replace("\n", ",,\n"),
        LABELS.replace("\n", "\r\n"),
    ],
    ids=["semicolons and commas", "sep line", "comments", "index column", "empty columns", "crlf"],
)
def test_labels_saved_again_by_a_spreadsheet_are_read(tmp_path: Path, text: str) -> None:
    assert labels(seen(kadid(tmp_path / "k", text))) == MOS


def test_commas_that_part_thousands_are_no_decimal_signs(tmp_path: Path) -> None:
    found = seen(kadid(tmp_path / "k", LABELS.replace(",", ";").replace("0.869", "1,869")))
    assert labels(found) == MOS
    assert any(problem.kind == "spread" for problem in found.problems)


@pytest.mark.parametrize("name", ["dmos (1).csv", "dmos(2).csv", "DMOS.CSV"])
def test_labels_under_the_name_of_a_second_copy_are_found(tmp_path: Path, name: str) -> None:
    assert labels(seen(kadid(tmp_path / "k", name=name))) == MOS


def test_of_two_copies_the_one_under_the_right_name_is_read(tmp_path: Path) -> None:
    root = kadid(tmp_path / "k")
    (root / "dmos (1).csv").write_text(LABELS.replace("4.57", "1.00"))
    assert labels(seen(root)) == MOS


def test_a_sheet_in_place_of_a_csv_is_read(tmp_path: Path) -> None:
    root = kadid(tmp_path / "k")
    (root / "dmos.csv").unlink()
    write_sheet(Copy(root, root), "dmos.xlsx", "labels", [list(line.split(",")) for line in LABELS.splitlines()])
    assert labels(seen(root)) == MOS


def test_folders_too_many_are_passed_through(tmp_path: Path) -> None:
    kadid(tmp_path / "kadid10k" / "kadid10k" / "kadid10k")
    assert labels(seen(tmp_path / "kadid10k")) == MOS


def test_a_variant_is_found_in_the_folder_of_the_set_that_it_extends(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "koniq10k" / "1024x768").mkdir(parents=True)
    source = shared / "labels" / "koniq10k" / "koniq10k_distributions_sets.csv"
    shutil.copy(source, tmp_path)
    for line in source.read_text().splitlines()[1:]:
        (tmp_path / "koniq10k" / "1024x768" / line.split(",")[0].strip('"')).touch()
    for card in ("koniq", "koniq-mos5"):
        assert len(labels(seen(tmp_path, card))) == 10073


def test_an_archive_with_backslashes_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "k.zip", "w") as archive:
        archive.writestr("kadid10k\\dmos.csv", LABELS)
        for image in MOS:
            archive.writestr(f"kadid10k\\images\\{image}", b"stands for pixels")
    found = seen(tmp_path / "k.zip")
    assert labels(found) == MOS
    file = found.dataset.samples[0].file
    assert file
    assert file.read() == b"stands for pixels"


def test_what_is_there_packed_is_to_be_unpacked(tmp_path: Path) -> None:
    (tmp_path / "kadid10k.zip").write_bytes(b"PK")
    with pytest.raises(BenchError, match=r"has no label file .*: it may be in kadid10k.zip, which is there packed"):
        seen(tmp_path)
    (tmp_path / "dmos.csv").write_text(LABELS)
    (problem,) = [problem for problem in seen(tmp_path).problems if problem.kind == "missing"]
    assert "it may be in kadid10k.zip, which is there packed: unpack that there" in problem.sentence()


def test_pictures_saved_again_in_another_format_are_said(tmp_path: Path) -> None:
    root = kadid(tmp_path / "k")
    for path in (root / "images").iterdir():
        path.rename(path.with_suffix(".jpg"))
    (problem,) = [problem for problem in seen(root).problems if problem.kind == "missing"]
    assert "the same names end in .jpg in place of .png: pictures saved again in another format" in problem.sentence()
    assert "--suffix .jpg takes them as that" in problem.sentence()
    card = find_card("kadid10k")
    assert card
    found = inspect(card, open_folder(str(root), "--root"), ".jpg")
    assert labels(found) == MOS
    assert found.dataset.saved_as == "JPEG"


def test_pictures_saved_again_are_another_protocol(photos: Path, bench: Callable[..., Ran]) -> None:
    (photos / "scores.csv").write_text("image,score\n" + "".join(f"images/{i}.png,{i}\n" for i in range(8)))
    asked = ["run", "--method", "bytes-per-pixel", "--dataset", photos]
    assert bench(*asked).code == 0
    for path in (photos / "images").glob("*.png"):
        Image.open(path).save(path.with_suffix(".bmp"))
        path.unlink()
    done = bench(*asked, "--suffix", ".bmp")
    assert "its images were saved again as BMP, which is another protocol" in done.err
    table = bench("table").out
    assert table.count("photos: 8 images") == 2
    assert table.count("images saved again as BMP") == 1


def test_csiqs_list_of_names_and_labels_is_read(shared: Path, tmp_path: Path) -> None:
    rows = (shared / "labels" / "pyiqa_lists" / "meta_info_CSIQDataset.csv").read_text().splitlines()[1:]
    pairs = [line.split(",")[1:] for line in rows]
    (tmp_path / "csiq_label.txt").write_text("".join(f"{name} {dmos}\n" for name, dmos in pairs))
    (tmp_path / "dst_imgs").mkdir()
    for name, _ in pairs:
        (tmp_path / "dst_imgs" / name).touch()
    found = seen(tmp_path, "csiq")
    assert labels(found) == {name: float(dmos) for name, dmos in pairs}
    assert not found.problems


def test_clive_without_its_spreads_is_read(shared: Path, tmp_path: Path) -> None:
    from scipy.io import loadmat

    source = shared / "labels" / "clive" / "Data"
    for name in ("AllMOS_release.mat", "AllImages_release.mat"):
        (tmp_path / "Data").mkdir(exist_ok=True)
        shutil.copy(source / name, tmp_path / "Data")
    (tmp_path / "Images" / "trainingImages").mkdir(parents=True)
    for (cell,) in loadmat(io.BytesIO((source / "AllImages_release.mat").read_bytes()))["AllImages_release"]:
        (tmp_path / "Images" / str(cell[0])).touch()
    found = seen(tmp_path, "clive")
    assert len(labels(found)) == 1162
    assert [problem.kind for problem in found.problems] == ["lacking"]


@pytest.mark.parametrize(
    ("card", "name", "column"),
    [
        ("aigciqa2023", "moz1.txt", "quality_mos"),
        ("aigciqa2023-authenticity", "moz2.txt", "authenticity_mos"),
        ("aigciqa2023-correspondence", "moz3.txt", "correspondence_mos"),
    ],
)
def test_aigciqas_numbers_as_text_are_read(shared: Path, tmp_path: Path, card: str, name: str, column: str) -> None:
    import csv

    with (shared / "labels" / "aigciqa2023" / "AIGCIQA2023.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    (tmp_path / name).write_text("".join(f"{row[column]}\n" for row in rows))
    for row in rows:
        (tmp_path / row["name"]).touch()
    assert labels(seen(tmp_path, card)) == {row["name"]: float(row[column]) for row in rows}


def biq(root: Path, train: str, test: str) -> Path:
    (root / "Images").mkdir(parents=True)
    for name, image in ((train, "ss01 (1).jpg"), (test, "ss03 (2).jpg")):
        (root / name).write_text(f"Image Name,MOS,,\n{image},0.5,,\n")
        (root / "Images" / image).touch()
    return root


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("Train (Images and MOS).csv", "Test (Images and MOS).csv"),
        ("Train (Images and MOS) (1).csv", "Test (Images and MOS) (2).csv"),
        ("train (images and mos).csv", "TEST (IMAGES AND MOS).CSV"),
    ],
)
def test_the_split_is_told_by_the_name_of_the_list(tmp_path: Path, train: str, test: str) -> None:
    root = biq(tmp_path / "b", train, test)
    (root / "Total (Images and MOS).csv").write_text("Image Name,MOS\nss01 (1).jpg,0.1\n")
    found = seen(root, "biq2021")
    assert {s.name: (s.mos, s.attributes["split"]) for s in found.dataset.samples} == {
        "ss01 (1).jpg": (0.5, "training"),
        "ss03 (2).jpg": (0.5, "test"),
    }


def test_another_form_of_the_set_is_named_where_its_images_are_there(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "512x384").mkdir()
    source = shared / "labels" / "koniq10k" / "koniq10k_distributions_sets.csv"
    shutil.copy(source, tmp_path)
    for line in source.read_text().splitlines()[1:200]:
        (tmp_path / "512x384" / line.split(",")[0].strip('"')).touch()
    (problem,) = [problem for problem in seen(tmp_path, "koniq").problems if problem.kind == "missing"]
    assert "use koniq-512" in problem.sentence()
