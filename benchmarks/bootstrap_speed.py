"""Time the bootstrap of the SRCC against a plain loop over scipy.stats.spearmanr.

Run: python benchmarks/bootstrap_speed.py [--threads N]

The loop runs for a few draws only and is extrapolated to all of them; every draw costs the same.
Both sides see synthetic scores, once without ties and once rounded to one decimal.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy import stats as scipy_stats

from bench.api import FloatArray
from bench.stats import bootstrap_srcc


def synthetic(methods: int, n: int, decimals: int | None) -> tuple[FloatArray, FloatArray]:
    random = np.random.default_rng(0)
    labels = random.normal(size=n)
    scores = labels + 2 * random.normal(size=(methods, n))
    return (scores if decimals is None else np.round(scores, decimals)), labels


def loop_seconds(scores: FloatArray, labels: FloatArray, draws: int) -> float:
    random = np.random.default_rng(0)
    start = time.perf_counter()
    for _ in range(draws):
        rows = random.integers(0, labels.size, labels.size)
        for row in scores:
            scipy_stats.spearmanr(row[rows], labels[rows])
    return time.perf_counter() - start


def our_seconds(scores: FloatArray, labels: FloatArray, draws: int, threads: int | None, repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        bootstrap_srcc(scores, labels, draws=draws, threads=threads)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", type=int, default=15)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--loop-draws", type=int, default=50, help="draws of the plain loop that are really run")
    parser.add_argument("--threads", type=int, default=None, help="default: one a core")
    parser.add_argument("--repeats", type=int, default=3, help="the best of so many runs of ours counts")
    args = parser.parse_args()
    print(f"{args.methods} methods, {args.images} images, {args.draws} draws")
    for name, decimals in (("untied", None), ("tied", 1)):
        scores, labels = synthetic(args.methods, args.images, decimals)
        ours = our_seconds(scores, labels, args.draws, args.threads, args.repeats)
        loop = loop_seconds(scores, labels, args.loop_draws) * args.draws / args.loop_draws
        print(
            f"{name:>6}: ours {ours:.2f} s, scipy loop {loop:.0f} s "
            f"(extrapolated from {args.loop_draws} draws), ratio {loop / ours:.0f}"
        )


if __name__ == "__main__":
    main()
