"""Photographs for tests of NIQE and what stands on it."""

from __future__ import annotations

import numpy as np

from bench.api import Photo


def grey_photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Smoothed noise: something with the local statistics of a texture."""
    noise = np.random.default_rng(seed).normal(size=(height, width))
    smooth = noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1) + np.roll(noise, (1, 1), (0, 1))
    return np.clip(128 + 25 * smooth, 0, 255).astype(np.uint8)


def as_photo(grey: np.ndarray, name: str = "p") -> Photo:
    return Photo(name, np.repeat(grey[:, :, None], 3, axis=2), 1, grey.size)
