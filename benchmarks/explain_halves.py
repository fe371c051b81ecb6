"""Does the map of `bench explain` find the half of a photograph that was damaged?

    python benchmarks/explain_halves.py FOLDER [--photographs N] [--level L] [--method NAME]

Of N photographs, evenly spread over FOLDER's names, the left or the right half is degraded by each of four types. In
the map of negative minus positive prompts the mean over the damaged half should exceed that over the other. Printed are

* found: the share of trials (left and right) in which it does; chance is one half;
* moved: the share of photographs whose map lies more to the left when the left half is damaged than when the right is.
  Here the photograph itself, whose halves differ, cancels out; chance is one half;
* rose: the share of trials in which the difference itself is higher than for the whole photograph, whatever the map;
* none: trials whose map is zero everywhere, which count as not found.

Intervals are 95 %, from 2000 draws of photographs. The degradation is synthetic, and no human opinion is asked.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from bench.api import Explainer, FloatArray, Method, Photo, Pixels
from bench.distortions import distort
from bench.explain.gradcam import grad_cam
from bench.io.images import decode, is_image_name, prepare, read_bytes
from bench.plugins.registry import find_method

TYPES = ("gaussian-blur", "white-noise", "jpeg", "darken")
OUTPUT = "difference"
DRAWS = 2000


@dataclass(frozen=True)
class Trial:
    """One damaged photograph: means of the map over its left and right half, and how far the output rose."""

    left: float
    right: float
    rise: float


Pair = tuple[Trial, Trial]


def halves(cells: FloatArray) -> tuple[float, float]:
    """Return the mean of a map's left and right half; a middle column is in neither."""
    half = cells.shape[1] // 2
    return float(cells[:, :half].mean()), float(cells[:, -half:].mean())


def damaged(pixels: Pixels, name: str, level: int, side: str) -> Pixels:
    """Return a photograph whose one half was replaced by that half of the degraded photograph."""
    image = torch.from_numpy(pixels.copy()).permute(2, 0, 1) / 255
    worse = distort(image, name, level, torch.Generator().manual_seed(0))
    bad = (worse * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    middle = pixels.shape[1] // 2
    parts = (bad[:, :middle], pixels[:, middle:]) if side == "left" else (pixels[:, :middle], bad[:, middle:])
    return np.concatenate(parts, axis=1)


def look(method: Method, explainer: Explainer, pixels: Pixels) -> tuple[FloatArray, float]:
    """Return the map of the difference and the difference itself."""
    photo = prepare(Photo("", pixels, 0, 0), method.info.input)
    found = {}

    def outputs() -> dict[str, torch.Tensor]:
        found[OUTPUT] = explainer.outputs(photo)[OUTPUT]
        return found

    return grad_cam(explainer.layer, outputs)[OUTPUT], float(found[OUTPUT].detach())


def trials(method: Method, photographs: list[Pixels], level: int) -> dict[str, list[Pair]]:
    """Return type → for each photograph the trial with its left and the one with its right half damaged."""
    explainer = method.explainer()
    found: dict[str, list[Pair]] = {name: [] for name in TYPES}
    for pixels in photographs:
        _, before = look(method, explainer, pixels)
        for name in TYPES:
            pair = []
            for side in ("left", "right"):
                cells, after = look(method, explainer, damaged(pixels, name, level, side))
                pair.append(Trial(*halves(cells), after - before))
            found[name].append((pair[0], pair[1]))
    return found


def share(values: FloatArray) -> str:
    """Write the mean over photographs with its interval."""
    draws = np.random.default_rng(0).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.percentile(values[draws].mean(1), [2.5, 97.5])
    return f"{values.mean():.2f} [{low:.2f}, {high:.2f}]"


def row(name: str, photographs: list[list[Pair]]) -> str:
    """Write one line of the table, from the pairs of trials of each photograph."""
    found = [np.mean([(a.left > a.right) + (b.right > b.left) for a, b in pairs]) / 2 for pairs in photographs]
    moved = [np.mean([lean(a) > lean(b) for a, b in pairs]) for pairs in photographs]
    rise = [np.mean([one.rise > 0 for pair in pairs for one in pair]) for pairs in photographs]
    empty = [one.left + one.right == 0 for pairs in photographs for pair in pairs for one in pair]
    shares = (share(np.array(values)) for values in (found, moved, rise))
    return f"| {name} | {' | '.join(shares)} | {sum(empty)} of {len(empty)} |"


def lean(trial: Trial) -> float:
    """Return the share of a map that lies to the left; of no map, one half."""
    both = trial.left + trial.right
    return trial.left / both if both else 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description="Does the map find the half of a photograph that was damaged?")
    parser.add_argument("folder", type=Path, help="pristine photographs")
    parser.add_argument("--photographs", type=int, default=20)
    parser.add_argument("--level", type=int, default=5, choices=range(1, 6))
    parser.add_argument("--method", default="qualiclip-lite")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    paths = sorted(path for path in arguments.folder.rglob("*") if is_image_name(path.name))
    chosen = [paths[i] for i in np.linspace(0, len(paths) - 1, arguments.photographs).astype(int)]
    photographs = [decode(read_bytes(path), path.name).pixels for path in chosen]
    found = trials(find_method(arguments.method)(), photographs, arguments.level)
    print(f"{arguments.method}, {len(photographs)} photographs, level {arguments.level}\n")
    print("| damage | found | moved | rose | none |\n|---|---|---|---|---|")
    for name, pairs in found.items():
        print(row(name, [[pair] for pair in pairs]))
    print(row("all", [list(pairs) for pairs in zip(*found.values(), strict=True)]))


if __name__ == "__main__":
    main()
