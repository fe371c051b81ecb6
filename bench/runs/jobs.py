"""What is to be scored, by what and how, and what came of it: the words that scoring is spoken of in."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from bench.api import FloatArray, Method, Photo, Resize
from bench.defaults import IMAGE_TIMEOUT
from bench.io.files import File
from bench.io.machine import let_threads_sleep
from bench.plugins import options as method_options
from bench.plugins.from_file import files_to_send
from bench.runs.journal import Outcome


@dataclass(frozen=True)
class MethodSpec:
    """A method with its options, not yet loaded; travels to worker processes.

    Attributes:
        method: the class.
        options: instance of its ``Options``.
        devices: torch devices, one process on each; a loaded method is on the first.
        fingerprint: that of the loaded method, empty until then.
        asked: what the user asked for as a device, which another machine may have.
    """

    method: type[Method]
    options: Any
    devices: tuple[str, ...] = ("cpu",)
    fingerprint: str = ""
    asked: str = "auto"

    def __reduce__(self) -> tuple[Any, ...]:
        # The files first: what comes after them is found in their modules.
        return _received, (files_to_send(), {each.name: getattr(self, each.name) for each in fields(self)})

    @functools.cached_property
    def why_not_sent(self) -> str:
        """Why the method cannot be sent to another process; empty where it can."""
        from joblib.externals.loky.backend import reduction

        if not self.method.portable:
            return "it is a function of this process"
        try:
            reduction.dumps(self)
        except Exception as error:  # pickle's, and whatever an object raises that cannot be pickled
            return f"{type(error).__name__}: {error}"
        return ""

    @property
    def device(self) -> str:
        """The device that it is loaded on."""
        return self.devices[0]

    @property
    def label(self) -> str:
        """The name of its row: the method's, with the options that differ from the defaults."""
        return method_options.label(self.method.info.name, self.options)


def _received(_files: tuple[object, ...], values: dict[str, Any]) -> MethodSpec:
    return MethodSpec(**values)


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
    let_threads_sleep()
    methods = [(spec, spec.method(spec.options, spec.device)) for spec in specs]
    make_deterministic()
    return [LoadedMethod(replace(spec, fingerprint=method.fingerprint), method) for spec, method in methods]


def make_deterministic() -> None:
    """Make torch give the same numbers again, on CUDA too, where a method brought it along."""
    if (torch := sys.modules.get("torch")) is None:
        return
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
        pixels: how many it has as a file; 0 where nobody has looked.
    """

    name: str
    file: File | Photo
    methods: tuple[int, ...]
    digest: str = ""
    pixels: int = 0


@dataclass(frozen=True)
class Settings:
    """Settings of scoring; only ``resize`` and ``seed`` may change a score.

    Attributes:
        resize: the protocol's resize policy; None: what the dataset's protocol asks for, which ``runner`` knows.
        seed: for methods that draw.
        batch_size: photos handed to a method at once, at most.
        workers: processes; None lets the methods decide.
        batch_pixels: pixels handed to a method at once, at most, unless one photo has more; None lets memory decide.
        max_pixels: pixels that an image may have, above which it is not scored; None: no limit but that of decoding.
        image_timeout: seconds in which an image must be decoded, and in which a method must score it, where other
            processes do it (``ProcessPlan.apart``).
        scheduler: address of a Dask scheduler whose workers score, or ``auto`` for a cluster on this machine; None:
            this process and its own ones score.
        apart: whether other processes score few images too, since one of them may have ended the run before.
        debug: whether this process scores, one image at a time, and the first failure ends the run as it is.
        measure: what methods are asked for: their score, or their features, which make ``Measured`` outcomes.
    """

    resize: Resize | None = None
    seed: int = 0
    batch_size: int = 8
    workers: int | None = None
    batch_pixels: int | None = None
    max_pixels: int | None = None
    image_timeout: int = IMAGE_TIMEOUT
    scheduler: str | None = None
    apart: bool = False
    debug: bool = False
    measure: Literal["score", "features"] = "score"

    def with_policy(self, policy: str) -> Settings:
        """Return the settings with the resize policy of a dataset where nobody asked for another."""
        return self if self.resize else replace(self, resize=Resize.parse(policy))


@dataclass(frozen=True, eq=False)
class Measured(Outcome):
    """Outcome of an image whose features were asked for; it has no score.

    Attributes:
        vector: (2D,), finite, as :func:`bench.plugins.pristine_distance.summed_up` gives it.
    """

    vector: FloatArray = field(kw_only=True)


@dataclass
class BatchOutcomes:
    """Outcomes of some images: per method index, with the seconds spent.

    Attributes:
        outcomes: of each method.
        seconds: that each took.
        worker: address of the worker of a cluster that scored them; empty where it was this machine.
        devices: of the methods at that worker.
    """

    outcomes: dict[int, list[Outcome]] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    worker: str = ""
    devices: dict[int, str] = field(default_factory=dict)

    def add(self, other: BatchOutcomes) -> None:
        """Take the outcomes of others in."""
        for index, outcomes in other.outcomes.items():
            self.outcomes.setdefault(index, []).extend(outcomes)
            self.seconds[index] = self.seconds.get(index, 0.0) + other.seconds[index]


@dataclass(frozen=True)
class ProcessPlan:
    """Processes × threads, at most the machine's cores where the user does not ask for more.

    Attributes:
        processes: how many.
        threads: of each.
        apart: whether they are others than this one, which then outlives whatever a method does.
    """

    processes: int
    threads: int
    apart: bool = True


def set_threads(threads: int) -> None:
    """Let torch use so many threads, where a method brought it along."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
