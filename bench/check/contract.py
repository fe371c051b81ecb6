"""What every method promises, checked on made-up photographs: for the tests of a method's package."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bench.api import Method, Photo
from bench.errors import BenchError
from bench.io.images import prepare
from bench.plugins.registry import find_method
from bench.runs.batches import score_photos
from bench.runs.jobs import Settings

SIZES = ((224, 224), (200, 300), (224, 224), (300, 200))
"""(height, width) of the photographs: of several sizes, and two alike."""
_ROUNDING = 1e-5


def check_contract(method: str | type[Method], sizes: Sequence[tuple[int, int]] = SIZES) -> None:
    """Check that a method keeps to what it declares, with its default options on this machine's CPU.

    All that must be declared is; scores are finite and in the declared range; a photograph has the same score alone and
    in a batch; its pixels stay as they are; and a second instance has the same fingerprint.

    Args:
        method: its name, or its class.
        sizes: (height, width) of the photographs that it is tried on, for a method that takes only some sizes.

    Raises:
        BenchError: it does not; the message has every fault.
        UsageError: no method has that name.

    Example:
        >>> check_contract("bytes-per-pixel")
    """
    found = find_method(method, "method") if isinstance(method, str) else method
    faults = [f"{name} is not declared" for name in found.info.undeclared]
    faults += _faults(found(), sizes)
    if found().fingerprint != found().fingerprint:
        faults.append("two instances have different fingerprints")
    if faults:
        raise BenchError(f"{found.info.name}: {'; '.join(faults)}")


def _faults(method: Method, sizes: Sequence[tuple[int, int]]) -> list[str]:
    photos = made_photographs(sizes)
    settings = Settings(batch_size=1)
    alone = {each.image: each for each in score_photos(method, photos, settings)}
    faults = [f"{name}: {each.error}" for name, each in alone.items() if each.error]
    batch = {each.image: each.score for each in score_photos(method, photos, replace(settings, batch_size=len(photos)))}
    for name, outcome in alone.items():
        together = batch[name]
        if outcome.score is None or together is None:
            continue
        if not math.isclose(together, outcome.score, rel_tol=_ROUNDING, abs_tol=_ROUNDING):
            faults.append(f"{name} scores {outcome.score:.6g} alone and {together:.6g} in a batch")
    if alone[photos[0].name].error:
        return faults
    given = prepare(photos[0], method.info.input)
    before = given.pixels.copy()
    method.score([given])
    return faults if np.array_equal(given.pixels, before) else [*faults, "scoring changes the pixels"]


def made_photographs(sizes: Sequence[tuple[int, int]] = SIZES) -> list[Photo]:
    """Make smooth random pictures with some noise, as a decoder would hand them over.

    Args:
        sizes: (height, width) of each.

    Returns:
        Photos with pixels (H, W, 3), the same ones each time.
    """
    from scipy.ndimage import gaussian_filter

    made = []
    for seed, (height, width) in enumerate(sizes):
        rng = np.random.default_rng(seed)
        smooth = gaussian_filter(rng.normal(size=(height, width, 3)), (2 + seed, 2 + seed, 0))
        noisy = 128 + 200 * smooth + rng.normal(scale=3, size=smooth.shape)
        made.append(Photo(f"{seed}.png", noisy.clip(0, 255).astype(np.uint8), 1000 * (seed + 1), height * width))
    return made
