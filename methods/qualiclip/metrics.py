"""The methods ``qualiclip`` and ``clipiqa``; torch and open_clip are imported when one is loaded."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bench.api import (
    UNKNOWN,
    Download,
    Explainer,
    Family,
    FloatArray,
    Method,
    MethodInfo,
    Monitor,
    Photo,
    WeightComparison,
    option,
    register,
)
from bench.errors import ImageError
from bench.io.hashing import hash_bytes

from .._batch import to_device
from . import weights
from .config import TrainingConfig, read_presets
from .photographs import TrainingPhotographs, find_photographs

if TYPE_CHECKING:
    from .trainer import Subject

_CROPS_AT_ONCE = 8  # as many as fill the processor; a large photograph has hundreds

_PROMPTS = Path(__file__).with_name("prompts.toml")


def prompt_pairs(name: str) -> list[tuple[str, str]]:
    """Return a prompt set of ``prompts.toml`` as (positive, negative) pairs."""
    table = tomllib.loads(_PROMPTS.read_text(encoding="utf-8"))
    return [(positive, negative) for positive, negative in table[name]["pairs"]]


@dataclass(frozen=True)
class OnClipOptions:
    """What every method on CLIP RN50 can be told."""

    # Not in the identity: the fingerprint says what was computed with, and on a device without 16-bit
    # arithmetic the scores of "fast" are those of "exact".
    precision: Literal["exact", "fast"] = option(
        "exact",
        help="exact: float32; fast: 16-bit convolutions if the device supports them",
        identity=False,
    )


@dataclass(frozen=True)
class QualiclipOptions(OnClipOptions):
    """The options of QualiCLIP."""

    weights: str = option(
        "", help="checkpoint of the authors, of pyiqa or of `bench train`; default: the authors'", identity=False
    )
    temperature: float = option(
        2.0, help="temperature that divides 100 times the cosine similarity: 2 as in pyiqa, 1 as in the authors' code"
    )

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError(f"temperature got {self.temperature}: it must be above 0")


@dataclass(frozen=True)
class ClipIqaOptions(OnClipOptions):
    """The options of CLIP-IQA."""

    weights: str = option("", help="weights of CLIP RN50; default: OpenAI's RN50.pt", identity=False)
    prompts: Literal["pyiqa", "paper"] = option("pyiqa", help="pyiqa's five pairs of prompts, or the paper's one")


class OnClip(Method):
    """What the methods on CLIP RN50 share: scoring a batch, and the identity of their weights."""

    packages = ("open_clip", "torch")
    temperature = 1.0
    _model: Any
    _fingerprint: str
    _pairs: list[tuple[str, str]]

    @property
    def fingerprint(self) -> str:
        """12 hex digits over the weights in use, prompts' features or text encoder included, and 16-bit arithmetic."""
        return self._fingerprint

    def _use(self, model: Any, fingerprint: str, pairs: list[tuple[str, str]]) -> None:
        import torch

        from . import inference

        fast = self.options.precision == "fast"
        arithmetic = inference.fast_arithmetic(self.device) if fast else torch.float32
        if fast and arithmetic == torch.float32:
            print(
                f"{self.info.name}: this {self.device} device has no 16-bit arithmetic and would be slower for it: "
                "scoring in float32, as --precision exact does",
                file=sys.stderr,
            )
        self._model = inference.for_scoring(model, self.device, arithmetic)
        self._pairs = pairs
        named = hash_bytes(f"{fingerprint} {arithmetic}".encode())
        self._fingerprint = fingerprint if arithmetic == torch.float32 else named

    def score(self, photos: Sequence[Photo]) -> list[float]:
        """Return scores in [0, 1], higher is better, for photographs of one size.

        Raises:
            ImageError: a side is below 32 pixels.
        """
        return _score(self._model, photos, self.temperature)

    def features(self, photo: Photo) -> FloatArray:
        """Return the image encoder's unit vectors (M, 1024) of all M whole 224x224 crops, side by side from the corner.

        224 pixels is what CLIP was trained on. A photograph with a shorter side gives one vector of the whole.

        Raises:
            ImageError: a side is below 32 pixels.
        """
        import torch

        from .inference import crops

        _check_size(photo)
        with torch.inference_mode():
            cut = crops(photo.pixels)
            batches = (cut[start : start + _CROPS_AT_ONCE] for start in range(0, len(cut), _CROPS_AT_ONCE))
            vectors = [self._model.embed(to_device(batch, self.device)).cpu() for batch in batches]
        return torch.cat(vectors).double().numpy()

    def explainer(self) -> Explainer:
        """Show the last stage of convolutions, and the probabilities whose mean is the score."""
        import torch

        from .explaining import by_pair, by_side

        model = self._model

        def outputs(photo: Photo) -> Mapping[str, Any]:
            return by_side(model.similarities(_image(photo, model.prompts.device))[0])

        def aspects(photo: Photo) -> Mapping[str, float]:
            with torch.inference_mode():
                probabilities = model.probabilities(_image(photo, model.prompts.device), self.temperature)[0]
            return by_pair(probabilities, self._pairs)

        return Explainer(model.visual.layer4, outputs, aspects, unit="cosine")


def _score(model: Any, photos: Sequence[Photo], temperature: float) -> list[float]:
    """Score photographs of one size with a ``QualityModel``, where its prompts are."""
    import torch

    _check_size(photos[0])
    with torch.inference_mode():
        scores: list[float] = model(
            to_device([photo.pixels for photo in photos], model.prompts.device), temperature
        ).tolist()
    return scores


def _image(photo: Photo, device: Any) -> Any:
    """Return a photo as a batch of one (1, 3, H, W) in [0, 1]."""
    _check_size(photo)
    return to_device([photo.pixels], device)


def _check_size(photo: Photo) -> None:
    from .model import MIN_SIDE

    height, width, _ = photo.pixels.shape
    if min(height, width) < MIN_SIDE:
        raise ImageError(f"{width}x{height} pixels: the network needs at least {MIN_SIDE}x{MIN_SIDE}")


@register
class Qualiclip(OnClip):
    """CLIP RN50 aligned with antonym prompts on synthetically degraded photographs, without opinion scores.

    The score is the mean over the pairs of softmax(100·(cosine to positive, cosine to negative)/temperature).
    Two public implementations differ: the authors' inference code has no temperature (1), pyiqa divides by 2.
    pyiqa takes the factor from the checkpoint's ``logit_scale``, the authors' code takes 100; CLIP's own is
    100, and whether that is so to the last bit in the released file was not verified.
    """

    info = MethodInfo(
        name="qualiclip",
        version="1",
        family=Family.SELF_SUPERVISED,
        opinion_aware=False,
        trained_on=("kadis700k", UNKNOWN),
        score_range=(0.0, 1.0),
        higher_is_better=True,
        licence="Apache-2.0; the authors' weights CC-BY-NC-4.0",
        citation=(
            "Agnolucci, Galteri, Bertini, Quality-aware image-text alignment for opinion-unaware image quality "
            "assessment, arXiv:2403.11176"
        ),
        code="https://github.com/miccunifi/QualiCLIP",
        summary="QualiCLIP: CLIP trained to rank synthetic degradations, without opinion scores",
        batching="same-size",
        device_bound=True,
    )
    Options = QualiclipOptions
    Training = TrainingConfig

    def load(self) -> None:
        """Read the checkpoint; a text encoder is needed only where it has no features of the prompts.

        Raises:
            MissingRequirementError: no weights are here.
            UsageError: the file is no checkpoint of this network.
        """
        path = weights.locate_weights(weights.QUALICLIP, self.info.name, self.options.weights)
        from . import checkpoints

        checkpoint = checkpoints.load_checkpoint(path, f"{self.info.name}, option weights", text=None)
        self._declared = replace(self.info, trained_on=checkpoint.trained_on, selected_on=checkpoint.selected_on)
        self.temperature = self.options.temperature
        pairs = prompt_pairs("qualiclip")
        model = checkpoints.model_of(checkpoint, pairs, scale=100.0)
        self._use(model, checkpoint.fingerprint, pairs)

    def declared(self) -> MethodInfo:
        """Return what holds for the weights in use; of a file that says nothing, nothing is known."""
        return self._declared if self.options.weights else self.info

    @classmethod
    def missing(cls) -> str:
        """Say how to get the packages, or the authors' weights, where they are not here."""
        return super().missing() or weights.missing(weights.QUALICLIP)

    @classmethod
    def downloads(cls) -> tuple[Download, ...]:
        """Name the authors' released checkpoint."""
        return (weights.QUALICLIP.download(),)

    @classmethod
    def presets(cls) -> Mapping[str, Mapping[str, Any]]:
        """Return the presets of ``presets.toml``."""
        return read_presets()

    @classmethod
    def train(
        cls, config: TrainingConfig, pristine: Path, output: Path, *, resume: bool, monitors: Mapping[str, Monitor]
    ) -> str:
        """Fine-tune CLIP's image encoder; the text encoder encodes the prompts once and is dropped.

        Raises:
            UsageError: what was asked for cannot be started.
            BenchError: training ended before its last step.
        """
        photographs = find_photographs(pristine, config.source)
        from . import trainer
        from .plan import recipe_of

        recipe_of(config)  # a mistaken type is said before anything is fetched
        subject = _subject(config, photographs)
        return trainer.train(subject, config, photographs, output, resume=resume, monitors=monitors)

    @classmethod
    def compare_weights(cls, path: Path, against: Path) -> WeightComparison:
        """Tell how far a checkpoint's weights are from another's, and what that says of the training between them.

        Raises:
            UsageError: a file cannot be read, or they are of different networks.
        """
        from .comparing import compare_files

        return compare_files(path, against)


def _subject(config: TrainingConfig, photographs: TrainingPhotographs) -> Subject:
    """Return what is trained, by the encoder that is asked for."""
    if config.encoder == "lite":
        from .lite.start import subject

        return subject(config, photographs)
    path = weights.locate_weights(weights.CLIP_RN50, Qualiclip.info.name, config.weights, "--weights")
    from . import checkpoints, tensors, trainer

    start = checkpoints.load_checkpoint(path, "--weights", text=None)
    model = checkpoints.model_of(start, prompt_pairs("qualiclip"), scale=100.0)
    temperature = QualiclipOptions().temperature

    def save(path: Path, about: Mapping[str, Any]) -> None:
        state = {f"visual.{name}": value for name, value in model.visual.state_dict().items()}
        tensors.save(path, state, model.prompts, about)

    return trainer.Subject(
        model,
        save,
        lambda photos: _score(model, photos, temperature),
        {
            "method": Qualiclip.info.name,
            "fingerprint": start.fingerprint,
            "trained_on": start.trained_on,
            "monitored_on": start.selected_on,
        },
    )


@register
class ClipIqa(OnClip):
    """CLIP's preference for a positive over a negative prompt, with CLIP's weights as they were released.

    The positional embedding is left out, as the paper does. pyiqa's five pairs are not the paper's one.
    """

    info = MethodInfo(
        name="clipiqa",
        version="1",
        family=Family.ZERO_SHOT,
        opinion_aware=False,
        trained_on=(UNKNOWN,),
        score_range=(0.0, 1.0),
        higher_is_better=True,
        licence="Apache-2.0; OpenAI's weights MIT",
        citation="Wang, Chan, Loy, Exploring CLIP for assessing the look and feel of images, AAAI 2023",
        code="https://github.com/IceClear/CLIP-IQA",
        summary="CLIP-IQA: zero-shot comparison of a photo with good and bad prompts by CLIP",
        batching="same-size",
        device_bound=True,
    )
    Options = ClipIqaOptions

    def load(self) -> None:
        """Read CLIP and encode the prompts, once.

        Raises:
            MissingRequirementError: no weights are here.
            UsageError: the file is not CLIP RN50.
        """
        path = weights.locate_weights(weights.CLIP_RN50, self.info.name, self.options.weights)
        from . import checkpoints

        checkpoint = checkpoints.load_checkpoint(path, f"{self.info.name}, option weights", text=True)
        clip = replace(checkpoint, prompts=None)
        pairs = prompt_pairs(self.options.prompts)
        model = checkpoints.model_of(clip, pairs, scale=checkpoints.learned_scale(clip))
        self._use(model, clip.fingerprint, pairs)

    @classmethod
    def missing(cls) -> str:
        """Say how to get the packages, or CLIP RN50, where they are not here."""
        return super().missing() or weights.missing(weights.CLIP_RN50)

    @classmethod
    def downloads(cls) -> tuple[Download, ...]:
        """Name OpenAI's RN50."""
        return (weights.CLIP_RN50.download(),)
