"""Compare the speed of qualiclip and clipiqa here with pyiqa's: same images, same weights, same thread count.

    python benchmarks/qualiclip_speed.py DIR [--method clipiqa] [--size WxH] [--batch N] [--threads N] [--limit N]
        [--rounds N] [--weights FILE] [--imitate]

All score the images of DIR in turn, batch by batch, so that whatever else the machine does falls on each alike. A
round is once through the images; ratios are taken inside a round, and their median and range are printed. Decoding
is not counted, turning pixels into a tensor is. Nothing is downloaded: pyiqa's loaders are handed the same weights,
random ones from a fixed seed where none are given, with batch norms set on the first images. Random weights cost what
real ones cost; how far bfloat16 moves scores, and their ranks, is another matter with real weights. Needs the extra
`pyiqa`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

parser = argparse.ArgumentParser(description="Compare the speed of qualiclip and clipiqa here with pyiqa's.")
parser.add_argument("folder", type=Path, help="folder of images")
parser.add_argument("--method", choices=["qualiclip", "clipiqa"], default="qualiclip")
parser.add_argument("--size", default="512x384", help="a resize policy, see bench run --resize (default: 512x384)")
parser.add_argument("--batch", type=int, default=1, help="images at once; more than 1 needs one size (default: 1)")
parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: 1)")
parser.add_argument("--limit", type=int, default=None, help="use only the first N images")
parser.add_argument("--rounds", type=int, default=3, help="times through the images (default: 3)")
parser.add_argument("--weights", type=Path, help="CLIP RN50 with its text encoder (default: random, seed 0)")
parser.add_argument("--imitate", action="store_true", help="time bfloat16 where the device only imitates it too")
arguments = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(arguments.threads)  # read once, when torch is imported

import numpy as np  # noqa: E402
import torch  # noqa: E402
from random_clip import State, random_state, save  # noqa: E402
from scipy.stats import spearmanr  # noqa: E402

from bench.api import Photo, Resize  # noqa: E402
from bench.io.images import SUFFIXES, decode, read_bytes, resize  # noqa: E402
from bench.methods.qualiclip import checkpoints, inference  # noqa: E402
from bench.plugins.registry import find_method  # noqa: E402

Scorer = Callable[[Sequence[Photo]], Sequence[float]]
_MEASURED = 16  # photographs that the batch norms of random weights are set on


@contextmanager
def pyiqa_without_downloads(arch: str, state: State, released: Path) -> Iterator[Any]:
    """Yield an architecture's module of pyiqa, which then builds CLIP from the state, in float32."""
    module = importlib.import_module(f"pyiqa.archs.{arch}")
    clip = importlib.import_module("pyiqa.archs.clip_model").CLIP

    def load(*_: Any, **__: Any) -> Any:
        made = clip(1024, 224, (3, 4, 6, 3), 64, None, 77, 49408, 512, 8, 12)
        made.load_state_dict(state)
        return made.float().eval()

    replaced = {"load": load, "load_file_from_url": mock.Mock(return_value=released)}
    with mock.patch.multiple(module, create=True, **replaced):
        yield module


def pyiqa_scorer(state: State, released: Path) -> Scorer:
    with pyiqa_without_downloads(f"{arguments.method}_arch", state, released) as module:
        built = module.CLIPIQA() if arguments.method == "clipiqa" else module.QualiCLIP(model_type="qualiclip")
        metric = built.eval()

    def score(photos: Sequence[Photo]) -> list[float]:
        pixels = torch.from_numpy(np.stack([photo.pixels for photo in photos]))
        with torch.no_grad():
            scores = metric(pixels.permute(0, 3, 1, 2).contiguous().float() / 255)
        return [float(value) for value in scores.flatten()]

    return score


def our_scorer(weights: Path, precision: str) -> Scorer:
    method = find_method(arguments.method)
    return method(method.Options(weights=str(weights), precision=precision)).score  # type: ignore[return-value]


def scorers(folder: Path, photos: Sequence[Photo]) -> dict[str, Scorer]:
    if arguments.weights:
        state = dict(checkpoints.load_checkpoint(arguments.weights, "--weights", text=True).state)
    else:
        state = random_state(photos[:_MEASURED])
    files = save(state, folder)
    weights = files[arguments.method]
    found = {"pyiqa": pyiqa_scorer(state, files["qualiclip"]), "exact": our_scorer(weights, "exact")}
    if arguments.imitate or inference.fast_arithmetic("cpu") != torch.float32:
        with mock.patch.object(inference, "fast_arithmetic", return_value=torch.bfloat16):
            found["fast"] = our_scorer(weights, "fast")
    else:
        print("this processor has no 16-bit arithmetic: fast is exact here and is not timed (--imitate times it)")
    return found


def one_round(methods: dict[str, Scorer], photos: Sequence[Photo]) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Return seconds and scores by name; the methods take turns batch by batch."""
    seconds = dict.fromkeys(methods, 0.0)
    scores: dict[str, list[float]] = {name: [] for name in methods}
    for start in range(0, len(photos), arguments.batch):
        batch = photos[start : start + arguments.batch]
        for name, score in methods.items():
            started = time.perf_counter()
            scores[name] += score(batch)
            seconds[name] += time.perf_counter() - started
    return seconds, scores


def main() -> None:
    torch.set_num_threads(arguments.threads)
    files = sorted(path for path in arguments.folder.rglob("*") if path.suffix.lower() in SUFFIXES)[: arguments.limit]
    if not files:
        sys.exit(f"{arguments.folder} holds no images")
    policy = Resize.parse(arguments.size)
    decoded = [decode(read_bytes(path), path.name) for path in files]
    photos = [replace(photo, pixels=resize(photo.pixels, policy)) for photo in decoded]
    with tempfile.TemporaryDirectory() as folder:
        methods = scorers(Path(folder), photos)
    one_round(methods, photos[: arguments.batch])  # warm up
    rounds = [one_round(methods, photos) for _ in range(arguments.rounds)]
    scores = rounds[-1][1]

    weights = f"weights {arguments.weights.name}" if arguments.weights else "random weights, seed 0"
    print(
        f"{arguments.method}, {len(photos)} images of {arguments.size}, batches of {arguments.batch}, "
        f"{arguments.threads} thread(s), {arguments.rounds} round(s), {weights}"
    )
    print(f"{'':8}{'images/s':>10}{'times pyiqa':>24}{'SRCC with pyiqa':>18}{'largest |difference|':>22}")
    for name in methods:
        rate = statistics.median(len(photos) / seconds[name] for seconds, _ in rounds)
        ratios = [seconds["pyiqa"] / seconds[name] for seconds, _ in rounds]
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        srcc = f"{spearmanr(scores[name], scores['pyiqa']).statistic:.5f}" if len(photos) > 2 else "-"
        largest = np.abs(np.subtract(scores[name], scores["pyiqa"])).max()
        print(f"{name:8}{rate:10.2f}{spread:>24}{srcc:>18}{largest:22.1e}")
    low, high = min(scores["pyiqa"]), max(scores["pyiqa"])
    print(f"pyiqa's scores lie in {low:.4f} to {high:.4f}, standard deviation {np.std(scores['pyiqa']):.1e}")


if __name__ == "__main__":
    main()
