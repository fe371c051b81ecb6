"""The methods ``mdfs`` and ``mdfs-lite``; torch is imported when one is loaded."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bench.api import Download, Family, FeatureSpace, FloatArray, MethodInfo, Photo, option, register
from bench.errors import ImageError, MissingRequirementError, UsageError
from bench.io.hashing import hash_bytes
from bench.plugins.gaussian import check_model

from .._batch import to_device
from .._pristine_file import load_arrays
from .._pristine_method import PristineMethod
from .._pyiqa_weights import Weights
from ..qualiclip.weights import WeightSource, locate_weights, missing

if TYPE_CHECKING:
    from .patches import Patches

SHIPPED = Path(__file__).with_name("mdfs_lite_pristine.npz")
"""The pristine model of ``mdfs-lite``; ``mdfs_lite_pristine.md`` says how it was made."""

B7 = WeightSource(
    name="efficientnet-b7",
    what="torchvision's EfficientNet-B7 with ImageNet weights",
    places=(
        Weights(
            "torch",
            "efficientnet_b7_lukemelas-c5b4e57e.pth",
            "https://download.pytorch.org/models/efficientnet_b7_lukemelas-c5b4e57e.pth",
            255,
        ),
    ),
    licence="Apache-2.0",
)

_SHORTEST = 33  # pixels: three cells of a stage of stride 16, which a window takes
_MAX_BYTES = 2**24  # a model of 544 features has 2.4 MB
_CITATION = (
    "Ni, Liu, Ding, Yang, Wang, Wang, Opinion-unaware blind image quality assessment using multi-scale deep feature "
    "statistics, IEEE TMM 2024, arXiv:2405.18790"
)


@dataclass(frozen=True)
class LiteOptions:
    """The options of MDFS on the small network."""

    model: str = option(
        "", help="pristine model, an .npz of `bench fit mdfs-lite`; default: the shipped model", identity=False
    )


@dataclass(frozen=True)
class Options:
    """The options of MDFS."""

    model: str = option("", help="pristine model, an .npz of `bench fit mdfs`; it must be given", identity=False)
    weights: str = option(
        "", help="EfficientNet-B7's weights; default: torchvision's, where it keeps them", identity=False
    )


class _DeepStatistics(PristineMethod):
    """Mean distance of a photograph's patches from a Gaussian over deep features of several stages."""

    shipped: ClassVar[Path | None] = None
    rows = "patches"
    least_side = _SHORTEST

    @classmethod
    def model_path(cls, name: str) -> Path:
        """Turn the option ``model`` into a path; empty is the shipped model, where one ships.

        Raises:
            MissingRequirementError: no file is there.
        """
        path = Path(name) if name else cls.shipped
        if path and path.is_file():
            return path
        got = f"{path} is not a file" if path else "it is not given"
        raise MissingRequirementError(f"{cls.info.name}, option model: {got}; {cls._how()}")

    @classmethod
    def _how(cls) -> str:
        name = cls.info.name
        return f"fit one by `bench fit {name} --pristine FOLDER --output FILE`, then --option {name}.model=FILE"

    def load(self) -> None:
        """Read the network's weights and the pristine model.

        Raises:
            MissingRequirementError: one of them is not there.
            UsageError: one of them is of another kind, or the model was fitted with another network.
        """
        path = self.model_path(self.options.model)
        self._stages, self._network = self._read_network(self.options, self.device)
        self.model = self.gaussian = load_arrays(self.info.name, path, _MAX_BYTES, (), check_model)
        if (network := self.model.metadata.get("network")) != self._network:
            raise UsageError(
                f"{self.info.name}, option model: {path} was fitted with a network of fingerprint {network!r} and not "
                f"{self._network!r}; {self._how()}"
            )
        if len(self.model.mean) != self._stages.channels:
            raise UsageError(
                f"{self.info.name}, option model: {path} is of {len(self.model.mean)} features and not "
                f"{self._stages.channels}; {self._how()}"
            )

    @classmethod
    def _read_network(cls, options: Any, device: str) -> tuple[Any, str]:
        """Return the network's stages on a device and the fingerprint of its weights."""
        raise NotImplementedError

    @property
    def fingerprint(self) -> str:
        """A hash of the network's weights and the pristine model."""
        return hash_bytes(f"{self._network} {self.model.fingerprint}".encode())

    def score(self, photos: Sequence[Photo]) -> list[float]:
        """Return one distance a photo, 0 or more.

        Raises:
            ImageError: a photo has a side below 33 pixels.
        """
        from .patches import distance

        return [distance(self._patches(photo), self.model) for photo in photos]

    def features(self, photo: Photo) -> FloatArray:
        """Return the features (patches, D) of every patch."""
        return self._patches(photo).features

    def pristine_features(self, photo: Photo) -> FloatArray:
        """Return the features (patches, D) of the patches of more than mean contrast."""
        from .patches import sharp

        return sharp(self._patches(photo))

    def feature_space(self) -> FeatureSpace:
        """Return what the features come from: the network. The pristine model is not in them."""
        return FeatureSpace(self._network, ("imagenet",))

    def _patches(self, photo: Photo) -> Patches:
        return _patches(photo, self._stages, self.device)

    @classmethod
    def measure(cls, options: Any, device: str) -> tuple[Callable[[Photo], FloatArray], Mapping[str, Any]]:
        """Return the function that gives the features of the patches of more than mean contrast.

        Raises:
            MissingRequirementError: the network's weights are not here.
        """
        from .patches import sharp

        stages, network = cls._read_network(options, device)
        return lambda photo: sharp(_patches(photo, stages, device)), {"network": network}


def _patches(photo: Photo, stages: Any, device: str) -> Patches:
    from .patches import patches

    height, width = photo.pixels.shape[:2]
    if min(height, width) < _SHORTEST:
        raise ImageError(f"{width}x{height} pixels: MDFS needs at least {_SHORTEST}x{_SHORTEST}")
    return patches(stages(to_device([photo.pixels], device)))


@register
class MdfsLite(_DeepStatistics):
    """MDFS on EfficientNet-Lite0, which ships with this package; lower is better."""

    info = MethodInfo(
        name="mdfs-lite",
        version="1",
        family=Family.ZERO_SHOT,
        opinion_aware=False,
        trained_on=("imagenet", "bsds500"),
        selected_on=("clive_subset", "kadis_2afc", "avt_hevc_uhd_subset", "biq2021_subset"),
        score_range=(0.0, math.inf),
        higher_is_better=False,
        licence="Apache-2.0; shipped pristine model fitted on BSDS500 (non-commercial research)",
        citation=f"this package, after {_CITATION}",
        summary="MDFS on a small network that ships with this package: distance of deep features from pristine ones",
        batching="one",
        device_bound=True,
    )
    Options = LiteOptions
    packages = ("torch",)
    shipped = SHIPPED

    @classmethod
    def _read_network(cls, options: Any, device: str) -> tuple[Any, str]:  # noqa: ARG003 - it has no weights to choose
        from .networks import lite

        stages, fingerprint = lite()
        return stages.to(device), fingerprint


@register
class Mdfs(_DeepStatistics):
    """MDFS on torchvision's EfficientNet-B7; lower is better."""

    info = MethodInfo(
        name="mdfs",
        version="1",
        family=Family.ZERO_SHOT,
        opinion_aware=False,
        trained_on=("imagenet",),
        score_range=(0.0, math.inf),
        higher_is_better=False,
        licence="Apache-2.0; weights by torchvision (BSD-3-Clause), converted from Apache-2.0 ones",
        citation=_CITATION,
        code="https://github.com/eezkni/MDFS",
        summary="MDFS: distance of EfficientNet-B7's features from those of pristine photographs that you give",
        batching="one",
        device_bound=True,
    )
    Options = Options
    packages = ("torch", "torchvision")

    @classmethod
    def _read_network(cls, options: Any, device: str) -> tuple[Any, str]:
        from .networks import b7

        stages, fingerprint = b7(locate_weights(B7, cls.info.name, options.weights))
        return stages.to(device), fingerprint

    @classmethod
    def missing(cls) -> str:
        """Say which weights and packages are missing, and that a model must be fitted."""
        return "; ".join(filter(None, (missing(B7), super().missing())))

    @classmethod
    def downloads(cls) -> tuple[Download, ...]:
        """Return EfficientNet-B7's weights."""
        return (B7.download(),)
