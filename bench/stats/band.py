"""Pointwise confidence band of the 4-parameter logistic mapping, by the bootstrap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bench.api import FloatArray
from bench.defaults import CONFIDENCE
from bench.stats.mapping import fit_logistic4
from bench.stats.ranks import check_pair
from bench.stats.resampling import number_clusters, resampling_counts


@dataclass(frozen=True)
class Band:
    """Pointwise confidence band of a fitted mapping, in the labels' units.

    Attributes:
        low: (m,) lower end at each score.
        high: (m,) upper end at each score.
        draws: number of bootstrap samples used.
        dropped: number of bootstrap samples in which the fit did not converge.
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
    """Compute a pointwise bootstrap band of the 4-parameter mapping.

    The mapping is fitted again to every bootstrap sample of images (or of whole clusters), and quantiles of the
    predictions are taken at each score. The coverage is pointwise: the whole curve leaves the band with a probability
    of more than 1 - ``level``.

    Args:
        scores: (n,) raw scores, finite.
        labels: (n,) labels, finite, in the dataset's own units.
        at: (m,) raw scores at which to predict.
        sign: +1 if the raw score should rise with the raw label, -1 if it should fall.
        clusters: (n,) cluster (reference image) of each image, to resample whole clusters; None to resample images.
        draws: number of bootstrap samples.
        level: nominal coverage at each score, between 0 and 1.
        seed: random seed.

    Returns:
        The band; None if more than half of the fits did not converge, as with constant scores.

    Raises:
        ValueError: shapes differ or a value is not finite.

    Example:
        >>> scores = np.linspace(-3, 3, 30)
        >>> band = mapping_band(scores, 1 / (1 + np.exp(-scores)), at=np.array([-1.0, 0.0, 1.0]), draws=20)
        >>> bool((band.low <= band.high).all()), band.draws + band.dropped
        (True, 20)
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
