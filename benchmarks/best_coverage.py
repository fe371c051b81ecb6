"""Marks of simulated tables: how often the true best method is bold, and how often a rank interval holds the true rank.

Run: python benchmarks/best_coverage.py [--tables 1000]

Scores and labels are normal; half of the noise of a method is common to all of them. With references, 40 % of the
variance of everything is what the images of a reference have in common. ``equal``: all methods are one as good as the
other, and the first counts as the best; ``near``: each is worse than the one before by next to nothing; ``two``: the
best has one close competitor. ``bold`` is the mean number of bold methods, ``alone`` how often the best alone is bold.

Printed with --tables 100 (a standard error of 0.95 is 2 points), without the lines of ``near``:

    methods  images  references  kind   best is bold  rank is held  bold   alone
          2      50           0  equal         0.990         0.960   2.0   0.030
          2     300           0  equal         0.930         0.950   1.9   0.040
          2    2000           0  equal         0.940         0.970   1.9   0.040
          2      50          10  equal         0.960         0.960   1.9   0.040
          2     300          10  equal         0.970         0.980   1.9   0.040
          2    2000          25  equal         0.940         0.910   1.8   0.110
          5      50           0  equal         0.980         0.990   4.9   0.000
          5      50           0  two           0.990         0.980   3.1   0.000
          5     300           0  equal         0.960         0.970   4.8   0.000
          5     300           0  two           0.980         0.980   2.0   0.020
          5    2000           0  equal         0.960         0.980   4.8   0.010
          5    2000           0  two           0.990         0.980   1.9   0.110
          5      50          10  equal         0.940         0.990   4.8   0.000
          5      50          10  two           0.990         0.980   3.8   0.010
          5     300          10  equal         0.920         0.980   4.7   0.000
          5     300          10  two           0.990         0.960   2.6   0.000
          5    2000          25  equal         0.960         0.960   4.8   0.000
          5    2000          25  two           0.970         0.970   1.9   0.040
         15      50           0  equal         0.980         1.000  14.6   0.000
         15      50           0  two           1.000         0.950   8.4   0.000
         15     300           0  equal         0.970         0.960  14.4   0.000
         15     300           0  two           0.990         0.990   1.9   0.040
         15    2000           0  equal         0.970         0.960  14.2   0.000
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from bench.stats import bootstrap_srcc, may_be_best, rank_intervals

METHODS = (2, 5, 15)
SIZES = ((50, 0), (300, 0), (2000, 0), (50, 10), (300, 10), (2000, 25))


def correlations(kind: str, methods: int) -> np.ndarray:
    if kind == "two":
        return np.array([0.6, 0.595, *[0.3] * (methods - 2)])
    return 0.6 - (0.002 if kind == "near" else 0.0) * np.arange(methods)


def tables(kind: str, methods: int, images: int, references: int, count: int, draws: int) -> np.ndarray:
    """Return whether the best is bold, whether a rank is held, how many are bold, and whether the best alone is."""
    random, rho = np.random.default_rng(methods + images + references), correlations(kind, methods)
    clusters = np.arange(images) % references if references else None

    def normal() -> np.ndarray:
        alone = random.normal(size=images)
        if clusters is None:
            return alone
        return math.sqrt(0.4) * random.normal(size=references)[clusters] + math.sqrt(0.6) * alone

    found = np.empty((count, 4))
    for seed in range(count):
        y, shared = normal(), normal()
        noise = np.stack([math.sqrt(0.5) * (shared + normal()) for _ in rho])
        scores = rho[:, None] * y + np.sqrt(1 - rho**2)[:, None] * noise
        drawn = bootstrap_srcc(scores, y, clusters=clusters, draws=draws, seed=seed, threads=1)
        best, ranks = may_be_best(drawn), rank_intervals(drawn)
        row = seed % methods
        low, high = ranks[row] or (methods + 1, 0)
        held = low <= 1 + np.count_nonzero(rho > rho[row]) and np.count_nonzero(rho >= rho[row]) <= high
        found[seed] = best[0], held, best.sum(), best[0] and best.sum() == 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--draws", type=int, default=300)
    args = parser.parse_args()
    print("methods  images  references  kind   best is bold  rank is held  bold   alone")
    for methods in METHODS:
        for images, references in SIZES:
            for kind in ("equal", "near", "two") if methods > 2 else ("equal", "near"):
                best, rank, bold, alone = tables(kind, methods, images, references, args.tables, args.draws).mean(
                    axis=0
                )
                said = f"{best:12.3f}  {rank:12.3f}  {bold:4.1f}  {alone:6.3f}"
                print(f"{methods:7}  {images:6}  {references:10}  {kind:5}  {said}", flush=True)


if __name__ == "__main__":
    main()
