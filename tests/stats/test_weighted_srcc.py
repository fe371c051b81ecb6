"""SRCC from counts equals the plain way: take the images of each sample and rank them again."""

from __future__ import annotations

import numpy as np
import pytest

from bench.stats.ranks import pearson, ranks
from bench.stats.resampling import resampling_counts
from bench.stats.weighted_srcc import WeightedSRCC


def plain_srcc(scores, labels, counts):
    """The definition, one sample at a time: (methods, draws)."""
    columns = []
    for row in counts:
        taken = np.repeat(np.arange(labels.size), row)
        columns.append(pearson(ranks(scores[:, taken]), ranks(labels[taken])))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("n", [4, 5, 64, 301])
@pytest.mark.parametrize("levels", [3, 50, 700, 10**6])
def test_equals_the_plain_way(n: int, levels: int) -> None:
    random = np.random.default_rng(n + levels)
    labels = random.integers(0, levels, n).astype(float)
    scores = np.stack([labels + random.normal(size=n) * levels / 4, random.integers(0, levels, n).astype(float)])
    counts = np.concatenate(list(resampling_counts(n, 40, 0, 0)))
    got = WeightedSRCC(scores, labels).srcc(np.arange(n), [counts])
    want = plain_srcc(scores, labels, counts)
    # The plain way has 0 for a constant sample, which is no correlation.
    np.testing.assert_allclose(np.nan_to_num(got, nan=0.0), want, rtol=0, atol=1e-12)
    assert np.isfinite(got).sum() > got.size / 2


@pytest.mark.parametrize("levels", [2, 200, 10**9])
def test_blocks_that_part_tie_groups_change_nothing(levels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(levels)
    labels, scores = random.integers(0, 90, 500).astype(float), random.integers(0, levels, (1, 500)).astype(float)
    counts = np.concatenate(list(resampling_counts(500, 70, 0, 0)))
    whole = WeightedSRCC(scores, labels).srcc(np.arange(500), [counts])
    for name, size in (("BLOCK", 7), ("SUMMED", 7), ("RUN", 4), ("COLUMNS", 9)):
        monkeypatch.setattr(f"bench.stats.weighted_srcc.{name}", size)
    parted = WeightedSRCC(scores, labels).srcc(np.arange(500), [counts])
    np.testing.assert_array_equal(parted, whole)
    np.testing.assert_allclose(whole, plain_srcc(scores, labels, counts), rtol=0, atol=1e-12)


@pytest.mark.parametrize("levels", [2, 10, 300, 3000])
def test_sums_over_tie_groups_equal_those_over_images(levels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(levels)
    labels, scores = random.normal(size=700).round(1), random.integers(0, levels, (2, 700)).astype(float)
    counts = np.concatenate(list(resampling_counts(700, 40, 0, 0)))
    found = []
    for share in (-1.0, 2.0):  # all methods by groups; none
        monkeypatch.setattr("bench.stats.weighted_srcc.MOSTLY", share)
        found.append(WeightedSRCC(scores, labels).srcc(np.arange(700), [counts]))
    np.testing.assert_array_equal(*found)
    np.testing.assert_allclose(found[0], plain_srcc(scores, labels, counts), rtol=0, atol=1e-12)


@pytest.mark.parametrize("times", [20, 50, 200, 3000])
def test_large_counts_overflow_nowhere(times: int) -> None:
    random = np.random.default_rng(times)
    labels, scores = random.normal(size=90).round(1), random.normal(size=(2, 90)).round(2)
    counts = np.concatenate(list(resampling_counts(90, 8, 0, 0))).astype(np.int64)
    # The same images in every sample, each so many times: the same correlation.
    repeated = WeightedSRCC(scores, labels).srcc(np.arange(90), [counts * times])
    np.testing.assert_allclose(repeated, plain_srcc(scores, labels, counts), rtol=0, atol=1e-12)
