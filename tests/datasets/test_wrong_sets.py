"""A set never passes under another one's name: whose folder is read, and how many images it has."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from conftest import Ran, make_photo
from dataset_proofs import Copy

from bench.datasets.catalogue import find_card
from bench.datasets.resolve import resolve
from bench.datasets.roots import Roots
from bench.errors import UsageError

Bench = Callable[..., Ran]
TYPES = {"tid2008": (17, 4), "tid2013": (24, 5)}


def make_tid(folder: Path, card: str, images: bool = True) -> None:
    """Write a stand-in of one of the Tampere sets: the names, layout and label file of the authors'."""
    types, levels = TYPES[card]
    indices = product(range(1, 26), range(1, types + 1), range(1, levels + 1))
    names = [f"i{r:02}_{t:02}_{level}.bmp" for r, t, level in indices]
    copy = Copy(folder, folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    rows = "".join(f"{i % 9}.{i:04} {name}\n" for i, name in enumerate(names))
    copy.write("mos_with_names.txt", rows)
    if images:
        copy.add_images(f"distorted_images/{name}" for name in names)


def read(card: str, root: Path) -> tuple[int, str]:
    dataset = resolve(card, Roots.parse([f"{card}={root}"]))
    (sample, *_) = dataset.samples
    assert sample.file is not None
    return len(dataset.samples), sample.file.name


@pytest.mark.parametrize("name", ["tid2013", "TID2013", "images/Tid2013"])
def test_among_several_folders_the_one_named_after_the_set_is_taken(tmp_path: Path, name: str) -> None:
    make_tid(tmp_path / "all" / "tid2008", "tid2008")
    make_tid(tmp_path / "all" / name, "tid2013")
    assert read("tid2013", tmp_path / "all") == (3000, f"{name}/distorted_images/i01_01_1.bmp")
    assert read("tid2008", tmp_path / "all") == (1700, "tid2008/distorted_images/i01_01_1.bmp")


def test_a_named_folder_wins_over_labels_at_the_root_itself(tmp_path: Path) -> None:
    make_tid(tmp_path / "all", "tid2008")
    make_tid(tmp_path / "all" / "tid2013", "tid2013")
    assert read("tid2013", tmp_path / "all")[0] == 3000


def test_a_folder_named_after_another_set_alone_is_refused(tmp_path: Path) -> None:
    make_tid(tmp_path / "all" / "TID2008", "tid2008", images=False)
    with pytest.raises(UsageError, match=r"only folders named after other datasets: TID2008; give the folder of tid20"):
        read("tid2013", tmp_path / "all")


def test_several_folders_that_say_nothing_are_named_and_refused(tmp_path: Path) -> None:
    for name in ("download", "old copy"):
        make_tid(tmp_path / "all" / name, "tid2013", images=False)
    with pytest.raises(UsageError, match=r"several folders that could be it: download, old copy; give the right one"):
        read("tid2013", tmp_path / "all")


def test_two_label_files_of_one_copy_are_one_folder(tmp_path: Path) -> None:
    make_tid(tmp_path / "all" / "download", "tid2013")
    (tmp_path / "all" / "download" / "meta_info").mkdir()
    (tmp_path / "all" / "download" / "meta_info" / "meta_info_TID2013Dataset.csv").write_text("dist_name,mos\n")
    assert read("tid2013", tmp_path / "all")[0] == 3000


def test_images_alone_are_looked_for_in_the_folder_named_after_the_set(tmp_path: Path) -> None:
    card = find_card("kadis700k")
    assert card is not None
    make_photo(tmp_path / "all" / "kadis700k" / "ref_imgs" / "a.png", 1)
    make_photo(tmp_path / "all" / "kadid10k" / "ref_imgs" / "b.png", 2)
    dataset = resolve("kadis700k", Roots.parse([f"kadis700k={tmp_path / 'all'}"]))
    assert [sample.name for sample in dataset.samples] == ["a.png"]


# How many images there are.

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
direction = "higher"
range = [0, 100]
"""


def test_the_wrong_set_in_the_right_place_is_refused_with_both_numbers(tmp_path: Path, bench: Bench) -> None:
    make_tid(tmp_path / "download", "tid2008")
    asked = ["run", "--method", "bytes-per-pixel", "--dataset", "tid2013", "--root", f"tid2013={tmp_path / 'download'}"]
    done = bench(*asked)
    assert done.code == 2
    assert "this copy has 1,700 images, the complete set 3,000, over 1% off" in done.err
    assert "--allow-incomplete" in done.err


@pytest.mark.parametrize(("n", "refused"), [(8, False), (7, True), (9, True), (808, True)])
def test_more_than_a_hundredth_off_is_refused_unless_allowed(photos: Path, bench: Bench, n: int, refused: bool) -> None:
    (photos / "mine.toml").write_text(CARD.replace("n = 8", f"n = {n}"))
    asked = ["run", "--method", "bytes-per-pixel", "--dataset", photos / "mine.toml"]
    assert bench(*asked).code == (2 if refused else 0)
    done = bench(*asked, "--allow-incomplete")
    assert done.code == 0
    assert (f"; this copy has 8 images, the complete set {n}" in done.out) == refused


def test_a_hundredth_off_is_told_on_the_runs_own_line(photos: Path, bench: Bench) -> None:
    rows = ["image,score"]
    for i in range(199):
        make_photo(photos / "many" / f"{i}.png", i, (8, 8))
        rows.append(f"many/{i}.png,{i % 90}")
    (photos / "scores.csv").write_text("\n".join(rows))
    (photos / "mine.toml").write_text(CARD.replace("n = 8", "n = 200"))
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", photos / "mine.toml")
    assert done.code == 0
    assert "; this copy has 199 images, the complete set 200\n" in done.out


def test_missing_files_count_as_missing_images(photos: Path, bench: Bench) -> None:
    (photos / "mine.toml").write_text(CARD)
    (photos / "images" / "3.png").unlink()
    asked = ["run", "--method", "bytes-per-pixel", "--dataset", photos / "mine.toml"]
    assert "this copy has 7 images, the complete set 8" in bench(*asked).err
    done = bench(*asked, "--allow-incomplete")
    assert (done.code, "scored 7, failed 1" in done.out) == (0, True)


def test_scores_are_not_imported_for_the_wrong_set(tmp_path: Path, bench: Bench) -> None:
    make_tid(tmp_path / "download", "tid2008")
    scores = tmp_path / "scores.csv"
    scores.write_text("image,score\ni01_01_1.bmp,1\ni01_01_2.bmp,2\n")
    root = f"tid2013={tmp_path / 'download'}"
    done = bench("import", scores, "--method", "m", "--dataset", "tid2013", "--root", root)
    assert (done.code, "this copy has 1,700 images, the complete set 3,000" in done.err) == (2, True)


def test_no_regression_is_fitted_on_the_wrong_number_of_images(photos: Path, bench: Bench) -> None:
    (photos / "mine.toml").write_text(CARD.replace("n = 8", "n = 80"))
    done = bench("fit", "--features", "niqe", "--train", photos / "mine.toml")
    assert (done.code, "this copy has 8 images, the complete set 80" in done.err) == (2, True)
