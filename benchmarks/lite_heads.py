"""How trials of the head of `qualiclip-lite` agree with people, from features that are computed once.

    python benchmarks/lite_heads.py PHOTOGRAPHS CSV [CSV...] --cache DIR [--rounds N] [--seeds N]

PHOTOGRAPHS is what `python -m bench.methods.qualiclip.lite.collect` writes. Each CSV has the columns image and score
(MOS, higher is better) beside its images. Series of degraded crops, N of every photograph, are encoded once; a trial is
a head trained on them by the losses of `bench train`, with its own configuration and seed, so that a trial takes a
minute and not an hour. Printed are SRCC on every set and the SRCC of the mean of Fisher's z, means over seeds, of Q
alone and of Q + 0.5 NIQE, each divided by its mean standard deviation over the sets. Whoever chooses by this table
has looked at these sets, and the method's `selected_on` has to name them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import joblib
import numpy as np
import pandas as pd
import torch

from bench import stats
from bench.io.images import decode, read_bytes
from bench.methods.qualiclip import losses
from bench.methods.qualiclip.config import TrainingConfig, read_presets
from bench.methods.qualiclip.lite.checkpoint import load_lite_checkpoint
from bench.methods.qualiclip.lite.features import features
from bench.methods.qualiclip.lite.head import Head, coordinates
from bench.methods.qualiclip.lite.metrics import SHIPPED, QualiclipLite
from bench.methods.qualiclip.lite.scorer import shrunk, windows_of
from bench.methods.qualiclip.optimisation import learning_rate
from bench.methods.qualiclip.photographs import find_photographs
from bench.methods.qualiclip.plan import recipe_of
from bench.methods.qualiclip.quality import quality
from bench.methods.qualiclip.series import TrainingSeries, as_input

Arrays = Mapping[str, np.ndarray[Any, Any]]

PRESET = TrainingConfig(**read_presets()["lite"])
NIQE = 0.5
_MEASURED = 400  # series whose features give the mean and the spread


@dataclass(frozen=True)
class Trial:
    """A configuration, steps, and which photographs and draws its series come from."""

    config: TrainingConfig
    steps: int
    only: Callable[[str], bool] = lambda _: True
    draws: str = "shared"


def native(name: str) -> bool:
    """Whether a photograph is at the size that it was given in."""
    return name.count(".") == 1


TRIALS = {
    "preset lite": Trial(PRESET, 150),
    "100 steps": Trial(PRESET, 100),
    "300 steps, half the rate": Trial(replace(PRESET, lr=1e-4), 300),
    "batch 24, 300 steps, a quarter of the rate": Trial(replace(PRESET, batch=24, lr=5e-5), 300),
    "batch 24, 150 steps, twice the rate (version 1)": Trial(replace(PRESET, batch=24, lr=4e-4), 150),
    "photographs at one size": Trial(PRESET, 150, only=native),
    "independent draws": Trial(PRESET, 150, draws="independent"),
    "all types alike": Trial(replace(PRESET, types="kadid,authentic"), 150),
    "across 4": Trial(replace(PRESET, lambda_across=4.0), 150),
    "agreement 6": Trial(replace(PRESET, lambda_agree=6.0), 150),
}


def encoded(photographs: Path, draws: str, rounds: int, cache: Path) -> Arrays:
    """Return features (S, L, 2, F), severity (S, L), type and photograph of S series, or read them from the cache."""
    kept = cache / f"series-{draws}-{rounds}.npz"
    if not kept.is_file():
        config = replace(PRESET, types="kadid,authentic", draws=draws)
        found = find_photographs(photographs)
        positions, _ = found.split(config.held_out)
        series = TrainingSeries(found, positions, recipe_of(config))
        parts = np.array_split([(number, position) for number in range(rounds) for position in positions], 64)
        rows = joblib.Parallel(n_jobs=joblib.cpu_count(), verbose=1)(joblib.delayed(_encode)(series, p) for p in parts)
        values = zip(*(row for part in rows for row in part), strict=True)
        names = ("features", "severity", "type", "photograph")
        np.savez(kept, **{name: np.array(each) for name, each in zip(names, values, strict=True)})
    return dict(np.load(kept))


def _encode(series: TrainingSeries, keys: np.ndarray[Any, Any]) -> list[tuple[Any, ...]]:
    torch.set_num_threads(1)
    encoder = QualiclipLite()._scorer._encoder
    rows = []
    for key in keys.tolist():
        item = series[tuple(key)]
        images = np.ascontiguousarray(as_input(item.images).numpy())
        found = features(images, encoder.maps(images))[:, 0].astype(np.float16)
        rows.append((found.reshape(len(item.severity), 2, -1), item.severity.numpy(), item.type, item.name))
    return rows


def rated(csv: Path, cache: Path) -> Arrays:
    """Return features (N, W, F) of windows, NIQE's naturalness (N,) and MOS (N,) of a set."""
    kept = cache / f"rated-{csv.parent.name}.npz"
    if not kept.is_file():
        scorer, frame = QualiclipLite()._scorer, pd.read_csv(csv)
        found, naturalness = [], []
        for image in frame["image"]:
            pixels = decode(read_bytes(csv.parent / image), image).pixels
            small = shrunk(pixels)
            found.append(scorer._features(small, windows_of(small)))
            naturalness.append(scorer._naturalness(pixels))
        np.savez(kept, features=np.array(found), naturalness=np.array(naturalness), mos=frame["score"].to_numpy())
    return dict(np.load(kept))


def trained(series: Arrays, trial: Trial, seed: int) -> Head:
    """Train a head on encoded series by the losses of ``bench train``."""
    config = trial.config
    torch.manual_seed(seed)
    draw = np.random.default_rng(seed)
    weight = np.array([recipe_of(config).types.count(name) for name in series["type"]], float)
    weight *= [trial.only(name) for name in series["photograph"]]
    kept = draw.choice(len(weight), min(_MEASURED, np.count_nonzero(weight)), replace=False, p=weight / weight.sum())
    measured = torch.from_numpy(series["features"][kept]).float().flatten(0, 2)
    centre, spread = measured.mean(0), measured.std(0).clamp(min=1e-4)
    texts = load_lite_checkpoint(SHIPPED, "the shipped checkpoint").prompts
    layer = torch.nn.Linear(measured.shape[1], len(texts))
    for part in layer.parameters():
        torch.nn.init.zeros_(part)
    head = Head(centre, spread, layer.weight, layer.bias, torch.from_numpy(coordinates(texts)))
    optimizer = torch.optim.AdamW(layer.parameters(), weight_decay=config.weight_decay)
    for step in range(1, trial.steps + 1):
        optimizer.param_groups[0]["lr"] = learning_rate(config, step, trial.steps)
        batch = draw.choice(len(weight), config.batch, replace=False, p=weight / weight.sum())
        cosines = head.cosines(torch.from_numpy(series["features"][batch]).float())
        severity = torch.from_numpy(series["severity"][batch]).float()
        optimizer.zero_grad()
        losses.weighted(cosines, severity, config)["loss"].backward()
        optimizer.step()
    return head


def agreement(head: Head, sets: Mapping[str, Arrays], niqe: float) -> list[float]:
    """Return the SRCC of each set, and that of the mean of Fisher's z."""
    seen = {}
    for name, each in sets.items():
        with torch.no_grad():
            value = quality(head.cosines(torch.from_numpy(each["features"]))).numpy()
        seen[name] = value.mean(1)
    spread = np.mean([value.std() for value in seen.values()])
    natural = np.mean([each["naturalness"].std() for each in sets.values()])
    found = [
        stats.correlate(seen[name] / spread + niqe / natural * each["naturalness"], each["mos"]).srcc
        for name, each in sets.items()
    ]
    return [*found, math.tanh(float(np.mean(np.arctanh(found))))]


@click.command()
@click.argument("photographs", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("csvs", metavar="CSV", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--cache", type=click.Path(path_type=Path), required=True, help="Folder for what is computed once.")
@click.option("--rounds", default=2, show_default=True, help="Series of every photograph.")
@click.option("--seeds", default=2, show_default=True, help="Heads of each trial.")
def main(photographs: Path, csvs: tuple[Path, ...], cache: Path, rounds: int, seeds: int) -> None:
    """Print a table of trials."""
    cache.mkdir(parents=True, exist_ok=True)
    sets = {csv.parent.name: rated(csv, cache) for csv in csvs}
    columns = [*sets, "mean"]
    print(f"| trial | {' | '.join(columns)} | {' | '.join(f'{name}, with NIQE' for name in columns)} |")
    print(f"|---|{'---|' * 2 * len(columns)}")
    for name, trial in TRIALS.items():
        series = encoded(photographs, trial.draws, rounds, cache)
        heads = [trained(series, trial, seed) for seed in range(seeds)]
        found = np.mean([agreement(head, sets, 0) + agreement(head, sets, NIQE) for head in heads], axis=0)
        print(f"| {name} | {' | '.join(f'{value:.3f}' for value in found)} |", flush=True)


if __name__ == "__main__":
    main()
