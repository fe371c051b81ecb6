"""The method ``qualiclip-lite``; ONNX Runtime is imported when it is loaded, torch when it is to explain a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.api import Explainer, Family, FeatureSpace, FloatArray, Method, MethodInfo, Photo, option, register
from bench.errors import UsageError

SHIPPED = Path(__file__).with_name("lite.safetensors")
"""The checkpoint of this package; ``lite.md`` says how it was made."""


@dataclass(frozen=True)
class LiteOptions:
    """The options of QualiCLIP-lite."""

    weights: str = option(
        "", help="checkpoint of `bench train qualiclip --preset lite`; default: the shipped checkpoint", identity=False
    )


@register
class QualiclipLite(Method):
    """QualiCLIP's recipe on EfficientNet-Lite0 and a small sentence encoder's space of texts: not CLIP.

    Photographs are brought to a short side of 384 pixels. The network's mean quality of nine windows is joined by
    NIQE's distance at a short side of 768 and, where it is larger, at native resolution.
    """

    info = MethodInfo(
        name="qualiclip-lite",
        version="3",
        family=Family.SELF_SUPERVISED,
        opinion_aware=False,
        trained_on=("imagenet", "bsds500", "public-photographs"),
        selected_on=("clive_subset", "kadis_2afc", "avt_hevc_uhd_subset", "biq2021_subset"),
        score_range=(0.0, 1.0),
        higher_is_better=True,
        licence="Apache-2.0; trained on BSDS500 (non-commercial research) and freely licensed photographs",
        citation=(
            "this package, after Agnolucci, Galteri, Bertini, Quality-aware image-text alignment for opinion-unaware "
            "image quality assessment, arXiv:2403.11176"
        ),
        summary="QualiCLIP's recipe on a small encoder that ships with this package; not CLIP",
        batching="one",
    )
    Options = LiteOptions

    def load(self) -> None:
        """Read the checkpoint.

        Raises:
            UsageError: there is no such file, or it is no checkpoint of this network.
        """
        from .checkpoint import load_lite_checkpoint
        from .scorer import Scorer

        path = Path(self.options.weights) if self.options.weights else SHIPPED
        if not path.is_file():
            raise UsageError(
                f"{self.info.name}, option weights: {path} is not a file; leave it out for the shipped checkpoint"
            )
        self._checkpoint = load_lite_checkpoint(path, f"{self.info.name}, option weights")
        self._fingerprint = self._checkpoint.fingerprint
        self._scorer = Scorer(self._checkpoint)

    def declared(self) -> MethodInfo:
        """Return what holds for the weights in use; the rule that joins quality and NIQE was chosen all the same."""
        if not self.options.weights:
            return self.info
        seen = tuple(dict.fromkeys((*self.info.selected_on, *self._checkpoint.selected_on)))
        return replace(self.info, trained_on=self._checkpoint.trained_on, selected_on=seen)

    @property
    def fingerprint(self) -> str:
        """12 hex digits over the weights and texts in use."""
        return self._fingerprint

    def score(self, photos: Sequence[Photo]) -> list[float]:
        """Return scores in (0, 1), higher is better.

        Raises:
            ImageError: the long side of a photo is more than 20 times its short one.
        """
        return self._scorer.score(photos)

    def features(self, photo: Photo) -> FloatArray:
        """Return what the head reads of the whole photo: (1, 3346) pooled activations and natural-scene statistics.

        Raises:
            ImageError: the long side of a photo is more than 20 times its short one.
        """
        return self._scorer.features(photo)

    def feature_space(self) -> FeatureSpace:
        """Return what the features come from: ImageNet weights alone, where the encoder was not trained further."""
        from .checkpoint import encoder_fingerprint

        if self.options.weights:
            return super().feature_space()
        return FeatureSpace(encoder_fingerprint(self._checkpoint), ("imagenet",))

    def explainer(self) -> Explainer:
        """Show the last stage of convolutions for the whole photograph."""
        from .explaining import explainer

        return explainer(self._checkpoint)
