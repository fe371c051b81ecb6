"""Number of raters that a metric is worth: so many people's mean agrees with a MOS as well as the metric does.

Declared behaviour: without the standard deviation and the number of each image's ratings, and where these leave the MOS
no reliability, the result is undefined and carries the reason. Ties get mid-ranks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from bench.api import FloatArray
from bench.stats.ceiling import noise_ceiling, squared_errors
from bench.stats.ranks import pearson, ranks

MOST_RATERS = 1000.0
"""Number of raters above which a metric's worth is not told from the ceiling."""
_FEWEST = 1e-2
_STEPS = 31
_SIMULATED = 100_000  # images in all sets of noise together


@dataclass(frozen=True, eq=False)
class RaterCurve:
    """Expected SRCC with a MOS of the mean of N further raters.

    Attributes:
        numbers: (k,) numbers N, rising from 0 to ``MOST_RATERS``.
        srcc: (k,) expected SRCC of their mean, in 0..1, not falling.
        reason: why there is no curve; empty where there is one.
    """

    numbers: FloatArray = field(default_factory=lambda: np.empty(0))
    srcc: FloatArray = field(default_factory=lambda: np.empty(0))
    reason: str = ""

    def worth(self, srcc: float) -> float:
        """Return the number of raters whose mean has this SRCC with the MOS.

        Args:
            srcc: of a metric with the same MOS, oriented: higher is better.

        Returns:
            The number, at least 0, not rounded; 0 for an SRCC of 0 or less, and infinity where more than
            ``MOST_RATERS`` raters would be needed. NaN without a curve.
        """
        if self.reason:
            return float("nan")
        if srcc >= self.srcc[-1]:
            return float("inf")
        # The SRCC of few raters is proportional to the root of their number.
        return float(np.interp(srcc, self.srcc, np.sqrt(self.numbers)) ** 2)


def rater_curve(labels: ArrayLike, std: ArrayLike | None, n_raters: ArrayLike | None, seed: int = 0) -> RaterCurve:
    """Compute how well the mean of N further raters agrees with a MOS, for N up to ``MOST_RATERS``.

    The model is that of the noise ceiling: a rating is the true quality plus noise of the image's own variance std^2,
    independent between raters and images. The MOS has noise of variance std^2 / n_raters, the mean of N other raters
    noise of variance std^2 / N. For the PLCC that gives R / sqrt(R + (1 - R) k / N), with the reliability R of the MOS
    and k ratings an image. For the SRCC, which this returns, it is simulated: true qualities are the MOS shrunk towards
    their mean by sqrt(R), both kinds of noise are added, and the SRCC is averaged over the sets of noise.

    A metric and the N raters are compared with the same MOS, so its noise lowers both alike, and the number does not
    depend on it. A fraction is the weight of a rater with so much more noise.

    Args:
        labels: (n,) MOS, finite, in any units and direction.
        std: (n,) standard deviation of the single ratings of each image, in the labels' units; None if unknown.
        n_raters: (n,) number of ratings of each image, or one number for all; None if unknown.
        seed: random seed.

    Returns:
        The curve; without one the reason, as ``noise_ceiling`` has it.

    Raises:
        ValueError: shapes differ, a label is not finite, or a standard deviation is negative.

    References:
        Spearman, Correlation calculated from faulty data, and Brown, Some experimental results in the correlation of
        mental abilities, British Journal of Psychology 3, 1910; Pinson, NRMetricFramework, NTIA, for the comparison
        of a metric with few viewers.

    Example:
        >>> random = np.random.default_rng(0)
        >>> quality, noise = random.normal(3, 0.7, 2000), random.normal(size=(2, 2000))
        >>> curve = rater_curve(quality + noise[0] / np.sqrt(20), std=np.ones(2000), n_raters=20)
        >>> mean_of_three = quality + noise[1] / np.sqrt(3)
        >>> srcc = float(pearson(ranks(mean_of_three), ranks(quality + noise[0] / np.sqrt(20))))
        >>> round(curve.worth(srcc))
        3
    """
    y = np.asarray(labels, dtype=np.float64)
    ceiling = noise_ceiling(y, std, n_raters, draws=1)
    error, _ = squared_errors(y, std, n_raters)
    if error is None or ceiling.plcc is None:
        return RaterCurve(reason=ceiling.reason)
    single = np.asarray(std, dtype=np.float64)
    if not single.any():
        return RaterCurve(reason="the ratings of every image agree, so one rater is as good as all")
    draws = int(np.clip(_SIMULATED // y.size, 20, 1000))
    random = np.random.default_rng(seed)
    true = ceiling.plcc * (y - y.mean())
    mos = ranks(true + random.normal(size=(draws, y.size)) * np.sqrt(error))
    # The same noise at every N, so that the curve rises smoothly.
    noise = random.normal(size=(draws, y.size)) * single
    numbers = np.geomspace(_FEWEST, MOST_RATERS, _STEPS)
    srcc = [float(pearson(ranks(true + noise / np.sqrt(number)), mos).mean()) for number in numbers]
    return RaterCurve(np.append(0.0, numbers), np.maximum.accumulate(np.append(0.0, srcc)))
