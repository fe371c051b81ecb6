"""The methods ``mdfs`` and ``mdfs-lite``; torch is imported when one is loaded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bench.api import Download, Family, FeatureSpace, FloatArray, Method, MethodInfo, Photo, option, register
from bench.errors import ImageError, MissingRequirementError, UsageError
from bench.io.hashing import hash_bytes
from bench.plugins.gaussian import PristineModel, check_model, fit_model, measure_photos

from .._batch import to_device
from .._pristine_file import load_arrays
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


class _DeepStatistics(Method):
    """Mean distance of a photograph's patches from a Gaussian over deep features of several stages."""

    shipped: ClassVar[Path | None] = None

    def load(self) -> None:
        """Read the network's weights and the pristine model.

        Raises:
            MissingRequirementError: one of them is not there.
            UsageError: one of them is of another kind, or the model was fitted with another network.
        """
        path = Path(self.options.model) if self.options.model else self.shipped
        if path is None or not path.is_file():
            raise MissingRequirementError(
                f"{self.info.name}, option model: {f'{path} is not a file' if path else 'it is not given'}; "
                f"{_how(self.info.name)}"
            )
        self._stages, self._network = self._read_network(self.options, self.device)
        self.model: PristineModel = load_arrays(self.info.name, path, _MAX_BYTES, (), check_model)
        if (network := self.model.metadata.get("network")) != self._network:
            raise UsageError(
                f"{self.info.name}, option model: {path} was fitted with a network of fingerprint {network!r} and not "
                f"{self._network!r}; {_how(self.info.name)}"
            )
        if len(self.model.mean) != self._stages.channels:
            raise UsageError(
                f"{self.info.name}, option model: {path} is of {len(self.model.mean)} features and not "
                f"{self._stages.channels}; {_how(self.info.name)}"
            )

    @classmethod
    def _read_network(cls, options: Any, device: str) -> tuple[Any, str]:
        """Return the network's stages on a device and the fingerprint of its weights."""
        raise NotImplementedError

    def declared(self) -> MethodInfo:
        """Return what holds for the pristine model in use; of somebody else's file only what it says."""
        if not self.options.model:
            return self.info
        return replace(self.info, trained_on=("imagenet", *self.model.trained_on), selected_on=())

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
    def fit(
        cls, photos: Iterable[Photo], output: Path, *, options: Any = None, device: str = "cpu", source: str = ""
    ) -> str:
        """Fit the pristine model of the paper and write it as .npz.

        Args:
            photos: pristine photographs as decoded, pixels (H, W, 3). Those below 33 pixels are left out.
            output: path of the file.
            options: instance of ``Options``; ``model`` does not count.
            device: torch device string.
            source: the photographs' dataset id.

        Raises:
            MissingRequirementError: the network's weights are not here.
            UsageError: there is no photograph to fit on, or the output cannot be written.
        """
        from .patches import sharp

        stages, network = cls._read_network(options or cls.Options(), device)
        kept, small = measure_photos(photos, lambda photo: sharp(_patches(photo, stages, device)))
        skipped = f", {small} skipped as smaller than {_SHORTEST} pixels" if small else ""
        if not kept:
            raise UsageError(f"--pristine has no photographs to fit on{skipped}; give a folder of pristine photographs")
        about = {"method": cls.info.name, "version": cls.info.version, "network": network, "pristine": source}
        model = fit_model(kept, about)
        model.save(output)
        return f"fitted {cls.info.name} on {model.blocks:,} patches of {len(kept):,} photographs{skipped}: {output}"


def _how(name: str) -> str:
    return f"fit one by `bench fit {name} --pristine FOLDER --output FILE`"


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
        """Say that a model must be fitted, and which packages or weights are missing."""
        model = f"a pristine model: {_how(cls.info.name)}, then --option {cls.info.name}.model=FILE"
        return "; ".join(filter(None, (super().missing() or missing(B7), model)))

    @classmethod
    def downloads(cls) -> tuple[Download, ...]:
        """Return EfficientNet-B7's weights."""
        return (B7.download(),)
