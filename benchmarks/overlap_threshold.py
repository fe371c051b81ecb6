"""Measure which perceptual hash and distance tell near-duplicates, and print the tables of docs/guides/overlap.md.

    python benchmarks/overlap_threshold.py [--every N] [--workers N] FOLDER...
    OMP_NUM_THREADS=1 python benchmarks/overlap_threshold.py --speed

Each photograph of the folders is changed as copies are (JPEG, size, shape, crop), every N-th also by each of KADID's 24
types at 5 levels. "Found" is the share of the changed versions within the threshold of their original. "False pairs"
are those of versions of different photographs within it: every version with every other, the changed ones too. The
threshold of each hash is the largest with at most one false pair in 100 million comparisons. Two photographs that are
the same picture twice would count as false: the folders must have none.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import resource
import time
import timeit
from collections.abc import Callable
from pathlib import Path

import imagehash
import joblib
import numpy as np
from PIL import Image

from bench.io.images import SUFFIXES, decode, read_bytes
from bench.overlap.near import BITS, THRESHOLD, near_pairs, perceptual_hash

KINDS = {"phash": imagehash.phash, "dhash": imagehash.dhash, "whash": imagehash.whash}
HASHES = [f"{kind}-{size}" for kind in KINDS for size in (8, 16)]
CHOSEN = "phash-16"
FALSE_RATE = 1e-8
Bits = dict[str, np.ndarray]
Change = Callable[[Image.Image], Image.Image]


def jpeg(quality: int) -> Change:
    def change(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return Image.open(file)

    return change


def shrink(factor: int, how: Image.Resampling = Image.Resampling.BICUBIC) -> Change:
    return lambda image: image.resize((image.width // factor, image.height // factor), how)


def crop(share: float, *, right_only: bool = False) -> Change:
    def change(image: Image.Image) -> Image.Image:
        x, y = round(image.width * share), round(image.height * share)
        box = (0, 0, image.width - x, image.height) if right_only else (x, y, image.width - x, image.height - y)
        return image.crop(box)

    return change


CHANGES: dict[str, dict[str, Change]] = {
    "JPEG q 30 to 90": {f"jpeg {quality}": jpeg(quality) for quality in (30, 50, 70, 90)},
    "1/2, 1/4": {"half": shrink(2), "nearest": shrink(2, Image.Resampling.NEAREST), "quarter": shrink(4)},
    "to 512x384": {"reshaped": lambda image: image.resize((512, 384), Image.Resampling.BICUBIC)},
    **{f"crop {percent}%": {f"crop {percent}": crop(percent / 100)} for percent in (1, 2, 4, 8)},
    **{f"right {percent}%": {f"right {percent}": crop(percent / 100, right_only=True)} for percent in (4, 8)},
}


def hashes(image: Image.Image) -> Bits:
    grey = image.convert("L")
    return {f"{kind}-{size}": f(grey, hash_size=size).hash.ravel() for kind, f in KINDS.items() for size in (8, 16)}


def versions(path: Path, distorted: bool) -> list[tuple[str, Bits]]:
    """Hash a photograph and its changed versions, each under the name of its group; the original comes first."""
    image = Image.fromarray(decode(read_bytes(path), path.name).pixels)
    found = [("original", hashes(image))]
    found += [(group, hashes(change(image))) for group, changes in CHANGES.items() for change in changes.values()]
    if distorted:
        import torch

        from bench.distortions import LEVELS, PRESETS, distort

        torch.set_num_threads(1)
        tensor = torch.from_numpy(np.array(image)).permute(2, 0, 1) / 255
        for name in PRESETS["kadid"]:
            for level in LEVELS:
                changed = distort(tensor, name, level, torch.Generator().manual_seed(level))
                pixels = (changed.permute(1, 2, 0) * 255).round().byte().numpy()
                found.append((f"KADID {level}", hashes(Image.fromarray(pixels))))
    return found


def false_pairs(bits: np.ndarray, photograph: np.ndarray) -> np.ndarray:
    """Return how many pairs of versions of different photographs are at each distance."""
    signs = bits.astype(np.float32) * 2 - 1
    counts = np.zeros(bits.shape[1] + 1, np.int64)
    for top in range(0, len(signs), 1024):
        for left in range(top, len(signs), 4096):
            distance = (bits.shape[1] - signs[top : top + 1024] @ signs[left : left + 4096].T) / 2
            other = photograph[top : top + 1024, None] < photograph[None, left : left + 4096]
            counts += np.bincount(distance[other].astype(np.int64), minlength=len(counts))
    return counts


def share_row(distance: np.ndarray, groups: np.ndarray, threshold: int) -> list[str]:
    names = list(dict.fromkeys(groups.tolist()))
    return [f"{100 * (distance[groups == name] <= threshold).mean():.1f}" for name in names if name != "original"]


def table(rows: list[list[str]]) -> None:
    header, *body = ["| " + " | ".join(row) + " |" for row in rows]
    print("\n".join([header, "|---" * len(rows[0]) + "|", *body]), "\n")


def measure(paths: list[Path], every: int, workers: int) -> None:
    jobs = (joblib.delayed(versions)(path, i % every == 0) for i, path in enumerate(paths))
    found = joblib.Parallel(n_jobs=workers, batch_size=4)(jobs)
    # The order of photographs is that of rows, so that `<` between them is "different, and each pair once".
    photograph = np.repeat(np.arange(len(found)), [len(one) for one in found])
    groups = np.array([group for one in found for group, _ in one])
    columns = [group for group in dict.fromkeys(groups.tolist()) if group != "original"]
    rows, tails = [["hash", "threshold", "false pairs", *columns]], []
    for name in HASHES:
        bits = np.array([version[name] for one in found for _, version in one])
        original = np.array([one[0][1][name] for one in found])[photograph]
        distance = (bits != original).sum(1)
        false = false_pairs(bits, photograph).cumsum()
        allowed = np.nonzero(false <= FALSE_RATE * false[-1])[0]
        threshold = int(allowed[-1]) if len(allowed) else -1
        shown = str(threshold) if len(allowed) else "none"
        count = str(false[threshold]) if len(allowed) else f"{false[0]} at 0"
        shares = share_row(distance, groups, threshold) if len(allowed) else ["-"] * len(columns)
        rows.append([name, shown, count, *shares])
        if name == CHOSEN:
            for at in range(40, 93, 4):
                per_million = f"{1e6 * false[at] / false[-1]:.4f}"
                tails.append([str(at), f"{false[at]}", per_million, *share_row(distance, groups, at)])
    print(f"{len(paths)} photographs, {len(groups)} versions, {false[-1]:,} comparisons of different photographs;")
    print(f"found in %; threshold: the largest with at most {FALSE_RATE * 1e6} false pairs a million.\n")
    table(rows)
    print(f"{CHOSEN}; the threshold in use is {THRESHOLD}.\n")
    table([["threshold", "false pairs", "a million", *columns], *tails])


def hashing_speed() -> None:
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (48, 64, 3), dtype=np.uint8))
    file = io.BytesIO()
    small.resize((1024, 768), Image.Resampling.BICUBIC).save(file, "JPEG", quality=92)
    data = file.getvalue()
    pixels = decode(data, "picture").pixels
    steps: dict[str, Callable[[], object]] = {
        "decode": lambda: decode(data, "picture"),
        "hash": lambda: perceptual_hash(pixels),
        "SHA-256 of the file": lambda: hashlib.sha256(data).digest(),
    }
    for name, step in steps.items():
        seconds = min(timeit.repeat(step, number=20, repeat=3, timer=time.process_time)) / 20
        print(f"1024 x 768 JPEG, {name}: {1000 * seconds:.2f} ms of CPU")


def comparing_speed() -> None:
    rng = np.random.default_rng(0)
    for bits in (64, BITS):
        a, b = (rng.integers(0, 256, (n, bits // 8), np.uint8) for n in (10_000, 140_000))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.process_time()
        count = sum(len(pairs.a) for pairs in near_pairs(a, b, bits // 4))
        seconds = time.process_time() - started
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(
            f"{bits} bits: 10,000 x 140,000 in {seconds:.1f} s of CPU, {more:.0f} MiB more at the peak, {count:,} pairs"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure which perceptual hash and distance tell near-duplicates.")
    parser.add_argument("folders", type=Path, nargs="*", help="different photographs")
    parser.add_argument("--every", type=int, default=10, help="distort every N-th photograph (default: 10)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--speed", action="store_true", help="measure how long hashing and comparing take instead")
    arguments = parser.parse_args()
    if arguments.speed:
        hashing_speed()
        comparing_speed()
        return
    paths = [path for folder in arguments.folders for path in sorted(folder.iterdir())]
    paths = [path for path in paths if path.suffix.lower() in SUFFIXES]
    if not paths:
        parser.error("no photographs: name folders that hold some")
    measure(paths, arguments.every, arguments.workers)


if __name__ == "__main__":
    main()
