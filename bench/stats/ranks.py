"""Mid-ranks, Pearson's correlation, and the checks of every statistic's input."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bench.api import FloatArray

MIN_IMAGES = 4
"""Fewest images, or clusters to resample, for which a statistic is defined."""


def check_pair(scores: ArrayLike, labels: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Convert scores and labels to float64 vectors (n,) and check them.

    Raises:
        ValueError: they are not vectors of equal length, or a value is not finite.

    Example:
        >>> check_pair([1, 2], [3, 4])
        (array([1., 2.]), array([3., 4.]))
    """
    s, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    if s.ndim != 1 or s.shape != y.shape:
        raise ValueError(f"scores has shape {s.shape}, labels {y.shape}: give two vectors of one length")
    check_finite(scores=s, labels=y)
    return s, y


def check_scores(
    scores: ArrayLike, labels: ArrayLike, score_signs: ArrayLike = 1, label_sign: int = 1
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Convert the scores of several methods and the labels to float64 and check them.

    Args:
        scores: (methods, n) raw scores, or (n,) for one method.
        labels: (n,) labels.
        score_signs: direction of the scores, one for all methods or (methods,): +1 if higher is better, -1 if lower is.
        label_sign: +1 if a higher label means better (MOS), -1 if worse (DMOS).

    Returns:
        Scores (methods, n), labels (n,), and the sign of each method's correlation (methods,).

    Raises:
        ValueError: shapes differ, a value is not finite, or a sign is not +1 or -1.

    Example:
        >>> check_scores([[1, 2], [3, 4]], [5, 6], score_signs=[1, -1])[2]
        array([ 1., -1.])
    """
    s, y = np.atleast_2d(np.asarray(scores, dtype=np.float64)), np.asarray(labels, dtype=np.float64)
    if s.ndim != 2 or y.shape != s.shape[1:]:
        raise ValueError(f"scores has shape {s.shape}, labels {y.shape}: give (methods, n) and (n,)")
    check_finite(scores=s, labels=y)
    signs = np.asarray(score_signs)
    if signs.shape not in ((), (len(s),)):
        raise ValueError(f"score_signs has shape {signs.shape}: give one, or one for each of {len(s)} methods")
    signs = np.broadcast_to(signs, len(s))
    return s, y, np.array([direction(sign, label_sign) for sign in signs.tolist()], dtype=np.float64)


def check_finite(**arrays: FloatArray) -> None:
    """Check that arrays, passed by name, contain neither NaN nor infinity.

    Raises:
        ValueError: an array does; the message has its name and the number of such values.

    Example:
        >>> check_finite(scores=np.array([1.0, np.nan]))
        Traceback (most recent call last):
        ValueError: 1 of 2 scores are not finite: drop those images first and count them as failed
    """
    for name, array in arrays.items():
        if bad := array.size - int(np.count_nonzero(np.isfinite(array))):
            raise ValueError(
                f"{bad} of {array.size} {name} are not finite: drop those images first and count them as failed"
            )


def direction(score_sign: int, label_sign: int) -> int:
    """Return the sign of a correlation: the product of the directions of scores and labels.

    Raises:
        ValueError: a direction is not +1 or -1.

    Example:
        >>> direction(score_sign=1, label_sign=-1)
        -1
    """
    for name, sign in (("score_sign", score_sign), ("label_sign", label_sign)):
        if sign not in (1, -1):
            raise ValueError(f"{name} is {sign!r}: use +1 (higher is better) or -1 (lower is better)")
    return int(score_sign * label_sign)


def ranks(values: FloatArray) -> FloatArray:
    """Compute mid-ranks along the last axis.

    Args:
        values: (..., n) finite values.

    Returns:
        (..., n) ranks in 1..n, 1 for the smallest value; ties share the mean of their ranks.

    Example:
        >>> ranks(np.array([30.0, 10.0, 20.0, 20.0]))
        array([4. , 1. , 2.5, 2.5])
    """
    order = np.argsort(values, axis=-1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=-1)
    place = np.arange(values.shape[-1])
    starts = np.ones(values.shape, dtype=bool)
    starts[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    first = np.maximum.accumulate(np.where(starts, place, 0), axis=-1)
    # Seen from the end, a tie starts where the next one began.
    ends = np.ones(values.shape, dtype=bool)
    ends[..., :-1] = starts[..., 1:]
    last = np.minimum.accumulate(np.where(ends, place, place.size)[..., ::-1], axis=-1)[..., ::-1]
    result = np.empty(values.shape)
    np.put_along_axis(result, order, (first + last) / 2 + 1, axis=-1)
    return result


def relative_ranks(values: FloatArray) -> FloatArray:
    """Compute mid-ranks along the last axis on a scale from 0 to 1: the share of values below each, ties half.

    Args:
        values: (..., n) finite values.

    Returns:
        (..., n) from 1/2n for a single smallest value to 1 - 1/2n for a single largest one.

    Example:
        >>> relative_ranks(np.array([3.0, 1.0]))
        array([0.75, 0.25])
    """
    return np.asarray((ranks(values) - 0.5) / values.shape[-1])


def pearson(a: FloatArray, b: FloatArray) -> FloatArray:
    """Compute Pearson's correlation along the last axis.

    Args:
        a: (..., n) finite values.
        b: (..., n) finite values; the leading axes of both are broadcast.

    Returns:
        (...) correlations in -1..1; 0 if either vector is constant.

    Example:
        >>> pearson(np.array([[1.0, 2.0, 3.0], [7.0, 7.0, 7.0]]), np.array([3.0, 2.0, 1.0]))
        array([-1.,  0.])
    """
    a, b = _centred(a), _centred(b)
    norm = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    products = (a * b).sum(axis=-1)
    return np.asarray(np.clip(np.divide(products, norm, out=np.zeros_like(products), where=norm > 0), -1.0, 1.0))


def _centred(values: FloatArray) -> FloatArray:
    """Subtract the mean and scale the largest deviation to about 1, so that no square overflows or underflows.

    Scaling by powers of two is exact, so values that differ by one unit in the last place still differ. The mean is
    subtracted twice to remove the rounding error of the first time.
    """
    values = _scaled(values)
    values = values - values.mean(axis=-1, keepdims=True)
    return _scaled(values - values.mean(axis=-1, keepdims=True))


def _scaled(values: FloatArray) -> FloatArray:
    """Multiply by the power of two that brings the largest magnitude of each row into 0.5..1."""
    _, exponent = np.frexp(np.abs(values).max(axis=-1, keepdims=True))
    return np.asarray(np.ldexp(values, -exponent))
