"""The base class of methods, their options, features and explanations, and their registration."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from bench.api.declaration import Download, MethodInfo
from bench.api.photo import FloatArray, Photo
from bench.api.weights import WeightComparison
from bench.errors import UsageError
from bench.extras import lacking, require


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
        unit: of the outputs, such as ``cosine``; empty if they have none.
    """

    layer: Any
    outputs: Callable[[Photo], Mapping[str, Any]]
    aspects: Callable[[Photo], Mapping[str, float]]
    left_out: str = ""
    unit: str = ""


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
    packages: ClassVar[tuple[str, ...]] = ()
    """Import names of packages that it needs beyond those of the base install, such as ``torch``."""

    def __init__(self, options: Any = None, device: str = "cpu") -> None:
        """Set the options and load parameters or weights.

        Args:
            options: instance of ``Options``; None for the defaults.
            device: torch device string; hand-crafted methods may ignore it.

        Raises:
            MissingRequirementError: one of ``packages`` is not installed, or ``load`` misses something.
        """
        require(self.info.name, *self.packages)
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

        By default it looks for ``packages``. ``bench list`` calls this for every method: it must be quick and import
        nothing heavy.
        """
        return lacking(cls.packages)

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

    @classmethod
    def compare_weights(cls, path: Path, against: Path) -> WeightComparison:
        """Tell how far the weights of a file are from another's, for ``bench inspect``.

        Args:
            path: the file.
            against: what its training began from.

        Raises:
            NotImplementedError: the method does not offer this.
            UsageError: a file cannot be read, or they are of different networks.
        """
        raise NotImplementedError


M = TypeVar("M", bound=type[Method])

registered: list[type[Method]] = []
"""All classes passed to :func:`register`; ``bench.plugins.registry`` finds them by name."""


def register(method: M) -> M:
    """Register a method, as a class decorator.

    A class of the same module and name replaces the earlier one, so that a cell of a notebook can run twice.

    Raises:
        UsageError: it is no subclass of :class:`bench.Method`, or has no ``info``.
    """
    if not (isinstance(method, type) and issubclass(method, Method)):
        raise UsageError(f"register got {method!r}: give a subclass of bench.Method")
    if not isinstance(getattr(method, "info", None), MethodInfo):
        raise UsageError(f"{method.__qualname__} has no class attribute `info`: give it a bench.MethodInfo")
    place = (method.__module__, method.__qualname__)
    registered[:] = [each for each in registered if (each.__module__, each.__qualname__) != place]
    registered.append(method)
    return method
