"""Colour spaces, in torch, with scikit-image's numbers: on any device."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

_XYZ_OF_RGB = torch.tensor(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]],
    dtype=torch.float64,
)
_WHITE = torch.tensor([0.95047, 1, 1.08883], dtype=torch.float64)  # D65, two degrees
# Below this cube root CIE's curve is the line through (0, 16 / 116).
_DARK, _SLOPE = 0.2068966, 7.787


def luma(images: Tensor) -> Tensor:
    """Return the BT.601 luma (N, 1, H, W) of images (N, 1 or 3, H, W)."""
    if images.shape[1] == 1:
        return images
    weights = images.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    return (images * weights).sum(dim=1, keepdim=True)


def to_lab(images: Tensor) -> Tensor:
    """Return CIE L*a*b* (D65) of sRGB images: (N, 3, H, W), L in [0, 100]. Grey is read as R = G = B."""
    rgb = images.expand(-1, 3, -1, -1)
    light = torch.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    xyz = _mixed(light, _XYZ_OF_RGB / _WHITE[:, None])
    x, y, z = torch.where(xyz > _DARK**3, xyz.clamp(min=0) ** (1 / 3), _SLOPE * xyz + 16 / 116).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def from_lab(lab: Tensor, like: Tensor) -> Tensor:
    """Return L*a*b* as images of the channels, dtype and device of ``like``; colours out of gamut are clipped."""
    light, a, b = lab.unbind(1)
    y = (light + 16) / 116
    roots = torch.stack([y + a / 500, y, (y - b / 200).clamp(min=0)], 1)
    xyz = torch.where(roots > _DARK, roots**3, (roots - 16 / 116) / _SLOPE)
    linear = _mixed(xyz, torch.linalg.inv(_XYZ_OF_RGB) * _WHITE)
    rgb = torch.where(linear > 0.0031308, 1.055 * linear.clamp(min=0) ** (1 / 2.4) - 0.055, 12.92 * linear)
    return rgb[:, : like.shape[1]].clamp(0, 1).to(like)


def _mixed(planes: Tensor, matrix: Tensor) -> Tensor:
    return torch.einsum("rc,nchw->nrhw", matrix.to(planes), planes)


@functools.cache
def rgb_of_ycbcr() -> Tensor:
    """Return the (3, 3) float64 matrix that takes a change of (Y, Cb, Cr) to one of (R, G, B).

    Both on a scale of [0, 1] for 8 bits; BT.601 with footroom (Y from 16 / 255), as MATLAB's ``rgb2ycbcr``.
    """
    from skimage.color import ycbcr2rgb

    # The conversion is affine: what remains of it between two points is its matrix.
    basis = ycbcr2rgb(np.eye(3)[None] * 255) - ycbcr2rgb(np.zeros((1, 3, 3)))
    return torch.from_numpy(basis[0].T.copy())
