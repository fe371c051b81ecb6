"""Resolution: the smallest difference of two methods' correlations that a dataset finds.

Declared behaviour: a pair in which a method has no correlation, or that ranks all images alike, tells nothing of the
dataset and is left out; without any pair left the result is undefined and carries the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bench.defaults import ALPHA, POWER
from bench.stats.comparison import MIN_DRAWS
from bench.stats.interval import Bootstrap, standard_error, t_quantile

_ROUNDING = 1e-12


@dataclass(frozen=True)
class Resolution:
    """Smallest differences of correlations that a paired test finds, over the pairs of methods.

    Attributes:
        median: of the pairs, above 0; None if undefined.
        low: of the pair that is easiest to tell apart.
        high: of the pair that is hardest to tell apart.
        pairs: number of pairs behind them.
        units: number of images or clusters that were resampled.
        reason: why they are undefined; empty if they are defined.
    """

    median: float | None = None
    low: float | None = None
    high: float | None = None
    pairs: int = 0
    units: int = 0
    reason: str = ""


def resolution(bootstrap: Bootstrap, alpha: float = ALPHA, power: float = POWER) -> Resolution:
    """Compute the smallest difference of correlations that a paired test on the same images finds.

    For a pair of methods it is (t_(1 - alpha / 2) + t_power) s. Here s is the standard error of their difference over
    the shared bootstrap samples, and t the quantiles of Student's t with one degree of freedom less than images or
    clusters are resampled. As s is that of these methods, it has the correlation between them: methods that err on the
    same images are easier to tell apart. The test is of one pair; the adjustment for many pairs finds less.

    Args:
        bootstrap: of all methods together, so that every sample is the same for all of them.
        alpha: significance level of the two-sided test, inside 0..1.
        power: probability with which the difference is found, inside alpha..1.

    Returns:
        Median and range over all pairs of methods.

    References:
        Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988; Bloom, Minimum detectable effects,
        Evaluation Review 19, 1995 (the sum of the two quantiles).

    Example:
        >>> from bench.stats import bootstrap_srcc
        >>> labels, noise = np.arange(100), np.random.default_rng(0).normal(size=(3, 100))
        >>> found = resolution(bootstrap_srcc(labels + 30 * noise, labels, draws=500))
        >>> found.pairs, found.low < found.median < found.high
        (3, True)
    """
    errors = _errors(bootstrap)
    if not errors:
        return Resolution(units=bootstrap.units, reason="no two methods with different correlations to compare")
    found = (t_quantile(1 - alpha / 2, bootstrap.units) + t_quantile(power, bootstrap.units)) * np.array(errors)
    return Resolution(float(np.median(found)), float(found.min()), float(found.max()), len(errors), bootstrap.units)


def _errors(bootstrap: Bootstrap) -> list[float]:
    """Return the standard error of each pair's difference, of pairs that differ in enough samples."""
    errors = []
    for a, b in combinations(range(len(bootstrap.samples)), 2):
        differences = bootstrap.samples[a] - bootstrap.samples[b]
        kept = differences[~np.isnan(differences)]
        if kept.size >= max(MIN_DRAWS, differences.size / 2) and np.ptp(kept) > _ROUNDING:
            errors.append(standard_error(kept, bootstrap.units))
    return errors
