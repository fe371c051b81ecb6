"""The network: CLIP's ResNet-50 image encoder for any image size, and similarities with antonym prompts.

Sources: QualiCLIP, arXiv 2403.11176; CLIP, Radford et al., ICML 2021. The layers are open_clip's; what is
written here is the pooling without positional embedding, and the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import open_clip
import torch
from open_clip.model import CLIP
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from .optimisation import Trainable, full_precision

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
"""CLIP's normalisation of RGB in [0, 1]."""

WIDTH = 1024
"""Dimensions of CLIP RN50's common space of images and texts."""

MIN_SIDE = 32
"""The shortest side in pixels that leaves one cell after the encoder's five halvings."""


_LAYERS = ("layer1", "layer2", "layer3", "layer4")


class QualityModel(Trainable):
    """Scores images by how much nearer they are to the positive than to the negative prompts.

    Attributes:
        visual: CLIP's image encoder.
        prompts: (2K, 1024), features of K antonym pairs in the order positive, negative; unit length.
        scale: the factor on cosines before the softmax.
    """

    mean: Tensor
    std: Tensor
    prompts: Tensor

    def __init__(self, visual: nn.Module, prompts: Tensor, scale: float) -> None:
        super().__init__()
        self.visual = visual
        self.scale = scale
        self.register_buffer("prompts", prompts.float(), persistent=False)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)

    def embed(self, images: Tensor) -> Tensor:
        """Return the features (N, 1024), unit length, of images (N, 3, H, W), RGB in [0, 1]."""
        visual = cast(Any, self.visual)
        # The convolutions may be in 16 bits; what comes after them never is.
        cells = visual.stem(((images - self.mean) / self.std).to(visual.conv1.weight.dtype))
        recompute = self.checkpointing and torch.is_grad_enabled()
        for layer in (getattr(visual, name) for name in _LAYERS):
            cells = checkpoint(layer, cells, use_reentrant=False) if recompute else layer(cells)
        with full_precision(images):
            return functional.normalize(mean_query_pool(visual.attnpool, cells.float()), dim=-1)

    def stages(self) -> dict[str, list[nn.Parameter]]:
        """Return the encoder's parameters by stage; positional embedding and key bias, which are unused, in none."""
        stages: dict[str, list[nn.Parameter]] = {name: [] for name in ("stem", *_LAYERS, "head")}
        for name, parameter in self.visual.named_parameters():
            if name not in ("attnpool.positional_embedding", "attnpool.k_proj.bias"):
                first = name.partition(".")[0]
                stages["head" if first == "attnpool" else first if first in _LAYERS else "stem"].append(parameter)
        return stages

    def similarities(self, images: Tensor) -> Tensor:
        """Return the cosines (N, K, 2) of images (N, 3, H, W) to the positive and the negative prompts."""
        vectors = self.embed(images)
        with full_precision(images):
            return (vectors @ self.prompts.T).view(len(images), -1, 2)

    def probabilities(self, images: Tensor, temperature: float = 1.0) -> Tensor:
        """Return the probabilities (N, K) of the positive prompt of each pair, for images (N, 3, H, W)."""
        logits = self.scale / temperature * self.similarities(images)
        return logits.softmax(dim=-1)[..., 0]

    def forward(self, images: Tensor, temperature: float = 1.0) -> Tensor:
        """Return scores (N,) in [0, 1], higher is better, of images (N, 3, H, W), RGB in [0, 1]."""
        return self.probabilities(images, temperature).mean(dim=-1)


def mean_query_pool(attention: Any, cells: Tensor) -> Tensor:
    """Pool cells (N, 2048, h, w) to (N, 1024) with the mean cell as the only query of CLIP's attention.

    CLIP computes every token's output and keeps the first. With one query the key projection is better
    applied to the query and the value projection to the weighted mean: h·w times fewer products, the same
    result but for rounding. The key's bias adds the same to every logit of a head and drops out.
    The positional embedding, which ties CLIP to 224x224 pixels, is left out.
    """
    tokens = cells.flatten(2).transpose(1, 2)
    mean = tokens.mean(dim=1, keepdim=True)
    tokens = torch.cat([mean, tokens], dim=1)
    heads = attention.num_heads
    query = attention.q_proj(mean[:, 0]).unflatten(-1, (heads, -1))
    keys = attention.k_proj.weight.unflatten(0, (heads, -1))
    values = attention.v_proj.weight.unflatten(0, (heads, -1))
    logits = torch.einsum("nhd,hdc->nhc", query, keys) @ tokens.transpose(1, 2)
    weights = (logits / query.shape[-1] ** 0.5).softmax(dim=-1)
    pooled = torch.einsum("nhc,hdc->nhd", weights @ tokens, values)
    return cast(Tensor, attention.c_proj(pooled.flatten(1) + attention.v_proj.bias))


def empty_clip() -> CLIP:
    """Return CLIP RN50 (QuickGELU, as OpenAI trained it) on the meta device: names and shapes, no memory."""
    config = open_clip.get_model_config("RN50")
    with torch.device("meta"):
        return CLIP(config["embed_dim"], config["vision_cfg"], config["text_cfg"], quick_gelu=True)


def image_encoder(state: Mapping[str, Tensor]) -> nn.Module:
    """Build CLIP's image encoder, ready to score, from a checked state of CLIP's layout (``visual.*``)."""
    visual = empty_clip().visual
    visual.load_state_dict(_below(state, "visual."), assign=True)
    return cast(nn.Module, visual.eval().requires_grad_(False))


def encode_prompts(state: Mapping[str, Tensor], prompts: Sequence[str]) -> Tensor:
    """Return the unit-length features (P, 1024) of P prompts by the text encoder in a checked state."""
    clip = empty_clip()
    clip.load_state_dict(dict(state), assign=True)
    # Not part of the state, so still on the meta device: no token sees a later one.
    length = clip.positional_embedding.shape[0]
    clip.attn_mask = torch.full((length, length), float("-inf")).triu_(1)
    with torch.inference_mode():
        features = clip.eval().encode_text(open_clip.tokenize(list(prompts)), normalize=True)
    return cast(Tensor, features.clone())


def _below(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
