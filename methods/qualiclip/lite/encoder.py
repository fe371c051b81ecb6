"""EfficientNet-Lite0 without its classifier: the stem and the seven stages.

Source: M. Tan, Q. Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019, and
Google's Lite variant of it, without squeeze-and-excitation and with ReLU6. Weights have the names that timm gives them
in ``tf_efficientnet_lite0``, and the padding is TensorFlow's, on which they were trained.
"""

from __future__ import annotations

import copy
import itertools
from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

CHANNELS = (32, 16, 24, 40, 80, 112, 192, 320)
"""Of the outputs of the stem and the seven stages."""

# Of every stage after the first: side of the window, stride, blocks.
_STAGES = ((3, 2, 2), (5, 2, 2), (3, 2, 3), (5, 1, 3), (5, 2, 4), (3, 1, 1))
_EXPANSION = 6
_EPSILON = 1e-3  # of the batch norms, TensorFlow's


def encoder() -> nn.ModuleList:
    """Build the stem and the seven stages, untrained; each takes the output of the one before, (N, C, h, w)."""
    stem = nn.Sequential(_Convolution(3, CHANNELS[0], 3, stride=2), _norm(CHANNELS[0]), nn.ReLU6(inplace=True))
    stages = [stem, nn.Sequential(_Separable(*CHANNELS[:2]))]
    for (window, stride, blocks), before, after in zip(_STAGES, CHANNELS[1:], CHANNELS[2:], strict=False):
        first = _Inverted(before, after, window, stride)
        stages.append(nn.Sequential(first, *(_Inverted(after, after, window, 1) for _ in range(blocks - 1))))
    return nn.ModuleList(stages)


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
    """A convolution without bias whose output has the side of the input over the stride, rounded up."""

    def __init__(self, before: int, after: int, window: int, stride: int = 1, groups: int = 1) -> None:
        # With a stride of 1 the margins are equal on all sides, and padding them apart would cost a copy.
        padding = window // 2 if stride == 1 else 0
        super().__init__(before, after, window, stride, padding, groups=groups, bias=False)

    def forward(self, cells: Tensor) -> Tensor:
        """Pad as TensorFlow does: where the margin is odd, the right and the bottom have more of it."""
        if self.stride != (1, 1):
            margins = [
                max((-(-size // stride) - 1) * stride + window - size, 0)
                for size, stride, window in zip(cells.shape[:1:-1], self.stride, self.kernel_size, strict=True)
            ]
            cells = functional.pad(cells, [part for both in margins for part in (both // 2, both - both // 2)])
        return super().forward(cells)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, _EPSILON)


class _Separable(nn.Sequential):
    """A window for each channel, then a mixture of channels."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__(
            OrderedDict(
                conv_dw=_Convolution(before, before, 3, groups=before),
                bn1=_norm(before),
                act1=nn.ReLU6(inplace=True),
                conv_pw=_Convolution(before, after, 1),
                bn2=_norm(after),
            )
        )


class _Inverted(nn.Sequential):
    """An inverted residual block: expand, a window for each channel, contract; added to its input where both fit."""

    def __init__(self, before: int, after: int, window: int, stride: int) -> None:
        inside = _EXPANSION * before
        super().__init__(
            OrderedDict(
                conv_pw=_Convolution(before, inside, 1),
                bn1=_norm(inside),
                act1=nn.ReLU6(inplace=True),
                conv_dw=_Convolution(inside, inside, window, stride, groups=inside),
                bn2=_norm(inside),
                act2=nn.ReLU6(inplace=True),
                conv_pwl=_Convolution(inside, after, 1),
                bn3=_norm(after),
            )
        )
        self._residual = stride == 1 and before == after

    def forward(self, cells: Tensor) -> Tensor:
        changed: Tensor = nn.Sequential.forward(self, cells)  # type: ignore[no-untyped-call]
        return cells + changed if self._residual else changed
