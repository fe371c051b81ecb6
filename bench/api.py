"""The contracts between the harness and what plugs into it: photographs, methods, their options.

A method is a subclass of :class:`Method` with a :class:`MethodInfo` and a ``score`` function,
marked with :func:`register`. Nothing in this module reads a file or runs a model.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Pixels = NDArray[np.uint8]

UNKNOWN = "unknown"
"""In ``trained_on``: trained on data that nobody can list (web-scale pre-training)."""


class Family(StrEnum):
    """How a method came to its idea of quality; tables group by it, in this order."""

    HAND_CRAFTED = "hand-crafted"
    ZERO_SHOT = "zero-shot"
    SELF_SUPERVISED = "self-supervised"
    MOS_TRAINED = "MOS-trained"
    UNDECLARED = "undeclared"


@dataclass(frozen=True)
class Resize:
    """A resize policy. ``str(policy)`` is its identity and ``Resize.parse`` reads it back.

    Attributes:
        short: length in pixels that the short side is brought to, keeping the aspect ratio.
        exact: (width, height) in pixels, the aspect ratio given up.
    """

    short: int | None = None
    exact: tuple[int, int] | None = None

    @classmethod
    def parse(cls, text: str) -> Resize:
        """Read ``none``, ``short:N`` or ``WxH``.

        Raises:
            ValueError: the text is none of the three, or a side is not in 1..16384.
        """
        if text == "none":
            return cls()
        if match := re.fullmatch(r"short:(\d{1,5})", text):
            policy = cls(short=int(match[1]))
        elif match := re.fullmatch(r"(\d{1,5})x(\d{1,5})", text):
            policy = cls(exact=(int(match[1]), int(match[2])))
        else:
            raise ValueError(f"{text!r} is not a resize policy: use none, short:N or WxH")
        if not all(1 <= side <= 16384 for side in policy.exact or (policy.short or 0,)):
            raise ValueError(f"{text!r}: a side must be between 1 and 16384 pixels")
        return policy

    def __str__(self) -> str:
        if self.short is not None:
            return f"short:{self.short}"
        return f"{self.exact[0]}x{self.exact[1]}" if self.exact else "none"


@dataclass(frozen=True)
class InputPolicy:
    """What a method is handed.

    Attributes:
        colour: ``rgb`` gives pixels (H, W, 3); ``grey`` gives BT.601 luma (H, W).
        resize: the method's own resize, applied after the protocol's.
    """

    colour: Literal["rgb", "grey"] = "rgb"
    resize: Resize = Resize()


@dataclass(frozen=True, eq=False)
class Photo:
    """One decoded photograph.

    Attributes:
        name: its name in the dataset (a relative path with ``/``).
        pixels: uint8, (H, W, 3) RGB or (H, W) grey by the method's input policy.
        file_bytes: size of the encoded file that it was decoded from; 0 for an image that came from memory.
        file_pixels: width times height as stored, before any resize.
    """

    name: str
    pixels: Pixels
    file_bytes: int
    file_pixels: int


@dataclass(frozen=True)
class Download:
    """A file to fetch: weights that a method declares for ``bench fetch weights NAME``, or an archive of a dataset.

    Attributes:
        name: what the command calls it; of weights unique, unless two methods need the same file.
        url: where it comes from.
        path: where it is looked for.
        licence: its terms, printed before it is fetched.
        size: bytes, roughly; None if that is not known.
        sha256: 64 hex digits; empty if none is published.
        md5: 32 hex digits, for where nothing better is published: it finds damage, not forgery.
    """

    name: str
    url: str
    path: Path
    licence: str
    size: int | None = None
    sha256: str = ""
    md5: str = ""

    @property
    def checksum(self) -> tuple[str, str]:
        """Algorithm and digest of the best hash that is published; two empty texts where there is none."""
        return ("sha256", self.sha256) if self.sha256 else ("md5", self.md5) if self.md5 else ("", "")


@dataclass(frozen=True)
class MethodInfo:
    """What a method declares about itself; stored beside every score that it gives.

    Attributes:
        name: identifier, lower-case by custom, e.g. ``niqe`` or ``pyiqa:musiq``.
        version: changes whenever scores may change; part of a score's identity.
        family: how the method came to its idea of quality.
        opinion_aware: whether any human opinion score was used to make it; None if nobody declared it.
        trained_on: dataset ids (see ``bench list datasets``); empty for none, ``(UNKNOWN,)`` if unlisted.
        selected_on: ids of datasets some of whose MOS was looked at when choosing its configuration.
        score_range: (low, high) that scores can take, ±inf where unbounded.
        higher_is_better: the direction of the raw score.
        licence: of code and weights together, the stricter of the two.
        citation: paper or origin, one line.
        summary: one line for ``bench list``.
        input: what the method is handed.
        batching: ``any`` sizes in one batch, only the ``same-size``, or ``one`` image at a time.
        device_bound: runs a network: one process with all threads, or the accelerator. Methods
            without it run in one process a core.
        stochastic: scores depend on the seed, which then is part of their identity.
        aliases: other names that the registry accepts.
        tags: what it judges when that is not technical quality: aesthetic, face, underwater.
    """

    name: str
    version: str
    family: Family
    opinion_aware: bool | None
    trained_on: tuple[str, ...]
    score_range: tuple[float, float]
    higher_is_better: bool
    licence: str
    citation: str
    summary: str
    input: InputPolicy = InputPolicy()
    batching: Literal["any", "same-size", "one"] = "any"
    device_bound: bool = False
    stochastic: bool = False
    selected_on: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what is declared as plain JSON values; None stands for an unbounded end of the range."""
        declared = asdict(self)
        declared["score_range"] = [bound if math.isfinite(bound) else None for bound in self.score_range]
        declared["input"] = {"colour": self.input.colour, "resize": str(self.input.resize)}
        return declared

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+:-]*", self.name):
            raise ValueError(f"method name {self.name!r}: use letters, digits and _ . + : -")
        if not self.score_range[0] < self.score_range[1]:
            raise ValueError(f"method {self.name!r}: score_range {self.score_range} is not (low, high)")
        for name in ("version", "licence", "citation", "summary"):
            if not getattr(self, name).strip():
                raise ValueError(f"method {self.name!r} declares no {name}")


@dataclass(frozen=True)
class FeatureSpace:
    """What a method's features come from.

    Attributes:
        fingerprint: a hash of the weights that they are computed with; empty: none.
        trained_on: what those weights were trained on, as in MethodInfo.
        selected_on: as in MethodInfo.
    """

    fingerprint: str = ""
    trained_on: tuple[str, ...] = ()
    selected_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explainer:
    """What a method with a differentiable network shows to ``bench explain``.

    Attributes:
        layer: the torch module that maps are made of, mostly the last convolution; its output is (1, C, h, w).
        outputs: photo → name → torch scalar that can be differentiated by the layer's output. It runs ``layer`` once,
            on the whole photograph, for each output is shown as a map of it.
        aspects: photo → aspect → probability in [0, 1] that it speaks well of the photograph; empty if there are none.
        left_out: a sentence on what of the score is in neither; empty: nothing.
    """

    layer: Any
    outputs: Callable[[Photo], Mapping[str, Any]]
    aspects: Callable[[Photo], Mapping[str, float]]
    left_out: str = ""


def option(default: Any, *, help: str, identity: bool = True) -> Any:  # noqa: A002 - click's word
    """Declare one option of a method, as a field of its ``Options`` dataclass.

    Args:
        default: its default; the field's annotation (str, int, float, bool, Path) is its type.
        help: one line for ``bench list methods NAME``.
        identity: False for a path whose content the method's fingerprint identifies instead.
    """
    return field(default=default, metadata={"help": help, "identity": identity})


@dataclass(frozen=True)
class NoOptions:
    """The options of a method that has none."""


ScorePhotos = Callable[[Sequence[Photo]], Sequence[float]]
"""Scores of photographs, one finite number each, higher is better."""

Monitor = Callable[[ScorePhotos], float]
"""Given a way to score photographs, its SRCC with people's scores on a dataset; for looking at, not for choosing."""


class Method(ABC):
    """A no-reference quality method. Subclass it, declare ``info``, write ``score``, ``@register`` it."""

    info: ClassVar[MethodInfo]
    Options: ClassVar[type[Any]] = NoOptions
    Training: ClassVar[type[Any] | None] = None
    """Of a method that ``bench train`` can train: a frozen dataclass like ``Options``, its hyperparameters."""
    portable: ClassVar[bool] = True
    """Whether another process can load it; a function of a notebook cannot be sent to one."""

    def __init__(self, options: Any = None, device: str = "cpu") -> None:
        """Keep the options and load what the method needs.

        Args:
            options: an instance of ``Options``; None for its defaults.
            device: a torch device string; hand-crafted methods may ignore it.
        """
        self.options = self.Options() if options is None else options
        self.device = device
        self.load()

    def load(self) -> None:  # noqa: B027 - optional to override
        """Read parameters or weights. Raises MissingRequirementError when they cannot be had."""

    def declared(self) -> MethodInfo:
        """Return ``info``; override it where an option changes what is declared, such as ``trained_on``."""
        return self.info

    @property
    def fingerprint(self) -> str:
        """A hash of the parameters or weights in use; part of a score's identity. Empty: none."""
        return ""

    @abstractmethod
    def score(self, photos: Sequence[Photo]) -> Sequence[float]:
        """Score a batch, one raw finite score a photo, in the order given.

        Raises:
            ImageError: a photo cannot be scored (too small, say); the harness then tries the
                photos one by one and records those that fail.
        """

    def features(self, photo: Photo) -> FloatArray:
        """Return the features (M, D) of M patches of a photo, or (1, D) of the whole; D is always the same.

        Who overrides this gets the method ``ou:NAME``, which scores by the distance of these features from
        those of pristine photographs. Rows that cannot be measured hold NaN.

        Raises:
            ImageError: the photo has no features (too small, say).
            NotImplementedError: the method offers none.
        """
        raise NotImplementedError

    def pristine_features(self, photo: Photo) -> FloatArray:
        """Return those features (M, D) that a pristine photo is fitted on; override it where not all are fit."""
        return self.features(photo)

    def feature_space(self) -> FeatureSpace:
        """Return what the features come from; override it where that is less than all that the method has."""
        declared = self.declared()
        return FeatureSpace(self.fingerprint, declared.trained_on, declared.selected_on)

    def explainer(self) -> Explainer:
        """Return what Grad-CAM differentiates, and probabilities by aspect; both raise ImageError as ``score`` does.

        Raises:
            NotImplementedError: the method offers none.
        """
        raise NotImplementedError

    @classmethod
    def missing(cls) -> str:
        """Say what the method needs that is not here and how to get it; empty when it is ready.

        Called by ``bench list``: it must be quick and import nothing heavy.
        """
        return ""

    @classmethod
    def downloads(cls) -> tuple[Download, ...]:
        """Name the files that ``bench fetch weights`` can fetch for this method; it must be quick."""
        return ()

    @classmethod
    def fit(
        cls, photos: Iterable[Photo], output: Path, *, options: Any = None, device: str = "cpu", source: str = ""
    ) -> str:
        """Fit the method's parameters on pristine photographs and write them to ``output``.

        Args:
            photos: as decoded, pixels (H, W, 3).
            output: path of the file; it appears whole or not at all.
            options: an instance of ``Options``; None for its defaults.
            device: a torch device string.
            source: the photographs' dataset id.

        Returns:
            A sentence for the user: what was fitted on how much.

        Raises:
            NotImplementedError: the method has nothing to fit.
        """
        raise NotImplementedError

    @classmethod
    def presets(cls) -> Mapping[str, Mapping[str, Any]]:
        """Return named sets of values of ``Training``'s fields; it must be quick and import nothing heavy."""
        return {}

    @classmethod
    def train(cls, config: Any, pristine: Path, output: Path, *, resume: bool, monitors: Mapping[str, Monitor]) -> str:
        """Train the method on pristine photographs; checkpoints, log and state are written to a folder.

        Args:
            config: an instance of ``Training``.
            pristine: a folder of photographs without visible faults.
            output: the folder to write to.
            resume: go on with the run that the folder holds.
            monitors: by dataset id, what reports agreement with people during training. It must not
                influence training or the choice of a checkpoint.

        Returns:
            A sentence for the user: what was trained on how much, and where it is. Empty where another
            process of the same run says it.

        Raises:
            NotImplementedError: the method has no ``Training``.
        """
        raise NotImplementedError


M = TypeVar("M", bound=type[Method])

registered: list[type[Method]] = []
"""Every class that :func:`register` has seen; ``bench.plugins.registry`` turns it into names."""


def register(method: M) -> M:
    """Class decorator: offer a method to the harness, by its name.

    A class of the same module and name takes the place of the earlier one, so that a notebook's cell can run twice.

    Raises:
        TypeError: the class has no ``info``.
    """
    if not isinstance(getattr(method, "info", None), MethodInfo):
        raise TypeError(f"{method.__qualname__} has no class attribute `info` of type MethodInfo")
    place = (method.__module__, method.__qualname__)
    registered[:] = [each for each in registered if (each.__module__, each.__qualname__) != place]
    registered.append(method)
    return method
