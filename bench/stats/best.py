"""Which methods may be the best, and which ranks each may have, from bootstrap samples that all methods share.

Both answer what a ranking by value alone leaves open: how much of it chance could have made. They control their error
within one column of a table, whatever the number of methods.

Declared behaviour: a method without an estimate or without an interval (constant scores) is in no set, has no rank and
is nobody's competitor. Methods whose difference is 0 in every sample are equal: neither keeps the other from being
best, and they share their ranks. A difference that is the same in every sample and not 0 is certain.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.api import FloatArray
from bench.defaults import ALPHA
from bench.stats.interval import Bootstrap, t_quantile

MIN_DRAWS = 50
"""Fewest bootstrap samples from which a critical value is estimated."""
FIRST_STAGE = 0.1
"""Share of the error that goes into the first stage, which sets aside competitors that are surely no better."""
_ROUNDING = 1e-12


def may_be_best(bootstrap: Bootstrap, alpha: float = ALPHA) -> NDArray[np.bool_]:
    """Compute the confidence set of the best method: those that are not shown to be worse than another.

    This is the multiple comparison with the best. Method i is left out if the largest of the studentised differences
    (estimate of j - estimate of i) / (their standard error), over all other methods j, exceeds the 1 - alpha quantile
    that it has if i is a best one. The set therefore contains each truly best method with a probability of at least
    1 - alpha, and a set of one is a proved winner. The quantile is that of the maximum over the bootstrap samples, in
    two stages (Romano, Shaikh, Wolf): a competitor that is surely worse than i cannot raise the maximum and counts only
    as near as it may come. With few images or clusters it is stretched as Student's t is against the normal.

    Args:
        bootstrap: of all methods together, so that every sample is the same for all of them.
        alpha: probability with which a best method may be left out, inside 0..1.

    Returns:
        (methods,) whether each may be the best. All False if there are too few samples.

    References:
        Hsu, Multiple Comparisons, 1996, chapter 4 (comparison with the best); Gupta, Technometrics 7, 1965 (subset
        selection); Romano, Shaikh, Wolf, Econometrica 82, 2014 (two stages); Mogstad, Romano, Shaikh, Wilhelm,
        Inference for ranks, Review of Economic Studies 91, 2024.

    Example:
        >>> from bench.stats import bootstrap_srcc
        >>> labels, noise = np.arange(60), np.random.default_rng(0).normal(size=(3, 60))
        >>> scores = labels + np.array([[5], [6], [60]]) * noise
        >>> may_be_best(bootstrap_srcc(scores, labels, draws=500))
        array([ True,  True, False])
    """
    there = _usable(bootstrap)
    best = np.zeros(there.size, dtype=bool)
    for i in np.flatnonzero(there):
        others = np.flatnonzero(there & (np.arange(there.size) != i))
        lead, drawn = _studentised(bootstrap, others, int(i))
        first = FIRST_STAGE * alpha
        error = _critical(drawn.max(axis=0, initial=-np.inf), first, bootstrap.units)
        reach = np.minimum(np.where(np.isfinite(lead), lead + error, lead), 0.0)
        most = (drawn + reach[:, None]).max(axis=0, initial=-np.inf)
        best[i] = bool(lead.max(initial=-np.inf) <= max(_critical(most, alpha - first, bootstrap.units), 0.0))
    return best


def rank_intervals(bootstrap: Bootstrap, alpha: float = ALPHA) -> list[tuple[int, int] | None]:
    """Compute a confidence interval of each method's rank, where 1 is the highest value.

    The method's differences from all others are tested together, two-sided, by the maximum of their studentised sizes
    over the bootstrap samples, step by step (Romano, Wolf): what is found is set aside and the rest is tested again.
    The lowest rank is one more than the number of methods found better, the highest the number of methods not found
    worse. Each interval holds the method's true rank with a probability of at least 1 - alpha; all of a column together
    do so less often. Methods that are truly equal have every rank that they share.

    Args:
        bootstrap: of all methods together, so that every sample is the same for all of them.
        alpha: probability with which an interval may miss the rank, inside 0..1.

    Returns:
        (lowest, highest) for each method; None without an estimate, or with too few samples.

    References:
        Mogstad, Romano, Shaikh, Wilhelm, Inference for ranks with applications to mobility across neighbourhoods and
        academic achievement across countries, Review of Economic Studies 91, 2024.

    Example:
        >>> from bench.stats import bootstrap_srcc
        >>> labels, noise = np.arange(60), np.random.default_rng(0).normal(size=(3, 60))
        >>> scores = labels + np.array([[5], [6], [60]]) * noise
        >>> rank_intervals(bootstrap_srcc(scores, labels, draws=500))
        [(1, 2), (1, 2), (3, 3)]
    """
    there = _usable(bootstrap)
    found: list[tuple[int, int] | None] = [None] * there.size
    for i in np.flatnonzero(there):
        others = np.flatnonzero(there & (np.arange(there.size) != i))
        lead, drawn = _studentised(bootstrap, others, int(i))
        told = np.zeros(others.size, dtype=bool)
        while not told.all():
            critical = _critical(np.abs(drawn[~told]).max(axis=0), alpha, bootstrap.units)
            more = ~told & (np.abs(lead) > critical)
            if not more.any():
                break
            told |= more
        better, worse = told & (lead > 0), told & (lead < 0)
        found[i] = (1 + int(better.sum()), 1 + int((~worse).sum()))
    return found


def _usable(bootstrap: Bootstrap) -> NDArray[np.bool_]:
    enough = np.count_nonzero(~np.isnan(bootstrap.samples), axis=1) >= max(MIN_DRAWS, bootstrap.samples.shape[1] / 2)
    return np.asarray(enough & ~np.isnan(bootstrap.estimates))


def _studentised(bootstrap: Bootstrap, others: NDArray[np.intp], i: int) -> tuple[FloatArray, FloatArray]:
    """Return by how many standard errors others lead method i, and the same of each sample about the estimate.

    Returns:
        (others,) leads, infinite where they are certain; and (others, draws), 0 where a sample is undefined.
    """
    leads = bootstrap.estimates[others] - bootstrap.estimates[i]
    away = bootstrap.samples[others] - bootstrap.samples[i] - leads[:, None]
    spread = np.nanstd(away, axis=1)
    certain = spread <= _ROUNDING
    error = np.where(certain, 1.0, spread)
    away = np.where(np.isnan(away) | certain[:, None], 0.0, away)
    sure = np.where(np.abs(leads) <= _ROUNDING, 0.0, np.copysign(np.inf, leads))
    root = np.sqrt(bootstrap.units / (bootstrap.units - 1))
    return np.where(certain, sure, leads / (error * root)), away / error[:, None]


def _critical(maxima: FloatArray, alpha: float, units: int) -> float:
    """Return the 1 - alpha quantile of maxima, stretched from the normal distribution to Student's t."""
    from scipy.special import ndtr

    quantile = float(np.quantile(maxima, 1 - alpha)) if np.isfinite(maxima).all() else 0.0
    # Beyond 8 the normal distribution is 1 to every digit; a first stage that is infinite sets nobody aside.
    return t_quantile(float(ndtr(quantile)), units) if quantile < 8 else np.inf
