"""Every card reads label files as they are distributed, and names what is wrong with a copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import proofs_authentic
import proofs_first
import proofs_further
import proofs_synthetic
import pytest
from dataset_proofs import Copy, Proof

from bench.datasets.readers.with_card import Inspection, inspect
from bench.errors import BenchError

PROOFS = [*proofs_first.PROOFS, *proofs_authentic.PROOFS, *proofs_synthetic.PROOFS, *proofs_further.PROOFS]
PARAMETERS = [pytest.param(proof, marks=[pytest.mark.slow] if proof.slow else []) for proof in PROOFS]


@pytest.fixture(scope="module", params=PARAMETERS, ids=[*map(str, PROOFS)])
def made(request: pytest.FixtureRequest, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Proof, Copy]:
    proof = request.param
    copy = Copy(tmp_path_factory.mktemp(proof.id) / "root", shared)
    copy.root.mkdir()
    proof.make(copy)
    return proof, copy


@pytest.fixture(scope="module")
def gone(made: tuple[Proof, Copy]) -> str:
    """Name of an image that is taken out of the copy, from each folder that has one; all others are there."""
    proof, copy = made
    names = {Path(name).name.lower() for name in proof.rows}
    found = [path for path in copy.root.rglob("*") if path.name.lower() in names]
    name = found[0].name.lower()
    for path in found:
        if path.name.lower() == name:
            path.unlink()
    return name


@pytest.fixture(scope="module")
def seen(made: tuple[Proof, Copy], gone: str) -> Inspection:
    proof, copy = made
    return inspect(copy.card(proof.id), copy.folder())


def test_what_is_missing_is_named_and_nothing_else_is_wrong(seen: Inspection, gone: str) -> None:
    (missing,) = [problem for problem in seen.problems if problem.level == "error"]
    assert missing.kind == "missing", missing.sentence()
    assert {Path(item).name.lower() for item in missing.items} == {gone}
    assert seen.found == len(seen.dataset.samples) - len(missing.items)


def test_count_range_direction_and_splits(made: tuple[Proof, Copy], seen: Inspection) -> None:
    proof, _ = made
    labels = [sample.mos for sample in seen.dataset.samples if sample.mos is not None]
    assert len(labels) == proof.n
    assert (min(labels), max(labels)) == (pytest.approx(proof.low, abs=1e-6), pytest.approx(proof.high, abs=1e-6))
    assert seen.dataset.direction == proof.direction
    assert {name: len(seen.dataset.split(name).samples) for name in proof.splits} == proof.splits


def test_known_rows(made: tuple[Proof, Copy], seen: Inspection) -> None:
    proof, _ = made
    found = {sample.name: sample for sample in seen.dataset.samples}
    assert {name: found[name].mos for name in proof.rows} == pytest.approx(dict(proof.rows), abs=1e-9)
    for name, expected in proof.attributes.items():
        assert {key: found[name].attributes.get(key) for key in expected} == expected


def test_the_card_says_what_it_was_proved_on(made: tuple[Proof, Copy]) -> None:
    proof, copy = made
    best = min((p.on for p in PROOFS if p.id == proof.id), key=["authors' file", "copy", "stand-in"].index)
    assert copy.card(proof.id).checked == best


@pytest.fixture
def spoilt(made: tuple[Proof, Copy]) -> Iterator[Path]:
    """The main label file, put right again afterwards."""
    proof, copy = made
    path = copy.root / proof.labels
    content = path.read_bytes()
    yield path
    path.write_bytes(content)


@pytest.mark.parametrize("fault", ["html", "cut"])
def test_a_spoilt_label_file_is_named(made: tuple[Proof, Copy], spoilt: Path, fault: str) -> None:
    proof, copy = made
    content = spoilt.read_bytes()
    spoilt.write_bytes({"html": b"<!DOCTYPE html><html>", "cut": content[: len(content) * 3 // 5]}[fault])
    try:
        found = [p.sentence() for p in inspect(copy.card(proof.id), copy.folder()).problems if p.level == "error"]
    except BenchError as error:
        found = [str(error)]
    assert found
    told = {"html": spoilt.name, "cut": ""}[fault]
    assert told in found[0]


def test_the_card_knows_the_numbers_that_it_was_proved_on(made: tuple[Proof, Copy], seen: Inspection) -> None:
    proof, copy = made
    if proof.on != "stand-in" and not proof.labels.startswith("meta_info"):
        assert seen.content in {known for spec in copy.card(proof.id).labels for known in spec.known}
