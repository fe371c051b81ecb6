"""Scoring of images by methods, in processes; each image is decoded once for all methods.

Nothing here knows of datasets or the store: ``bench run`` and ``bench score`` share it.
"""

from __future__ import annotations

import itertools
import math
import os
import random
import sys
import threading
import time
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bench.api import Method, Photo, Resize
from bench.errors import BenchError, ImageError, UsageError
from bench.io.files import File
from bench.io.hashing import read_unchanged
from bench.io.images import decode, prepare, resize
from bench.io.progress import bar, warn
from bench.plugins import options as method_options
from bench.runs.journal import Outcome

SHARD = 32
"""Images in flight at once over all processes, so what a kill loses at most; one batch where that is larger,
one image a process where there are more processes."""
BREACH = "the method does not keep to what it declares: "
"""Beginning of the error of an image whose score is not what the method promises."""
_ROUNDING = 1e-6  # of a bound, or of 1 for small ones: single precision may exceed it by so much


@dataclass(frozen=True)
class MethodSpec:
    """A method with its options, not yet loaded; travels to worker processes.

    ``fingerprint`` is that of the loaded method, empty until then.
    """

    method: type[Method]
    options: Any
    device: str = "cpu"
    fingerprint: str = ""

    @property
    def label(self) -> str:
        """The name of its row: the method's, with the options that differ from the defaults."""
        return method_options.label(self.method.info.name, self.options)


@dataclass(frozen=True, eq=False)
class LoadedMethod:
    """A method in this process, and how another process can load it too."""

    spec: MethodSpec
    method: Method


def load_methods(specs: Iterable[MethodSpec]) -> list[LoadedMethod]:
    """Build methods, reading their weights, and make torch deterministic where one brought it along.

    Raises:
        MissingRequirementError: weights or packages are not here.
        UsageError: an option's file is not what it should be.
    """
    # cuBLAS reads this when it starts; without it a deterministic run cannot be had on CUDA.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    methods = [(spec, spec.method(spec.options, spec.device)) for spec in specs]
    if "torch" in sys.modules:
        make_deterministic()
    return [LoadedMethod(replace(spec, fingerprint=method.fingerprint), method) for spec, method in methods]


def make_deterministic() -> None:
    """Make torch give the same numbers again, on CUDA too."""
    import torch

    torch.use_deterministic_algorithms(True, warn_only=True)
    # Full float32 on CUDA: a score must not depend on the device beyond rounding.
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False


@dataclass(frozen=True)
class ImageToScore:
    """One image to score.

    Attributes:
        name: of the image.
        file: where it lies, or the photo itself.
        methods: by which of the methods, their indices.
        digest: hash that its file must still have (:mod:`bench.io.hashing`); empty: any will do.
    """

    name: str
    file: File | Photo
    methods: tuple[int, ...]
    digest: str = ""


@dataclass(frozen=True)
class Settings:
    """Settings of scoring; only ``resize`` and ``seed`` may change a score.

    Attributes:
        resize: the protocol's resize policy; None: what the dataset's protocol asks for, which ``runner`` knows.
        seed: for methods that draw.
        batch_size: photos handed to a method at once.
        workers: processes; None lets the methods decide.
    """

    resize: Resize | None = None
    seed: int = 0
    batch_size: int = 8
    workers: int | None = None


@dataclass
class BatchOutcomes:
    """Outcomes of some images: per method index, with the seconds spent."""

    outcomes: dict[int, list[Outcome]] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    images: int = 0


@dataclass(frozen=True)
class ProcessPlan:
    """Processes × threads, at most the machine's cores where the user does not ask for more."""

    processes: int
    threads: int


def resolve_device(requested: str, methods: Iterable[type[Method]]) -> str:
    """Turn auto, cpu or cuda into a torch device; torch is imported only where a method needs it.

    Raises:
        UsageError: cuda was asked for and is not there.
    """
    if requested == "cpu" or (requested == "auto" and not any(m.info.device_bound for m in methods)):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if requested == "cuda":
        raise UsageError("--device got cuda, but torch finds no CUDA device: use --device cpu or auto")
    return "cpu"


def plan_processes(specs: Sequence[MethodSpec], n_images: int, workers: int | None) -> ProcessPlan:
    """Divide the cores: networks get one process with all threads, other methods one process a core.

    Where a method cannot be loaded by another process, this one does it all.
    """
    import joblib

    cores = joblib.cpu_count()
    if not all(spec.method.portable for spec in specs):
        workers = 1
    if workers is None:
        alone = n_images < SHARD or any(spec.method.info.device_bound for spec in specs)
        workers = 1 if alone else cores
    return ProcessPlan(workers, max(1, cores // workers))


def score_items(
    ready: Sequence[LoadedMethod], items: Sequence[ImageToScore], settings: Settings, title: str = ""
) -> Iterator[BatchOutcomes]:
    """Score images and yield outcomes as they come, in no particular order, with a progress bar on stderr.

    Args:
        ready: the methods; ``ImageToScore.methods`` are indices into it.
        items: the images, each with the methods that need it.
        settings: see Settings.
        title: what the bar is headed.

    Raises:
        BenchError: a worker process was killed, or a file is not any more what was hashed.
    """
    failed = 0
    told: set[int] = set()
    with bar(len(items), title) as shown:
        for scored in _score_all(ready, items, settings):
            _warn_of_breaches(ready, scored, told)
            yield scored
            failed += sum(o.error is not None for outcomes in scored.outcomes.values() for o in outcomes)
            shown.set_postfix({"failed": failed} if failed else {}, refresh=False)
            shown.update(scored.images)


def _warn_of_breaches(ready: Sequence[LoadedMethod], scored: BatchOutcomes, told: set[int]) -> None:
    """Say once of each method that it breaks its declaration; each image says it too."""
    for index, outcomes in scored.outcomes.items():
        breach = next((o for o in outcomes if o.error and o.error.startswith(BREACH)), None)
        if breach and index not in told:
            told.add(index)
            warn(
                f"{ready[index].spec.label}: {breach.error} ({breach.image}); such images have no score: correct the "
                "method or its declaration, then give --retry-failed"
            )


def _score_all(
    ready: Sequence[LoadedMethod], items: Sequence[ImageToScore], settings: Settings
) -> Iterator[BatchOutcomes]:
    specs = [one.spec for one in ready]
    plan = plan_processes(specs, len(items), settings.workers)
    chunk = max(1, min(settings.batch_size, SHARD // plan.processes) if plan.processes > 1 else settings.batch_size)
    chunks = [items[i : i + chunk] for i in range(0, len(items), chunk)]
    if plan.processes == 1:
        _set_threads(plan.threads)
        yield from _score_here([one.method for one in ready], chunks, settings)
    elif chunks:
        yield from _score_in_processes(specs, chunks, settings, plan)


def _set_threads(threads: int) -> None:
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def _score_here(
    methods: Sequence[Method], chunks: list[Sequence[ImageToScore]], settings: Settings
) -> Iterator[BatchOutcomes]:
    with ThreadPoolExecutor(max_workers=1) as pool:  # decodes the next chunk while this one is scored
        ahead = deque(pool.submit(_decode_all, chunk, settings.resize) for chunk in chunks[:1])
        for chunk, following in itertools.zip_longest(chunks, chunks[1:], fillvalue=()):
            decoded = ahead.popleft().result()
            ahead.append(pool.submit(_decode_all, following, settings.resize))
            yield _score_chunk(methods, chunk, decoded, settings)


def _score_in_processes(
    specs: Sequence[MethodSpec], chunks: list[Sequence[ImageToScore]], settings: Settings, plan: ProcessPlan
) -> Iterator[BatchOutcomes]:
    import joblib
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    workers = {"initializer": _end_with_parent, "initargs": (os.getpid(),)}
    with joblib.parallel_config("loky", n_jobs=plan.processes, inner_max_num_threads=plan.threads, **workers):
        job = joblib.delayed(_score_in_worker)
        # Nothing waits in a worker's queue: after a kill the workers end with the chunk they are at.
        parallel = joblib.Parallel(return_as="generator_unordered", pre_dispatch="n_jobs")
        try:
            yield from parallel(job(specs, chunk, settings, plan) for chunk in chunks)
        except TerminatedWorkerError:
            raise BenchError(
                "a worker process was killed, most likely because memory ran out: use --workers 1; "
                "stored scores are kept, the same command continues from there"
            ) from None


_in_worker: dict[tuple[tuple[str, ...], ...], list[Method]] = {}


def _score_in_worker(
    specs: Sequence[MethodSpec], chunk: Sequence[ImageToScore], settings: Settings, plan: ProcessPlan
) -> BatchOutcomes:
    key = tuple((spec.method.info.name, repr(spec.options), spec.device, spec.fingerprint) for spec in specs)
    if key not in _in_worker:  # a worker serves many chunks: it loads the methods once
        _in_worker.clear()
        _in_worker[key] = [one.method for one in load_methods(specs)]
        _set_threads(plan.threads)
    return _score_chunk(_in_worker[key], chunk, _decode_all(chunk, settings.resize), settings)


def _end_with_parent(parent: int) -> None:
    # A parent that is killed cannot stop its workers; left alone they would linger for minutes.
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


Decoded = Photo | str


def _decode_all(items: Sequence[ImageToScore], policy: Resize | None) -> list[Decoded]:
    return [_decode(item, policy) for item in items]


def _decode(item: ImageToScore, policy: Resize | None) -> Decoded:
    try:
        photo = item.file if isinstance(item.file, Photo) else decode(_read(item.file, item.digest), item.name)
        return replace(photo, pixels=resize(photo.pixels, policy or Resize()))
    except ImageError as error:
        return str(error)


def _read(file: File, digest: str) -> bytes:
    return read_unchanged(file, digest) if digest else file.read()


def _score_chunk(
    methods: Sequence[Method], items: Sequence[ImageToScore], decoded: Sequence[Decoded], settings: Settings
) -> BatchOutcomes:
    scored = BatchOutcomes(images=len(items))
    for index, method in enumerate(methods):
        wanted = [(item, d) for item, d in zip(items, decoded, strict=True) if index in item.methods]
        started = time.perf_counter()
        photos = [d for _, d in wanted if isinstance(d, Photo)]
        scored.outcomes[index] = [Outcome(item.name, None, d) for item, d in wanted if isinstance(d, str)]
        scored.outcomes[index] += score_photos(method, photos, settings)
        scored.seconds[index] = time.perf_counter() - started
    return scored


def score_photos(method: Method, photos: Sequence[Photo], settings: Settings) -> list[Outcome]:
    """Score decoded photos; a photo that fails is recorded with its reason and takes no other along."""
    prepared, outcomes = [], []
    for photo in photos:
        try:
            prepared.append(prepare(photo, method.info.input))
        except (ImageError, MemoryError) as error:
            outcomes.append(Outcome(photo.name, None, str(error) or "too large for this machine's memory"))
    for batch in _batches(method, prepared, settings):
        outcomes += _score(method, batch, settings)
    return outcomes


def _batches(method: Method, photos: Sequence[Photo], settings: Settings) -> Iterator[list[Photo]]:
    info = method.info
    # What draws is scored alone, so that its seed is the image's own.
    size = 1 if info.stochastic or info.batching == "one" else settings.batch_size
    groups: dict[object, list[Photo]] = {}
    for photo in photos:
        groups.setdefault(photo.pixels.shape if info.batching == "same-size" else None, []).append(photo)
    for group in groups.values():
        yield from (group[i : i + size] for i in range(0, len(group), size))


def _score(method: Method, batch: list[Photo], settings: Settings) -> list[Outcome]:
    seed_draws(settings.seed, batch[0].name)
    # Whatever a method raises is that image's recorded failure: a run never dies of one image.
    try:
        scores = [_number(score) for score in method.score(batch)]
    except (Exception, SystemExit) as error:
        if len(batch) > 1:
            return [outcome for photo in batch for outcome in _score(method, [photo], settings)]
        reason = str(error) if isinstance(error, ImageError) else f"{type(error).__name__}: {error}"
        return [Outcome(batch[0].name, None, reason or "failed without a reason")]
    if len(scores) != len(batch):
        wrong = f"{BREACH}{len(scores)} scores for {len(batch)} images"
        return [Outcome(photo.name, None, wrong) for photo in batch]
    bounds = method.declared().score_range
    return [_checked(photo.name, score, bounds) for photo, score in zip(batch, scores, strict=True)]


def _number(score: Any) -> float:
    # float() also takes texts and truth values, those of numpy and torch too, which are a mistake.
    if isinstance(score, (str, bytes, bool)) or str(getattr(score, "dtype", "")).endswith(("bool", "object")):
        raise TypeError(f"the score is {score!r}, not a number")
    return float(score)


def _checked(name: str, score: float, bounds: tuple[float, float]) -> Outcome:
    if not math.isfinite(score):
        return Outcome(name, None, f"the method's score is {score}, not a finite number")
    (low, high), (below, above) = bounds, (_ROUNDING * max(1.0, abs(bound)) for bound in bounds)
    if not low - below <= score <= high + above:
        return Outcome(name, None, f"{BREACH}score {score:.6g} is outside {low:g} to {high:g}")
    return Outcome(name, score)


def seed_draws(seed: int, name: str) -> None:
    """Give the global generators a state of the image's own."""
    value = zlib.crc32(f"{seed}/{name}".encode())
    random.seed(value)
    np.random.seed(value)  # third-party methods draw from the global states
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(value)
