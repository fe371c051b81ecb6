"""Compare every degradation and level with its two public definitions, and print the table of docs/distortions.md.

    python benchmarks/distortion_table.py [--count N] [--types NAMES] [--crop SIDE] [FOLDER]

On N photographs of FOLDER, evenly spaced by name, whole or their middle: PSNR of R, G and B in dB and SSIM of the luma
to the original, each a mean over the photographs; ``same`` where no sample changes by half a step of 8 bits. Rows:

* ``bench``: bench.distortions;
* ``KADID-10k``: the operation of KADID-10k's generator at its levels (public_distortions.py);
* ``stretched``: the same with what its generator does besides: it stretches the values of the photograph, and again
  those of the result, from the least and the largest to 0 and 1;
* ``ARNIQA``: what ARNIQA's training code computes at its levels.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import public_distortions as public
import torch
from skimage.metrics import structural_similarity

from bench.distortions import DISTORTIONS, LEVELS, distort, select
from bench.io.images import SUFFIXES, decode, read_bytes

FOLDER = Path("../shared/data/pristine/bsds500")
SAME = 0.5 / 255


def photographs(folder: Path, count: int, crop: int) -> list[public.Image]:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    chosen = paths[:: max(1, len(paths) // count)][:count]
    return [middle(decode(read_bytes(path), path.name).pixels / 255, crop) for path in chosen]


def middle(image: public.Image, side: int) -> public.Image:
    if not side:
        return image
    top, left = (max(0, (size - side) // 2) for size in image.shape[:2])
    return image[top : top + side, left : left + side]


def ours(image: public.Image, name: str, level: int, seed: int) -> public.Image:
    planes = torch.from_numpy(image).permute(2, 0, 1)
    degraded = distort(planes, name, level, torch.Generator().manual_seed(seed))
    return degraded.permute(1, 2, 0).numpy()


def versions(image: public.Image, name: str, level: int, seed: int) -> Iterator[tuple[str, public.Image]]:
    """What each definition makes of an image; each draws from a generator of its own."""
    yield "bench", ours(image, name, level, seed)
    if name in public.KADID:
        function, values = public.KADID[name]
        yield "KADID-10k", function(image, values[level - 1], np.random.default_rng(seed)).clip(0, 1)
        full = function(public.stretched(image), values[level - 1], np.random.default_rng(seed))
        yield "stretched", public.stretched(full)
    function, values = public.ARNIQA[name]
    yield "ARNIQA", function(image, values[level - 1], np.random.default_rng(seed)).clip(0, 1)


def psnr(image: public.Image, original: public.Image) -> float:
    if np.abs(image - original).max() < SAME:
        return np.inf
    return float(-10 * np.log10(np.square(image - original).mean()))


def ssim(image: public.Image, original: public.Image) -> float:
    first, second = (public.luma(one) for one in (image, original))
    weights = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return float(structural_similarity(first, second, data_range=1.0, **weights))


def measure(images: list[public.Image], name: str) -> dict[str, np.ndarray]:
    """Row → PSNR and SSIM, (photographs, levels, 2)."""
    found: dict[str, np.ndarray] = {}
    for place, level in ((place, level) for place in range(len(images)) for level in LEVELS):
        for row, degraded in versions(images[place], name, level, seed=place):
            table = found.setdefault(row, np.zeros((len(images), len(LEVELS), 2)))
            table[place, level - 1] = psnr(degraded, images[place]), ssim(degraded, images[place])
    return found


def cells(means: np.ndarray) -> str:
    decibels = ["same" if np.isinf(value) else f"{value:.1f}" for value in means[:, 0]]
    return " | ".join([*decibels, *(f"{value:.3f}" for value in means[:, 1])])


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare every degradation with its public definitions.")
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, help=f"photographs (default: {FOLDER})")
    parser.add_argument("--count", type=int, default=20, help="number of photographs (default: 20)")
    parser.add_argument("--types", default="kadid", help="types or presets (default: kadid)")
    parser.add_argument("--crop", type=int, default=0, help="side of the middle to take (default: 0, all)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    images = photographs(arguments.folder, arguments.count, arguments.crop)
    print(f"{len(images)} photographs of {arguments.folder.name}\n")
    columns = [*(f"PSNR {level}" for level in LEVELS), *(f"SSIM {level}" for level in LEVELS)]
    print(f"| type | definition | {' | '.join(columns)} |\n|---|---|" + "---:|" * len(columns))
    for name in select(arguments.types):
        for row, table in measure(images, DISTORTIONS[name].name).items():
            print(f"| {name} | {row} | {cells(table.mean(0))} |", flush=True)


if __name__ == "__main__":
    main()
