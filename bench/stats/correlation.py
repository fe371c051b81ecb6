"""Correlation of a method's scores with a dataset's labels, over all images or inside groups.

Declared behaviour, the same for every function here:

* Direction: a correlation is multiplied by the direction of the scores times that of the labels, never by its own sign.
  A method that scores in the wrong direction has a negative correlation.
* Ties: mid-ranks in the SRCC, tau-b in the KRCC.
* NaN or infinite values: ValueError. The caller has dropped and counted the images that failed.
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
"""Statistic over groups."""

NOT_ASKED = "not asked for"
NEARLY_CONSTANT = 1e-6
"""Range of scores or labels, as a share of their magnitude, below which they may differ by rounding alone."""


def _spearman(s: FloatArray, y: FloatArray) -> float:
    return float(pearson(ranks(s), ranks(y)))


def _kendall(s: FloatArray, y: FloatArray) -> float:
    """Return tau-b of two vectors, in O(n log n)."""
    from scipy.stats import kendalltau

    return float(kendalltau(s, y, variant="b").statistic)


def _pearson(s: FloatArray, y: FloatArray) -> float:
    return float(pearson(s, y))


UNMAPPED: dict[str, Callable[[FloatArray, FloatArray], float]] = {
    "srcc": _spearman,
    "krcc": _kendall,
    "plcc_raw": _pearson,
}
"""Statistics of raw scores and labels (n,), by field of ``Correlations``; reversed scores give the negative value."""
MAPPED = ("plcc_log4", "plcc_log5", "rmse_log4", "rmse_log5")
VALUES = (*UNMAPPED, *MAPPED)
GROUPED = ("srcc", "krcc", "plcc_raw")
"""Statistics that ``correlate_within`` computes."""


@dataclass(frozen=True)
class Grouping:
    """Numbers of groups behind a mean or median over groups.

    Attributes:
        used: groups used.
        left_out: groups left out because they are too small or their labels are constant.
        constant: groups used whose scores are constant; their correlation counts as 0.
    """

    used: int
    left_out: int
    constant: int


@dataclass(frozen=True)
class Correlations:
    """Agreement of scores with labels. A value is None if it is undefined; ``reasons`` says why.

    Attributes:
        n: number of images used.
        srcc: Spearman's rank correlation, -1..1, higher is better.
        krcc: Kendall's tau-b, -1..1, higher is better.
        plcc_raw: Pearson's correlation of the raw scores, -1..1, higher is better.
        plcc_log4: Pearson's correlation after the 4-parameter mapping, -1..1, higher is better.
        plcc_log5: Pearson's correlation after the 5-parameter mapping, -1..1, higher is better.
        rmse_log4: root mean square error (divided by n) after the 4-parameter mapping, in the labels' units, lower is
            better.
        rmse_log5: root mean square error after the 5-parameter mapping, in the labels' units, lower is better.
        reasons: why a value is None, by field name.
        remarks: what must be known of a value that is there, by field name.
        grouping: numbers of groups, if the values are means or medians over groups; otherwise None.
        mapping: the 4-parameter mapping of ``plcc_log4``; None if it did not converge or was not fitted.
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
    remarks: dict[str, str] = field(default_factory=dict)
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

    SRCC = Pearson's correlation of mid-ranks. KRCC = (concordant - discordant) / sqrt(pairs untied in scores x pairs
    untied in labels). A mapped PLCC is the correlation of the mapped scores f(x) with the labels, times the sign of the
    SRCC. A least-squares curve always correlates positively with the labels it was fitted to: without that sign, a
    method that scores in the wrong direction would get a falling curve and the PLCC of its mirror image. The sign is
    that of the ranks, because a single outlier can turn the correlation of the curve with the scores.

    Args:
        scores: (n,) raw scores, finite.
        labels: (n,) labels, finite, in the dataset's own units.
        score_sign: +1 if a higher score means better, -1 if worse.
        label_sign: +1 if a higher label means better (MOS), -1 if worse (DMOS).
        values: names of the statistics to compute, from ``VALUES``; the others are None, with a reason.

    Returns:
        The statistics; all None, with a reason, for fewer than four images or constant scores or labels.

    Raises:
        ValueError: shapes differ, a value is not finite, or a sign is not +1 or -1.

    References:
        Spearman, Am. J. Psychology 15, 1904 (SRCC); Kendall, Biometrika 33, 1945 (tau-b); ITU-T P.1401, 2020 (PLCC and
        RMSE after a mapping).

    Example:
        >>> found = correlate([1, 2, 3, 5, 4], [10, 20, 30, 40, 50], values=("srcc", "krcc"))
        >>> round(found.srcc, 3), round(found.krcc, 3)
        (0.9, 0.8)
        >>> correlate([7, 7, 7, 7], [1, 2, 3, 4]).reasons["srcc"]
        'constant scores'
    """
    s, y = check_pair(scores, labels)
    sign = direction(score_sign, label_sign)
    if reason := _no_correlation(s, y):
        return Correlations(n=s.size, reasons=dict.fromkeys(VALUES, reason))
    got: dict[str, Any] = {name: sign * compute(s, y) for name, compute in UNMAPPED.items() if name in values}
    reasons: dict[str, str] = {}
    fits = {"log4": fit_logistic4, "log5": fit_logistic5}
    mappings = {
        name: fit(s, y, sign) for name, fit in fits.items() if not {f"plcc_{name}", f"rmse_{name}"}.isdisjoint(values)
    }
    remarks = dict.fromkeys(got, nearly_constant(s, y))
    of_ranks = (-1 if got["srcc"] < 0 else 1) if "srcc" in got else rank_sign(s, y, sign)
    for mapping in mappings.values():
        mapped, reason = _after_mapping(mapping, s, y, of_ranks)
        got |= mapped
        of_both = [f"plcc_{mapping.name}", f"rmse_{mapping.name}"]
        if reason:
            reasons |= dict.fromkeys(of_both, reason)
        else:
            said = "; ".join(filter(None, (nearly_constant(s, y), mapping.remark)))
            remarks |= dict.fromkeys(of_both, said)
    reasons |= {name: NOT_ASKED for name in VALUES if name not in got and name not in reasons}
    log4 = mappings.get("log4")
    fitted = log4 if log4 and log4.converged else None
    remarks = {name: said for name, said in remarks.items() if said}
    return Correlations(n=s.size, reasons=reasons, remarks=remarks, mapping=fitted, **got)


def nearly_constant(scores: FloatArray, labels: FloatArray) -> str:
    """Return a remark if scores or labels hardly differ for their magnitude; empty if they do.

    Example:
        >>> nearly_constant(np.array([1.0, 1.0 + 1e-9]), np.array([1.0, 2.0]))
        'scores that differ by less than 1e-06 of their magnitude: their order may be rounding'
    """
    given = (("scores", scores), ("labels", labels))
    with np.errstate(over="ignore"):  # a range beyond the largest number is wide
        small = [name for name, values in given if np.ptp(values) < NEARLY_CONSTANT * np.abs(values).max(initial=0.0)]
    if not small:
        return ""
    names = " and ".join(small)
    return f"{names} that differ by less than {NEARLY_CONSTANT:g} of their magnitude: their order may be rounding"


def rank_sign(scores: FloatArray, labels: FloatArray, sign: int) -> int:
    """Return -1 if scores, oriented by ``sign``, order the images against the labels by the SRCC, else +1.

    Example:
        >>> rank_sign(np.array([1.0, 2.0, 3.0, 99.0]), np.array([4.0, 3.0, 2.0, 1.0]), sign=1)
        -1
    """
    return -1 if sign * _spearman(scores, labels) < 0 else 1


def _after_mapping(fit: LogisticMapping, s: FloatArray, y: FloatArray, sign: int) -> tuple[dict[str, float], str]:
    """Return PLCC, with the sign of the ranks, and RMSE after a mapping by field name; or nothing and the reason."""
    if not fit.converged:
        return {}, fit.reason
    f = fit.predict(s)
    if np.ptp(f) == 0:
        return {}, f"the {len(fit.parameters)}-parameter fit is flat"
    plcc = float(sign * pearson(f, y))
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
    """Average the correlations inside groups, for labels that are comparable only inside a group.

    Every group has the same weight, whatever its size. A group with fewer than ``min_size`` images or with constant
    labels cannot be ranked: it is left out and counted. A group with constant *scores* counts as correlation 0, so that
    a method gains nothing by giving the images of a hard group one score; these groups are counted too.

    Args:
        scores: (n,) raw scores, finite.
        labels: (n,) labels, finite.
        groups: (n,) group of each image, any values that sort.
        score_sign: +1 if a higher score means better, -1 if worse.
        label_sign: +1 if a higher label means better (MOS), -1 if worse (DMOS).
        min_size: smallest number of images of a group that is used, at least 2.
        aggregate: ``mean`` or ``median`` over groups.

    Returns:
        Means (or medians) over groups of SRCC, KRCC and raw PLCC, in -1..1; the statistics after a mapping are None.
        ``n`` is the number of images of the groups used, ``grouping`` the numbers of groups.

    Raises:
        ValueError: shapes differ, a value is not finite, a sign is not +1 or -1, or min_size is below 2.

    Example:
        >>> found = correlate_within([1, 2, 3, 9, 7, 8], [1, 2, 3, 1, 2, 3], groups=list("aaabbb"))
        >>> round(found.srcc, 3), found.grouping.used
        (0.25, 2)
    """
    s, y = check_pair(scores, labels)
    sign = direction(score_sign, label_sign)
    blocks, left_out = group_blocks(y, groups, min_size)
    reasons = {name: "labels compare only inside a group" for name in VALUES if name not in GROUPED}
    if not blocks:
        reasons |= dict.fromkeys(GROUPED, f"no group has {min_size} images and labels that differ")
        return Correlations(n=0, reasons=reasons, grouping=Grouping(0, left_out, 0))
    tables = [_block_values(s[rows], y[rows]) for rows in blocks]
    over_groups = np.mean if aggregate == "mean" else np.median
    srcc, krcc, plcc = (sign * float(over_groups(np.concatenate(column))) for column in zip(*tables, strict=True))
    constant = sum(int(np.count_nonzero(np.ptp(s[rows], axis=1) == 0)) for rows in blocks)
    grouping = Grouping(sum(len(rows) for rows in blocks), left_out, constant)
    said = nearly_constant(s, y)
    remarks = dict.fromkeys(GROUPED, said) if said else {}
    n = sum(rows.size for rows in blocks)
    return Correlations(n, srcc, krcc, plcc, reasons=reasons, remarks=remarks, grouping=grouping)


def _block_values(s: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return SRCC, KRCC and raw PLCC of each row of two (groups, size) arrays."""
    return pearson(ranks(s), ranks(y)), _kendall_rows(s, y), pearson(s, y)


def group_blocks(labels: FloatArray, groups: ArrayLike, min_size: int) -> tuple[list[NDArray[np.intp]], int]:
    """Collect the groups that can be used, as one array of image indices for each size of group.

    Args:
        labels: (n,) labels, finite.
        groups: (n,) group of each image, any values that sort.
        min_size: smallest number of images of a group that is used, at least 2.

    Returns:
        Arrays (groups, size) of indices, by rising size; and the number of groups left out because they are too small
        or their labels are constant.

    Raises:
        ValueError: shapes differ, or min_size is below 2.

    Example:
        >>> group_blocks(np.array([1.0, 2.0, 3.0, 3.0, 3.0]), ["a", "a", "b", "b", "c"], min_size=2)
        ([array([[0, 1]])], 2)
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
    """Return why two vectors have no correlation; empty if they have one."""
    if s.size < MIN_IMAGES:
        return f"fewer than {MIN_IMAGES} images"
    constant = [name for name, values in (("scores", s), ("labels", y)) if values.min() == values.max()]
    return f"constant {' and '.join(constant)}" if constant else ""


def _kendall_rows(s: FloatArray, y: FloatArray) -> FloatArray:
    """Return tau-b of each row of two (groups, size) arrays; 0 if a row is constant.

    The pairs of all groups are compared lag by lag. Groups are small and many: one call for each group would cost more
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
