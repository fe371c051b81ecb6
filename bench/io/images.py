"""Decoding of images: from a file's bytes to 8-bit RGB pixels, or an ImageError with the reason.

* orientation: EXIF orientation is applied; EXIF that cannot be read is ignored.
* palette, grey, 1-bit: expanded to RGB.
* alpha: composited over white, as a viewer shows it.
* 16 bit: the high byte of each sample, a 16-bit grey file without its alpha. 32-bit and float samples
  are refused: nothing says what white is (16-bit PGM too, which Pillow hands over as 32-bit integers).
* CMYK: converted by Pillow without an ICC profile. Profiles are ignored throughout.
* animated, multi-page: the first frame.
* empty, truncated, damaged (:mod:`bench.io.damage`), unknown, over 512 MiB or 178,956,970 pixels (Pillow's limit):
  refused. A file that lost only bytes after its last pixel (a PNG's end marker and checksum, say) may pass, with all
  its pixels.
* metadata: large or damaged, it refuses no pixels. A PNG that Pillow refuses for it is read without it, but EXIF; a
  JPEG with over 1 MiB of it too. In more pieces than 20,000 reads take it is refused: those may take minutes.
* a raw file: refused, because only its preview could be decoded.
"""

from __future__ import annotations

import io
import os
import stat
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from bench.api import InputPolicy, Photo, Pixels, Resize
from bench.errors import ImageError
from bench.io import damage, libtiff
from bench.io.visible import one_line

POLICY = "2"
"""Version of this policy; part of a score's identity. It changes when pixels may."""

_FORMAT_OF = {
    **dict.fromkeys((".jpe", ".jpeg", ".jpg", ".mpo"), "JPEG"),
    **dict.fromkeys((".bmp", ".dib"), "BMP"),
    **dict.fromkeys((".pgm", ".pnm", ".ppm"), "PNM"),
    **dict.fromkeys((".tif", ".tiff"), "TIFF"),
    **dict.fromkeys((".j2k", ".jp2"), "JPEG 2000"),
    **{".avif": "AVIF", ".gif": "GIF", ".png": "PNG", ".webp": "WebP"},
}
SUFFIXES = frozenset(_FORMAT_OF)
"""File names that a bare folder offers as images (lower case)."""


def is_image_name(name: str) -> bool:
    """Tell whether a file of that name is offered as an image."""
    return format_of(name) != ""


def format_of(name: str) -> str:
    """Return the format that a file name tells, ``JPEG`` for ``a.jpg`` and ``a.JPEG``; empty where it tells none."""
    return _FORMAT_OF.get(os.path.splitext(name)[1].lower(), "")  # noqa: PTH122 - names of archives and servers too


# An allow-list: Pillow can also open formats that run external programs (EPS) or fetch parts.
# MPO has no opener of its own in Pillow, that of JPEG finds it; naming it here would be a KeyError.
_FORMATS = ("JPEG", "PNG", "BMP", "DIB", "WEBP", "TIFF", "GIF", "PPM", "JPEG2000", "AVIF")
# Pillow's advice on metadata and sizes; what matters raises. Once, here: threads share the filters.
warnings.filterwarnings("ignore", module=r"PIL\.")
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

MAX_FILE_BYTES = 512 * 2**20
"""Files larger than this are refused unread."""
_MAX_PIXELS = 178_956_970
_REFUSED_MODES = {"I": "32-bit integer (or 16-bit PGM)", "F": "floating-point"}
_ON_THEIR_SIDE = (5, 6, 7, 8)
_MOST_READS = 20_000  # before pixels are decoded: a real file needs some hundred
_BAND = 2**24  # pixels that are converted at once: the largest images then need no multiple of their memory

# MATLAB's rgb2gray: BT.601 luma to full double precision.
_LUMA = np.array([0.298936021293775, 0.587043074451121, 0.114020904255103])


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """Read a file whole.

    Args:
        path: of it.
        most: bytes that it may have; None: ``MAX_FILE_BYTES``.

    Raises:
        ImageError: no such file, not a regular file, empty, too large, or unreadable.
    """
    try:
        with open(path, "rb", opener=_open_without_blocking) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ImageError("not a regular file")
            if status.st_size == 0:
                raise ImageError("the file is empty (0 bytes)")
            limit = MAX_FILE_BYTES if most is None else most
            if status.st_size > limit:
                raise ImageError(f"the file has {status.st_size:,} bytes, over the limit of {limit:,}")
            return file.read()
    except FileNotFoundError:
        raise ImageError("no such file") from None
    # ValueError: a NUL character in the path.
    except (OSError, ValueError) as error:
        raise ImageError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _open_without_blocking(path: str, flags: int) -> int:
    # A named pipe in a hostile dataset would otherwise hang the run.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def decode(data: bytes, name: str) -> Photo:
    """Decode the bytes of an image file into a Photo with pixels (H, W, 3), uint8 RGB.

    Raises:
        ImageError: the bytes are no image, are cut short or damaged, or break a limit of the policy above.
    """
    damage.check_name(name)
    lean = damage.lean_jpeg(data)
    try:
        pixels = _decode(lean)
    except ImageError:
        bare = damage.without_metadata(lean)
        if bare == lean:
            raise
        pixels = _decode(bare)
    return Photo(name, pixels, len(data), pixels.shape[0] * pixels.shape[1])


class _Looked(io.BytesIO):
    """A file whose header Pillow reads in a bounded number of steps.

    A file may have a hundred million empty pieces of metadata, and Pillow takes a microsecond or more for each.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._left = _MOST_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self._left -= 1
        if self._left < 0:
            # What Pillow passes on, unlike SyntaxError and others by which its readers say "not mine".
            raise ImageError("its metadata is in too many pieces: refused")
        return super().read(size)

    def open(self) -> Image.Image:
        """Return what Pillow makes of it; what is read from here on is not counted."""
        image = Image.open(self, formats=_FORMATS)
        self._left = sys.maxsize
        return image


def _decode(data: bytes) -> Pixels:
    # Other packages switch this on for the whole process; half an image would then pass, filled up with grey.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    with libtiff.messages() as said:
        return _decode_listening(data, said)


def _decode_listening(data: bytes, said: list[str]) -> Pixels:
    try:
        with _Looked(data).open() as image:
            check_size(*image.size)
            damage.check_before_decoding(image, data)
            stored = damage.sound_jpeg(image, data)
            if stored is not None:
                return _turned(stored, _orientation(image))
            image.load()
            damage.check_after_decoding(image, data)
            return pixels_of(image)
    except UnidentifiedImageError:
        formats = "JPEG, PNG, BMP, WebP, TIFF, GIF, ..."
        raise ImageError(f"not an image in a known format ({formats}), or its beginning is damaged") from None
    except Image.DecompressionBombError:
        raise ImageError(f"more than {_MAX_PIXELS:,} pixels: not decoded") from None
    except ImageError:
        raise
    except MemoryError:
        raise ImageError("too large for this machine's memory") from None
    # Pillow's decoders raise whatever their file's damage leads to, SyntaxError and struct.error included.
    except Exception as error:
        of_libtiff = f" (libtiff: {one_line(said[0])})" if said else ""
        raise ImageError(f"damaged or cut short: {error or type(error).__name__}{of_libtiff}") from None


def size_of(data: bytes, name: str) -> tuple[int, int]:
    """Return (width, height) of an image file, upright, without decoding its pixels.

    Raises:
        ImageError: the bytes are no image, or a raw file's.
    """
    damage.check_name(name)
    data = damage.lean_jpeg(data)
    try:
        return _size_of(data)
    # As for decoding: damage raises whatever it leads to.
    except Exception:
        try:
            return _size_of(damage.without_metadata(data))
        except Exception as error:
            raise ImageError(f"not an image in a known format, or damaged: {error}") from None


def _size_of(data: bytes) -> tuple[int, int]:
    with _Looked(data).open() as image:
        width, height = image.size
        return (height, width) if _orientation_undecoded(image, data) in _ON_THEIR_SIDE else (width, height)


def _orientation_undecoded(image: Image.Image, data: bytes) -> int:
    if image.format == "TIFF":
        return 1  # Pillow turns a TIFF itself, and says so from the start
    if image.format != "PNG":
        return _orientation(image)
    # Pillow decodes a PNG to look for EXIF behind its pixels: it gets one of a single pixel.
    small = damage.one_pixel(data)
    if small is None:
        return 1
    with _Looked(small).open() as texts:
        return _orientation(texts)


def check_size(width: int, height: int) -> None:
    """Raise ImageError where an image of this size has too many pixels."""
    # Pillow checks this too, but by a limit that other packages lift for the whole process.
    if width * height > _MAX_PIXELS:
        raise ImageError(f"more than {_MAX_PIXELS:,} pixels ({width} x {height}): refused")


def pixels_of(image: Image.Image) -> Pixels:
    """Return the pixels (H, W, 3), uint8 RGB, of an image that Pillow has opened, by the policy above.

    Raises:
        ImageError: its samples are of a kind that the policy refuses.
    """
    return _turned(_to_rgb(image), _orientation(image))


def _turned(pixels: Pixels, orientation: int) -> Pixels:
    """Return pixels upright, read-only."""
    if orientation in _ON_THEIR_SIDE:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    pixels = np.ascontiguousarray(pixels)
    pixels.flags.writeable = False  # as Pillow's are: methods share them
    return pixels


def _orientation(image: Image.Image) -> int:
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    # Damaged EXIF raises what its damage leads to; the pixels beside it are sound, and viewers show them.
    except Exception:
        return 1
    return orientation if isinstance(orientation, int) else 1


def _to_rgb(image: Image.Image) -> Pixels:
    if image.mode in _REFUSED_MODES:
        raise ImageError(f"{_REFUSED_MODES[image.mode]} samples: their white level is undefined; save as 8-bit PNG")
    if image.mode.startswith("I;16"):
        grey = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    return _in_bands(np.empty((image.height, image.width, 3), np.uint8), lambda top, end: _band(image, top, end))


def _band(image: Image.Image, top: int, end: int) -> Pixels:
    if (top, end) != (0, image.height):
        image = image.crop((0, top, image.width, end))
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        image = Image.alpha_composite(white, rgba)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _in_bands(whole: Pixels, compute: Callable[[int, int], Pixels]) -> Pixels:
    """Compute an array (H, W, ...) a number of rows at a time; ``whole`` is filled where one band is not enough."""
    height, width = whole.shape[:2]
    rows = max(1, _BAND // width)
    if rows >= height:
        return compute(0, height)
    for top in range(0, height, rows):
        whole[top : top + rows] = compute(top, min(top + rows, height))
    return whole


def luma(pixels: Pixels) -> Pixels:
    """Return the BT.601 luma of (H, W, 3) RGB as (H, W) uint8, rounded to nearest as MATLAB's rgb2gray."""
    return _in_bands(
        np.empty(pixels.shape[:2], np.uint8),
        lambda top, end: np.asarray(np.floor(pixels[top:end] @ _LUMA + 0.5), dtype=np.uint8),
    )


def resize(pixels: Pixels, policy: Resize) -> Pixels:
    """Resize uint8 pixels by Pillow's antialiased bicubic filter; unchanged where the policy asks nothing.

    Raises:
        ImageError: the result would break the limit on pixels (a strip of 1 x 20,000 and ``short:384``).
    """
    height, width = pixels.shape[:2]
    if policy.exact is not None:
        size = policy.exact
    elif policy.short is not None:
        scale = policy.short / min(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
    else:
        size = (width, height)
    if size == (width, height):
        return pixels
    check_size(*size)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def prepare(photo: Photo, policy: InputPolicy) -> Photo:
    """Return the photo as a method with this input policy is handed it."""
    pixels = resize(photo.pixels, policy.resize)
    if policy.colour == "grey":
        pixels = luma(pixels)
    return Photo(photo.name, pixels, photo.file_bytes, photo.file_pixels)
