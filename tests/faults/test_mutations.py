"""Files with random damage: an image is decoded or refused, and a stored file is refused by name, never misread."""

from __future__ import annotations

import io
import random
import time
from pathlib import Path

import fakes
import numpy as np
import pytest
from conftest import Tally
from PIL import Image
from rot import changed, unfinish
from stored import run

from bench.errors import ImageError
from bench.io.images import decode
from bench.runs.entry import PROVENANCE, SCORES
from bench.runs.journal import JOURNAL
from bench.runs.store import Store

pytestmark = pytest.mark.slow

EACH = 250
FORMS: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 80},
    "JPEG progressive": {"format": "JPEG", "progressive": True},
    "JPEG grey": {"format": "JPEG", "mode": "L"},
    "JPEG CMYK": {"format": "JPEG", "mode": "CMYK"},
    "MPO": {},
    "PNG": {},
    "PNG palette": {"format": "PNG", "mode": "P"},
    "PNG alpha": {"format": "PNG", "mode": "RGBA"},
    "PNG 16 bits": {"format": "PNG", "mode": "I;16"},
    "BMP": {},
    "DIB": {},
    "GIF": {},
    "PPM": {},
    "PGM": {"format": "PPM", "mode": "L"},
    "TIFF": {},
    "TIFF LZW": {"format": "TIFF", "compression": "tiff_lzw"},
    "TIFF JPEG": {"format": "TIFF", "compression": "jpeg"},
    "JPEG2000": {},
    "WEBP": {},
    "AVIF": {},
}


def mutated(data: bytes, draw: random.Random) -> bytes:
    """Return data with some bytes changed, cut out, doubled, or its end lost."""
    changed_data = bytearray(data)
    for _ in range(draw.randint(1, 6)):
        place, length = draw.randrange(len(changed_data)), draw.randint(1, 40)
        kind = draw.randrange(5)
        if kind == 0:
            changed_data[place] = draw.randrange(256)
        elif kind == 1:
            changed_data[place : place + length] = draw.randbytes(length)
        elif kind == 2:
            del changed_data[place : place + length]
        elif kind == 3:
            changed_data[place:place] = changed_data[place : place + length]
        else:
            del changed_data[max(1, place) :]
        if len(changed_data) < 2:
            return bytes(changed_data) + b"\0"
    return bytes(changed_data)


def encoded(form: str) -> bytes:
    how = dict(FORMS[form])
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    image = Image.fromarray(pixels).resize((96, 64), Image.Resampling.BICUBIC)
    mode = how.pop("mode", "RGB")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    elif mode != "RGB":
        image = image.convert(str(mode))
    buffer = io.BytesIO()
    image.save(buffer, str(how.pop("format", form.split()[0])), **how)
    return buffer.getvalue()


@pytest.mark.parametrize("form", FORMS)
def test_damaged_images(form: str, tally: Tally) -> None:
    data = encoded(form)
    whole = decode(data, "whole").pixels.shape
    assert whole == (64, 96, 3)
    draw = random.Random(form)
    refused, slow = 0, 0
    for number in range(EACH):
        started = time.perf_counter()
        try:
            photo = decode(mutated(data, draw), f"{number}")
        except ImageError:
            refused += 1
        else:
            assert photo.pixels.dtype == np.uint8
            assert photo.pixels.ndim == 3
        slow += time.perf_counter() - started > 10
    tally(f"damage to a {form} file ({refused} refused)", EACH, slow)
    assert slow == 0


@pytest.mark.parametrize("name", [SCORES, PROVENANCE, JOURNAL])
def test_damaged_stored_files(photos: Path, store: Store, tally: Tally, name: str) -> None:
    run(store, photos, fakes.Brightness, fakes.SameSize)
    victim = store.entries()[0][0]
    right = {outcome.image: outcome for outcome in victim.outcomes()}
    path = unfinish(victim, 5) if name == JOURNAL else victim.folder / name
    data, draw = path.read_bytes(), random.Random(name)
    tries, unnoticed = 700, 0
    for _ in range(tries):
        other = mutated(data, draw)
        with changed(path, other):
            entries, _problems = store.entries()
            read = [entry for entry in entries if entry.method.name == "brightness"]
            for entry in read:
                kept = {o.image: o for o in (entry.outcomes() if entry.complete else entry.journal().outcomes)}
                unnoticed += any(right[image] != outcome for image, outcome in kept.items())
    tally(f"damage to {name}", tries, unnoticed)
    assert unnoticed == 0
