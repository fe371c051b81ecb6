"""Time every degradation: microseconds for one 224 x 224 crop, at each level.

    python benchmarks/distortion_speed.py [--threads N] [--rounds N] [--pairs]

The crop is one of scikit-image's astronaut. The fastest round of each counts; a first call, which imports and caches,
does not. With --pairs two crops are degraded alike and the time is that of one of them.
"""

from __future__ import annotations

import argparse
import time

import torch

from bench.datasets import sample_set
from bench.distortions import DISTORTIONS, LEVELS, distort_alike


def fastest(images: torch.Tensor, name: str, level: int, rounds: int) -> float:
    generator = torch.Generator().manual_seed(0)
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        distort_alike(images, name, level, generator)
        times.append(time.perf_counter() - start)
    return min(times[1:]) / len(images)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time every degradation on a 224 x 224 crop.")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: 1)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds; the fastest counts (default: 7)")
    parser.add_argument("--pairs", action="store_true", help="degrade two crops alike")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    pixels = sample_set.load_photograph(next(p for p in sample_set.PHOTOGRAPHS if p.name == "astronaut"))
    photograph = torch.from_numpy(pixels.copy()).permute(2, 0, 1) / 255
    crops = torch.stack([photograph[:, 20:244, 60:284], photograph[:, 60:284, 90:314]])[: 1 + arguments.pairs]
    print(f"µs a crop, torch {torch.__version__}, {arguments.threads} thread(s), fastest of {arguments.rounds}\n")
    print("| type | level 1 | 2 | 3 | 4 | 5 |\n|---|---:|---:|---:|---:|---:|")
    for name in DISTORTIONS:
        cells = [f"{1e6 * fastest(crops, name, level, arguments.rounds):,.0f}" for level in LEVELS]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
