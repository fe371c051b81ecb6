"""Damage that Pillow passes over: files whose pixels are partly made up are refused.

* JPEG: libjpeg fills what is lost with grey and only warns, and Pillow drops the warning. libjpeg-turbo, through
  simplejpeg, says it. What it decodes without a warning is what Pillow decodes, bit for bit, in less time.
* PNG: Pillow checks no checksum of the pixels' chunks.
* WebP, AVIF, JPEG 2000: their decoders take zeros for a picture, which a download or a copy that broke off leaves
  where the rest should be. Coded pictures have no long runs of them.
* BMP, PPM, TIFF without compression: the same zeros are black rows at the end that comes last in the file, and begin
  inside a row, where the rows before reach to the edge. A black bar begins with a row, a picture on black has black
  edges.
* TIFF: a camera's raw file is one too, and what Pillow opens of it is its small preview.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
from PIL import Image, TiffImagePlugin

from bench.api import Pixels
from bench.errors import ImageError
from bench.io.visible import quoted

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_HEADER = len(PNG_SIGNATURE) + 25
_MOST_CHUNKS = 200_000  # of a PNG: one of the largest size has some 65,000
RAW_SUFFIXES = frozenset(
    {".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".gpr", ".iiq", ".kdc", ".mef", ".mos", ".mrw"}
    | {".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"}
)
"""Suffixes of cameras' raw files (lower case)."""

_MOST_SCANS = 100
_MOST_WORK = 2_500_000_000  # scans x pixels: some 10 s; a photograph of Pillow's largest size in 14 scans
# What libjpeg says where pixels are lost; its other warnings are of headers.
_LOST = re.compile("^(Corrupt JPEG data|Premature end)")
_SKIPPED_AT_THE_END = re.compile("^Corrupt JPEG data: ([0-9]+) extraneous bytes before marker 0xd9")
# In coded data FF is followed by 00, a restart marker or another FF; whatever else follows is a marker.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
_LONGEST_RUN, _PIXELS_A_ZERO = 1024, 5000  # evenly black pictures have up to 300 zeros in a row at 3 megapixels
_PLAIN, _BOTTOM_FIRST = frozenset({"BMP", "DIB", "PPM", "TIFF"}), frozenset({"BMP", "DIB"})
_BLACK_IS_ZERO = frozenset({"L", "RGB", "I;16"})
_MOST_BLACK, _TO_THE_EDGE = 0.02, 0.9
_JPEG_SIGNATURE, _EXIF = b"\xff\xd8", b"Exif\0\0"
_METADATA = frozenset(bytes([kind]) for kind in (*range(0xE0, 0xF0), 0xFE))
_OF_COLOUR = frozenset({b"\xe0", b"\xee"})  # JFIF and Adobe: by these libjpeg knows what the samples are
_MUCH_METADATA, _MOST_SEGMENTS = 2**20, 10_000
_BIT_BUFFER = 8  # bytes that libjpeg reads ahead
_START_OF_SCAN, _END = 0xDA, 0xD9
_DNG_VERSION, _NEW_SUBFILE_TYPE, _REDUCED = 50706, 254, 1


def check_name(name: str) -> None:
    """Raise ImageError where a name is that of a raw file: what could be decoded is its preview."""
    if PurePosixPath(name).suffix.lower() in RAW_SUFFIXES:
        raise ImageError("a raw file: what can be decoded is its preview, not the photograph; develop it first")


def check_before_decoding(image: Image.Image, data: bytes) -> None:
    """Look at an image that Pillow has opened and not decoded.

    Raises:
        ImageError: a JPEG whose scans would take very long, a PNG of too many chunks, or a TIFF that begins with a
            preview.
    """
    if image.format == "PNG":
        deque(_chunks(data), 0)  # counts them
    if image.format in ("JPEG", "MPO"):
        most = min(_MOST_SCANS, _MOST_WORK // (image.width * image.height))
        # Counting bytes is quick; only where they are many is it worth while to see which of them begin a scan.
        if data.count(bytes([0xFF, _START_OF_SCAN])) > most and (scans := _read_structure(data).scans) > most:
            raise ImageError(f"a JPEG of {scans} scans, which would take too long to decode: refused")
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        tags = image.tag_v2
        if _DNG_VERSION in tags or data[8:10] == b"CR" or int(tags.get(_NEW_SUBFILE_TYPE, 0)) & _REDUCED:
            raise ImageError("its first image is a preview, as in a raw file, not the photograph; develop it first")


def sound_jpeg(image: Image.Image, data: bytes) -> Pixels | None:
    """Return the pixels (H, W, 3), uint8 RGB, as stored, of a JPEG that decodes without a warning; None for others."""
    import simplejpeg  # here, so that lists and helps, which decode nothing, do without it

    if image.format not in ("JPEG", "MPO") or image.mode not in ("RGB", "L"):
        return None
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(data, colorspace="RGB")
    # Damage, or an unusual subsampling: Pillow decodes it, or says what is wrong.
    except ValueError:
        return None
    return pixels


def check_after_decoding(image: Image.Image, data: bytes) -> None:
    """Look for damage that Pillow did not report when it decoded the image.

    Raises:
        ImageError: pixels were lost; says what was found.
    """
    if image.format in ("JPEG", "MPO"):
        _check_jpeg(data)
    elif image.format == "PNG":
        _check_png(data)
    elif image.format in _PLAIN:
        _check_last_rows(image)
    else:
        hole = bytes(_LONGEST_RUN + image.width * image.height // _PIXELS_A_ZERO)
        if any(hole in coded for coded in _coded_parts(image, data)):
            raise ImageError(f"damaged: its coded picture has over {len(hole):,} zeros in a row: a part is lost")


def _check_jpeg(data: bytes) -> None:
    import simplejpeg

    try:
        # It reads the whole file and computes an eighth of each side.
        simplejpeg.decode_jpeg(data, colorspace="GRAY", min_height=1, min_width=1, min_factor=8)
    except ValueError as error:
        warning = str(error)
        if _LOST.match(warning) and not _is_padding(warning, data):
            raise ImageError(f"damaged: libjpeg warns {quoted(warning)}, so part of the picture is made up") from None


def _check_last_rows(image: Image.Image) -> None:
    packed = image.format == "TIFF" and image.info.get("compression") != "raw"
    if packed or image.mode not in _BLACK_IS_ZERO:
        return
    pixels = np.asarray(image)
    lit = np.asarray(pixels.reshape(image.height, image.width, -1).any(axis=2))
    lit = lit[::-1] if image.format in _BOTTOM_FIRST else lit
    last = int(np.flatnonzero(lit.any(axis=1)).max(initial=0))
    black = image.height - 1 - last
    to_the_edge = last > 0 and lit[:last, -1].mean() > _TO_THE_EDGE
    if black >= max(2, _MOST_BLACK * image.height) and to_the_edge and not lit[last, -1]:
        raise ImageError(
            f"damaged: the last {black} of {image.height} rows in the file are zeros, and part of the one before"
        )


def _is_padding(warning: str, data: bytes) -> bool:
    """Tell whether the bytes that libjpeg skipped are zeros that an encoder filled up with, and no lost picture."""
    skipped = _SKIPPED_AT_THE_END.match(warning)
    if skipped is None:
        return False
    coded = data[: _read_structure(data).end]
    # Where more zeros are there than were skipped or wait in the decoder's buffer, some were taken for the picture.
    return 0 <= len(coded) - len(coded.rstrip(b"\0")) - int(skipped[1]) <= _BIT_BUFFER


def _coded_parts(image: Image.Image, data: bytes) -> Iterator[bytes]:
    """Yield the coded pictures of a WebP, an AVIF or a JPEG 2000, without metadata, where zeros may be many."""
    if image.format == "WEBP":
        place = 12
        while place + 8 <= len(data):
            kind, size = struct.unpack_from("<4sI", data, place)
            if kind in (b"VP8 ", b"VP8L", b"ALPH", b"ANMF"):
                yield data[place + 8 : place + 8 + size]
            place += 8 + size + size % 2
    elif image.format == "JPEG2000":
        yield data[max(0, data.find(b"\xff\x4f\xff\x51")) :]
    elif image.format == "AVIF" and "exif" not in image.info:
        yield data[max(0, data.find(b"mdat")) :]


class _Structure(NamedTuple):
    """Number of scans of a JPEG, and where its end marker stands."""

    scans: int
    end: int


def _read_structure(data: bytes) -> _Structure:
    scans, place = 0, 2
    while match := _MARKER.search(data, place):
        kind, place = match[1][0], match.end()
        if kind == _END:
            return _Structure(scans, match.start())
        scans += kind == _START_OF_SCAN
        place += int.from_bytes(data[place : place + 2], "big")
    return _Structure(scans, len(data))


class _Chunk(NamedTuple):
    whole: bytes

    @property
    def kind(self) -> bytes:
        return self.whole[4:8]

    @property
    def sound(self) -> bool:
        """Whether its checksum is right."""
        return zlib.crc32(memoryview(self.whole)[4:-4]) == int.from_bytes(self.whole[-4:], "big")


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """Yield the chunks of a PNG that are there whole.

    Raises:
        ImageError: they are so many that they would take minutes.
    """
    place = len(PNG_SIGNATURE)
    left = _MOST_CHUNKS
    while place + 12 <= len(data):
        if not left:
            raise ImageError(f"a PNG of over {_MOST_CHUNKS:,} chunks, which would take too long to decode: refused")
        left -= 1
        (size,) = struct.unpack_from(">I", data, place)
        whole = data[place : place + 12 + size]
        if len(whole) < 12 + size:
            return
        yield (chunk := _Chunk(whole))
        if chunk.kind == b"IEND":
            return
        place += len(whole)


def _check_png(data: bytes) -> None:
    if not all(chunk.sound for chunk in _chunks(data) if chunk.kind == b"IDAT"):
        raise ImageError("damaged: a checksum of its pixels is wrong")


def one_pixel(data: bytes) -> bytes | None:
    """Return a PNG of one pixel with the texts and the EXIF of another; None where that has neither."""
    kept = [chunk.whole for chunk in _chunks(data) if chunk.kind in (b"eXIf", b"tEXt", b"zTXt", b"iTXt")]
    if not kept:
        return None
    file = io.BytesIO()
    Image.new("1", (1, 1)).save(file, "PNG")
    small = file.getvalue()
    return small[:_PNG_HEADER] + b"".join(kept) + small[_PNG_HEADER:]


def lean_jpeg(data: bytes) -> bytes:
    """Return a JPEG of much metadata without all but the first EXIF of it; others, and other files, as they are.

    Pillow joins the segments of EXIF one by one, which takes the square of their number.
    """
    place, kept = 2, [_JPEG_SIGNATURE]
    for _ in range(_MOST_SEGMENTS if data.startswith(_JPEG_SIGNATURE) else 0):
        if data[place : place + 1] != b"\xff" or data[place + 1 : place + 2] not in _METADATA:
            break
        segment = data[place : place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")]
        if segment[1:2] in _OF_COLOUR or (segment[4:10] == _EXIF and all(one[4:10] != _EXIF for one in kept)):
            kept.append(segment)
        place += len(segment)
    return b"".join(kept) + data[place:] if place > _MUCH_METADATA else data


def without_metadata(data: bytes) -> bytes:
    """Return a PNG with only the chunks that its pixels depend on: critical ones, transparency and sound EXIF.

    Pillow refuses pixels that decode for a text or a profile over 1 MiB, or a wrong checksum of what nobody needs.
    Other files, and a PNG that is cut off in the middle of a chunk, are returned as they are.
    """
    if not data.startswith(PNG_SIGNATURE):
        return data
    chunks = list(_chunks(data))
    rest = data[len(PNG_SIGNATURE) + sum(len(chunk.whole) for chunk in chunks) :]
    return PNG_SIGNATURE + b"".join(chunk.whole for chunk in chunks if _is_needed(chunk)) + rest


def _is_needed(chunk: _Chunk) -> bool:
    critical = chunk.kind[:1].isupper()
    return critical or chunk.kind == b"tRNS" or (chunk.kind == b"eXIf" and chunk.sound)
