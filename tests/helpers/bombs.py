"""Image files made to stop whoever opens them: huge when decoded, endless, looped, or no files at all."""

from __future__ import annotations

import gzip
import io
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 13_370
"""Of the largest squares, which have 178,756,900 pixels: just as many as are decoded."""
SOUND = frozenset(
    {"alpha.png", "animated.gif", "grey.png", "huge.png", "profile.png", "segments.jpg", "text.png", "two.mpo"}
)
"""Those whose pixels are sound, so that a method may score them."""
_WIDE, _HIGH, _BITS, _INK, _LONG, _SHORT, _TEXT = 256, 257, 258, 262, 4, 3, 2


def write_bombs(folder: Path) -> set[str]:
    """Write the bombs into a folder, and return their names."""
    before = set(folder.iterdir())
    for name, data in _files():
        (folder / name).write_bytes(data)
    (folder / "zero.jpg").symlink_to("/dev/zero")
    (folder / "nothing.jpg").symlink_to("nowhere.jpg")
    (folder / "itself.jpg").symlink_to("itself.jpg")
    os.mkfifo(folder / "pipe.jpg")
    (folder / "folder.jpg").mkdir()
    return {path.name for path in set(folder.iterdir()) - before}


def _files() -> Iterator[tuple[str, bytes]]:
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8))
    jpeg, png, gif = (saved(photo, codec) for codec in ("JPEG", "PNG", "GIF"))
    most = 2**31 - 1
    yield "huge.png", _evenly(SIDE, 2)
    yield "alpha.png", _evenly(SIDE, 6)
    yield "grey.png", _evenly(SIDE, 0)
    yield "declared.png", _png(_header(most, most, 2), chunk(b"IDAT", zlib.compress(bytes(99))))
    yield "declared.gif", gif[:6] + b"\xff\xff\xff\xff" + gif[10:]
    yield "declared.bmp", (bmp := saved(photo, "BMP"))[:18] + struct.pack("<ii", 2**30, 2**30) + bmp[26:]
    yield "declared.tif", _tiff([(_WIDE, _LONG, 1, most), (_HIGH, _LONG, 1, most)], 0)
    yield "declared.webp", b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff" * 6
    yield "declared.jp2", _codestream(most)
    yield "declared.ppm", b"P6 2147483647 2147483647 255\n" + bytes(99)
    yield "declared.jpg", jpeg.replace(struct.pack(">HH", 200, 300), b"\xff\xdc\xff\xdc", 1)
    yield "scans.jpg", _scans(3000)
    yield "segments.jpg", jpeg[:2] + _segment(0xE1, b"Exif\0\0" + bytes(65_000)) * 1000 + jpeg[2:]
    yield "profile.png", png[:33] + chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(2**28), 9)) + png[33:]
    zeros = zlib.compress(bytes(2**28), 9)
    texts = chunk(b"zTXt", b"k\0\0" + zeros), chunk(b"iTXt", b"k\0\1\0\0\0" + zeros)
    yield "text.png", png[:33] + b"".join(texts) * 20 + png[33:]
    yield "animated.gif", gif[:-1] + gif[gif.index(b",") : -1] * 200 + b";"
    yield "loop.tif", _tiff([(_WIDE, _SHORT, 1, 9), (_HIGH, _SHORT, 1, 9)], 8)
    yield "tags.tif", _tiff([(tag, _TEXT, 2**30, 8) for tag in range(_WIDE, 65_000)], 0)
    yield "two.mpo", saved(photo, "MPO", save_all=True, append_images=[photo] * 99)
    yield "vector.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99999 99999\n%%EndComments\n{} loop\n"
    yield "drawing.png", b"<svg xmlns='http://www.w3.org/2000/svg' width='9e9' height='9e9'/>"
    yield "icon.png", saved(photo, "ICO")
    yield "nested.png", gzip.compress(gzip.compress(gzip.compress(bytes(2**26))))


def saved(image: Image.Image, codec: str, **how: object) -> bytes:
    """Return an image in a format."""
    buffer = io.BytesIO()
    image.save(buffer, codec, **how)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _header(width: int, height: int, colour: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))


def _png(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IEND", b"")


def _evenly(side: int, colour: int) -> bytes:
    """Return a black PNG of some hundred kilobytes."""
    row = bytes(1 + side * {0: 1, 2: 3, 6: 4}[colour])
    packer = zlib.compressobj(9)
    return _png(
        _header(side, side, colour),
        chunk(b"IDAT", b"".join(packer.compress(row) for _ in range(side)) + packer.flush()),
    )


def _segment(kind: int, data: bytes) -> bytes:
    return bytes([0xFF, kind]) + struct.pack(">H", len(data) + 2) + data


def _scans(count: int) -> bytes:
    """Return a progressive JPEG of which one scan comes again and again."""
    data = saved(Image.new("RGB", (4000, 4000), "grey"), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def _tiff(tags: Sequence[tuple[int, int, int, int]], following: int) -> bytes:
    """Return a TIFF of tags (number, type, count, value), whose next directory is at a byte; 0: there is no other."""
    every = sorted([*tags, (_BITS, _SHORT, 1, 8), (_INK, _SHORT, 1, 1)])
    directory = b"".join(struct.pack("<HHII", *tag) for tag in every)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(every)) + directory + struct.pack("<I", following) + bytes(99)


def _codestream(side: int) -> bytes:
    size = struct.pack(">HHIIIIIIIIH", 47, 0, side, side, 0, 0, side, side, 0, 0, 3) + b"\x07\1\1" * 3
    return b"\xff\x4f\xff\x51" + size + b"\xff\x52\0\x0c\0\0\0\1\0\5\4\4\0\0\xff\xd9"
