"""Measure how severe each level of each degradation is, and print the tables of docs/reference/distortions.md.

    python benchmarks/distortion_severity.py [--draws N] [FOLDER]

On the middle 224 x 224 pixels of the photographs that scikit-image and scikit-learn carry (short side 384), or of the
images of FOLDER: mean squared error and gradient distance to the original, mean over photographs and random draws. The
last column is the flag ``monotone`` as measured; ``!`` marks one that differs from what is declared.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from bench.api import Pixels, Resize
from bench.datasets import sample_set
from bench.distortions import DISTORTIONS, Distortion
from bench.distortions.severity import Severity, is_monotone, measure_severity
from bench.io.images import SUFFIXES, decode, read_bytes, resize

SIDE = 224


def photographs(folder: Path | None) -> list[torch.Tensor]:
    if folder is None:
        return [middle(sample_set.load_photograph(photograph)) for photograph in sample_set.PHOTOGRAPHS]
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    return [middle(decode(read_bytes(path), path.name).pixels) for path in paths]


def middle(pixels: Pixels) -> torch.Tensor:
    if min(pixels.shape[:2]) > sample_set.SHORT_SIDE:
        pixels = resize(pixels, Resize(short=sample_set.SHORT_SIDE))
    top, left = (max(0, (side - SIDE) // 2) for side in pixels.shape[:2])
    return torch.from_numpy(pixels[top : top + SIDE, left : left + SIDE].copy()).permute(2, 0, 1) / 255


def row(distortion: Distortion, severity: Severity) -> str:
    measured = is_monotone(severity)
    flag = ("yes" if measured else "no") + ("" if measured == distortion.monotone else " !")
    squared = " | ".join(f"{1000 * value:.2f}" for value in severity.squared.mean(0).tolist())
    gradient = " | ".join(f"{value:.3f}" for value in severity.gradient.mean(0).tolist())
    return f"| {distortion.name} | {squared} | {gradient} | {flag} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how severe each level of each degradation is.")
    parser.add_argument("folder", type=Path, nargs="?", help="photographs; default: those of the dataset sample")
    parser.add_argument("--draws", type=int, default=4, help="random draws to take the mean over (default: 4)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    images = photographs(arguments.folder)
    print(f"{len(images)} photographs, {arguments.draws} draws. m1 to m5: mean squared error in thousandths;")
    print("g1 to g5: gradient distance.\n")
    columns = [*(f"m{level}" for level in range(1, 6)), *(f"g{level}" for level in range(1, 6)), "monotone"]
    print("| type |", " | ".join(columns), "|\n|---|" + "---:|" * 10 + "---|")
    for name, distortion in DISTORTIONS.items():
        print(row(distortion, measure_severity(images, name, arguments.draws)), flush=True)


if __name__ == "__main__":
    main()
