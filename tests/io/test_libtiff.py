"""What libtiff says of damaged files is in the image's error, and nowhere else."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from bench.errors import ImageError
from bench.io import libtiff
from bench.io.images import decode


def damaged(seed: int) -> bytes:
    """Return a compressed TIFF with its codes turned over."""
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (200, 300, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(file, "TIFF", compression="tiff_lzw")
    data = bytearray(file.getvalue())
    data[2000:-4000:97] = bytes(255 - value for value in data[2000:-4000:97])
    return bytes(data)


needs_messages = pytest.mark.skipif(libtiff._install() is None, reason="libtiff cannot be reached here")


@needs_messages
def test_libtiff_writes_into_the_error_and_not_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ImageError, match=r"damaged or cut short: .* \(libtiff: .*code not yet in table.*\)"):
        decode(damaged(1), "a.tif")
    assert capfd.readouterr() == ("", "")


@needs_messages
def test_threads_get_their_own_messages(capfd: pytest.CaptureFixture[str]) -> None:
    whole = io.BytesIO()
    Image.new("RGB", (50, 50)).save(whole, "TIFF", compression="tiff_lzw")

    def say(seed: int) -> str:
        try:
            decode(whole.getvalue() if seed % 2 else damaged(seed), "a.tif")
        except ImageError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(say, range(24)))
    assert all(("libtiff" in text) == (seed % 2 == 0) for seed, text in enumerate(said))
    assert capfd.readouterr() == ("", "")


@needs_messages
def test_others_in_this_process_get_what_they_always_got(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OSError, match="decoder error"):
        Image.open(io.BytesIO(damaged(1))).load()
    assert "code not yet in table" in capfd.readouterr().err
