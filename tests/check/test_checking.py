"""What a check decides, on scores that a test chooses: planted faults are found, seeds and rounding are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats

from bench import stats
from bench.check.compare import CheckedLabels, Finding, Record, Tolerance, compare_record, paired_half_width
from bench.datasets.protocol import Protocol

IDENTITY: dict[str, dict[str, Any]] = {
    "method": {"name": "m", "version": "1", "options": {}, "fingerprint": "f", "seed": None},
    "dataset": {"id": "d", "labels": "a", "images": "b"},
}
BY_CORRELATION = Tolerance(scores=1e9, ranks=2.0)


def record(scores: np.ndarray, labels: np.ndarray, **changes: Any) -> Record:
    found = stats.correlate(scores, labels)
    values = {n: v for n in ("srcc", "krcc", "plcc_raw") if (v := getattr(found, n)) is not None}
    names = [f"{i}.png" for i in range(len(scores))]
    made = Record("m", Protocol(), IDENTITY, found.n, values, dict(zip(names, scores.tolist(), strict=True)), {})
    return replace(made, **changes)


def labelled(values: np.ndarray, **about: Any) -> CheckedLabels:
    return CheckedLabels(tuple(f"{i}.png" for i in range(len(values))), values, **about)


def failed(findings: list[Finding]) -> set[str]:
    return {finding.what for finding in findings if finding.state == "failed"}


@pytest.fixture(autouse=True)
def no_mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.stats.mapping.MAX_EVALUATIONS", 20)


def pair(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.normal(size=n)
    return labels + rng.normal(size=n), labels


def planted(scores: np.ndarray, labels: np.ndarray, fall: float) -> np.ndarray:
    """Add noise until the SRCC has fallen by as much, to one percent of it."""
    noise = np.random.default_rng(1).normal(size=len(scores))
    before, low, high = scipy_stats.spearmanr(scores, labels).statistic, 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        fallen = before - scipy_stats.spearmanr(scores + middle * noise, labels).statistic
        low, high = (middle, high) if fallen < fall else (low, middle)
    return scores + high * noise


def test_the_same_scores_pass_and_make_no_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    scores, labels = pair(50)
    monkeypatch.setattr("bench.check.compare.paired_half_width", lambda *_: pytest.fail("a draw was made"))
    same = record(scores, labels)
    findings = compare_record(same, same, labelled(labels), Tolerance())
    assert not failed(findings)
    assert {f.what for f in findings} == {"n", "scored", "failed", "score", "rank correlation", *same.correlations}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda s: -s, {"score", "rank correlation", "srcc", "krcc", "plcc_raw"}),
        (lambda s: s / 255, {"score"}),
        (lambda s: np.exp(3 * s), {"score", "plcc_raw"}),
        (lambda s: s + 2e-4 * s.std() * (np.arange(s.size) == 7), {"score"}),
    ],
    ids=["flipped sign", "wrong scale", "wrong normalisation", "one image, barely"],
)
def test_a_perturbed_method_is_found(change: Any, found: set[str]) -> None:
    scores, labels = pair(400)
    assert (
        failed(compare_record(record(scores, labels), record(change(scores), labels), labelled(labels), Tolerance()))
        == found
    )


def test_rounding_passes() -> None:
    scores, labels = pair(400)
    other = scores * (1 + 1e-6 * np.random.default_rng(3).normal(size=scores.size))
    assert not failed(compare_record(record(scores, labels), record(other, labels), labelled(labels), Tolerance()))


def test_the_worst_image_is_named_with_what_is_allowed() -> None:
    scores, labels = pair(30)
    other = scores.copy()
    other[7] += 0.5
    findings = compare_record(record(scores, labels), record(other, labels), labelled(labels), Tolerance())
    (score,) = [f for f in findings if f.what == "score"]
    assert (score.reference, score.now) == (scores[7], other[7])
    assert score.allowed == pytest.approx(1e-4 * scores.std())
    assert "7.png" in score.words


def test_huge_scores_are_compared_and_not_overflown() -> None:
    labels = np.arange(6.0)
    scores = np.array([1e308, -1e308, 5e307, 0, 1.0, 2.0])
    old, now = (
        replace(record(labels, labels, correlations={}), scores={f"{i}.png": float(s) for i, s in enumerate(given)})
        for given in (scores, -scores)
    )
    assert failed(compare_record(old, now, labelled(labels), Tolerance())) == {"score", "rank correlation"}
    assert not failed(compare_record(old, old, labelled(labels), Tolerance()))


def test_constant_scores_have_a_rank_correlation_only_with_constant_ones() -> None:
    labels = np.arange(6.0)
    flat = record(np.full(6, 3.0), labels)
    assert not failed(compare_record(flat, flat, labelled(labels), Tolerance()))
    findings = compare_record(flat, record(labels, labels), labelled(labels), BY_CORRELATION)
    appeared = {finding.what for finding in findings if finding.state == "note"}
    assert {"srcc", "krcc"} <= appeared  # a value where there was none
    assert {"srcc", "krcc"} <= failed(compare_record(record(labels, labels), flat, labelled(labels), BY_CORRELATION))
    ranked = failed(compare_record(flat, record(labels, labels), labelled(labels), Tolerance(scores=1e9)))
    assert "rank correlation" in ranked


def test_an_image_that_fails_now_is_named_with_its_reason() -> None:
    scores, labels = pair(30)
    old = record(scores, labels)
    left = {name: score for name, score in old.scores.items() if name != "4.png"}
    now = replace(old, scores=left, failures={"4.png": "the score is nan"}, n=29)
    findings = compare_record(old, now, labelled(labels), Tolerance())
    assert failed(findings) == {"n", "scored", "failed", "images"}
    assert "4.png: the score is nan" in next(f.words for f in findings if f.what == "images")


def test_a_failure_that_moves_to_another_image_is_found() -> None:
    scores, labels = pair(30)
    full = record(scores, labels)
    without = [{n: s for n, s in full.scores.items() if n != gone} for gone in ("4.png", "5.png")]
    old, now = (replace(full, scores=s, failures={g: "no"}) for s, g in zip(without, ("4.png", "5.png"), strict=True))
    assert failed(compare_record(old, now, labelled(labels), Tolerance())) == {"images"}


def test_another_dataset_ends_the_comparison_and_another_method_is_a_note() -> None:
    scores, labels = pair(30)
    old = record(scores, labels)
    moved = replace(old, identity={**IDENTITY, "dataset": {**IDENTITY["dataset"], "labels": "z"}})
    findings = compare_record(old, moved, labelled(labels), Tolerance())
    assert failed(findings) == {"dataset labels"}
    assert "score" not in {f.what for f in findings}
    renamed = replace(old, identity={**IDENTITY, "method": {**IDENTITY["method"], "version": "2"}})
    findings = compare_record(old, renamed, labelled(labels), Tolerance())
    assert not failed(findings)
    assert [(f.what, f.reference, f.now) for f in findings if f.state == "note"] == [("method version", "1", "2")]


def test_a_correlation_without_a_value_on_one_side_has_moved() -> None:
    scores, labels = pair(30)
    old = record(scores, labels)
    now = replace(old, correlations={"krcc": old.correlations["krcc"], "plcc_raw": old.correlations["plcc_raw"]})
    assert failed(compare_record(old, now, labelled(labels), Tolerance())) == {"srcc"}


def test_a_fall_of_a_hundredth_on_ten_thousand_images_is_caught_by_the_correlation_alone() -> None:
    scores, labels = pair(10_000)
    old, now = record(scores, labels), record(planted(scores, labels, 0.01), labels)
    findings = compare_record(old, now, labelled(labels), BY_CORRELATION)
    srcc = next(f for f in findings if f.what == "srcc")
    assert srcc.state == "failed"
    assert srcc.words == "fell by 0.01"
    assert srcc.allowed is not None
    assert 5e-4 < srcc.allowed < 0.005  # the paired interval: that of one SRCC alone is wider than the fall


def test_a_rise_is_a_move_too() -> None:
    scores, labels = pair(10_000)
    old, now = record(planted(scores, labels, 0.01), labels), record(scores, labels)
    srcc = next(f for f in compare_record(old, now, labelled(labels), BY_CORRELATION) if f.what == "srcc")
    assert (srcc.state, srcc.words) == ("failed", "rose by 0.01")


def test_what_other_images_could_have_made_of_few_is_allowed_where_scores_may_move() -> None:
    scores, labels = pair(40)
    now = scores + 0.1 * np.random.default_rng(5).normal(size=40)
    findings = compare_record(record(scores, labels), record(now, labels), labelled(labels), BY_CORRELATION)
    srcc = next(f for f in findings if f.what == "srcc")
    assert abs(srcc.now - srcc.reference) > 5e-4  # type: ignore[operator]
    assert srcc.state == "ok"
    assert "score" in failed(compare_record(record(scores, labels), record(now, labels), labelled(labels), Tolerance()))


def test_the_half_width_is_that_of_a_plain_paired_bootstrap() -> None:
    scores, labels = pair(200)
    now = scores + 0.3 * np.random.default_rng(5).normal(size=200)
    found = paired_half_width(record(scores, labels), record(now, labels), labelled(labels))
    rng, plain = np.random.default_rng(9), []
    for _ in range(2000):
        drawn = rng.integers(0, 200, 200)
        both = [scipy_stats.spearmanr(s[drawn], labels[drawn]).statistic for s in (now, scores)]
        plain.append(both[0] - both[1])
    low, high = np.quantile(plain, [0.025, 0.975])
    assert found == pytest.approx((high - low) / 2, rel=0.1)


def test_clusters_and_groups_are_drawn_as_the_datasets_intervals_are() -> None:
    scores, labels = pair(60)
    now = scores + np.random.default_rng(5).normal(size=60)
    old, new = record(scores, labels), record(now, labels)
    clusters = [str(i // 10) for i in range(60)]
    plain = paired_half_width(old, new, labelled(labels))
    clustered = paired_half_width(old, new, labelled(labels, clusters=clusters))
    within = paired_half_width(old, new, labelled(labels, clusters=clusters, groups=clusters))
    median = paired_half_width(old, new, labelled(labels, clusters=clusters, groups=clusters, aggregate="median"))
    assert len({plain, clustered, within, median}) == 4
    assert paired_half_width(old, new, labelled(labels, clusters=["one"] * 60)) == 0.0


def test_rounding_raises_no_false_alarm_whatever_the_seed() -> None:
    scores, labels = pair(300)
    rng = np.random.default_rng(2)
    for seed in range(30):
        rounded = scores * (1 + 1e-7 * rng.normal(size=scores.size))
        now = record(rounded, labels)
        assert not failed(compare_record(record(scores, labels), now, labelled(labels), Tolerance(seed=seed)))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_seeds_all_find_the_planted_fall_and_none_an_alarm() -> None:
    scores, labels = pair(10_000)
    old, now = record(scores, labels), record(planted(scores, labels, 0.01), labels)
    for seed in range(100):
        tolerance = replace(BY_CORRELATION, seed=seed)
        assert "srcc" in failed(compare_record(old, now, labelled(labels), tolerance))
        assert not failed(compare_record(old, old, labelled(labels), tolerance))


def states(findings: list[Finding]) -> dict[str, str]:
    return {finding.what: finding.state for finding in findings}


def test_ties_that_come_and_go_within_the_tolerance_are_no_regression() -> None:
    # Half of the scores differ in the ninth digit alone, in the order of the labels; rounding makes ties of them.
    labels = np.arange(400.0)
    scores = np.where(labels < 200, labels, 200 + 1e-9 * labels)
    old, now = record(scores, labels), record(np.round(scores, 6), labels)
    assert abs(old.correlations["srcc"] - now.correlations["srcc"]) > 0.05
    findings = compare_record(old, now, labelled(labels), Tolerance())
    assert failed(findings) == set()
    (srcc,) = [finding for finding in findings if finding.what == "srcc"]
    assert "by ties" in srcc.words


def test_what_appears_is_a_note_and_what_is_gone_a_failure() -> None:
    scores, labels = pair(60)
    old, now = record(scores, labels), record(scores, labels)
    fewer = {name: value for name, value in old.scores.items() if name != "3.png"}
    lacking = replace(old, n=59, scores=fewer, failures={"3.png": "why"})
    findings = compare_record(lacking, now, labelled(labels), Tolerance())
    assert failed(findings) == set()
    assert {states(findings)[what] for what in ("n", "scored", "failed", "images")} == {"note"}
    assert failed(compare_record(now, lacking, labelled(labels), Tolerance())) == {"n", "scored", "failed", "images"}
    without = replace(old, correlations={k: v for k, v in old.correlations.items() if k != "krcc"})
    assert states(compare_record(without, now, labelled(labels), Tolerance()))["krcc"] == "note"
    assert states(compare_record(now, without, labelled(labels), Tolerance()))["krcc"] == "failed"
