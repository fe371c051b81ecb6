"""Medians over groups: PIQ23's protocol takes the SRCC of each scene, then the median over scenes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Ran
from scipy.stats import spearmanr

from bench.stats import bootstrap_within, correlate_within
from bench.stats.averages import weighted_medians

RANDOM = np.random.default_rng(0)
GROUPS = np.repeat(np.arange(7), 12)
LABELS = RANDOM.normal(size=84)
SCORES = LABELS * RANDOM.uniform(-0.2, 1, 7)[GROUPS] + 0.5 * RANDOM.normal(size=84)
INSIDE = [spearmanr(SCORES[g == GROUPS], LABELS[g == GROUPS])[0] for g in range(7)]


def test_the_median_is_that_of_the_srccs_inside_groups() -> None:
    found = correlate_within(SCORES, LABELS, GROUPS, aggregate="median")
    assert found.srcc == pytest.approx(np.median(INSIDE), abs=1e-12)
    assert found.srcc != pytest.approx(correlate_within(SCORES, LABELS, GROUPS).srcc)
    turned = correlate_within(SCORES, LABELS, GROUPS, score_sign=-1, aggregate="median")
    assert turned.srcc == pytest.approx(-np.median(INSIDE), abs=1e-12)


@pytest.mark.parametrize("total", [6, 7])
def test_weighted_medians_are_those_of_the_values_repeated(total: int) -> None:
    values = RANDOM.normal(size=5)
    weights = RANDOM.multinomial(total, [0.2] * 5, size=50)
    expected = [np.median(np.repeat(values, row)) for row in weights]
    np.testing.assert_allclose(weighted_medians(values, weights), expected, atol=1e-15)


def test_the_interval_is_one_of_medians() -> None:
    drawn = bootstrap_within(SCORES, LABELS, GROUPS, draws=500, aggregate="median")
    (interval,) = drawn.intervals
    assert interval.low is not None
    assert interval.high is not None
    assert interval.low <= np.median(INSIDE) <= interval.high
    # A median of seven values is one of them, and no mean is.
    assert set(np.round(drawn.samples[0], 12)) <= set(np.round(INSIDE, 12))


def test_a_card_may_ask_for_the_median(bench: Callable[..., Ran], tmp_path: Path) -> None:
    from conftest import make_photo

    rows = ["image,score,scene"]
    for i in range(24):
        make_photo(tmp_path / "set" / f"{i}.png", i, (40 + 3 * (i * 7 % 24), 40))
        rows.append(f"{i}.png,{i},{i // 4}")
    (tmp_path / "set" / "scores.csv").write_text("\n".join(rows) + "\n")
    card = (
        'id = "mine"\ntitle = "Mine"\nkind = "authentic"\nn = 24\nlicence = "CC0"\nsource = "x"\ncitation = "none"\n'
        'within = ["scene"]\naggregate = "median"\n[labels]\nfiles = ["scores.csv"]\ndirection = "higher"\n'
        'range = [0, 100]\nattributes = { scene = "scene" }\n'
    )
    (tmp_path / "set" / "mine.toml").write_text(card)
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", tmp_path / "set" / "mine.toml")
    assert done.code == 0, done.err
    assert "median inside (scene) series" in done.out
