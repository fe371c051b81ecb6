"""EfficientNet-Lite0 without its classifier as a torch network: for training, and for gradients."""

from __future__ import annotations

import copy
import itertools
from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .architecture import EPSILON, Block, Convolution, stages


def encoder() -> nn.ModuleList:
    """Build the stem and the seven stages, untrained; each takes the output of the one before, (N, C, h, w)."""
    stem, *others = stages()
    return nn.ModuleList(
        [*map(_Block, stem.values()), *(nn.Sequential(*map(_Block, each.values())) for each in others)]
    )


def folded(stages: nn.ModuleList) -> nn.ModuleList:
    """Return a copy of trained stages, faster and of equal outputs: batch norms become parts of the convolutions."""
    found = copy.deepcopy(stages).eval()
    for block in found.modules():
        for (name, convolution), (after, norm) in itertools.pairwise([*block.named_children()]):
            if isinstance(convolution, _Convolution) and isinstance(norm, nn.BatchNorm2d):
                setattr(block, name, fuse_conv_bn_eval(convolution, norm))
                setattr(block, after, nn.Identity())
    return found.to(memory_format=torch.channels_last)


class _Convolution(nn.Conv2d):
    def __init__(self, about: Convolution) -> None:
        # With a stride of 1 the margins are equal on all sides, and padding them apart would cost a copy.
        padding = about.window // 2 if about.stride == 1 else 0
        super().__init__(
            about.before, about.after, about.window, about.stride, padding, groups=about.groups, bias=False
        )

    def forward(self, cells: Tensor) -> Tensor:
        """Pad as TensorFlow does: where the margin is odd, the right and the bottom have more of it."""
        if self.stride != (1, 1):
            margins = [
                max((-(-size // stride) - 1) * stride + window - size, 0)
                for size, stride, window in zip(cells.shape[:1:-1], self.stride, self.kernel_size, strict=True)
            ]
            cells = functional.pad(cells, [part for both in margins for part in (both // 2, both - both // 2)])
        return super().forward(cells)


class _Block(nn.Sequential):
    def __init__(self, block: Block) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for about in block.convolutions:
            layers[about.name] = _Convolution(about)
            layers[about.norm] = nn.BatchNorm2d(about.after, EPSILON)
            if about.bounded:
                layers[f"after_{about.norm}"] = nn.ReLU6(inplace=True)
        super().__init__(layers)
        self._residual = block.residual

    def forward(self, cells: Tensor) -> Tensor:
        changed: Tensor = nn.Sequential.forward(self, cells)  # type: ignore[no-untyped-call]
        return cells + changed if self._residual else changed
