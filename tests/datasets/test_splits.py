"""Parts of a dataset: official splits, content-disjoint random ones, and the values of an attribute."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran
from hypothesis import given
from hypothesis import strategies as st

from bench.datasets.dataset import Dataset, Sample, random_groups
from bench.errors import UsageError

Bench = Callable[..., Ran]


def dataset(group: str = "reference") -> Dataset:
    samples = tuple(
        Sample(
            f"{r}_{i}", None, float(i), {"reference": f"r{r}", "level": str(i), "split": "test" if r < 2 else "rest"}
        )
        for r in range(10)
        for i in range(5)
    )
    return Dataset(id="d", title="d", kind="synthetic", direction="higher", samples=samples, group=group)


def names(part: Dataset) -> set[str]:
    return {sample.name for sample in part.samples}


@pytest.mark.parametrize("seed", range(5))
def test_a_random_split_keeps_content_together_and_leaves_nothing_out(seed: int) -> None:
    whole = dataset()
    test, training = whole.split(f"random:{seed}"), whole.split(f"random:{seed}:training")
    references = [{s.attributes["reference"] for s in part.samples} for part in (test, training)]
    assert not references[0] & references[1]
    assert names(test) | names(training) == names(whole)
    assert (len(test.samples), len(training.samples)) == (10, 40)


def test_without_content_groups_every_image_goes_its_own_way() -> None:
    test = dataset(group="").split("random:3")
    assert len(test.samples) == 10
    assert len({s.attributes["reference"] for s in test.samples}) > 2


def test_a_seed_means_the_same_split_everywhere() -> None:
    # Given by sha256("SEED/GROUP"), smallest first: printf '%s' 0/r3 | sha256sum, and so on for ten references.
    assert {s.attributes["reference"] for s in dataset().split("random:0").samples} == {"r6", "r1"}
    splits = {frozenset(names(dataset().split(f"random:{seed}"))) for seed in range(10)}
    assert len(splits) > 5


@given(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=60), st.integers(0, 999))
def test_random_groups_reach_their_share_and_never_take_all(groups: list[str], seed: int) -> None:
    chosen = random_groups(groups, seed)
    assert chosen
    held = sum(group in chosen for group in groups)
    if len(set(groups)) > 1:
        assert chosen < set(groups)
        assert held >= 0.2 * len(groups) or len(chosen) == len(set(groups)) - 1


def test_an_attributes_value_is_a_part() -> None:
    assert names(dataset().split("level=3")) == {f"{r}_3" for r in range(10)}
    assert names(dataset().split("test")) == {f"{r}_{i}" for r in range(2) for i in range(5)}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("training", r"its splits are rest, test and all"),
        ("level=9", r"its level is 0, 1, 2, 3, 4"),
        ("colour=red", r"its labels say nothing of 'colour'"),
        ("random", r"its splits are"),
        ("random:x", r"write random:SEED for the test part, or random:SEED:training"),
        ("random:1:test", r"write random:SEED"),
    ],
)
def test_a_split_that_is_none_is_answered_with_what_there_is(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        dataset().split(name)


def test_a_random_split_is_part_of_the_protocol(bench: Bench, photos: Path) -> None:
    for split, n in (("all", 8), ("random:1", 2), ("random:1:training", 6)):
        done = bench("run", "--method", "bytes-per-pixel", "--dataset", photos, "--split", split)
        assert f"scored {n}, failed 0" in done.out
    shown = bench("table").out
    assert "split random:1" in shown
    assert "not comparable with the table above" in shown


def test_a_cards_own_resize_is_the_default_and_can_be_overruled(bench: Bench, photos: Path) -> None:
    (photos / "mine.toml").write_text(
        'id = "mine"\ntitle = "Mine"\nkind = "authentic"\nn = 8\nlicence = "CC0"\nsource = "x"\ncitation = "none"\n'
        'resize = "short:20"\n[labels]\nfiles = ["scores.csv"]\ndirection = "higher"\nrange = [0, 100]\n'
    )
    run = ("run", "--method", "bytes-per-pixel", "--dataset", photos / "mine.toml")
    assert bench(*run).code == 0
    assert bench(*run, "--resize", "none").code == 0
    listed = bench("results", "list").out
    assert "resize short:20" in listed
    assert "full size" in listed


def test_a_dataset_is_described_by_names_and_knows_two_aggregates() -> None:
    described = {"id": "d", "title": "d", "kind": "synthetic", "direction": "higher", "samples": ()}
    with pytest.raises(TypeError, match="positional"):
        Dataset(*described.values())  # type: ignore[call-arg,arg-type]
    with pytest.raises(ValueError, match="dataset 'd': aggregate is 'reference', use mean or median"):
        Dataset(**described, aggregate="reference")  # type: ignore[arg-type]
