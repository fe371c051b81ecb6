"""Scoring of images by methods, in this process or several; each image is decoded once for all that score together.

Nothing here knows of datasets or the store: ``bench run`` and ``bench score`` share it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from bench.errors import listed
from bench.io.progress import bar, note, warn
from bench.runs.batches import BREACH, Batches, score_window
from bench.runs.cluster import score_on_cluster
from bench.runs.decoding import decode_ahead, windows
from bench.runs.jobs import (
    BatchOutcomes,
    ImageToScore,
    LoadedMethod,
    MethodSpec,
    ProcessPlan,
    Settings,
    set_threads,
)
from bench.runs.workers import SHARD, score_in_processes

FEW = 32
"""Fewer images are scored by this process: another would take longer to start than it is worth."""


def plan_processes(specs: Collection[MethodSpec], n_images: int, settings: Settings) -> ProcessPlan:
    """Divide the cores: networks get a process for each of their devices, other methods one for each core.

    Where a method cannot be loaded by another process, or there are few images, this process does it all.
    """
    import joblib

    cores = joblib.cpu_count()
    workers = settings.workers
    few = n_images < FEW and workers in (None, 1) and not settings.apart
    if workers is None:
        workers = max((len(spec.devices) for spec in specs if spec.method.info.device_bound), default=cores)
    if few or settings.debug or any(spec.why_not_sent for spec in specs):
        return ProcessPlan(1, cores, apart=False)
    return ProcessPlan(workers, max(1, cores // workers))


def scored_together(specs: Sequence[MethodSpec], workers: int | None) -> list[dict[int, MethodSpec]]:
    """Divide methods into those that are scored together, by their indices.

    Methods that only use processors keep a process for each core, whatever networks are among the methods, unless the
    user says how many processes there are.
    """
    every = dict(enumerate(specs))
    if workers is not None:
        return [every]
    free = {i: spec for i, spec in every.items() if not spec.why_not_sent and not spec.method.info.device_bound}
    bound = {i: spec for i, spec in every.items() if i not in free}
    return [group for group in (free, bound) if group]


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
        BenchError: images in a row killed the process that scored them, or a file is not any more what was hashed.
    """
    failed = 0
    told: set[int] = set()
    left: Counter[str] = Counter()
    for item in items:
        left[item.name] += len(item.methods)
    with bar(len(left), title) as shown:
        for scored in _score_all(ready, items, settings):
            _warn_of_breaches(ready, scored, told)
            yield scored
            outcomes = [outcome for some in scored.outcomes.values() for outcome in some]
            failed += sum(outcome.error is not None for outcome in outcomes)
            shown.set_postfix({"failed": failed} if failed else {}, refresh=False)
            left.subtract(outcome.image for outcome in outcomes)
            shown.update(sum(left[image] == 0 for image in {outcome.image for outcome in outcomes}))


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
    if settings.scheduler is not None:
        sent = {index: one.spec for index, one in enumerate(ready) if one.spec.method.portable}
        if kept := [one.spec.label for one in ready if not one.spec.method.portable]:
            note(f"{listed(kept)} cannot be sent to a cluster, being a function of this process, which scores it")
        yield from score_on_cluster(sent, items, settings)
        items = [replace(item, methods=tuple(each for each in item.methods if each not in sent)) for item in items]
    for specs in scored_together([one.spec for one in ready], settings.workers):
        by_these = (replace(item, methods=tuple(i for i in item.methods if i in specs)) for item in items)
        wanted = [item for item in by_these if item.methods]
        if not wanted:
            continue
        plan = plan_processes(specs.values(), len(wanted), settings)
        if plan.apart:
            yield from score_in_processes(specs, wanted, settings, plan)
        else:
            for spec in specs.values():
                if spec.method.portable and spec.why_not_sent:
                    why = f"since it cannot be sent to another ({spec.why_not_sent})"
                    note(f"{spec.label} is scored by this process, {why}")
            set_threads(plan.threads)
            methods = {index: Batches(ready[index].method, settings) for index in specs}
            yield from _score_here(methods, wanted, settings, plan.threads)


def _score_here(
    methods: Mapping[int, Batches], items: Sequence[ImageToScore], settings: Settings, threads: int
) -> Iterator[BatchOutcomes]:
    window = max(settings.batch_size, SHARD)
    # The next images are decoded while these are scored.
    for decoded in windows(decode_ahead(items, settings, threads, window), window):
        yield from score_window(methods, decoded)
