"""Coverage of intervals where the images are few, or share few references: how often they hold the true value.

Run: python benchmarks/coverage.py [--repetitions 1000] [--references 7 10] [--seed 1]

Scores and labels are normal with a known correlation, so that the true SRCC is 6 / pi asin(rho / 2) (Pearson 1907); a
third of the variance of each is what the images of a reference have in common. The average is over two such datasets.

Printed with --repetitions 500 (a standard error of a share is 1 point); percentile is the SRCC by that kind:

    references  methods  percentile  SRCC  difference  average  of averages
             7  fair     0.916  0.962  0.968  0.970  0.974
             7  good     0.932  0.962  0.962  0.968  0.982
            10  fair     0.922  0.952  0.940  0.964  0.954
            10  good     0.916  0.944  0.946  0.966  0.964
            15  fair     0.926  0.948  0.948  0.952  0.954
            15  good     0.910  0.940  0.954  0.964  0.962
            25  fair     0.922  0.940  0.936  0.954  0.950
            25  good     0.928  0.942  0.948  0.944  0.960
            49  fair     0.926  0.940  0.922  0.932  0.954
            49  good     0.906  0.926  0.936  0.940  0.958
            81  fair     0.948  0.948  0.952  0.954  0.964
            81  good     0.946  0.946  0.942  0.960  0.952

Printed with --references 49 --seed 1 --repetitions 1500 --draws 500 (a standard error of 0.6 points):

            49  fair     0.929  0.939  0.936  0.945  0.946
            49  good     0.945  0.942  0.943  0.941  0.955
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from bench.stats import Interval, bootstrap_mean, bootstrap_srcc, paired_differences
from bench.stats.interval import percentile_interval

RHO = {"fair": np.array([0.5, 0.3]), "good": np.array([0.9, 0.85])}
IMAGES = 20  # of a reference
SHARED = 1 / 3


def normal(random: np.random.Generator, clusters: np.ndarray) -> np.ndarray:
    alike = random.normal(size=clusters.max() + 1)[clusters]
    return math.sqrt(SHARED) * alike + math.sqrt(1 - SHARED) * random.normal(size=clusters.size)


def covers(interval: Interval, truth: float) -> bool:
    return interval.low is not None and interval.high is not None and interval.low <= truth <= interval.high


def one(random: np.random.Generator, clusters: np.ndarray, rho: np.ndarray, seed: int, draws: int) -> dict[str, bool]:
    """Return which intervals of one simulated pair of datasets hold the true value."""
    truth = 6 / math.pi * np.arcsin(rho / 2)
    drawn = []
    for _ in range(2):
        y = normal(random, clusters)
        scores = np.stack([r * y + math.sqrt(1 - r * r) * normal(random, clusters) for r in rho])
        drawn.append(bootstrap_srcc(scores, y, clusters=clusters, draws=draws, seed=seed, threads=1))
    mean = bootstrap_mean(drawn)
    (difference,), (of_means,) = paired_differences(drawn[0]), paired_differences(mean)
    return {
        "percentile": covers(percentile_interval(drawn[0].samples[0], 0.95), truth[0]),
        "SRCC": covers(drawn[0].intervals[0], truth[0]),
        "difference": covers(difference.interval, truth[0] - truth[1]),
        "average": covers(mean.intervals[0], truth[0]),
        "of averages": covers(of_means.interval, truth[0] - truth[1]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--references", type=int, nargs="+", default=[7, 10, 15, 25, 49, 81])
    parser.add_argument("--seed", type=int, help="of the data; else the number of references")
    args = parser.parse_args()
    print("references  methods  percentile  SRCC  difference  average  of averages")
    for references in args.references:
        for name, rho in RHO.items():
            random = np.random.default_rng(references if args.seed is None else args.seed)
            clusters = np.repeat(np.arange(references), IMAGES)
            found = [one(random, clusters, rho, seed, args.draws) for seed in range(args.repetitions)]
            shares = [f"{np.mean([each[what] for each in found]):.3f}" for what in found[0]]
            print(f"{references:10}  {name:7}  " + "  ".join(shares), flush=True)


if __name__ == "__main__":
    main()
