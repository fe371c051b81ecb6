"""Statistics of a benchmark: arrays in, frozen results out. Nothing is read or written.

Agreement of one method with one dataset:

* ``correlate``: SRCC, KRCC, PLCC (raw and after a logistic mapping) and RMSE.
* ``correlate_within``: the mean or median of SRCC, KRCC and PLCC inside groups of images.
* ``fit_logistic4``, ``fit_logistic5``: the logistic mappings from scores to labels.
* ``mapping_band``: pointwise confidence band of the 4-parameter mapping.

Confidence intervals, on bootstrap samples that all methods share:

* ``bootstrap_srcc``, ``bootstrap_within``: percentile, BCa or t intervals of the SRCC, over all images or in groups.
* ``bootstrap_groups``: the same for the mean or median of any values of groups.
* ``bootstrap_mean``: the same for the mean SRCC over several datasets.

Comparison of two methods:

* ``paired_differences``: differences of correlations on paired bootstrap samples.
* ``equivalence_tests``: whether two methods differ by less than a margin.
* ``meng_tests``: Meng's z test of two SRCCs.
* ``adjust``: p-values adjusted for many comparisons (Holm, Benjamini-Hochberg).

Comparison of all methods of a column:

* ``may_be_best``: the confidence set of the best method.
* ``rank_intervals``: confidence intervals of the ranks.
* ``resolution``: the smallest difference that a dataset finds.

Datasets as a sample of datasets:

* ``nemenyi``: the ranks of all methods on several datasets, and the critical difference of their means.
* ``bootstrap_over_datasets``: intervals of the mean SRCC, with datasets drawn as well as their images.

Statistics that use the variance of the ratings:

* ``krasula``, ``auc_tests``: Krasula's AUCs (different or similar pairs, better or worse image) and tests of them.
* ``prediction_errors``: RMSE, RMSE* and outlier ratio of mapped scores after ITU-T P.1401.
* ``squared_errors``, ``noise_ceiling``: the squared standard error of each MOS, and the highest correlation that the
  noise of the MOS permits.
* ``rater_curve``: how many raters a metric is worth.

Splits of one dataset, and averages over several:

* ``srcc_over_splits``: median and quartiles of the SRCC over test splits.
* ``content_folds``, ``cross_fit``: content-disjoint folds, and PLCC and RMSE with the mapping fitted on other folds.
* ``fisher_z_mean``, ``mean_ranks``: mean correlation by Fisher's z, and mean rank.

Scores and labels are passed raw, together with their declared directions (+1: higher is better, -1: lower is better).
A correlation is multiplied by the product of the two directions, never by its own sign. A statistic that is undefined
is None (or NaN in an array), and a ``reason`` says why.

Example:
    >>> from bench import stats
    >>> scores, dmos = [1.0, 2.0, 3.0, 5.0, 4.0], [50, 40, 30, 20, 10]
    >>> stats.correlate(scores, dmos, score_sign=1, label_sign=-1).srcc
    0.9
"""

from __future__ import annotations

from bench.stats.averages import Mean, bootstrap_mean, fisher_z_mean, mean_ranks
from bench.stats.band import Band, mapping_band
from bench.stats.best import may_be_best, rank_intervals
from bench.stats.bootstrap import bootstrap_groups, bootstrap_srcc, bootstrap_within
from bench.stats.ceiling import Ceiling, noise_ceiling, squared_errors
from bench.stats.comparison import Difference, MengTest, adjust, equivalence_tests, meng_tests, paired_differences
from bench.stats.correlation import VALUES, Correlations, Grouping, correlate, correlate_within
from bench.stats.interval import FEW_UNITS, Bootstrap, Interval, IntervalKind
from bench.stats.krasula import Aucs, AucTest, Krasula, auc_tests, krasula
from bench.stats.mapping import LogisticMapping, fit_logistic4, fit_logistic5
from bench.stats.over_datasets import MIN_DATASETS, RankComparison, bootstrap_over_datasets, nemenyi
from bench.stats.p1401 import PredictionErrors, prediction_errors
from bench.stats.raters import MOST_RATERS, RaterCurve, rater_curve
from bench.stats.resolution import Resolution, resolution
from bench.stats.splits import CrossFit, SplitSummary, content_folds, cross_fit, srcc_over_splits

__all__ = [
    "FEW_UNITS",
    "MIN_DATASETS",
    "MOST_RATERS",
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
    "PredictionErrors",
    "RankComparison",
    "RaterCurve",
    "Resolution",
    "SplitSummary",
    "adjust",
    "auc_tests",
    "bootstrap_groups",
    "bootstrap_mean",
    "bootstrap_over_datasets",
    "bootstrap_srcc",
    "bootstrap_within",
    "content_folds",
    "correlate",
    "correlate_within",
    "cross_fit",
    "equivalence_tests",
    "fisher_z_mean",
    "fit_logistic4",
    "fit_logistic5",
    "krasula",
    "mapping_band",
    "may_be_best",
    "mean_ranks",
    "meng_tests",
    "nemenyi",
    "noise_ceiling",
    "paired_differences",
    "prediction_errors",
    "rank_intervals",
    "rater_curve",
    "resolution",
    "squared_errors",
    "srcc_over_splits",
]
