"""The interface for plugins: methods, what they declare, their options, and the photographs they score.

A method is a subclass of :class:`Method` with a :class:`MethodInfo` and a ``score`` function, decorated with
:func:`register`. Nothing in this module reads a file or runs a model.
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
"""Entry of ``trained_on`` for training data that is not listed anywhere, such as web-scale pre-training."""


class Family(StrEnum):
    """Kind of a method, by what it was developed from. Tables group methods by family, in this order."""

    HAND_CRAFTED = "hand-crafted"
    ZERO_SHOT = "zero-shot"
    SELF_SUPERVISED = "self-supervised"
    MOS_TRAINED = "MOS-trained"
    UNDECLARED = "undeclared"


@dataclass(frozen=True)
class Resize:
    """A resize policy; ``Resize.parse`` reads what ``str(policy)`` writes.

    Attributes:
        short: length of the short side in pixels, with the aspect ratio kept; None for no such resize.
        exact: (width, height) in pixels, whatever the aspect ratio; None for no such resize.
    """

    short: int | None = None
    exact: tuple[int, int] | None = None

    @classmethod
    def parse(cls, text: str) -> Resize:
        """Read a policy from ``none``, ``short:N`` or ``WxH``.

        Raises:
            ValueError: the text has another form, or a side is not in 1..16384.
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
    """Form of the photographs that a method gets.

    Attributes:
        colour: ``rgb`` gives pixels (H, W, 3); ``grey`` gives BT.601 luma (H, W).
        resize: the method's own resize policy, applied after the protocol's.
    """

    colour: Literal["rgb", "grey"] = "rgb"
    resize: Resize = Resize()


@dataclass(frozen=True, eq=False)
class Photo:
    """One decoded photograph.

    Attributes:
        name: its name in the dataset (a relative path with ``/``).
        pixels: (H, W, 3) RGB or (H, W) grey, uint8 in 0..255, as the method's input policy says.
        file_bytes: size of the encoded file in bytes; 0 for an image that came from memory.
        file_pixels: width times height of the encoded image, before any resize.
    """

    name: str
    pixels: Pixels
    file_bytes: int
    file_pixels: int


@dataclass(frozen=True)
class Download:
    """A file to download: weights for ``bench fetch weights NAME``, or an archive of a dataset.

    Attributes:
        name: name in commands; weights have unique names, unless two methods need the same file.
        url: address of the file.
        path: local path of the file.
        licence: licence of the file, printed before the download.
        size: approximate size in bytes; None if unknown.
        sha256: SHA-256 of the file, 64 hex digits; empty if it is not published.
        md5: MD5 of the file, 32 hex digits, if no SHA-256 is published; it detects damage, not forgery.
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
        """Algorithm and digest of the best published hash; two empty strings if no hash is published."""
        return ("sha256", self.sha256) if self.sha256 else ("md5", self.md5) if self.md5 else ("", "")


@dataclass(frozen=True)
class MethodInfo:
    """Metadata that a method declares; stored with its scores.

    Attributes:
        name: identifier, lower-case by custom, e.g. ``niqe`` or ``pyiqa:musiq``.
        version: version of the method; change it whenever scores may change. Part of a score's identity.
        family: kind of the method.
        opinion_aware: whether any human opinion score was used to develop it; None if undeclared.
        trained_on: ids of the datasets it was trained on; empty if none, ``(UNKNOWN,)`` if they are not listed.
        selected_on: ids of datasets with some of whose MOS it was tuned.
        score_range: (low, high) of possible scores; ±inf if unbounded.
        higher_is_better: direction of the raw score.
        licence: licence of code and weights together, the stricter of the two.
        citation: paper or origin, in one line.
        summary: description for ``bench list``, in one line.
        input: form of the photographs that the method gets.
        batching: sizes of images in one batch: ``any``, only the ``same-size``, or ``one`` image at a time.
        device_bound: whether it runs in one process with all threads or on an accelerator, not in one for each core.
        stochastic: whether scores depend on the random seed, which is then part of their identity.
        aliases: other names that the registry accepts.
        tags: what it measures, if that is not technical quality: aesthetic, face, underwater.
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
        """Return the metadata as plain JSON values; None stands for an unbounded end of the range."""
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
    """Origin of a method's features.

    Attributes:
        fingerprint: hash of the weights that compute the features; empty without weights.
        trained_on: ids of the datasets that those weights were trained on, as in MethodInfo.
        selected_on: ids of datasets with some of whose MOS those weights were tuned, as in MethodInfo.
    """

    fingerprint: str = ""
    trained_on: tuple[str, ...] = ()
    selected_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explainer:
    """Parts of a differentiable network that ``bench explain`` needs.

    Attributes:
        layer: torch module whose output, of shape (1, C, h, w), gives the maps; usually the last convolution.
        outputs: function from a photo to named torch scalars that are differentiable by the layer's output. It runs
            ``layer`` once on the whole photograph, because every output is shown as a map of it.
        aspects: function from a photo to the probability, in 0..1, of the positive side of each aspect; may be empty.
        left_out: sentence about parts of the score that neither shows; empty if nothing is left out.
    """

    layer: Any
    outputs: Callable[[Photo], Mapping[str, Any]]
    aspects: Callable[[Photo], Mapping[str, float]]
    left_out: str = ""


def option(default: Any, *, help: str, identity: bool = True) -> Any:  # noqa: A002 - click's word
    """Declare one option of a method, as a field of its ``Options`` dataclass.

    Args:
        default: default value; the field's annotation (str, int, float, bool, Path, Literal) is the type.
        help: description for ``bench list methods NAME``, in one line.
        identity: whether the value is part of a score's identity; False for a file that the fingerprint identifies.
    """
    return field(default=default, metadata={"help": help, "identity": identity})


@dataclass(frozen=True)
class NoOptions:
    """Options of a method without options."""


ScorePhotos = Callable[[Sequence[Photo]], Sequence[float]]
"""Function from photographs to their scores, one finite number for each; higher is better."""

Monitor = Callable[[ScorePhotos], float]
"""Function from a scoring function to its SRCC with a dataset's MOS; for information, never for selection."""


class Method(ABC):
    """A no-reference quality method: subclass it, declare ``info``, write ``score``, add ``@register``."""

    info: ClassVar[MethodInfo]
    Options: ClassVar[type[Any]] = NoOptions
    Training: ClassVar[type[Any] | None] = None
    """Hyperparameters for ``bench train``, a frozen dataclass like ``Options``; None if there is no training."""
    portable: ClassVar[bool] = True
    """Whether another process can load it; a function of a notebook cannot be sent to one."""

    def __init__(self, options: Any = None, device: str = "cpu") -> None:
        """Set the options and load parameters or weights.

        Args:
            options: instance of ``Options``; None for the defaults.
            device: torch device string; hand-crafted methods may ignore it.
        """
        self.options = self.Options() if options is None else options
        self.device = device
        self.load()

    def load(self) -> None:  # noqa: B027 - optional to override
        """Read parameters or weights; raise MissingRequirementError if they are missing."""

    def declared(self) -> MethodInfo:
        """Return ``info``; override it where an option changes what is declared, such as ``trained_on``."""
        return self.info

    @property
    def fingerprint(self) -> str:
        """Hash of the parameters or weights in use; part of a score's identity. Empty without parameters."""
        return ""

    @abstractmethod
    def score(self, photos: Sequence[Photo]) -> Sequence[float]:
        """Score a batch of photos.

        Args:
            photos: photos in the form of ``info.input``; how many and of which sizes, ``info.batching`` says.

        Returns:
            One raw finite score for each photo, in order.

        Raises:
            ImageError: a photo cannot be scored; the harness then scores one by one and records those that fail.
        """

    def features(self, photo: Photo) -> FloatArray:
        """Return the features of a photo: (M, D) of M patches, or (1, D) of the whole photo, with a constant D.

        Overriding this also registers the method ``ou:NAME``, which scores a photo by the distance of its features from
        those of pristine photographs. Features that cannot be computed are NaN.

        Raises:
            ImageError: the photo has no features, for example because it is too small.
            NotImplementedError: the method does not offer features.
        """
        raise NotImplementedError

    def pristine_features(self, photo: Photo) -> FloatArray:
        """Return the features (M, D) of a pristine photo for fitting; override it to select patches."""
        return self.features(photo)

    def feature_space(self) -> FeatureSpace:
        """Return the origin of the features; override it if they use only a part of the method's weights."""
        declared = self.declared()
        return FeatureSpace(self.fingerprint, declared.trained_on, declared.selected_on)

    def explainer(self) -> Explainer:
        """Return the layer and outputs for Grad-CAM and the probabilities of aspects, for ``bench explain``.

        Raises:
            NotImplementedError: the method does not offer explanations.
        """
        raise NotImplementedError

    @classmethod
    def missing(cls) -> str:
        """Return what the method lacks and how to get it; empty if it is ready.

        ``bench list`` calls this for every method: it must be quick and import nothing heavy.
        """
        return ""

    @classmethod
    def downloads(cls) -> tuple[Download, ...]:
        """Return the files that ``bench fetch weights`` can download for this method; it must be quick."""
        return ()

    @classmethod
    def fit(
        cls, photos: Iterable[Photo], output: Path, *, options: Any = None, device: str = "cpu", source: str = ""
    ) -> str:
        """Fit the method's parameters on pristine photographs and write them to ``output``.

        Args:
            photos: decoded photos with pixels (H, W, 3).
            output: path of the file, which is written completely or not at all.
            options: instance of ``Options``; None for the defaults.
            device: torch device string.
            source: dataset id of the photographs.

        Returns:
            A sentence for the user that says what was fitted, and on how many photographs.

        Raises:
            NotImplementedError: the method has nothing to fit.
        """
        raise NotImplementedError

    @classmethod
    def presets(cls) -> Mapping[str, Mapping[str, Any]]:
        """Return named sets of hyperparameters, by field of ``Training``; it must be quick and import nothing heavy."""
        return {}

    @classmethod
    def train(cls, config: Any, pristine: Path, output: Path, *, resume: bool, monitors: Mapping[str, Monitor]) -> str:
        """Train the method on pristine photographs and write checkpoints, log and state to a folder.

        Args:
            config: instance of ``Training``.
            pristine: folder of photographs without visible distortions.
            output: folder to write to.
            resume: whether to continue the run in ``output``.
            monitors: functions that report the SRCC with a dataset's MOS during training, by dataset id. They must not
                influence training or the choice of a checkpoint.

        Returns:
            A sentence for the user that says what was trained and where it is; empty except in the main process.

        Raises:
            NotImplementedError: the method has no ``Training``.
        """
        raise NotImplementedError


M = TypeVar("M", bound=type[Method])

registered: list[type[Method]] = []
"""All classes passed to :func:`register`; ``bench.plugins.registry`` finds them by name."""


def register(method: M) -> M:
    """Register a method, as a class decorator; raise TypeError if it has no ``info`` of type MethodInfo.

    A class of the same module and name replaces the earlier one, so that a cell of a notebook can run twice.
    """
    if not isinstance(getattr(method, "info", None), MethodInfo):
        raise TypeError(f"{method.__qualname__} has no class attribute `info` of type MethodInfo")
    place = (method.__module__, method.__qualname__)
    registered[:] = [each for each in registered if (each.__module__, each.__qualname__) != place]
    registered.append(method)
    return method
