"""The confidence set of the best, and confidence intervals of ranks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.stats import Bootstrap, bootstrap_srcc, may_be_best, rank_intervals
from bench.stats.interval import no_bootstrap

RANDOM = np.random.default_rng(0)


def drawn(values: list[float], error: float, units: int = 1000, draws: int = 4000) -> Bootstrap:
    """Independent methods whose samples are normal with one standard error."""
    estimates = np.array(values)
    samples = estimates[:, None] + error * RANDOM.normal(size=(len(values), draws))
    return Bootstrap((), samples, estimates, units)


def test_two_methods_are_a_one_sided_test() -> None:
    # The 95 % quantile of the normal distribution is 1.645; the difference has sqrt(2) standard errors.
    for lead, told in ((1.55, False), (1.8, True)):
        found = may_be_best(drawn([lead * math.sqrt(2) * 0.01, 0.0], 0.01))
        assert found.tolist() == [True, not told]


def test_ranks_of_two_methods_are_a_two_sided_test() -> None:
    for lead, told in ((1.8, False), (2.1, True)):
        found = rank_intervals(drawn([lead * math.sqrt(2) * 0.01, 0.0], 0.01))
        assert found == ([(1, 1), (2, 2)] if told else [(1, 2), (1, 2)])


def test_many_competitors_raise_the_bar_and_hopeless_ones_do_not() -> None:
    # The 95 % quantile of the maximum of 14 differences from one method is about 2.5 standard errors.
    lead = 2.1 * math.sqrt(2) * 0.01
    assert may_be_best(drawn([lead, *[0.0] * 14], 0.01)).all()
    assert may_be_best(drawn([lead, 0.0, *[-1.0] * 13], 0.01)).tolist() == [True, *[False] * 14]


def test_few_references_stretch_the_bar_to_students_t() -> None:
    # With 7 references the 95 % quantile is 1.943, and the standard error is sqrt(7 / 6) times that of the draws.
    for lead, told in ((1.9 * math.sqrt(7 / 6), False), (2.1 * math.sqrt(7 / 6), True)):
        found = may_be_best(drawn([lead * math.sqrt(2) * 0.01, 0.0], 0.01, units=7))
        assert found.tolist() == [True, not told]


def test_equal_orders_are_best_together_and_a_certain_difference_is_told() -> None:
    y = np.arange(40.0)
    same = bootstrap_srcc(np.stack([y, y**3, -y]), y, draws=100)
    assert may_be_best(same).tolist() == [True, True, False]
    assert rank_intervals(same) == [(1, 2), (1, 2), (3, 3)]


def test_a_method_without_a_correlation_is_nobodys_competitor() -> None:
    y = np.arange(60.0)
    scores = np.stack([np.ones(60), y + 9 * RANDOM.normal(size=60), RANDOM.normal(size=60)])
    found = bootstrap_srcc(scores, y, draws=200)
    assert may_be_best(found).tolist() == [False, True, False]
    assert rank_intervals(found) == [None, (1, 1), (2, 2)]


def test_without_draws_nothing_is_told() -> None:
    few = no_bootstrap(np.array([0.5, 0.4]), 0.95, "percentile", "fewer than 4 images", 3)
    assert not may_be_best(few).any()
    assert rank_intervals(few) == [None, None]


@pytest.mark.parametrize(("methods", "references"), [(2, 0), (5, 0), (5, 10)])
@pytest.mark.slow
def test_the_true_best_is_in_the_set_and_the_true_rank_in_its_interval(methods: int, references: int) -> None:
    # The best leads by next to nothing, which is the hardest case. Three standard errors of 150 tables are 5 points.
    random, rho = np.random.default_rng(methods + references), 0.6 - 0.002 * np.arange(methods)
    clusters = np.arange(120) % references if references else None
    best = ranks = 0

    def normal() -> np.ndarray:
        alone = random.normal(size=120)
        return alone if clusters is None else math.sqrt(0.4) * random.normal(size=references)[clusters] + 0.77 * alone

    for seed in range(150):
        y, shared = normal(), normal()
        noise = np.stack([0.7 * shared + 0.7 * normal() for _ in rho])
        scores = rho[:, None] * y + np.sqrt(1 - rho**2)[:, None] * noise
        found = bootstrap_srcc(scores, y, clusters=clusters, draws=200, seed=seed, threads=1)
        best += bool(may_be_best(found)[0])
        low, high = rank_intervals(found)[methods - 1] or (0, 0)
        ranks += low <= methods <= high
    assert min(best, ranks) / 150 > 0.90
