"""Near-duplicates of two sets of images by perceptual hashes.

``docs/guides/overlap.md`` has the measurement by which hash and distance were chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.api import Pixels
from bench.errors import ImageError

HASH = "phash-16"
"""Name of the hash; another hash of the same picture has another name."""

BITS = 256
THRESHOLD = 70
"""Largest distance, in bits of 256, at which two pictures count as near-duplicates."""

BLOCK = 1024
"""Rows of one set that are compared at once."""
_COLUMNS = 4096

Hashes = NDArray[np.uint8]
"""Packed bits, (N, BITS / 8)."""


class NearPairs(NamedTuple):
    """Pairs of near-duplicates, each array (P,): row in the one set, row in the other, distance in bits."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    distance: NDArray[np.int64]


def perceptual_hash(pixels: Pixels) -> Hashes:
    """Return the packed bits (BITS / 8,) of (H, W, 3) uint8 RGB: the signs of its lowest 16 x 16 DCT terms.

    Raises:
        ImageError: the picture is of one tone, and so has nothing to be compared by.
    """
    import imagehash

    if pixels.min() == pixels.max():
        raise ImageError("all pixels are equal: there is nothing to compare")
    return np.packbits(imagehash.phash(Image.fromarray(pixels), hash_size=16).hash)


def near_pairs(a: Hashes, b: Hashes, threshold: int, *, inside: bool = False) -> Iterator[NearPairs]:
    """Find the rows at a Hamming distance of at most ``threshold``; memory does not grow with the sets.

    Distances are products of matrices of ±1, exact in float32: BLAS is quicker at that than numpy is at counting
    bits before its version 2, and half as quick as from there on.

    Args:
        a: (N, B) packed bits.
        b: (M, B) packed bits.
        threshold: bits, 0 or more.
        inside: ``a`` and ``b`` are the same set: each pair once, and no row with itself.

    Yields:
        The pairs of each BLOCK rows of ``a``, in order; none is left out.
    """
    for top in range(0, len(a), BLOCK):
        signs = _signs(a[top : top + BLOCK])
        start = top if inside else 0  # what lies to the left came with earlier rows
        blocks = [
            _near(signs, _signs(b[left : left + _COLUMNS]), threshold, top, left)
            for left in range(start, len(b), _COLUMNS)
        ]
        pairs = NearPairs(*(np.concatenate(column) for column in zip(*blocks, strict=True))) if blocks else _NONE
        yield NearPairs(*(column[pairs.a < pairs.b] for column in pairs)) if inside else pairs


_NONE = NearPairs(*(np.empty(0, np.int64) for _ in range(3)))


def _signs(packed: Hashes) -> NDArray[np.float32]:
    return np.unpackbits(packed, axis=1).astype(np.float32) * 2 - 1


def _near(a: NDArray[np.float32], b: NDArray[np.float32], threshold: int, top: int, left: int) -> NearPairs:
    bits = a.shape[1]
    agreement = a @ b.T
    rows, columns = np.nonzero(agreement >= bits - 2 * threshold)
    distance = (bits - agreement[rows, columns].astype(np.int64)) // 2
    return NearPairs(rows + top, columns + left, distance)
