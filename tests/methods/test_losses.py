from __future__ import annotations

import itertools
import statistics

import pytest
import torch
from torch import Tensor

from bench.methods.qualiclip import losses
from bench.methods.qualiclip.config import TrainingConfig

B, L, K = 3, 5, 2


@pytest.fixture
def similarities() -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return 0.1 * torch.randn(B, L, 2, K, 2, generator=generator, dtype=torch.float64)


def hinge(value: float) -> float:
    return max(0.0, value)


def test_consistency_is_the_mean_hinge_of_every_pair_of_crops(similarities: Tensor) -> None:
    s, margin = similarities.tolist(), 0.05
    terms = [
        hinge(abs(s[b][level][0][k][side] - s[b][level][1][k][side]) - margin)
        for b, level, k, side in itertools.product(range(B), range(L), range(K), range(2))
    ]
    assert 0 < sum(term > 0 for term in terms) < len(terms)
    assert losses.consistency(similarities, margin).item() == pytest.approx(statistics.fmean(terms), rel=1e-12)


def test_ranking_is_the_mean_hinge_of_every_pair_of_levels(similarities: Tensor) -> None:
    s, margin = similarities.tolist(), 0.03
    pairs = [
        (s[b][i][crop][k], s[b][j][crop][k])
        for b, crop, k in itertools.product(range(B), range(2), range(K))
        for i, j in itertools.combinations(range(L), 2)
    ]
    positive = [hinge(stronger[0] - weaker[0] + margin) for weaker, stronger in pairs]
    negative = [hinge(weaker[1] - stronger[1] + margin) for weaker, stronger in pairs]
    found = losses.ranking(similarities, margin)
    assert found[0].item() == pytest.approx(statistics.fmean(positive), rel=1e-12)
    assert found[1].item() == pytest.approx(statistics.fmean(negative), rel=1e-12)
    assert abs(found[0] - found[1]) > 1e-4


def test_a_series_in_the_right_order_costs_nothing_and_reversed_it_costs_most() -> None:
    falling = torch.linspace(0.4, 0.0, L)[None, :, None, None].expand(1, L, 2, K)
    right = torch.stack([falling, falling.flip(1)], -1)
    assert [term.item() for term in losses.ranking(right, 0.05)] == [0, 0]
    assert all(term > 0.1 for term in losses.ranking(right.flip(1), 0.05))


def test_agreement_is_the_mean_distance_of_a_pairs_quality_from_that_of_all_pairs(similarities: Tensor) -> None:
    s, terms = similarities.tolist(), []
    for b, level, crop in itertools.product(range(B), range(L), range(2)):
        qualities = [positive - negative for positive, negative in s[b][level][crop]]
        terms += [abs(quality - statistics.fmean(qualities)) for quality in qualities]
    assert losses.agreement(similarities).item() == pytest.approx(statistics.fmean(terms), rel=1e-12)


def test_agreement_does_not_care_how_good_an_image_is(similarities: Tensor) -> None:
    better = similarities + torch.tensor([0.3, -0.2], dtype=torch.float64)
    assert losses.agreement(better).item() == pytest.approx(losses.agreement(similarities).item(), rel=1e-12)


@pytest.mark.parametrize("gap", [0.1, 0.6])
def test_across_compares_crops_of_different_photographs_alone(similarities: Tensor, gap: float) -> None:
    margin = 0.02
    severity = torch.rand(B, L, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    s = similarities.tolist()
    crops = list(itertools.product(range(B), range(L), range(2)))
    value = {
        (b, level, crop): statistics.fmean(s[b][level][crop][k][0] - s[b][level][crop][k][1] for k in range(K))
        for b, level, crop in crops
    }
    terms = [
        hinge(value[worse] - value[better] + margin)
        for better, worse in itertools.product(crops, crops)
        if better[0] != worse[0] and severity[worse[:2]] - severity[better[:2]] >= gap
    ]
    assert 0 < len(terms) < len(crops) ** 2 / 2
    found = losses.across(similarities, severity, margin, gap).item()
    assert found == pytest.approx(statistics.fmean(terms), rel=1e-12)


def test_across_is_zero_with_a_gradient_where_no_pair_differs_enough(similarities: Tensor) -> None:
    similarities.requires_grad_(True)
    loss = losses.across(similarities, torch.zeros(B, L), 0.1, gap=0.1)
    loss.backward()
    assert loss.item() == 0
    assert similarities.grad is not None


def test_the_sum_has_the_weights_of_the_configuration(similarities: Tensor) -> None:
    config = TrainingConfig(lambda_cons=2, lambda_pos=3, lambda_neg=5, lambda_across=7, across_gap=0.1)
    severity = torch.rand(B, L, generator=torch.Generator().manual_seed(4))
    terms = losses.weighted(similarities, severity, config)
    assert list(terms) == ["loss", "consistency", "positive", "negative", "across"]
    loss, *each = (term.item() for term in terms.values())
    assert loss == pytest.approx(sum(w * t for w, t in zip([2, 3, 5, 7], each, strict=True)))
    assert all(term > 0 for term in each)
    assert "across" not in losses.weighted(similarities, severity, TrainingConfig())
