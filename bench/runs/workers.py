"""Scoring in processes, which one image that kills a method's process does not stop.

Where a process is killed, the images that were being scored are scored again, each by each method in a process of its
own: one that kills it there too is recorded as failed, and the rest goes on. A process whose image takes too long is
killed by an alarm, also where compiled code hangs; not where a method handles alarms itself.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

from bench.errors import BenchError
from bench.io.progress import note
from bench.runs.batches import Batches, score_window
from bench.runs.decoding import Decoded, decode_one, windows
from bench.runs.jobs import BatchOutcomes, ImageToScore, MethodSpec, ProcessPlan, Settings, load_methods, set_threads
from bench.runs.journal import Outcome

Chunk = Sequence[ImageToScore]

_MOST_IN_A_ROW = 3
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def score_in_processes(
    specs: Mapping[int, MethodSpec], chunks: Sequence[Chunk], settings: Settings, plan: ProcessPlan
) -> Iterator[BatchOutcomes]:
    """Score chunks of images, one in each process at a time, and yield their outcomes as they come.

    Raises:
        BenchError: several images in a row killed the process that scored them; names them.
    """
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    todo = deque(chunks)
    while todo:
        running: dict[Any, Chunk] = {}
        try:
            yield from _score_chunks(specs, todo, running, settings, plan)
        except TerminatedWorkerError as error:
            suspects = [item for chunk in running.values() for item in chunk]
            why = _why(error, settings, "a worker process was killed")
            note(f"{why}; the {len(suspects)} images in work are scored again, each alone")
            culprits = yield from _score_alone(specs, suspects, settings, plan)
            if not culprits and plan.processes > 1:
                plan = replace(plan, processes=plan.processes // 2)
                note(f"none of them kills it alone, so memory may have run out: {plan.processes} process(es) from here")


def _score_chunks(
    specs: Mapping[int, MethodSpec],
    todo: deque[Chunk],
    running: dict[Any, Chunk],
    settings: Settings,
    plan: ProcessPlan,
) -> Iterator[BatchOutcomes]:
    """Take chunks from ``todo``; ``running`` holds those without an outcome, also after a process was killed."""
    with _executor(plan.processes, plan.threads) as executor:
        while todo or running:
            # Nothing waits in a worker's queue: after a kill the workers end with the chunk they are at.
            while todo and len(running) < plan.processes:
                running[executor.submit(_score_in_worker, specs, todo[0], settings, plan.threads)] = todo[0]
                todo.popleft()
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                scored = done.result()
                del running[done]
                yield scored


def _score_alone(
    specs: Mapping[int, MethodSpec], items: Sequence[ImageToScore], settings: Settings, plan: ProcessPlan
) -> Generator[BatchOutcomes, None, int]:
    """Score each image by each of its methods alone; return how many killed the process that scored them."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    culprits = 0
    in_a_row: dict[int, list[str]] = defaultdict(list)
    for item in items:
        for index in sorted(specs.keys() & set(item.methods)):
            alone = [replace(item, methods=(index,))]
            try:
                # An executor that broke is replaced by the next call.
                with _executor(1, plan.threads) as executor:
                    scored = executor.submit(_score_in_worker, specs, alone, settings, plan.threads).result()
                in_a_row[index].clear()
            except TerminatedWorkerError as error:
                culprits += 1
                in_a_row[index].append(item.name)
                why = _why(error, settings, "the process that scored it was killed")
                scored = BatchOutcomes({index: [Outcome(item.name, None, why)]}, {index: 0.0})
            yield scored
            if len(in_a_row[index]) == _MOST_IN_A_ROW:
                raise BenchError(
                    f"{_MOST_IN_A_ROW} images in a row killed the process that scored them: "
                    f"{', '.join(in_a_row[index])}: see whether the method {specs[index].label} works at all here; "
                    "what was scored is stored"
                )
    return culprits


def _why(error: BaseException, settings: Settings, killed: str) -> str:
    """Say why a process ended, from what loky says of its exit code."""
    if "SIGALRM" in str(error):
        return f"decoding or scoring took longer than {settings.image_timeout} s for an image (--image-timeout)"
    found = re.search(r"\{([A-Za-z0-9_(), -]+)\}", str(error))
    return f"{killed} ({found[1]})" if found else killed


@contextmanager
def _executor(processes: int, threads: int) -> Iterator[Any]:
    """Give an executor, whose processes outlive the context unless that is interrupted."""
    from joblib.externals.loky import get_reusable_executor

    executor = get_reusable_executor(
        max_workers=processes,
        timeout=300,
        initializer=_end_with_parent,
        initargs=(os.getpid(),),
        # loky has a process that is killed print its stacks else: the image has its sentence.
        env={**dict.fromkeys(_THREADS, str(threads)), "PYTHONFAULTHANDLER": ""},
    )
    try:
        yield executor
    except (GeneratorExit, KeyboardInterrupt):
        executor.shutdown(wait=True, kill_workers=True)
        raise


_in_worker: dict[tuple[object, ...], dict[int, Batches]] = {}


def _score_in_worker(specs: Mapping[int, MethodSpec], chunk: Chunk, settings: Settings, threads: int) -> BatchOutcomes:
    told = ((i, s.method.info.name, repr(s.options), s.device, s.fingerprint) for i, s in specs.items())
    key = (repr(settings), *told)
    if key not in _in_worker:  # a worker serves many chunks: it loads the methods once
        _in_worker.clear()
        loaded = zip(specs, load_methods(specs.values()), strict=True)
        _in_worker[key] = {index: Batches(one.method, settings, _alarm(settings)) for index, one in loaded}
        set_threads(threads)
    whole = BatchOutcomes()
    for window in windows((_decode(item, settings) for item in chunk), len(chunk)):
        for part in score_window(_in_worker[key], window):
            whole.add(part)
    return whole


def _decode(item: ImageToScore, settings: Settings) -> Decoded:
    with _alarm(settings)(1):
        return decode_one(item, settings.resize)


def _alarm(settings: Settings) -> Callable[[int], AbstractContextManager[None]]:
    @contextmanager
    def limited(images: int) -> Iterator[None]:
        if not hasattr(signal, "setitimer"):  # Windows has no alarms
            yield
            return
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the process, whatever it is at
        signal.setitimer(signal.ITIMER_REAL, settings.image_timeout * images)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    return limited


def _end_with_parent(parent: int) -> None:
    # A parent that is killed cannot stop its workers; left alone they would linger for minutes.
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
