"""The smallest regression that is found with a probability of 80 %, against a bootstrap of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from bench.check.compare import CheckedLabels, Record, Tolerance, paired_half_width
from bench.check.power import smallest_fall
from bench.datasets.protocol import Protocol
from bench.stats.influence import srcc_influence


def record(scores: np.ndarray) -> Record:
    return Record("m", Protocol(), {}, len(scores), {}, {str(i): float(s) for i, s in enumerate(scores)}, {})


def labelled(labels: np.ndarray, **about: Any) -> CheckedLabels:
    return CheckedLabels(tuple(map(str, range(len(labels)))), labels, **about)


def pair(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    labels = rng.normal(size=n)
    return labels + 0.8 * rng.normal(size=n), labels


def test_influences_give_the_width_of_the_bootstrap() -> None:
    scores, labels = pair(400)
    noisy = scores + 0.3 * np.random.default_rng(4).normal(size=400)
    moved = srcc_influence(noisy, labels) - srcc_influence(scores, labels)
    width = 1.96 * np.sqrt((moved**2).sum())
    assert width == pytest.approx(paired_half_width(record(scores), record(noisy), labelled(labels)), rel=0.1)


@pytest.mark.slow
def test_the_fall_is_found_in_about_four_of_five_cases_and_half_of_it_rarely() -> None:
    scores, labels = pair(300)
    fall = smallest_fall(record(scores), labelled(labels), Tolerance())
    assert fall is not None
    before = spearmanr(scores, labels).statistic
    sizes = np.linspace(0.05, 1.0, 40)
    noise = np.random.default_rng(5).normal(size=(60, 300)) * scores.std()
    means = [np.mean([before - spearmanr(scores + size * each, labels).statistic for each in noise]) for size in sizes]
    shares = []
    for wanted in (fall, fall / 2):
        size = sizes[int(np.argmin(np.abs(np.array(means) - wanted)))]
        found = 0
        for each in noise[:40]:
            noisy = scores + size * each
            width = paired_half_width(record(scores), record(noisy), labelled(labels), draws=300)
            found += before - spearmanr(noisy, labels).statistic > max(5e-4, width)
        shares.append(found / 40)
    assert 0.6 <= shares[0] <= 0.95
    assert shares[1] < shares[0] - 0.2


def test_more_images_find_smaller_falls() -> None:
    falls = [smallest_fall(record(pair(n)[0]), labelled(pair(n)[1]), Tolerance()) for n in (100, 1000)]
    assert falls[0] is not None
    assert falls[1] is not None
    assert falls[1] < falls[0]


def test_nothing_is_said_inside_groups_or_of_constant_scores() -> None:
    scores, labels = pair(60)
    assert smallest_fall(record(scores), labelled(labels, groups=["a"] * 60), Tolerance()) is None
    assert smallest_fall(record(np.ones(60)), labelled(labels), Tolerance()) is None
