"""Comparison of a result with its record in a reference; nothing is read or written.

What decides never depends on a bootstrap's seed alone. A number that has not moved by more than a fixed tolerance
passes, and no draw is made. Only of one that has is the paired bootstrap asked how far the difference between the new
and the recorded scores, on the same images, could have come out on other images.

Declared behaviour: images that failed on either side are counted, and only those with a score on both are compared;
a score or a correlation that appears where the reference had none is a note, one that is gone a failure; scores that
moved within their tolerance are taken for unmoved, so that no tie between them that comes or goes counts; scores that
are constant on both sides have the rank correlation 1, on one side 0; where there are too few units to resample, the
fixed tolerance decides alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bench import stats
from bench.api import FloatArray
from bench.datasets.protocol import Protocol
from bench.defaults import CONFIDENCE, DRAWS
from bench.errors import listed
from bench.stats.ranks import pearson, ranks

ROUNDING = 1e-4
"""Change of a score, in standard deviations of the recorded scores, below which it has not moved."""
CORRELATIONS = ("srcc", "krcc", "plcc_raw", "plcc_log4", "plcc_log5")

Value = float | int | str | None
State = Literal["ok", "note", "failed"]


@dataclass(frozen=True)
class Record:
    """The numbers and scores of one method on one dataset under one protocol, measured now or recorded once.

    Attributes:
        method: its row's label, name and options.
        protocol: of the scores.
        identity: the ``method`` and ``dataset`` blocks of the store's identity: versions, options and hashes.
        n: images that the correlations rest on.
        correlations: value by name in ``stats.Correlations``, unrounded; what has no value is left out.
        scores: image → raw score, of the images that have one.
        failures: image → why it has none.
        code: hashes of the states of the method's code that computed them; empty where nobody recorded it.
    """

    method: str
    protocol: Protocol
    identity: Mapping[str, Mapping[str, Any]]
    n: int
    correlations: Mapping[str, float]
    scores: Mapping[str, float]
    failures: Mapping[str, str]
    code: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, Protocol]:
        """Key of a comparison."""
        return self.method, self.protocol


@dataclass(frozen=True)
class CheckedLabels:
    """Labels that the scores of images are correlated with.

    Attributes:
        images: (n,) names.
        values: (n,) labels, finite.
        groups: (n,) group inside which labels compare; None where they compare everywhere.
        clusters: (n,) what is resampled as one; None to resample images.
        aggregate: what correlations inside groups are put together by.
    """

    images: tuple[str, ...]
    values: FloatArray
    groups: Sequence[str] | None = None
    clusters: Sequence[str] | None = None
    aggregate: Literal["mean", "median"] = "mean"


@dataclass(frozen=True)
class Tolerance:
    """Largest changes of numbers that pass.

    Attributes:
        scores: largest change of an image's score, in standard deviations of the recorded scores.
        ranks: by how much the rank correlation of new and recorded scores may fall short of 1.
        correlation: change of a correlation; half of the paired interval's width where that is more. The default is
            half of the last digit that tables print.
        seed: of the paired bootstrap.
    """

    scores: float = ROUNDING
    ranks: float = 1e-4
    correlation: float = 5e-4
    seed: int = 0


@dataclass(frozen=True)
class Finding:
    """One number beside the recorded one.

    Attributes:
        what: its name.
        state: a note is a difference that explains others and fails nothing by itself.
        reference: as recorded.
        now: as measured.
        allowed: how far apart the two may be; None where not at all.
        words: what that means.
    """

    what: str
    state: State
    reference: Value = None
    now: Value = None
    allowed: float | None = None
    words: str = ""


def compare_record(reference: Record, now: Record, labels: CheckedLabels, tolerance: Tolerance) -> list[Finding]:
    """Compare a record with the one of the same method and protocol in a reference.

    Args:
        reference: what was recorded.
        now: what was measured.
        labels: of the images that ``now`` has scores of.
        tolerance: how far numbers may move.

    Returns:
        Every difference of identity, and every number that was compared, in that order. Where labels or images are
        others than the reference's, numbers do not compare and are left out.
    """
    findings = [*_identity(reference, now), *_counts(reference, now)]
    if reference.identity["dataset"] != now.identity["dataset"]:
        return findings
    scores, unmoved = _scores(reference, now, tolerance)
    by_ties = unmoved and _follow_from_scores(reference, now, labels)
    return [*findings, *scores, *_correlations(reference, now, labels, tolerance, by_ties)]


def _identity(reference: Record, now: Record) -> list[Finding]:
    findings = []
    blocks: tuple[tuple[str, State, str], ...] = (
        ("dataset", "failed", "the dataset is another: its numbers do not compare"),
        ("method", "note", "the method is another; whether its numbers moved is told below"),
    )
    for block, state, words in blocks:
        old, new = reference.identity[block], now.identity[block]
        findings += [
            Finding(f"{block} {name}", state, _shown(old.get(name)), _shown(new.get(name)), words=words)
            for name in sorted({*old, *new})
            if old.get(name) != new.get(name)
        ]
    if reference.code and now.code and reference.code != now.code:
        words = "the method's code is another; whether its numbers moved is told below"
        findings.append(Finding("method code", "note", " ".join(reference.code), " ".join(now.code), words=words))
    return findings


def _shown(value: Any) -> Value:
    return value if isinstance(value, str | int | float | None) else str(value)


def _counts(reference: Record, now: Record) -> list[Finding]:
    """Compare n and the images that failed; those that only now fail or are gone are named with the reason."""
    lost = [name for name in sorted(reference.scores) if name not in now.scores]
    gained = [name for name in sorted(now.scores) if name not in reference.scores]
    counts: tuple[tuple[str, int, int, bool], ...] = (
        ("n", reference.n, now.n, now.n < reference.n),
        ("scored", len(reference.scores), len(now.scores), len(now.scores) < len(reference.scores)),
        ("failed", len(reference.failures), len(now.failures), len(now.failures) > len(reference.failures)),
    )
    findings = [
        Finding(what, "ok" if old == new and not worse else "failed" if worse else "note", old, new)
        for what, old, new, worse in counts
    ]
    if lost:
        words = [f"{name}: {now.failures.get(name, 'is not among the images')}" for name in lost]
        findings.append(Finding("images", "failed", words=listed(words, 5)))
    if gained:
        words = [f"{name}: has a score now" for name in gained]
        findings.append(Finding("images", "note", words=listed(words, 5)))
    return findings


def _scores(reference: Record, now: Record, tolerance: Tolerance) -> tuple[list[Finding], bool]:
    """Compare scores, and say whether none has moved by more than rounding."""
    images = [name for name in reference.scores if name in now.scores]
    if not images:
        return [], False
    old, new = (np.array([record.scores[name] for name in images]) for record in (reference, now))
    # By what no square and no difference overflows.
    scale = max(1.0, float(np.abs(old).max()), float(np.abs(new).max()))
    moved = np.abs(new / scale - old / scale)
    worst = int(np.argmax(moved))
    # A method that gives every image one score has no spread: its size is the measure then.
    spread = float(np.std(old / scale)) or float(np.abs(old / scale).max()) or 1.0 / scale
    times = float(moved[worst]) / spread
    where = listed([images[worst]])
    words = f"largest change {times:.3g} standard deviations, on {where}" if times else "all identical"
    still = moved <= min(tolerance.scores, ROUNDING) * spread
    rank = _rank_correlation(old, np.where(still, old, new))
    pair = float(old[worst]), float(new[worst])
    findings = [
        Finding("score", _state(times <= tolerance.scores), *pair, tolerance.scores * spread * scale, words),
        Finding("rank correlation", _state(rank >= 1 - tolerance.ranks), 1.0, rank, tolerance.ranks),
    ]
    return findings, bool(still.all())


def _rank_correlation(old: FloatArray, new: FloatArray) -> float:
    if old.min() == old.max() and new.min() == new.max():
        return 1.0
    return float(pearson(ranks(old), ranks(new)))


def _state(fine: bool | np.bool_) -> State:
    return "ok" if fine else "failed"


def _correlations(
    reference: Record, now: Record, labels: CheckedLabels, tolerance: Tolerance, by_ties: bool
) -> list[Finding]:
    names = [name for name in CORRELATIONS if name in reference.correlations or name in now.correlations]
    pairs = {name: (reference.correlations.get(name), now.correlations.get(name)) for name in names}
    moves = {name: new - old for name, (old, new) in pairs.items() if old is not None and new is not None}
    allowed = tolerance.correlation
    if not by_ties and any(abs(move) > allowed for move in moves.values()):
        allowed = max(allowed, paired_half_width(reference, now, labels, tolerance.seed))
    findings = []
    for name, (old, new) in pairs.items():
        if old is None or new is None:
            state: State = "failed" if new is None else "note"
            findings.append(
                Finding(name, state, old, new, words="has no value any more" if new is None else "had no value")
            )
            continue
        passes = abs(moves[name]) <= allowed
        words = f"{'fell' if moves[name] < 0 else 'rose'} by {abs(moves[name]):.3g}" if moves[name] else ""
        if by_ties and not passes:
            words += ", by ties and images that the reference has no score of: no score moved"
        findings.append(Finding(name, _state(passes or by_ties), old, new, allowed, words))
    return findings


def _follow_from_scores(reference: Record, now: Record, labels: CheckedLabels) -> bool:
    """Say whether both SRCCs are those of the scores with these labels, under one direction of the method."""
    pairs = [(record.correlations.get("srcc"), _srcc(record, labels)) for record in (reference, now)]
    return any(
        all(told is not None and found is not None and abs(told - sign * found) < 1e-9 for told, found in pairs)
        for sign in (1, -1)
    )


def _srcc(record: Record, labels: CheckedLabels) -> float | None:
    kept = [i for i, name in enumerate(labels.images) if name in record.scores]
    scores, values = [record.scores[labels.images[i]] for i in kept], labels.values[kept]
    if labels.groups is None:
        return stats.correlate(scores, values, values=("srcc",)).srcc
    groups = [labels.groups[i] for i in kept]
    return stats.correlate_within(scores, values, groups, aggregate=labels.aggregate).srcc


def paired_half_width(
    reference: Record, now: Record, labels: CheckedLabels, seed: int = 0, draws: int = DRAWS
) -> float:
    """Return half the width of the 95 % interval of the difference of two SRCCs on the same images.

    Both sets of scores are correlated on the same draws, so what images have in common cancels: two nearly equal
    sets have a narrow interval, however wide that of each SRCC is. 0 where there are too few units to resample.

    Args:
        reference: scores of one side.
        now: scores of the other.
        labels: of at least the images with a score on both sides.
        seed: of the draws.
        draws: how many.
    """
    drawn = paired_bootstrap(reference, now, labels, seed=seed, draws=draws)
    differences = drawn.samples[1] - drawn.samples[0]
    differences = differences[~np.isnan(differences)]
    if not differences.size:
        return 0.0
    low, high = np.quantile(differences, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(high - low) / 2


def paired_bootstrap(
    first: Record,
    second: Record,
    labels: CheckedLabels,
    *,
    signs: tuple[Sequence[int], int] = ((1, 1), 1),
    seed: int = 0,
    draws: int = DRAWS,
) -> stats.Bootstrap:
    """Resample the images with a label and a score on both sides, the same for both.

    Args:
        first: scores of one side, the row 0.
        second: scores of the other, the row 1.
        labels: of at least those images.
        signs: +1 or -1 of both scores and of the labels, where higher or lower means better.
        seed: of the draws.
        draws: how many.
    """
    kept = [i for i, name in enumerate(labels.images) if name in first.scores and name in second.scores]
    scores = [[record.scores[labels.images[i]] for i in kept] for record in (first, second)]
    clusters = [labels.clusters[i] for i in kept] if labels.clusters is not None else None
    common: dict[str, Any] = {"clusters": clusters, "draws": draws, "seed": seed, "level": CONFIDENCE}
    common |= {"score_signs": list(signs[0]), "label_sign": signs[1]}
    if labels.groups is None:
        return stats.bootstrap_srcc(scores, labels.values[kept], **common)
    groups = [labels.groups[i] for i in kept]
    return stats.bootstrap_within(scores, labels.values[kept], groups, aggregate=labels.aggregate, **common)
