"""Network of ``qualiclip-lite`` in torch, for training and for gradients: scoring needs no torch."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..checkpoint_files import Checkpoint
from ..optimisation import Trainable, full_precision
from .architecture import CHANNELS
from .encoder import encoder
from .features import WIDTH, features
from .graph import Encoder
from .head import Head, coordinates

_AT_ONCE = 12  # images; more do not fit a processor's cache and are slower


class LiteModel(Trainable):
    """Compares an image with antonym prompts by a linear map of pooled features into the space of texts.

    Only the part of that space that the prompts span decides a cosine, so the map leads there, and the prompts
    are kept by their coordinates in it.

    Attributes:
        encoder: EfficientNet-Lite0, its stem and stages.
        head: the linear map; an untrained one is zero and leaves every image in the prompts' middle.
        prompts: (2K, 2K), positive and negative in turn, unit length.
        centre: (F,), mean of every feature over training images.
        spread: (F,), their standard deviations.
    """

    prompts: Tensor
    centre: Tensor
    spread: Tensor

    def __init__(self, texts: Tensor) -> None:
        """Build it untrained.

        Args:
            texts: (2K, D), unit length and linearly independent: features of K antonym pairs, positive first.
        """
        super().__init__()
        self.encoder = encoder().to(memory_format=torch.channels_last)
        self.head = nn.Linear(WIDTH, len(texts))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("prompts", torch.from_numpy(coordinates(texts.numpy())), persistent=False)
        self.register_buffer("centre", torch.zeros(WIDTH))
        self.register_buffer("spread", torch.ones(WIDTH))
        self._frozen: Encoder | None = None

    def freeze_encoder(self) -> None:
        """Compute features on a processor as scoring does, twice as fast; the encoder must not change from now on."""
        weights = {name: value.numpy() for name, value in self.state_dict().items()}
        self._frozen = Encoder(weights, threads=torch.get_num_threads())

    def features(self, images: Tensor) -> Tensor:
        """Return the features (N, F) of images (N, 3, H, W), RGB in [0, 1]. Only the convolutions may be in 16 bits."""
        return torch.cat([self._features(few) for few in torch.split(images, _AT_ONCE)])

    def _features(self, images: Tensor) -> Tensor:
        if self._frozen is not None and images.device.type == "cpu":
            pixels = images.float().numpy()
            return torch.from_numpy(features(pixels, self._frozen.maps(pixels))[:, 0])
        maps = list(self._maps(images))
        with full_precision(images):
            found: Tensor = features(images.float(), maps)[:, 0]
            return found

    def _maps(self, images: Tensor) -> Iterator[Tensor]:
        """Yield the outputs (N, C, h, w) of the stages in 32 bits."""
        # ImageNet's weights were trained on [-1, 1].
        cells = (2 * images - 1).contiguous(memory_format=torch.channels_last)
        recompute = self.checkpointing and torch.is_grad_enabled()
        for stage in self.encoder:
            cells = checkpoint(stage, cells, use_reentrant=False) if recompute else stage(cells)
            yield cells.float()

    def similarities(self, images: Tensor) -> Tensor:
        """Return the cosines (N, K, 2) of images (N, 3, H, W) to the positive and the negative prompts."""
        found = self.features(images)
        with full_precision(images):
            head = Head(self.centre, self.spread, self.head.weight, self.head.bias, self.prompts)
            cosines: Tensor = head.cosines(found)
            return cosines

    def stages(self) -> dict[str, list[nn.Parameter]]:
        """Return parameters by stage: ``stem``, ``stage1`` to ``stage7``, ``head``."""
        names = ("stem", *(f"stage{number}" for number in range(1, len(CHANNELS))))
        stages = {name: list(stage.parameters()) for name, stage in zip(names, self.encoder, strict=True)}
        return {**stages, "head": list(self.head.parameters())}


def model_of(checkpoint: Checkpoint) -> LiteModel:
    """Return the network of a checkpoint, on the processor, ready to score."""
    model = LiteModel(torch.from_numpy(checkpoint.prompts))
    # Counters of training steps are not in a checkpoint that was read.
    model.load_state_dict({name: torch.from_numpy(value) for name, value in checkpoint.state.items()}, strict=False)
    return model.eval().requires_grad_(False)
