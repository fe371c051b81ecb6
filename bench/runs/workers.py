"""Processes of this machine that score chunks of images.

A process whose image takes too long is killed by an alarm, also where compiled code hangs; not where a method handles
alarms itself.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

from bench.io.progress import note
from bench.runs.batches import Batches, score_window
from bench.runs.chunks import Chunk, KilledError, Pool
from bench.runs.decoding import Decoded, decode_one, windows
from bench.runs.jobs import BatchOutcomes, ImageToScore, MethodSpec, ProcessPlan, Settings, load_methods, set_threads

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class Processes(Pool):
    """Processes of this machine, which outlive it unless it is interrupted."""

    specs: Mapping[int, MethodSpec]
    settings: Settings
    plan: ProcessPlan

    @property
    def room(self) -> int:
        """One chunk a process: nothing waits in its queue, so after a kill all end with the chunk they are at."""
        return self.plan.processes

    def submit(self, chunk: Chunk) -> Future[BatchOutcomes]:  # noqa: D102
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        try:
            found: Future[BatchOutcomes] = self._executor().submit(
                score_in_worker, self.specs, chunk, self.settings, self.plan.threads
            )
        except TerminatedWorkerError as error:
            raise self._killed(error) from None
        return found

    def wait(self, running: Collection[Future[BatchOutcomes]]) -> Collection[Future[BatchOutcomes]]:  # noqa: D102
        return wait(running, return_when=FIRST_COMPLETED).done

    def result(self, done: Future[BatchOutcomes]) -> BatchOutcomes:  # noqa: D102
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        try:
            return done.result()
        except TerminatedWorkerError as error:
            raise self._killed(error) from None

    def alone(self) -> Processes:
        """Return one process, the next one where it was killed."""
        return replace(self, plan=replace(self.plan, processes=1))

    def smaller(self) -> Processes:
        """Return half as many processes, and say so."""
        if self.plan.processes == 1:
            return self
        half = self.plan.processes // 2
        note(f"none of them kills it alone, so memory may have run out: {half} process(es) from here")
        return replace(self, plan=replace(self.plan, processes=half))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, (GeneratorExit, KeyboardInterrupt)):
            self._executor().shutdown(wait=True, kill_workers=True)

    def _executor(self) -> Any:
        from joblib.externals.loky import get_reusable_executor

        # One that broke is replaced by the next call.
        return get_reusable_executor(
            max_workers=self.plan.processes,
            timeout=300,
            initializer=_end_with_parent,
            initargs=(os.getpid(),),
            env=dict.fromkeys(_THREADS, str(self.plan.threads)),
        )

    def _killed(self, error: BaseException) -> KilledError:
        """Say why a process ended, from what loky says of its exit code."""
        if "SIGALRM" in str(error):
            limit = self.settings.image_timeout
            return KilledError(late=f"decoding or scoring took longer than {limit} s for an image (--image-timeout)")
        found = re.search(r"\{([A-Za-z0-9_(), -]+)\}", str(error))
        return KilledError(f" ({found[1]})" if found else "")


_in_worker: dict[tuple[object, ...], dict[int, Batches]] = {}


def load_in_worker(specs: Mapping[int, MethodSpec], settings: Settings, threads: int) -> Mapping[int, Batches]:
    """Return the methods, which a process that serves many chunks loads once."""
    told = ((i, s.method.info.name, repr(s.options), s.device, s.fingerprint) for i, s in specs.items())
    key = (repr(settings), *told)
    if key not in _in_worker:
        _in_worker.clear()
        loaded = zip(specs, load_methods(specs.values()), strict=True)
        _in_worker[key] = {index: Batches(one.method, settings, _alarm(settings)) for index, one in loaded}
        set_threads(threads)
    return _in_worker[key]


def score_in_worker(specs: Mapping[int, MethodSpec], chunk: Chunk, settings: Settings, threads: int) -> BatchOutcomes:
    """Score one chunk in this process, which is an own one for that."""
    methods = load_in_worker(specs, settings, threads)
    whole = BatchOutcomes()
    for window in windows((_decode(item, settings) for item in chunk), len(chunk)):
        for part in score_window(methods, window):
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
        if threading.current_thread() is threading.main_thread():  # a cluster's worker scores in another one
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
