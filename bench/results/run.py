"""``bench.run``: score datasets with methods and store every score; ``bench run`` is written on it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from bench.api import Method, Resize
from bench.datasets.dataset import Dataset
from bench.datasets.protocol import LIMIT
from bench.datasets.readers.reading import Reading
from bench.defaults import IMAGE_TIMEOUT
from bench.errors import BenchError, UsageError
from bench.io.progress import note
from bench.plugins.registry import warn_about_plugins
from bench.results.arguments import (
    DatasetLike,
    MethodLike,
    assignments_of,
    datasets_of,
    methods_of,
    places_of,
    settings_of,
)
from bench.results.results import Results, in_order
from bench.results.skipping import Skipped
from bench.results.wording import public, python_words
from bench.runs import loading, runner
from bench.runs.cluster_connection import check_scheduler
from bench.runs.global_state import preserved
from bench.runs.jobs import LoadedMethod, MethodSpec, Settings
from bench.runs.runner import RunResult
from bench.runs.store import Store
from bench.runs.twins import with_twins


@public
def run(
    methods: MethodLike | Sequence[MethodLike],
    datasets: DatasetLike | Sequence[DatasetLike],
    *,
    options: Mapping[str, Any] | None = None,
    split: str = "all",
    resize: str | Resize | None = None,
    device: str = "auto",
    precision: Literal["exact", "fast"] = "exact",
    batch_size: int = 8,
    batch_pixels: int | None = None,
    max_pixels: int | None = None,
    workers: int | None = None,
    image_timeout: int = IMAGE_TIMEOUT,
    scheduler: str | None = None,
    seed: int = 0,
    roots: Mapping[str, str | os.PathLike[str]] | None = None,
    results: str | os.PathLike[str] | None = None,
    score_column: str = "",
    lower_is_better: bool = False,
    image_column: str = "",
    suffix: str = "",
    allow_incomplete: bool = False,
    retry_failed: bool = False,
    rescore: bool = False,
    strict: bool = False,
    limit: int | None = None,
    skip_missing: bool = False,
    debug: bool = False,
    name: str | None = None,
    higher_is_better: bool | None = None,
    batch: bool = False,
) -> Results:
    """Score datasets with methods and store every score, as ``bench run`` does.

    Stored scores are not computed again; stopped at any moment, the same call goes on. Weights that are not
    here are fetched.

    Args:
        methods: one or several of: a name (:func:`bench.list_methods`), a subclass of :class:`bench.Method`, a function
            from one PIL image (RGB) to a number.
        datasets: one or several of: an id (:func:`bench.list_datasets`), a folder, archive, URL, CSV, card or image, a
            dataset of :func:`bench.load_dataset`.
        options: of methods, as ``{"niqe.model": "mine.npz"}``; of a list of values each makes a row.
        split: ``all``, an official split, ``random:SEED`` or ``ATTRIBUTE=VALUE``.
        resize: ``none``, ``short:N`` or ``WxH``, in pixels, before any method; None: what the dataset's card asks for.
        device: where networks run: ``auto`` (CUDA where it is there), ``cpu``, ``cuda``, ``mps``,
            ``cuda:1`` or ``cuda:0,1``.
        precision: float32, or ``fast`` for 16 bits where method and device have them.
        batch_size: images handed to a method at once, at most.
        batch_pixels: pixels handed to it at once, at most, unless one image has more; None: what a quarter of the free
            memory holds.
        max_pixels: of an image; a larger one is recorded as failed.
        workers: processes; None: one for each core, one for each device of networks. A function always runs in this
            process.
        image_timeout: seconds in which an image must be decoded, and in which a method must score it, where several
            processes do it.
        scheduler: address of a Dask scheduler whose workers score, such as ``tcp://host:8786``; ``auto``: a cluster on
            this machine. See ``docs/guides/cluster.md``.
        seed: for methods that draw.
        roots: where the folders of datasets are, as ``{"koniq": "/data/koniq10k"}``.
        results: folder of the store; None: ``$BENCH_RESULTS``, else ``results/`` in the working directory.
        score_column: of a CSV of your own, the column of the labels; empty: ``score`` or ``mos``; ``none``: no labels.
        lower_is_better: whether a lower label of that CSV means better quality.
        image_column: of that CSV, the column of image names; empty: ``image``, ``filename`` or the like.
        suffix: what image files end in, such as ``.png``, in place of what the labels say; pictures saved again in
            another format are another protocol.
        allow_incomplete: accept a copy whose number of images is over 1 % off the complete set's.
        retry_failed: score again what failed.
        rescore: score again what is stored, for example after a change of a method's code.
        strict: raise if any image failed.
        limit: score so many images of each dataset for a trial, spread over its contents and always the same ones;
            a trial is a protocol of its own, which no table puts beside whole results.
        skip_missing: leave out datasets and methods that are not here, and raise when the rest is done.
        debug: score one image at a time in this process, and let the first error of a method through as it is.
        name: of a function; None takes its own.
        higher_is_better: of a function: whether a higher number means better quality. It must be given.
        batch: of a function: it takes a list of N arrays (H, W, 3), uint8 RGB, and returns N numbers.

    Returns:
        The results of these methods on these datasets, and no others of the store.

    Raises:
        UsageError: something cannot start as asked; the message says what to do.
        MissingRequirementError: a dataset, a package or weights are not here and cannot be fetched.
        BenchError: a method scored no image, with ``strict`` an image failed, or with ``skip_missing`` something was
            left out. What was scored is stored.

    Example:
        >>> results = run("bytes-per-pixel", "sample")
        >>> print(results)
        1 method on 1 dataset, 210 scores, no failures
        >>> wide = run(lambda image: image.width, "sample", name="width", higher_is_better=True)
        >>> float(wide.scores().score.max())
        576.0
    """
    chosen = methods_of(methods, name, higher_is_better, batch)
    settings = settings_of(resize, seed, batch_size, workers, batch_pixels, max_pixels, image_timeout, scheduler)
    settings = replace(settings, debug=debug)
    places = places_of(roots)
    reading = Reading(score_column, lower_is_better, image_column, suffix)
    skipped = Skipped() if skip_missing else None
    with preserved():
        found = list(
            run_each(
                chosen,
                datasets_of(datasets, places, "--dataset", reading, skipped),
                Store.locate(None if results is None else os.fspath(results)),
                settings,
                options=assignments_of(options),
                split=limited_split(split, limit),
                device=device,
                precision=precision,
                allow_incomplete=allow_incomplete,
                retry_failed=retry_failed,
                rescore=rescore,
                skipped=skipped,
            )
        )
    for each in found:
        tell_cautions(each)
    check_outcomes(found, strict, skipped)
    return in_order(with_twins([each.entry for each in found]))


def tell_cautions(result: RunResult) -> None:
    """Say on stderr what is to be kept in mind of a result."""
    remarks = [python_words(result.remark)] if result.code_changed else []
    for remark in [*result.cautions, *remarks]:
        note(f"{result.entry.method.label} on {result.entry.dataset.id}: {remark}")


def run_each(
    methods: Sequence[str | type[Method]],
    datasets: Sequence[Dataset],
    store: Store,
    settings: Settings,
    *,
    options: Iterable[str] = (),
    split: str = "all",
    device: str = "auto",
    precision: str = "exact",
    allow_incomplete: bool = False,
    retry_failed: bool = False,
    rescore: bool = False,
    skipped: Skipped | None = None,
) -> Iterator[RunResult]:
    """Yield the stored result of each method on each dataset as soon as it is complete.

    Args:
        methods: names and classes.
        datasets: whole; ``split`` is taken of each.
        store: where results go.
        settings: how to score.
        options: as ``METHOD.NAME=VALUE``.
        split: as in :func:`run`, and so are the others.
        device: as in :func:`run`.
        precision: as in :func:`run`.
        allow_incomplete: as in :func:`run`.
        retry_failed: as in :func:`run`.
        rescore: as in :func:`run`.
        skipped: what notes methods that are not here, which are left out; None: one that is not here is an error.

    Raises:
        UsageError: something cannot start as asked.
        BenchError: a worker process was killed, or the disk is full.
    """
    specs = loading.method_specs(methods, options, device, precision)
    warn_about_plugins()  # after an error, which says the same where it is about a method asked for
    for dataset in datasets:
        if not allow_incomplete:
            dataset.check_count()
        dataset.check_labels()
        dataset.split(split)  # reports a wrong name before weights are loaded; the runner takes the split
    store.check_writable()
    check_scheduler(settings)
    check_debug(settings)
    ready = _load(specs, skipped)
    for dataset in datasets if ready else ():
        yield from runner.run(ready, dataset, store, settings, split=split, retry_failed=retry_failed, rescore=rescore)


def _load(specs: Sequence[MethodSpec], skipped: Skipped | None) -> list[LoadedMethod]:
    if skipped is None:
        return loading.load_methods(specs)
    ready: list[LoadedMethod] = []
    for spec in specs:
        with skipped.noting(spec.label):
            ready += loading.load_methods([spec])
    return ready


def limited_split(split: str, limit: int | None) -> str:
    """Return the split of a trial on so many images of a split; the split itself without a limit.

    Raises:
        UsageError: the limit is no whole number above 0.

    Example:
        >>> limited_split("all", 50), limited_split("test", 50), limited_split("test", None)
        ('limit:50', 'limit:50:test', 'test')
    """
    if limit is None:
        return split
    if isinstance(limit, bool) or limit < 1:
        raise UsageError(f"--limit got {limit!r}: give a whole number of images, at least 1")
    return f"{LIMIT}{limit}" + ("" if split == "all" else f":{split}")


def check_debug(settings: Settings) -> None:
    """Raise UsageError where other processes are asked to score, and this one to debug."""
    if settings.debug and (settings.scheduler is not None or (settings.workers or 1) > 1):
        raise UsageError("--debug scores in this process: leave --workers and --scheduler out")


def check_outcomes(outcomes: Sequence[RunResult], strict: bool, skipped: Skipped | None = None) -> None:
    """Raise BenchError where a method scored no image, with ``strict`` where one failed, and where some was skipped."""
    for entry in (each.entry for each in outcomes):
        if not entry.scored:
            raise BenchError(entry.nothing_scored)
        if strict and entry.failed:
            raise BenchError(f"--strict: {entry.method.label} failed on {entry.failed} images")
    if skipped is not None:
        if not outcomes:
            raise UsageError("--skip-missing leaves nothing to do: no method and dataset of those named are both here")
        skipped.check()
