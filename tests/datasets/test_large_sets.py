"""Cards of sets with tens of thousands of images: label files written here, and one image to find.

Labels are made up in the layout that code describes which reads a set. Two hundred rows show how a file is read; the
slow tests write as many as the set has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from dataset_proofs import Copy

from bench.datasets.readers.with_card import Inspection, inspect, read_with_card
from bench.errors import MissingRequirementError, UsageError

FEW = 200


def parts(n: int) -> dict[str, int]:
    """Return sizes of splits, of the tests' own choice: nobody states the official ones."""
    return {"train": n - n // 10 - n // 5, "val": n // 10, "test": n // 5}


def spread(n: int, low: float, high: float) -> list[float]:
    """Return labels from low to high in equal steps."""
    return [low + (high - low) * i / (n - 1) for i in range(n)]


def table(copy: Copy, name: str, header: str, rows: Iterable[Iterable[object]], separator: str = ",") -> None:
    lines = [header] if header else []
    copy.write(name, "\n".join([*lines, *(separator.join(map(str, row)) for row in rows)]) + "\n")


def _gfiqa(copy: Copy, n: int) -> None:
    rows = ((f"{8314 + i // 2}_{i % 2}.png", label) for i, label in enumerate(spread(n, 0, 1)))
    table(copy, "GFIQA-20k/mos_val_rating.csv", "img_name,mos", rows)


def _cgfiqa(copy: Copy, n: int) -> None:
    for split, size in parts(n).items():
        content = {"Image": [f"{i}.png" for i in range(size)], "MOS": spread(size, 0, 1)}
        copy.write(f"{split}/label.json", json.dumps(content))


def _cgfiqa_pyiqa(copy: Copy, n: int) -> None:
    # Names repeat over the splits, which nobody rules out.
    named = ((split, i, label) for split, size in parts(n).items() for i, label in enumerate(spread(size, 0, 1)))
    rows = ((f"{split}/img/{i}.png", label, split) for split, i, label in named)
    table(copy, "meta_info/meta_info_CGFIQADataset.csv", "img_path,score,official_split", rows)


def _aigiqa(copy: Copy, n: int) -> None:
    for split, size in parts(n).items():
        rows = ((f"DALLE2_{split}_{i}.png", '"a cat, a dog"', label) for i, label in enumerate(spread(size, 0, 5)))
        table(copy, f"info_{split}.csv", "name,prompt,mos", rows)


def _aigiqa_merged(copy: Copy, n: int) -> None:
    """Write the lists of the challenge, whose validation and test images have no labels, and the labels of all."""
    _aigiqa(copy, n)
    lists = {split: (copy.root / f"info_{split}.csv").read_text().splitlines() for split in parts(n)}
    copy.write("data.csv", "\n".join([lists["train"][0], *(line for rows in lists.values() for line in rows[1:])]))
    for split in ("val", "test"):
        copy.write(f"info_{split}.csv", "\n".join(line.rpartition(",")[0] for line in lists[split]))


def _para(copy: Copy, n: int) -> None:
    header = "imageName,sessionId,semantic,aestheticScore_mean,aestheticScore_std,qualityScore_mean,qualityScore_std"
    for part, size in {"Train": n - n // 10, "Test": n // 10}.items():
        labels = enumerate(zip(spread(size, 2, 4), spread(size, 1, 5), strict=True))
        rows = (
            (f"{part}{i}_.jpg", f"session{i % 70}", "scene", aesthetic, 0.5, good, 0.25)
            for i, (aesthetic, good) in labels
        )
        table(copy, f"annotation/PARA-Giaa{part}.csv", header, rows)
    copy.write("annotation/PARA-Images.csv", "sessionId,imageName,userId,aestheticScore,qualityScore\n")


def _votes(i: int, n: int) -> list[int]:
    """Return ten counts whose means go from 1 to 10 in equal steps over n photographs."""
    return [n - 1 - i, *[0] * 8, i]


def _ava(copy: Copy, n: int) -> None:
    table(copy, "AVA.txt", "", ((i + 1, 1000 + i, *_votes(i, n), 22, 1, 1396) for i in range(n)), " ")


def _ava_pyiqa(copy: Copy, n: int) -> None:
    header = ",".join(["img_name", "MOS", *(f"c{k}" for k in range(1, 11)), "semantic_tag1", "semantic_tag2"])
    rows = ((f"{1000 + i}.jpg", "5.0", *_votes(i, n), 22, 1, 2 if i % 5 == 0 else 0, 0) for i in range(n))
    table(copy, "meta_info/meta_info_AVADataset.csv", f"{header},official_split,ILGnet_split", rows)


@dataclass(frozen=True)
class Set:
    """A set of which one image is there.

    Attributes:
        id: the card's.
        make: writes so many rows of labels.
        n: how many the complete set has.
        low: smallest label.
        high: largest.
        folder: where the images are.
        name: the image's.
        label: of it, where there are so few rows as ``FEW``.
        attributes: what else is said of it.
        splits: of those.
    """

    id: str
    make: Callable[[Copy, int], None]
    n: int
    low: float
    high: float
    folder: str
    name: str
    label: float
    attributes: Mapping[str, str | float] = field(default_factory=dict)
    splits: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.id}{self.make.__name__.replace('_', '-')}"


THREE = {"training": 140, "validation": 20, "test": 40}
SETS = [
    Set("gfiqa", _gfiqa, 19998, 0, 1, "GFIQA-20k/image", "8314_1.png", 1 / 199, {"photo": "8314"}),
    Set("cgfiqa", _cgfiqa, 39312, 0, 1, ".", "val/img/1.png", 1 / 19, {"split": "validation"}, THREE),
    Set("cgfiqa", _cgfiqa_pyiqa, 39312, 0, 1, "CGFIQA", "val/img/1.png", 1 / 19, {"split": "validation"}, THREE),
    Set(
        "aigiqa20k",
        _aigiqa,
        20000,
        0,
        5,
        "val",
        "DALLE2_val_1.png",
        5 / 19,
        {"split": "validation", "generator": "DALLE2", "prompt": "a cat, a dog"},
        THREE,
    ),
    Set(
        "aigiqa20k",
        _aigiqa_merged,
        20000,
        0,
        5,
        "images",
        "DALLE2_test_1.png",
        5 / 39,
        {"split": "test", "generator": "DALLE2", "prompt": "a cat, a dog"},
        THREE,
    ),
    Set(
        "para",
        _para,
        31220,
        1,
        5,
        "imgs",
        "session1/Test1_.jpg",
        1 + 4 / 19,
        {"split": "test", "std": 0.25},
        {"training": 180, "test": 20},
    ),
    Set(
        "para-aesthetics",
        _para,
        31220,
        2,
        4,
        "imgs",
        "session1/Test1_.jpg",
        2 + 2 / 19,
        {"split": "test", "std": 0.5},
        {"training": 180, "test": 20},
    ),
    Set("ava", _ava, 255530, 1, 10, "image", "1001.jpg", 1 + 9 / 199, {"challenge": "1396"}),
    Set(
        "ava",
        _ava_pyiqa,
        255530,
        1,
        10,
        "AVA_dataset/ava_images",
        "1001.jpg",
        1 + 9 / 199,
        {"split": "training"},
        {"training": 160, "test": 40},
    ),
]


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    (tmp_path / "root").mkdir()
    return Copy(tmp_path / "root", tmp_path)


def _read(copy: Copy, one: Set, n: int) -> Inspection:
    one.make(copy, n)
    copy.add_images([f"{one.folder}/{one.name}"])
    return inspect(copy.card(one.id), copy.folder())


@pytest.mark.parametrize("one", SETS, ids=str)
def test_a_few_rows_are_read_as_the_card_says(copy: Copy, one: Set) -> None:
    seen = _read(copy, one, FEW)
    assert {problem.kind for problem in seen.problems} == {"missing", "count"}
    samples = {sample.name: sample for sample in seen.dataset.samples}
    labels = [sample.mos for sample in samples.values() if sample.mos is not None]
    assert (len(labels), min(labels), max(labels)) == (FEW, pytest.approx(one.low), pytest.approx(one.high))
    assert (seen.dataset.direction, seen.found) == ("higher", 1)
    assert {split: len(seen.dataset.split(split).samples) for split in one.splits} == one.splits
    assert samples[one.name].mos == pytest.approx(one.label)
    assert {key: samples[one.name].attributes.get(key) for key in one.attributes} == one.attributes
    assert copy.card(one.id).checked in ("copy", "stand-in")


@pytest.mark.slow
@pytest.mark.parametrize("one", SETS, ids=str)
def test_as_many_rows_as_the_set_has_are_complete(copy: Copy, one: Set) -> None:
    seen = _read(copy, one, one.n)
    (problem,) = seen.problems
    assert (problem.kind, len(problem.items), len(seen.dataset.samples)) == ("missing", one.n - 1, one.n)


def test_lists_of_aigiqa_from_the_time_of_the_challenge_lack_labels(copy: Copy) -> None:
    _aigiqa_merged(copy, FEW)
    (copy.root / "data.csv").unlink()
    with pytest.raises(UsageError, match=r"info_test\.csv has no column 'mos'"):
        inspect(copy.card("aigiqa20k"), copy.folder())


@pytest.mark.parametrize("top", ["", "DIV2K/", "data/DIV2K/"])
def test_div2k_is_read_with_its_splits(copy: Copy, top: str) -> None:
    copy.add_images(f"{top}DIV2K_train_HR/{i:04}.png" for i in range(1, 801))
    copy.add_images(f"{top}DIV2K_valid_HR/{i:04}.png" for i in range(801, 901))
    copy.add_images([f"{top}DIV2K_train_LR_bicubic/X2/0001x2.png"])
    seen = inspect(copy.card("div2k"), copy.folder())
    assert seen.problems == ()
    splits = {split: len(seen.dataset.split(split).samples) for split in ("train", "valid")}
    assert splits == {"train": 800, "valid": 100}


@pytest.mark.parametrize("top", ["", "Flickr2K/"])
def test_reduced_photographs_of_flickr2k_are_left_out(copy: Copy, top: str) -> None:
    copy.add_images(f"{top}Flickr2K_HR/{i:06}.png" for i in range(1, 2651))
    copy.add_images([f"{top}Flickr2K_LR_bicubic/X2/000001x2.png"])
    seen = inspect(copy.card("flickr2k"), copy.folder())
    assert (seen.problems, seen.found) == ((), 2650)


def test_reduced_photographs_alone_are_no_div2k(copy: Copy) -> None:
    copy.add_images(["DIV2K_train_LR_bicubic/X2/0001x2.png"])
    with pytest.raises(MissingRequirementError, match="there are no images in DIV2K_train_HR"):
        read_with_card(copy.card("div2k"), copy.folder())
