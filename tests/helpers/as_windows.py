"""What a process that scores is on Windows: started anew, with neither process groups nor SIGKILL."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from multiprocessing.context import SpawnProcess
from typing import Any

import fakes

from bench.api import Method, Photo
from bench.runs.worker import work

LACKING = ((os, "setpgid"), (os, "killpg"), (signal, "SIGKILL"))


class EndsItself(Method):
    """Ends its process at one image."""

    info = fakes.info("ends-itself", batching="any")

    def score(self, photos: Sequence[Photo]) -> list[float]:
        if any(photo.name == "07.png" for photo in photos):
            os._exit(3)
        return [1.0 for _ in photos]


def work_there(*args: Any) -> None:
    """Score without what Windows lacks."""
    for holder, name in LACKING:
        vars(holder).pop(name, None)
    work(*args)


class Spawned(SpawnProcess):
    """A process of the standard library's start method ``spawn`` that is asked for as loky's are."""

    def __init__(self, target: Any, args: Any, env: dict[str, str]) -> None:
        del target, env
        super().__init__(target=work_there, args=args)
