"""What single cards of authentic and generated sets promise beyond the numbers of their proofs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from dataset_proofs import Copy
from proofs_authentic import AIGCIQA, KONIQ, read, write_csv

from bench.datasets.catalogue import read_card
from bench.datasets.readers.with_card import inspect, read_with_card
from bench.errors import MissingRequirementError, UsageError


@pytest.fixture
def copy(tmp_path: Path, shared: Path) -> Copy:
    copy = Copy(tmp_path / "root", shared)
    copy.root.mkdir()
    return copy


def test_images_of_the_other_size_are_no_koniq_512(copy: Copy) -> None:
    copy.put("koniq10k_distributions_sets.csv", KONIQ)
    copy.add_images(f"1024x768/{row['image_name']}" for row in read(copy, KONIQ)[:100])
    with pytest.raises(MissingRequirementError, match="files of these names are in 1024x768"):
        read_with_card(copy.card("koniq-512"), copy.folder())


def test_mean_votes_are_not_taken_for_the_mos_of_koniq(copy: Copy) -> None:
    copy.put("koniq10k_images_scores.csv", "koniq10k/alt_triq/koniq10k_images_scores.csv")
    with pytest.raises(MissingRequirementError, match=r"no label file koniq10k_distributions_sets\.csv"):
        read_with_card(copy.card("koniq"), copy.folder())


def test_a_page_saved_as_the_labels_of_koniq_is_refused(copy: Copy) -> None:
    name = "koniq10k_distributions_sets.csv"
    copy.put(name, f"koniq10k/negative_test/github_html_saved_as_{name}")
    with pytest.raises(UsageError, match="web page"):
        read_with_card(copy.card("koniq"), copy.folder())


def test_pictures_and_patches_of_one_list_are_told_apart(copy: Copy) -> None:
    names = ["blur_dataset/motion0044.jpg", "patches/motion0044.jpg_patch_1.jpg", "EE371R/rq59.jpg"]
    rows = [[name, 50 + i, i] for i, name in enumerate(names)]
    write_csv(copy, "meta_info/meta_info_FLIVEDataset.csv", ["img_name/patch_name", "mos", "split"], rows)
    copy.add_images(f"FLIVE_Database/database/{name}" for name in names)
    seen = {card: inspect(copy.card(card), copy.folder()) for card in ("flive", "flive-patch", "flive-640")}
    # Three rows are not the whole set; of what is there, every row has its place.
    assert {problem.kind for one in seen.values() for problem in one.problems} == {"count"}
    found = {
        card: {s.name: (s.mos, s.attributes.get("split")) for s in one.dataset.samples} for card, one in seen.items()
    }
    assert found == {
        "flive": {"blur_dataset/motion0044.jpg": (50, "training"), "EE371R/rq59.jpg": (52, "test")},
        "flive-patch": {"patches/motion0044.jpg_patch_1.jpg": (51, "validation")},
        "flive-640": {"EE371R/rq59.jpg": (52, None)},
    }


@pytest.mark.parametrize("key", ["select = '['", "only = { image = '[' }"])
def test_a_broken_expression_in_a_card_is_named(tmp_path: Path, key: str) -> None:
    said = "".join(f'{name} = "x"\n' for name in ("id", "title", "licence", "source", "citation"))
    labels = f'[labels]\nfiles = ["a.csv"]\ndirection = "higher"\nrange = [0, 1]\n{key}\n'
    (tmp_path / "x.toml").write_text(f'{said}kind = "authentic"\nn = 1\n{labels}')
    with pytest.raises(UsageError, match="select, only or resize is not valid"):
        read_card(tmp_path / "x.toml")


def test_piq23_has_both_splits_and_does_without_them(copy: Copy) -> None:
    copy.put("Scores/Scores_Overall.csv", "piq23/Scores/Scores_Overall.csv")
    bare = inspect(copy.card("piq23"), copy.folder()).dataset
    assert not {key for s in bare.samples for key in s.attributes} & {"split", "scene_split"}
    copy.put("Scene Split.csv", "piq23/Test split/Scene Split.csv")
    seen = inspect(copy.card("piq23"), copy.folder()).dataset
    assert Counter(s.attributes.get("scene_split") for s in seen.samples) == {"training": 3630, "test": 1486}


def test_the_image_of_agiqa1k_with_two_labels_is_left_out_and_told(copy: Copy) -> None:
    copy.put("AIGC_MOS_Zscore.xlsx", "agiqa1k/AIGC_MOS_Zscore.xlsx")
    copy.add_images(f"images/{row['Image']}" for row in read(copy, "agiqa1k/AIGC_all.csv"))
    dataset = read_with_card(copy.card("agiqa1k"), copy.folder())
    assert not [s.name for s in dataset.samples if s.name.startswith("dreamStudio_8_9_1_1")]
    assert len(dataset.notes) == 1
    assert "1,078 of 1,080" in dataset.notes[0]


def test_generators_and_prompts_of_aigciqa2023_are_those_of_the_authors_lists(copy: Copy) -> None:
    from python_calamine import CalamineWorkbook

    copy.put("AIGCIQA2023.csv", AIGCIQA)
    samples = inspect(copy.card("aigciqa2023"), copy.folder()).dataset.samples
    book = CalamineWorkbook.from_path(copy.shared / "labels/aigciqa2023/pic-index.xlsx")
    models = [str(row[0]) for row in book.get_sheet_by_index(0).to_python()]
    pairs = {(model, s.attributes["generator"]) for model, s in zip(models, samples, strict=True)}
    assert len(pairs) == len(set(models)) == 6
    texts = [row["prompt"] for row in read(copy, AIGCIQA)]
    assert len({(text, s.attributes["prompt"]) for text, s in zip(texts, samples, strict=True)}) == 100
