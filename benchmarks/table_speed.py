"""Time what a user waits for: importing published scores, the table with its intervals, the matrix of tests.

Run: python benchmarks/table_speed.py FOLDER

FOLDER has one CSV a dataset with the columns image, mos and one column a model. Each step is the command itself, in a
process of its own, start-up included. The plain loop draws images and calls scipy.stats.spearmanr for each method;
it runs for a few draws of each dataset and is extrapolated to 2,000.

Measured on 2 cores of a machine at rest, --loop-draws 2, 15 models on 6 datasets (1,169 to 11,125 images): imported in
12.1 s, table with intervals and marks 8.6 s, matrices of 630 comparisons 7.9 s; the plain loop 323 s, 38 times the
table.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy import stats as scipy_stats

DRAWS = 2000


def bench(store: str, *arguments: str) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "bench", *arguments, "--results", store]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def loop_seconds(path: Path, draws: int) -> float:
    with path.open(newline="") as file:
        _, *rows = csv.reader(file)
    labels, *scores = np.array([row[1:] for row in rows], dtype=np.float64).T
    random = np.random.default_rng(0)
    start = time.perf_counter()
    for _ in range(draws):
        taken = random.integers(0, labels.size, labels.size)
        for row in scores:
            scipy_stats.spearmanr(row[taken], labels[taken])
    return (time.perf_counter() - start) * DRAWS / draws


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--loop-draws", type=int, default=10, help="draws of the plain loop that are really run")
    args = parser.parse_args()
    paths = sorted(args.folder.glob("*.csv"))
    with tempfile.TemporaryDirectory() as store:
        imported = sum(bench(store, "import", str(path), "--wide", "--dataset", path.stem) for path in paths)
        table = bench(store, "table", "--intervals")
        matrix = bench(store, "table", "--significance")
    loop = sum(loop_seconds(path, args.loop_draws) for path in paths)
    print(
        f"{len(paths)} files imported in {imported:.1f} s, table with intervals and marks in {table:.1f} s, matrices "
        f"of all comparisons in {matrix:.1f} s; the plain loop for the intervals alone {loop:.0f} s (extrapolated), "
        f"{loop / table:.0f} times the table"
    )


if __name__ == "__main__":
    main()
