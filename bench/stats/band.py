"""How certain a fitted mapping is: what it predicts in each draw of a bootstrap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bench.api import FloatArray
from bench.stats.defaults import CONFIDENCE
from bench.stats.mapping import fit_logistic4
from bench.stats.ranks import check_pair
from bench.stats.resampling import number_clusters, resampling_counts


@dataclass(frozen=True)
class Band:
    """Quantiles of a mapping's predictions, in the labels' units.

    Attributes:
        low: (m,) lower end.
        high: (m,) upper end.
        draws: that it rests on.
        dropped: draws in which the fit did not converge.
    """

    low: FloatArray
    high: FloatArray
    draws: int
    dropped: int


def mapping_band(
    scores: ArrayLike,
    labels: ArrayLike,
    at: FloatArray,
    sign: int = 1,
    clusters: ArrayLike | None = None,
    draws: int = 200,
    level: float = CONFIDENCE,
    seed: int = 0,
) -> Band | None:
    """Fit the 4-parameter mapping again in each draw of images, or of whole clusters, and take quantiles of it.

    Each point of the band is an interval by itself; the curve as a whole leaves it more often than 1 - ``level``.

    Args:
        scores: (n,) raw finite scores.
        labels: (n,) finite labels.
        at: (m,) raw scores at which to predict.
        sign: +1 if the raw score should rise with the raw label, -1 if it should fall.
        clusters: (n,) what is resampled whole; None for images.
        draws: of the bootstrap.
        level: share of the draws between the ends.
        seed: of the draws.

    Returns:
        The band; None where more than half of the fits did not converge.
    """
    s, y = check_pair(scores, labels)
    unit = np.arange(s.size) if clusters is None else number_clusters(clusters, s.size)
    curves = []
    for counts in resampling_counts(int(unit.max()) + 1, draws, seed, 0):
        for count in counts:
            taken = np.repeat(np.arange(s.size), count[unit])
            fit = fit_logistic4(s[taken], y[taken], sign)
            if fit.converged:
                curves.append(fit.predict(at))
    if 2 * len(curves) < draws:
        return None
    low, high = np.quantile(curves, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return Band(low, high, len(curves), draws - len(curves))
