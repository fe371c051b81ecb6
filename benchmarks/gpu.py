"""What a GPU gives, in one page: scores against the CPU's, images a second, and steps of training.

    python -W ignore benchmarks/gpu.py PHOTOGRAPHS PRISTINE --output docs/gpu.md

For a machine with a GPU and without a network: random weights of CLIP's RN50, which cost what real ones cost; those of
`mdfs-lite` come with the package. Meant to take at most 8 minutes on an H100. The photographs are JPEGs, which are
scored at 1024x768. `--device cpu --limit 4 --size 128x96 --steps 1` tries the script itself out anywhere.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from feeding_speed import feeding, left_to_workers
from PIL import Image
from random_clip import random_state, save
from scipy.stats import spearmanr

from bench.api import Photo, Resize
from bench.io.files import file_at
from bench.io.images import decode, read_bytes, resize
from bench.methods._batch import to_device
from bench.methods.qualiclip import inference
from bench.methods.qualiclip.photographs import find_photographs
from bench.plugins.registry import find_method
from bench.runs import scoring
from bench.runs.batches import score_photos
from bench.runs.jobs import ImageToScore, LoadedMethod, MethodSpec, Settings, load_methods

METHODS = ("qualiclip", "clipiqa", "mdfs-lite")
_FOR_BATCH_NORMS = 8


def load(name: str, device: str, files: dict[str, Path], precision: str = "exact") -> LoadedMethod:
    """Load a method on a device, with the random weights that are for it."""
    method = find_method(name)
    given = {"weights": str(files[name]), "precision": precision} if name in files else {}
    (loaded,) = load_methods([MethodSpec(method, method.Options(**given), (device,))])
    return loaded


def scores_of(loaded: LoadedMethod, photos: Sequence[Photo]) -> np.ndarray[Any, Any]:
    """Return the scores of photographs, in their order."""
    found = {outcome.image: outcome.score for outcome in score_photos(loaded.method, photos, Settings())}
    return np.array([found[photo.name] for photo in photos], float)


def agreement(device: str, files: dict[str, Path], photos: Sequence[Photo]) -> Iterator[str]:
    """Yield rows: each method on the device against the CPU, twice on the device, and in 16 bits."""
    yield "| method | largest difference from the CPU | SRCC with it | largest difference of two runs |"
    yield "|---|---|---|---|"
    for name in METHODS:
        there = load(name, device, files)
        here, first, again = (scores_of(one, photos) for one in (load(name, "cpu", files), there, there))
        yield row(name, np.abs(first - here).max(), srcc(first, here), np.abs(again - first).max())
        if name in files and inference.fast_arithmetic(device) != torch.float32:
            fast = scores_of(load(name, device, files, "fast"), photos)
            yield row(f"{name}, `--precision fast`", np.abs(fast - here).max(), srcc(fast, here), None)


def bare(loaded: LoadedMethod, photos: Sequence[Photo], seconds: float, batch: int) -> float:
    """Return images a second of the network alone, whose batch is on the device already."""
    model: Any = loaded.method._model  # type: ignore[attr-defined]
    on_device = to_device([photo.pixels for photo in photos[:batch]], loaded.spec.device)
    with torch.inference_mode():
        model(on_device, 2.0).tolist()
        done, started = 0, time.perf_counter()
        while time.perf_counter() - started < seconds:
            model(on_device, 2.0).tolist()
            done += len(on_device)
    return done / (time.perf_counter() - started)


def whole(loaded: LoadedMethod, items: Sequence[ImageToScore], batch: int) -> float:
    """Return images a second of a run from JPEG files, without the start of its process."""
    moments = []
    for scored in scoring.score_items([loaded], items, Settings(batch_size=batch)):
        moments += [time.perf_counter()] * len(scored.outcomes[0])
    half = len(moments) // 2
    return (len(moments) - half) / max(moments[-1] - moments[half - 1], 1e-9)


def speed(
    device: str, files: dict[str, Path], photos: Sequence[Photo], items: Sequence[ImageToScore], seconds: float
) -> Iterator[str]:
    """Yield rows: images a second of the network alone and of a run from files."""
    yield "| `qualiclip` | the network alone, images/s | a run from JPEG files, images/s | share |"
    yield "|---|---|---|---|"
    for precision in ("exact", "fast"):
        if precision == "fast" and inference.fast_arithmetic(device) == torch.float32:
            continue
        loaded = load("qualiclip", device, files, precision)
        for batch in (8, 32):
            alone, run = bare(loaded, photos, seconds, batch), whole(loaded, items, batch)
            yield f"| {precision}, batches of {batch} | {alone:.1f} | {run:.1f} | {run / alone:.0%} |"


def training(device: str, files: dict[str, Path], pristine: Path, steps: int) -> Iterator[str]:
    """Yield rows: images a second of training, with degradations by processes or on the device."""
    yield "| training of `qualiclip`, preset `paper` | crops/s, median after the first tenth |"
    yield "|---|---|"
    for where in ("workers", "device"):
        with tempfile.TemporaryDirectory() as folder:
            call = [
                sys.executable,
                "-m",
                "bench",
                "train",
                "qualiclip",
                "--preset",
                "paper",
                "--pristine",
                str(pristine),
            ]
            call += ["--output", folder, "--weights", str(files["clipiqa"]), "--max-steps", str(steps)]
            call += ["--degrade-on", where, "--device", "cpu" if device == "cpu" else "auto", "--log-every", "1"]
            call += ["--crop", "64", "--batch", "2"] if device == "cpu" else ["--precision", "bf16"]
            done = subprocess.run(call, capture_output=True, text=True, check=False)
            if done.returncode:
                yield f"| degraded by {where} | failed: {done.stderr.strip().splitlines()[-1]} |"
                continue
            events = [json.loads(line) for line in next(Path(folder).glob("*.jsonl")).read_text().splitlines()]
        rates = [event["images_per_second"] for event in events if "images_per_second" in event]
        yield f"| degraded by {where}, {len(rates)} steps | {statistics.median(rates[len(rates) // 10 :]):.1f} |"


def fed(device: str, pristine: Path, rounds: int) -> Iterator[str]:
    """Yield rows: crops a second that reach the network, with degradations by workers or on the device."""
    photographs = find_photographs(pristine)
    small = {"series": 4, "batch": 2} if device == "cpu" else {"series": 640, "batch": 16}
    yield from feeding(photographs, torch.device(device), -1, rounds, **small)
    yield ""
    yield left_to_workers(photographs, 4 if device == "cpu" else 96)


def srcc(scores: np.ndarray[Any, Any], others: np.ndarray[Any, Any]) -> float:
    """Return the correlation of ranks."""
    return float(spearmanr(scores, others).statistic)


def row(name: str, largest: float, rank: float, again: float | None) -> str:
    """Return a row of the first table."""
    return f"| {name} | {largest:.1e} | {rank:.5f} | {'' if again is None else f'{again:.1e}'} |"


def copies(paths: Sequence[Path], size: str, folder: Path) -> list[ImageToScore]:
    """Write photographs as JPEGs of one size, and return what is to be scored."""
    items = []
    for place, path in enumerate(paths):
        pixels = resize(decode(read_bytes(path), path.name).pixels, Resize.parse(size))
        copy = folder / f"{place:05}.jpg"
        Image.fromarray(pixels).save(copy, quality=90)
        items.append(ImageToScore(copy.name, file_at(copy), (0,)))
    return items


@click.command()
@click.argument("photographs", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("pristine", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--output", type=click.Path(path_type=Path), required=True)
@click.option("--device", default="cuda", show_default=True)
@click.option("--size", default="1024x768", show_default=True)
@click.option(
    "--limit", default=1000, show_default=True, help="Number of JPEGs of a run; the photographs are repeated."
)
@click.option("--parity", default=24, show_default=True, help="Number of photographs scored on both devices.")
@click.option("--steps", default=40, show_default=True, help="Number of steps of training.")
@click.option("--rounds", default=3, show_default=True, help="Rounds of feeding alone, in turn.")
@click.option("--seconds", default=5.0, show_default=True, help="Seconds of each measurement of the network alone.")
def main(
    photographs: Path,
    pristine: Path,
    output: Path,
    device: str,
    size: str,
    limit: int,
    parity: int,
    steps: int,
    rounds: int,
    seconds: float,
) -> None:
    """Measure a device and write one page."""
    found = sorted(path for path in photographs.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    if not found:
        raise click.ClickException(f"{photographs} holds no JPEG")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "images").mkdir()
        items = copies([found[i % len(found)] for i in range(limit)], size, folder / "images")
        read = [folder / "images" / item.name for item in items[: max(parity, 32)]]
        photos = [decode(read_bytes(path), path.name) for path in read]
        small = [replace(photo, pixels=resize(photo.pixels, Resize(short=384))) for photo in photos[:_FOR_BATCH_NORMS]]
        files = save(random_state(small), folder)
        parts = [
            agreement(device, files, photos[:parity]),
            speed(device, files, photos, items, seconds),
            training(device, files, pristine, steps),
            fed(device, pristine, rounds),
        ]
        tables = ["\n".join(part) for part in parts]
    name = torch.cuda.get_device_name(0) if device.startswith("cuda") else platform.processor() or platform.machine()
    day = datetime.now(UTC).date().isoformat()
    about = (
        f"{name}, torch {torch.__version__}, {len(items)} JPEGs of {size}, {day}, {time.perf_counter() - began:.0f} s."
    )
    command = "    make gpu PHOTOGRAPHS=folder/of/jpegs PRISTINE=folder/of/pristine/photographs"
    output.write_text("\n\n".join(["# On a GPU", command, about, *tables]) + "\n")
    print(output.read_text())


if __name__ == "__main__":
    main()
