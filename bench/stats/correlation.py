"""Correlations of a method's scores with the labels of a dataset, whole or within groups.

Declared behaviour, the same for every function here:

* Direction: a correlation is multiplied by the method's direction times the label's, never by its
  own sign. A method that goes the wrong way shows a negative number.
* Ties: mid-ranks in the SRCC, tau-b in the KRCC.
* NaN or infinite values: ValueError. Who calls has dropped and counted the images that failed.
* Constant scores or labels, and fewer than four images: None, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.api import FloatArray
from bench.stats.mapping import LogisticMapping, fit_logistic4, fit_logistic5
from bench.stats.ranks import MIN_IMAGES, check_pair, direction, pearson, ranks

Aggregate = Literal["mean", "median"]
"""What correlations inside groups are put together by."""

RANKED = ("srcc", "krcc", "plcc_raw")
MAPPED = ("plcc_log4", "plcc_log5", "rmse_log4", "rmse_log5")
VALUES = RANKED + MAPPED
NOT_ASKED = "not asked for"


@dataclass(frozen=True)
class Grouping:
    """What a within-group mean was taken over.

    Attributes:
        used: groups in the mean.
        left_out: groups left out for being too small or having constant labels.
        constant: groups in the mean whose scores are constant and which count as 0.
    """

    used: int
    left_out: int
    constant: int


@dataclass(frozen=True)
class Correlations:
    """How well scores agree with labels. A value that is None has its reason in ``reasons``.

    Attributes:
        n: images that the values rest on.
        srcc: Spearman's rank correlation, -1..1, higher is better.
        krcc: Kendall's tau-b, -1..1, higher is better.
        plcc_raw: Pearson's correlation of the scores as they are, -1..1, higher is better.
        plcc_log4: the same after the 4-parameter mapping.
        plcc_log5: the same after the 5-parameter mapping.
        rmse_log4: root mean square error (over n) after the 4-parameter mapping, in the labels' units.
        rmse_log5: the same after the 5-parameter mapping.
        reasons: for each value that is None, by field name, why.
        grouping: set when the values are means over groups.
        mapping: the 4-parameter mapping behind ``plcc_log4``; None where it did not converge or was not fitted.
    """

    n: int
    srcc: float | None = None
    krcc: float | None = None
    plcc_raw: float | None = None
    plcc_log4: float | None = None
    plcc_log5: float | None = None
    rmse_log4: float | None = None
    rmse_log5: float | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    grouping: Grouping | None = None
    mapping: LogisticMapping | None = field(default=None, compare=False)  # of raw scores: its sign is theirs


def correlate(
    scores: ArrayLike,
    labels: ArrayLike,
    score_sign: int = 1,
    label_sign: int = 1,
    values: Collection[str] = VALUES,
) -> Correlations:
    """Correlate the scores of one method with the labels of one dataset.

    A mapped PLCC is the correlation of the mapped scores f(x) with the labels, times the sign of
    the correlation of f(x) with the oriented score x. A least-squares curve always correlates
    positively with what it was fitted to, so without that sign a method that goes the wrong way
    would be fitted by a falling curve and come out as good as its mirror image.

    Args:
        scores: (n,) raw scores, finite.
        labels: (n,) labels, finite, in the dataset's own units.
        score_sign: +1 if a higher score means better, -1 if worse.
        label_sign: +1 if a higher label means better (MOS), -1 if worse (DMOS).
        values: names of those wanted; others may be None, with that for a reason.

    Raises:
        ValueError: shapes differ, a value is not finite, or a sign is not +1 or -1.

    References:
        ITU-T P.1401 (2020) for PLCC and RMSE after a mapping.
    """
    s, y = check_pair(scores, labels)
    sign = direction(score_sign, label_sign)
    if reason := _no_correlation(s, y):
        return Correlations(n=s.size, reasons=dict.fromkeys(VALUES, reason))
    found: dict[str, Callable[[], float]] = {
        "srcc": lambda: sign * float(pearson(ranks(s), ranks(y))),
        "krcc": lambda: sign * _kendall(s, y),
        "plcc_raw": lambda: sign * float(pearson(s, y)),
    }
    got: dict[str, Any] = {name: find() for name, find in found.items() if name in values}
    reasons: dict[str, str] = {}
    fits = {"log4": fit_logistic4, "log5": fit_logistic5}
    mappings = {
        name: fit(s, y, sign) for name, fit in fits.items() if not {f"plcc_{name}", f"rmse_{name}"}.isdisjoint(values)
    }
    for mapping in mappings.values():
        mapped, reason = _after_mapping(mapping, s, y)
        got |= mapped
        if reason:
            reasons |= {f"plcc_{mapping.name}": reason, f"rmse_{mapping.name}": reason}
    reasons |= {name: NOT_ASKED for name in VALUES if name not in got and name not in reasons}
    log4 = mappings.get("log4")
    return Correlations(n=s.size, reasons=reasons, mapping=log4 if log4 and log4.converged else None, **got)


def _after_mapping(fit: LogisticMapping, s: FloatArray, y: FloatArray) -> tuple[dict[str, float], str]:
    """Return PLCC and RMSE after a mapping by field name, or nothing and the reason."""
    if not fit.converged:
        return {}, fit.reason
    f = fit.predict(s)
    if np.ptp(f) == 0:
        return {}, f"the {len(fit.parameters)}-parameter fit is flat"
    plcc = float(np.sign(pearson(f, fit.standardise(s))) * pearson(f, y))
    rmse = float(np.sqrt(np.mean((f - y) ** 2)))
    return {f"plcc_{fit.name}": plcc, f"rmse_{fit.name}": rmse}, ""


def correlate_within(
    scores: ArrayLike,
    labels: ArrayLike,
    groups: ArrayLike,
    score_sign: int = 1,
    label_sign: int = 1,
    min_size: int = 3,
    aggregate: Aggregate = "mean",
) -> Correlations:
    """Average the correlation inside groups, for labels that only compare inside a group.

    Each group counts once whatever its size. A group with fewer than ``min_size`` images or with
    constant labels asks no question: it is left out and counted. A group whose *scores* are
    constant is a question that the method did not answer: it counts as 0, so that saturating on
    the hard groups does not pay, and is counted too.

    Args:
        scores: (n,) raw scores, finite.
        labels: (n,) labels, finite.
        groups: (n,) group of each image, any values that sort.
        score_sign: +1 if a higher score means better, -1 if worse.
        label_sign: +1 if a higher label means better, -1 if worse.
        min_size: smallest group that is used, at least 2.
        aggregate: mean or median over groups.

    Returns:
        Means (or medians) over groups of SRCC, KRCC and raw PLCC; the mapped values are None. ``n`` counts the
        images of the groups used, and ``grouping`` the groups.

    Raises:
        ValueError: shapes differ, a value is not finite, a sign is not +1 or -1, min_size is below 2.
    """
    s, y = check_pair(scores, labels)
    sign = direction(score_sign, label_sign)
    blocks, left_out = group_blocks(y, groups, min_size)
    reasons = dict.fromkeys(MAPPED, "labels compare only inside a group")
    if not blocks:
        reasons |= dict.fromkeys(RANKED, f"no group has {min_size} images and labels that differ")
        return Correlations(n=0, reasons=reasons, grouping=Grouping(0, left_out, 0))
    tables = [_block_values(s[rows], y[rows]) for rows in blocks]
    over_groups = np.mean if aggregate == "mean" else np.median
    srcc, krcc, plcc = (sign * float(over_groups(np.concatenate(column))) for column in zip(*tables, strict=True))
    constant = sum(int(np.count_nonzero(np.ptp(s[rows], axis=1) == 0)) for rows in blocks)
    grouping = Grouping(sum(len(rows) for rows in blocks), left_out, constant)
    return Correlations(sum(rows.size for rows in blocks), srcc, krcc, plcc, reasons=reasons, grouping=grouping)


def _block_values(s: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """SRCC, KRCC and raw PLCC of each row of two (groups, size) arrays."""
    return pearson(ranks(s), ranks(y)), _kendall_rows(s, y), pearson(s, y)


def group_blocks(labels: FloatArray, groups: ArrayLike, min_size: int) -> tuple[list[NDArray[np.intp]], int]:
    """Collect the groups that can be used, those of one size as one (groups, size) array of indices.

    Returns:
        The arrays, by rising size, and how many groups were left out.
    """
    ids = np.asarray(groups)
    if ids.shape != labels.shape:
        raise ValueError(f"groups has shape {ids.shape}, labels {labels.shape}: give one group an image")
    if min_size < 2:
        raise ValueError(f"min_size is {min_size}: a group needs at least 2 images to be ordered")
    _, inverse, sizes = np.unique(ids, return_inverse=True, return_counts=True)
    order = np.argsort(inverse, kind="stable")
    starts = np.cumsum(sizes) - sizes
    blocks = []
    for size in np.unique(sizes[sizes >= min_size]):
        rows = order[starts[sizes == size, None] + np.arange(size)]
        rows = rows[np.ptp(labels[rows], axis=1) > 0]
        if len(rows):
            blocks.append(rows)
    return blocks, len(sizes) - sum(len(rows) for rows in blocks)


def _no_correlation(s: FloatArray, y: FloatArray) -> str:
    """Say why two vectors have no correlation at all; empty when they have one."""
    if s.size < MIN_IMAGES:
        return f"fewer than {MIN_IMAGES} images"
    constant = [name for name, values in (("scores", s), ("labels", y)) if values.min() == values.max()]
    return f"constant {' and '.join(constant)}" if constant else ""


def _kendall(s: FloatArray, y: FloatArray) -> float:
    """Tau-b of two vectors in O(n log n)."""
    from scipy.stats import kendalltau

    return float(kendalltau(s, y, variant="b").statistic)


def _kendall_rows(s: FloatArray, y: FloatArray) -> FloatArray:
    """Tau-b of each row of two (groups, size) arrays; 0 where a row is constant.

    Pairs are taken lag by lag: groups are small and many, where one call a group would cost more
    than the quadratic number of pairs.
    """
    agree, in_s, in_y = np.zeros((3, len(s)))
    for lag in range(1, s.shape[1]):
        a, b = np.sign(s[:, lag:] - s[:, :-lag]), np.sign(y[:, lag:] - y[:, :-lag])
        agree += (a * b).sum(axis=1)
        in_s += np.abs(a).sum(axis=1)
        in_y += np.abs(b).sum(axis=1)
    norm = np.sqrt(in_s * in_y)
    return np.asarray(np.divide(agree, norm, out=np.zeros_like(agree), where=norm > 0))
