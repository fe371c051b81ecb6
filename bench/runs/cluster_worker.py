"""What a worker of a cluster does: see that it computes what the driver would, and score chunks."""

from __future__ import annotations

import functools
import pickle
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from bench.errors import BenchError, ImageError, UsageError
from bench.io.files import File
from bench.io.hashing import hash_bytes
from bench.runs.batches import Batches, score_window
from bench.runs.decoding import Decoded, decode_one, windows
from bench.runs.devices import resolve_devices
from bench.runs.jobs import BatchOutcomes, ImageToScore, MethodSpec, Settings, load_methods, set_threads
from bench.runs.versions import versions

Chunk = Sequence[ImageToScore]

# A process scores one chunk at a time, whatever threads its worker has: methods draw from global generators.
_turn = threading.Lock()


class UnfitWorkerError(BenchError):
    """A worker that must not score: it is not what the driver is, or does not see the images."""


@dataclass(frozen=True)
class Order:
    """All that is the same for every chunk of a run.

    Attributes:
        specs: the methods by their indices, pickled; ``device`` is what the user asked for, or what was agreed on.
        settings: how to score.
        versions: of the driver.
        probe: an image that the driver can read, and its hash; None where there is no file.
    """

    specs: bytes
    settings: Settings
    versions: Mapping[str, str]
    probe: tuple[File, str] | None


def check(order: Order) -> dict[int, str]:
    """Load the methods, and return the device of each at this worker.

    Raises:
        UnfitWorkerError: this worker must not score.
    """
    with _turn:
        return {index: one.method.device for index, one in _accepted(order).items()}


def score(order: Order, chunk: Chunk) -> BatchOutcomes:
    """Score a chunk, where this worker may: one that came late was not asked before.

    Raises:
        UnfitWorkerError: this worker must not score.
    """
    with _turn:
        methods = _accepted(order)
        scored = BatchOutcomes(worker=_worker().address)
        for window in windows((_decoded(item, order.settings) for item in chunk), len(chunk)):
            for part in score_window(methods, window):
                scored.add(part)
    scored.devices = {index: methods[index].method.device for index in scored.outcomes}
    return scored


def _decoded(item: ImageToScore, settings: Settings) -> Decoded:
    with _limited(settings, 1):
        return decode_one(item, settings)


@contextmanager
def _limited(settings: Settings, images: int) -> Iterator[None]:
    """End this process, whatever it is at, where images take too long; its nanny starts another."""
    if not hasattr(signal, "setitimer"):  # Windows has no alarms
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, settings.image_timeout * images)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _accepted(order: Order) -> Mapping[int, Batches]:
    try:
        methods = _accept(order.specs, tuple(order.versions.items()), order.settings, order.probe)
    except ImportError as error:
        raise _unfit(f"cannot import what it needs ({error}): install the package there too") from None
    return methods


@functools.lru_cache(maxsize=1)
def _accept(
    pickled: bytes, driver: tuple[tuple[str, str], ...], settings: Settings, probe: tuple[File, str] | None
) -> Mapping[int, Batches]:
    """Load the methods, each on its device here; an order that was accepted once is not looked at again."""
    if differing := "; ".join(_other_versions(dict(driver), versions())):
        raise _unfit(f"{differing}: install the same versions everywhere")
    specs: dict[int, MethodSpec] = pickle.loads(pickled)
    if probe is not None:
        _see(*probe)
    try:
        here = {i: replace(s, devices=resolve_devices(s.device, [s.method])[:1]) for i, s in specs.items()}
        loaded = dict(zip(here, load_methods(here.values()), strict=True))
    except UsageError as error:
        raise _unfit(f"cannot load {', '.join(spec.label for spec in specs.values())}: {error}") from None
    for index, spec in specs.items():
        if loaded[index].spec.fingerprint != spec.fingerprint:
            raise _unfit(f"has other weights or parameters of {spec.label}, or computes in another precision")
    set_threads(_threads())

    def during(images: Sequence[str]) -> AbstractContextManager[None]:
        return _limited(settings, len(images))

    return {index: Batches(one.method, settings, during) for index, one in loaded.items()}


def _other_versions(driver: Mapping[str, str], here: Mapping[str, str]) -> Iterator[str]:
    for package in dict.fromkeys([*driver, *here]):
        wanted, found = (_comparable(package, each.get(package, "")) for each in (driver, here))
        if wanted != found:
            yield f"has {package} {found or '(none)'} and not {wanted or '(none)'}"


def _comparable(package: str, version: str) -> str:
    """Return a version without what computes the same: builds for another device, patches of Python."""
    return ".".join(version.split(".")[:2]) if package == "python" else version.partition("+")[0]


def _see(file: File, digest: str) -> None:
    try:
        other = hash_bytes(file.read()) != digest
    except (ImageError, UsageError) as error:
        raise _unfit(
            f"cannot read {file} ({error}): give it the folder of the images at the same path, or the dataset a URL"
        ) from None
    if other:
        raise _unfit(f"has another image as {file}: give it the same folder of images")


def _unfit(why: str) -> UnfitWorkerError:
    worker = _worker()
    name = "" if str(worker.name) == worker.address else f"{worker.name} at "
    return UnfitWorkerError(f"the worker {name}{worker.address} {why}")


def _threads() -> int:
    return int(_worker().state.nthreads)


def _worker() -> Any:
    from distributed import get_worker

    return get_worker()
