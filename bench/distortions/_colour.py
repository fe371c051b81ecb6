"""Colour spaces, by scikit-image: images leave torch and come back, a few milliseconds a crop."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import torch
from torch import Tensor


def luma(images: Tensor) -> Tensor:
    """Return the BT.601 luma (N, 1, H, W) of images (N, 1 or 3, H, W)."""
    if images.shape[1] == 1:
        return images
    weights = images.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    return (images * weights).sum(dim=1, keepdim=True)


def to_lab(images: Tensor) -> Tensor:
    """Return CIE L*a*b* (D65) of sRGB images: (N, 3, H, W), L in [0, 100]. Grey is read as R = G = B."""
    # Imported here: scikit-image brings scipy along, and most types do without.
    from skimage.color import rgb2lab

    return _planes(rgb2lab(_pixels(images.expand(-1, 3, -1, -1))), images)


def from_lab(lab: Tensor, like: Tensor) -> Tensor:
    """Return L*a*b* as images of the channels, dtype and device of ``like``; colours out of gamut are clipped."""
    from skimage.color import lab2rgb

    with warnings.catch_warnings():
        # It warns of each colour that lies beyond the gamut. Here that is the point.
        warnings.filterwarnings("ignore", message="Conversion from CIE-LAB", category=UserWarning)
        rgb = lab2rgb(_pixels(lab))
    return _planes(rgb, like)[:, : like.shape[1]].clamp(0, 1)


@functools.cache
def rgb_of_ycbcr() -> Tensor:
    """Return the (3, 3) float64 matrix that takes a change of (Y, Cb, Cr) to one of (R, G, B).

    Both on a scale of [0, 1] for 8 bits; BT.601 with footroom (Y from 16 / 255), as MATLAB's ``rgb2ycbcr``.
    """
    from skimage.color import ycbcr2rgb

    # The conversion is affine: what remains of it between two points is its matrix.
    basis = ycbcr2rgb(np.eye(3)[None] * 255) - ycbcr2rgb(np.zeros((1, 3, 3)))
    return torch.from_numpy(basis[0].T.copy())


def _pixels(images: Tensor) -> np.ndarray:
    pixels: np.ndarray = images.detach().cpu().permute(0, 2, 3, 1).numpy()
    return pixels


def _planes(pixels: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).to(like)
