"""Network of ``qualiclip-lite``: stages of EfficientNet-Lite0 and natural-scene statistics in a text space."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from ..optimisation import Trainable, full_precision
from .encoder import CHANNELS, encoder
from .scene_statistics import FEATURES, scene_statistics
from .windows import Window, cut

_WIDTH = 4 * sum(CHANNELS) + FEATURES
_AT_ONCE = 12  # images; more do not fit a processor's cache and are slower
_CELLS = 4  # a side of the grid whose best and worst cell count
_BOUND = 6.0  # standard deviations; a feature farther out says no more


class LiteModel(Trainable):
    """Compares an image with antonym prompts by a linear map of pooled features into the space of texts.

    Only the part of that space that the prompts span decides a cosine, so the map leads there, and the prompts
    are kept by their coordinates in it: rows of the Cholesky factor of their products.

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
        self.head = nn.Linear(_WIDTH, len(texts))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        products = texts.double() @ texts.double().T
        self.register_buffer("prompts", torch.linalg.cholesky(products).float(), persistent=False)
        self.register_buffer("centre", torch.zeros(_WIDTH))
        self.register_buffer("spread", torch.ones(_WIDTH))

    def features(self, images: Tensor) -> Tensor:
        """Return the features (N, F) of images (N, 3, H, W), RGB in [0, 1].

        Of every channel of every stage: mean, standard deviation, largest and smallest mean of a cell of a 4x4
        grid; then the natural-scene statistics. Only the convolutions may be in 16 bits.
        """
        return torch.cat([self._features(few) for few in torch.split(images, _AT_ONCE)])

    def _features(self, images: Tensor) -> Tensor:
        maps = list(self._maps(images))
        with full_precision(images):
            return torch.cat([*map(_pool, maps), scene_statistics(images.float())], 1)

    def features_of_windows(self, images: Tensor, windows: Sequence[Window]) -> Tensor:
        """Return the features (N, W, F) of W windows of each image (N, 3, H, W), after one pass of the encoder.

        The natural-scene statistics are those of the whole image: for windows of their own they cost more than the
        encoder, and say as much.
        """
        maps = list(self._maps(images))
        with full_precision(images):
            scene = scene_statistics(images.float())
            parts = [[_pool(cut(each, window, images)) for each in maps] for window in windows]
            return torch.stack([torch.cat([*pooled, scene], 1) for pooled in parts], 1)

    def _maps(self, images: Tensor) -> Iterator[Tensor]:
        """Yield the outputs (N, C, h, w) of the stages in 32 bits."""
        # ImageNet's weights were trained on [-1, 1].
        cells = (2 * images - 1).contiguous(memory_format=torch.channels_last)
        recompute = self.checkpointing and torch.is_grad_enabled()
        for stage in self.encoder:
            cells = checkpoint(stage, cells, use_reentrant=False) if recompute else stage(cells)
            yield cells.float()

    def embed(self, images: Tensor) -> Tensor:
        """Return vectors (N, 2K) of unit length, in the coordinates of ``prompts``."""
        return self._embedded(self.features(images))

    def similarities(self, images: Tensor) -> Tensor:
        """Return the cosines (N, K, 2) of images (N, 3, H, W) to the positive and the negative prompts."""
        return self._cosines(self.features(images))

    def similarities_of_windows(self, images: Tensor, windows: Sequence[Window]) -> Tensor:
        """Return the cosines (N, W, K, 2) of W windows of each image (N, 3, H, W)."""
        return self._cosines(self.features_of_windows(images, windows))

    def _embedded(self, features: Tensor) -> Tensor:
        standard = ((features - self.centre) / self.spread).clamp(-_BOUND, _BOUND)
        with full_precision(features):
            return functional.normalize(self.head(standard) + self.prompts.mean(0), dim=-1)

    def _cosines(self, features: Tensor) -> Tensor:
        vectors = self._embedded(features)
        with full_precision(features):
            cosines = vectors @ self.prompts.T
        return cosines.view(*cosines.shape[:-1], -1, 2)

    def stages(self) -> dict[str, list[nn.Parameter]]:
        """Return parameters by stage: ``stem``, ``stage1`` to ``stage7``, ``head``."""
        names = ("stem", *(f"stage{number}" for number in range(1, len(CHANNELS))))
        stages = {name: list(stage.parameters()) for name, stage in zip(names, self.encoder, strict=True)}
        return {**stages, "head": list(self.head.parameters())}


def _pool(cells: Tensor) -> Tensor:
    """Return (N, 4C): mean, standard deviation, and the largest and smallest cell of (N, C, h, w)."""
    spread = cells.var((2, 3), unbiased=False).add(1e-8).sqrt()
    grid = functional.adaptive_avg_pool2d(cells, (_CELLS, _CELLS)).flatten(2)
    return torch.cat([cells.mean((2, 3)), spread, grid.amax(2), grid.amin(2)], 1)
