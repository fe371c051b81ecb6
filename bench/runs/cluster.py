"""Scoring by the workers of a Dask cluster: they get chunks of images and send scores back, nothing else."""

from __future__ import annotations

import functools
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.api import Photo
from bench.errors import BenchError, ImageError, UsageError, counted, listed
from bench.io.files import File
from bench.io.hashing import hash_bytes
from bench.io.progress import note
from bench.runs import cluster_worker
from bench.runs.cluster_connection import Cluster, Resources, connected, first_line
from bench.runs.cluster_worker import Chunk, Order, UnfitWorkerError
from bench.runs.culprits import Culprits, KilledError
from bench.runs.jobs import BatchOutcomes, ImageToScore, MethodSpec, Settings
from bench.runs.versions import versions

CHUNK = 32
"""Images a chunk, at most."""
GPU = "GPU"
"""Resource that a worker with a GPU offers."""
_ROUNDS = 5  # of asking workers, where all of them end


def score_on_cluster(
    specs: Mapping[int, MethodSpec], items: Sequence[ImageToScore], settings: Settings
) -> Iterator[BatchOutcomes]:
    """Score images by methods that can be loaded elsewhere, and yield outcomes as they come.

    Args:
        specs: the methods, by the indices that ``items`` name them by, with the fingerprints that they have here.
        items: the images.
        settings: of which ``scheduler`` says where.

    Raises:
        UsageError: no scheduler answers, or a worker is not fit; nothing was scored.
        BenchError: the scheduler is gone, a worker that came late is not fit, or images in a row killed workers.
    """
    specs = {i: spec for i, spec in specs.items() if any(i in item.methods for item in items)}
    if not specs:
        return
    with connected(settings) as cluster:
        _await_worker(cluster)  # before it is asked for its GPUs
        pools = []
        for part, resources in _parts(specs, bool(cluster.workers({GPU: 1}))):
            order = _agreed(cluster, part, _order(items, settings), resources)
            pools.append(_Workers(part, cluster, order, resources, settings.image_timeout))
        for pool in pools:
            by_these = (replace(item, methods=tuple(i for i in item.methods if i in pool.specs)) for item in items)
            wanted = [item for item in by_these if item.methods]
            # Small enough that at the end nobody waits long for the last one.
            size = min(CHUNK, max(1, len(wanted) // (4 * cluster.room(pool.resources))))
            chunks = [wanted[at : at + size] for at in range(0, len(wanted), size)]
            yield from pool.score(chunks, Culprits(pool.specs))


def _await_worker(cluster: Cluster) -> None:
    """Wait for a worker by giving it something to do: some clusters grow with their work."""
    asked = cluster.submit(os.getpid, resources={})
    while not asked.done():
        cluster.wait([asked], {})


def _parts(specs: Mapping[int, MethodSpec], gpus: bool) -> Iterator[tuple[dict[int, MethodSpec], Resources]]:
    """Divide methods into those for every worker and those for workers that offer a GPU, if some do."""
    bound = {i: spec for i, spec in specs.items() if gpus and spec.method.info.device_bound and spec.asked != "cpu"}
    free = {i: spec for i, spec in specs.items() if i not in bound}
    return ((part, resources) for part, resources in ((free, {}), (bound, {GPU: 1})) if part)


@dataclass(frozen=True)
class _Workers:
    """The workers that offer some resources. What they run when the connection ends, the scheduler forgets."""

    specs: Mapping[int, MethodSpec]
    cluster: Cluster
    order: Order
    resources: Resources
    image_timeout: int

    def score(self, chunks: Iterable[Chunk], culprits: Culprits) -> Iterator[BatchOutcomes]:
        """Score chunks, as many at once as the workers have room for; where one is lost, its images one by one.

        Raises:
            BenchError: the scheduler is gone, a worker is not fit, or images in a row killed workers.
        """
        todo = deque(chunks)
        running: dict[Future[BatchOutcomes], Chunk] = {}
        while todo or running:
            while todo and len(running) < self.cluster.room(self.resources):
                chunk = todo.popleft()
                running[self._submit(chunk)] = chunk
            for done in self.cluster.wait(running, self.resources):
                chunk = running.pop(done)
                try:
                    scored = self._result(done)
                except KilledError as error:
                    note(f"{error}; the {counted(len(chunk), 'image')} of its chunk are scored again, each alone")
                    yield from culprits.try_alone(chunk, self._score_alone)
                else:
                    culprits.absolve(scored)
                    yield scored

    def _score_alone(self, item: ImageToScore) -> BatchOutcomes:
        running = self._submit([item])
        while not running.done():
            self.cluster.wait([running], self.resources)
        return self._result(running)

    def _submit(self, chunk: Chunk) -> Future[BatchOutcomes]:
        return self.cluster.submit(cluster_worker.score, self.order, chunk, resources=self.resources)

    def _result(self, done: Future[BatchOutcomes]) -> BatchOutcomes:
        from distributed import KilledWorker

        try:
            return self.cluster.result(done)
        except KilledWorker:
            raise KilledError(
                "the process that scored it was killed at several workers in turn: by a crash, for want of memory, or "
                f"because it took longer than {self.image_timeout} s for an image (image_timeout)",
                certain=True,
            ) from None
        except UnfitWorkerError as error:
            raise BenchError(f"{error}; what was scored is stored") from None


def _order(items: Sequence[ImageToScore], settings: Settings) -> Order:
    alike = replace(settings, scheduler=None, workers=None, apart=False)
    return Order(b"", alike, versions(), next(_readable(items), None))


def _readable(items: Sequence[ImageToScore]) -> Iterator[tuple[File, str]]:
    """Yield images that can be read here, with their hashes."""
    for file in (item.file for item in items if not isinstance(item.file, Photo)):
        try:
            yield file, hash_bytes(file.read())
        except ImageError:
            continue


def _agreed(cluster: Cluster, specs: Mapping[int, MethodSpec], order: Order, resources: Resources) -> Order:
    """Have every worker load the methods, and return the order to score by, with the device that all of them have.

    Raises:
        UsageError: a worker is not fit or has another device than the rest, or all of them end.
    """
    order = replace(order, specs=_pickled({i: replace(spec, devices=(spec.asked,)) for i, spec in specs.items()}))
    for _ in range(_ROUNDS):
        _await_worker(cluster)
        if devices := _devices(cluster, order, resources):
            return replace(order, specs=_pickled(_with_devices(specs, devices)))
    raise UsageError(f"every worker of {cluster.address} ended while it loaded the methods: see their logs")


def _devices(cluster: Cluster, order: Order, resources: Resources) -> dict[str, dict[int, str]]:
    """Return the devices of the methods at each worker; one that ends meanwhile is left out.

    Raises:
        UsageError: a worker is not fit.
    """
    from distributed import KilledWorker

    names = cluster.workers(resources)
    running = {cluster.submit(cluster_worker.check, order, resources=resources, worker=each): each for each in names}
    devices: dict[str, dict[int, str]] = {}
    refused: list[str] = []
    while running:
        for done in cluster.wait(running, {}):
            address = running.pop(done)
            try:
                devices[address] = cluster.result(done)
            except KilledWorker:
                continue
            except UnfitWorkerError as error:
                refused.append(str(error))
            except (ImportError, RuntimeError) as error:  # the one of a worker, the other of the scheduler
                raise UsageError(
                    f"the cluster {cluster.address} has no bench as this one, at its scheduler or at the worker "
                    f"{address} ({first_line(error)}): install the same version for the scheduler and every worker"
                ) from None
        # Those that come in their place are looked at when they get their first chunk.
        for done in [done for done, address in running.items() if address not in cluster.workers(resources)]:
            del running[done]
    if refused:
        raise UsageError(f"{refused[0]} ({len(refused)} of {counted(len(names), 'worker')} cannot be used)")
    return devices


def _with_devices(specs: Mapping[int, MethodSpec], devices: Mapping[str, Mapping[int, str]]) -> dict[int, MethodSpec]:
    """Return the methods with the device that all workers have; raises UsageError where they have several."""
    agreed = {}
    for index, spec in specs.items():
        where = {found[index]: address for address, found in devices.items()}
        if len(where) > 1:
            raise UsageError(
                f"{spec.label} would run on {' and '.join(f'{device} at {at}' for device, at in where.items())}: give "
                f"--device cpu, or let the workers with CUDA alone offer the resource {GPU}"
            )
        agreed[index] = replace(spec, devices=(next(iter(where)),))
    return agreed


def _pickled(specs: Mapping[int, MethodSpec]) -> bytes:
    import cloudpickle

    try:
        with _by_value():
            pickled: bytes = cloudpickle.dumps({i: replace(s, options=_absolute(s.options)) for i, s in specs.items()})
    except Exception as error:  # pickle's, and whatever an object raises that cannot be pickled
        labels = listed([spec.label for spec in specs.values()])
        raise UsageError(
            f"{labels} cannot be sent to a cluster ({first_line(error)}): install the method as a package there and "
            "here, or leave --scheduler out"
        ) from None
    return pickled


def _absolute(options: Any) -> Any:
    """Return options whose relative paths mean the same where the working directory is another."""
    paths = {field.name: getattr(options, field.name) for field in fields(options)} if is_dataclass(options) else {}
    return replace(options, **{name: path.absolute() for name, path in paths.items() if isinstance(path, Path)})


@contextmanager
def _by_value() -> Iterator[None]:
    """Let cloudpickle take along what is in the user's own files, which workers need not have."""
    import cloudpickle

    with ExitStack() as stack:
        for module in _own_modules().values():
            cloudpickle.register_pickle_by_value(module)
            stack.callback(cloudpickle.unregister_pickle_by_value, module)
        yield


def _own_modules() -> dict[str, ModuleType]:
    """Return the modules that belong to no installed package, by their names."""
    import cloudpickle

    told = {*cloudpickle.list_registry_pickle_by_value(), "__main__"}  # which go along anyway
    found = {
        module.__name__: module
        for module in list(sys.modules.values())
        if isinstance(module, ModuleType)
        and sys.modules.get(module.__name__) is module
        and module.__name__ not in told
        and not {"site-packages", "dist-packages"} & set(Path(vars(module).get("__file__") or "site-packages").parts)
    }
    return {name: module for name, module in found.items() if name.partition(".")[0] not in _installed()}


@functools.cache
def _installed() -> frozenset[str]:
    return frozenset([*packages_distributions(), *sys.stdlib_module_names, "bench"])
