"""What is particular to single synthetic sets, and sets of pristine images without labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dataset_proofs import Copy
from proofs_synthetic import cviu_names, cviu_tables, live_table, read_copy
from scipy.io import loadmat, savemat

from bench.datasets.readers.with_card import Inspection, inspect, read_with_card
from bench.errors import MissingRequirementError, UsageError


@pytest.fixture
def copy(shared: Path, tmp_path: Path) -> Copy:
    (tmp_path / "root").mkdir()
    return Copy(tmp_path / "root", shared)


def _inspect(copy: Copy, dataset: str) -> Inspection:
    return inspect(copy.card(dataset), copy.folder())


def _live(copy: Copy) -> dict[str, object]:
    return live_table(read_copy(copy, "live/alt_smilingwolf/LIVE2.DMOS.csv"))


def test_the_documented_order_of_live_is_that_of_the_authors_file(copy: Copy) -> None:
    authors = loadmat(copy.shared / "labels" / "live" / "dmos_realigned.mat")
    made = _live(copy)
    for column in ("dmos_new", "dmos_std"):
        np.testing.assert_allclose(made[column], authors[column], rtol=0, atol=1e-12)


def test_live_cut_to_its_distorted_images_is_refused(copy: Copy) -> None:
    for name in ("dmos_realigned.mat", "refnames_all.mat"):
        copy.put(name, f"live/{name}")
    with pytest.raises(UsageError, match=r"dmos_new 982, orgs 779.*this copy is incomplete; get the authors' file"):
        _inspect(copy, "live")


def test_live_with_a_cut_list_of_references_is_refused(copy: Copy) -> None:
    table = _live(copy)
    del table["refnames_all"]
    savemat(copy.root / "dmos_realigned.mat", table)
    copy.put("refnames_all.mat", "live/refnames_all.mat")
    with pytest.raises(
        UsageError, match=r"refnames_all.mat has 779 rows and .*dmos_realigned.mat 982: .* is incomplete"
    ):
        _inspect(copy, "live")


def test_the_older_dmos_of_live_are_never_taken_for_the_realigned(copy: Copy) -> None:
    table = _live(copy)
    older = {"dmos": table["dmos_new"], "orgs": table["orgs"]}
    savemat(copy.root / "refnames_all.mat", {"refnames_all": table["refnames_all"]})
    savemat(copy.root / "dmos.mat", older)
    copy.write("meta_info/meta_info_LIVEIQADataset.csv", "ref_name,dist_name,mos\nrapids.bmp,jp2k/img3.bmp,34.0\n")
    with pytest.raises(MissingRequirementError, match=r"no label file dmos_realigned\.mat or LIVE2\.DMOS\.csv"):
        _inspect(copy, "live")
    savemat(copy.root / "dmos_realigned.mat", older)
    with pytest.raises(UsageError, match=r"no variable dmos_new; it has dmos, orgs"):
        _inspect(copy, "live")


@pytest.mark.parametrize("shape", [(1620, 1), (1, 1620)])
def test_cviu_scores_may_be_one_vector(copy: Copy, shape: tuple[int, int]) -> None:
    tables = cviu_tables()
    scores = np.asarray(tables["subject_scores_mean40"]).ravel(order="F")
    (copy.root / "sr_metric_data").mkdir()
    savemat(
        copy.root / "sr_metric_data" / "sr_metric_data.mat", {**tables, "subject_scores_mean40": scores.reshape(shape)}
    )
    read = {sample.name: sample.mos for sample in _inspect(copy, "cviu").dataset.samples}
    assert read == pytest.approx(dict(zip(cviu_names(), scores, strict=True)))


def test_pipal_scaled_to_one_is_refused(copy: Copy) -> None:
    copy.write("meta_info/meta_info_PIPALDataset.csv", "hq_name,dist_name,elo_score\nA0001.bmp,A0001_00_00.bmp,0.66\n")
    copy.add_images(["Dist_Imgs/A0001_00_00.bmp"])
    with pytest.raises(UsageError, match=r"outside the card's range of 100"):
        read_with_card(copy.card("pipal"), copy.folder())


def test_bsds500_is_read_from_one_folder_of_photographs(copy: Copy) -> None:
    copy.root = copy.shared / "pristine" / "bsds500"
    seen = _inspect(copy, "bsds500")
    assert (seen.problems, seen.found) == ((), 500)
    assert [s.name for s in seen.dataset.samples] == sorted(path.name for path in copy.root.iterdir())
    assert all(sample.mos is None and not sample.attributes for sample in seen.dataset.samples)


@pytest.mark.parametrize(
    "top", ["BSR/BSDS500/data/images", "BSDS500-master/BSDS500/data/images", "BSDS500/data/images", "images", "."]
)
def test_bsds500_is_read_with_its_splits_as_its_authors_lay_it_out(copy: Copy, top: str) -> None:
    names = sorted(path.name for path in (copy.shared / "pristine" / "bsds500").iterdir())
    splits = {"train": names[:200], "val": names[200:300], "test": names[300:]}
    copy.add_images(f"{top}/{split}/{name}" for split, there in splits.items() for name in there)
    copy.write(f"{top}/test/Thumbs.db", "no image")
    copy.write("BSR/bench/data/groundTruth/2018.mat", "no image")
    if top.startswith("BSR"):
        copy.add_images(["BSR/bench/data/images/2018.jpg"])
    seen = _inspect(copy, "bsds500")
    assert seen.problems == ()
    assert {split: [s.name for s in seen.dataset.split(split).samples] for split in splits} == splits
    dataset = read_with_card(copy.card("bsds500"), copy.folder())
    assert sorted(sample.name for sample in dataset.samples) == names


def test_an_image_in_two_splits_is_named(copy: Copy) -> None:
    copy.add_images([f"BSDS500/data/images/{split}/2018.jpg" for split in ("train", "val")])
    with pytest.raises(UsageError, match=r"the same names are in more than one of .*train.*val: '?2018.jpg"):
        read_with_card(copy.card("bsds500"), copy.folder())


# The complete set has 140,000 photographs: nothing here shows more than the reader's way with a part of it.
@pytest.mark.parametrize("top", ["", "kadis700k/"])
def test_a_part_of_kadis_is_read_and_told_from_the_complete_set(copy: Copy, top: str) -> None:
    names = ["a-fleshy-plant-1464418.png", "sea-1.png", "sky-2.png"]
    copy.add_images(f"{top}ref_imgs/{name}" for name in names)
    copy.add_images([f"{top}dist_imgs/sea-1_07_01.bmp"])
    copy.write(f"{top}kadis700k_ref_imgs.csv", "ref_im,dist_type_1,dist_type_2\n")
    seen = _inspect(copy, "kadis700k")
    assert [sample.name for sample in seen.dataset.samples] == names
    assert [problem.sentence() for problem in seen.problems] == [
        "this copy has 3 images, the complete set 140,000; "
        "get the whole set from https://database.mmsp-kn.de/kadid-10k-database.html"
    ]
    assert read_with_card(copy.card("kadis700k"), copy.folder()).notes == (seen.problems[0].text,)


def test_distorted_images_of_kadis_are_not_taken_for_pristine_ones(copy: Copy) -> None:
    copy.add_images(["dist_imgs/sea-1_07_01.bmp"])
    with pytest.raises(MissingRequirementError, match=r"there are no images in ref_imgs or \*/ref_imgs of "):
        _inspect(copy, "kadis700k")
