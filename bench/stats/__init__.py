"""Statistics of a benchmark: arrays in, frozen dataclasses out, nothing read or written.

* ``correlate`` and ``correlate_within``: SRCC, KRCC, PLCC raw and after a named mapping, RMSE.
* ``fit_logistic4`` and ``fit_logistic5``: the mappings themselves.
* ``bootstrap_srcc`` and ``bootstrap_within``: percentile or BCa intervals, on draws shared by all methods;
  ``bootstrap_mean`` puts those of several datasets together.
* ``mapping_band``: how certain a fitted mapping is at each score.
* ``paired_differences`` (of such draws), ``meng_tests`` and ``adjust``: method against method.
* ``krasula`` and ``auc_tests``: different or similar, better or worse pairs of images.
* ``squared_errors`` and ``noise_ceiling``: the noise of a MOS, and what it leaves to reach.
* ``srcc_over_splits``, ``content_folds`` and ``cross_fit``: over content-disjoint parts of a dataset.
* ``fisher_z_mean`` and ``mean_ranks``: over several datasets.

Scores and labels are given raw, with their declared directions; a correlation is oriented by the
product of the two and never by its own sign. A value that cannot be given is None, with a reason.
"""

from __future__ import annotations

from bench.stats.averages import Mean, bootstrap_mean, fisher_z_mean, mean_ranks
from bench.stats.band import Band, mapping_band
from bench.stats.bootstrap import bootstrap_groups, bootstrap_srcc, bootstrap_within
from bench.stats.ceiling import Ceiling, noise_ceiling, squared_errors
from bench.stats.comparison import Difference, MengTest, adjust, meng_tests, paired_differences
from bench.stats.correlation import VALUES, Correlations, Grouping, correlate, correlate_within
from bench.stats.defaults import ALPHA, CONFIDENCE, DRAWS
from bench.stats.interval import Bootstrap, Interval, IntervalKind
from bench.stats.krasula import Aucs, AucTest, Krasula, auc_tests, krasula
from bench.stats.mapping import LogisticMapping, fit_logistic4, fit_logistic5
from bench.stats.splits import CrossFit, SplitSummary, content_folds, cross_fit, srcc_over_splits

__all__ = [
    "ALPHA",
    "CONFIDENCE",
    "DRAWS",
    "VALUES",
    "AucTest",
    "Aucs",
    "Band",
    "Bootstrap",
    "Ceiling",
    "Correlations",
    "CrossFit",
    "Difference",
    "Grouping",
    "Interval",
    "IntervalKind",
    "Krasula",
    "LogisticMapping",
    "Mean",
    "MengTest",
    "SplitSummary",
    "adjust",
    "auc_tests",
    "bootstrap_groups",
    "bootstrap_mean",
    "bootstrap_srcc",
    "bootstrap_within",
    "content_folds",
    "correlate",
    "correlate_within",
    "cross_fit",
    "fisher_z_mean",
    "fit_logistic4",
    "fit_logistic5",
    "krasula",
    "mapping_band",
    "mean_ranks",
    "meng_tests",
    "noise_ceiling",
    "paired_differences",
    "squared_errors",
    "srcc_over_splits",
]
