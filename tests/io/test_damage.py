"""Damage that Pillow passes over is refused, and what costs no pixel is not."""

from __future__ import annotations

import io
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image
from test_images import SMALL, SMOOTH, chunk, encode, png

from bench.errors import ImageError
from bench.io.images import decode, size_of

NOISE = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
JPEGS = {
    "baseline": encode(NOISE, "JPEG", quality=90),
    "progressive": encode(NOISE, "JPEG", quality=90, progressive=True),
    "grey": encode(NOISE[:, :, 0], "JPEG", quality=90),
    "cmyk": encode(Image.fromarray(NOISE).convert("CMYK"), "JPEG", quality=90),
    "restart markers": encode(NOISE, "JPEG", quality=90, restart_marker_rows=2),
}
END = b"\xff\xd9"


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("kept", [0.3, 0.5, 0.9])
def test_a_jpeg_that_lost_its_middle_and_kept_its_end_is_refused(kind: str, kept: float) -> None:
    data = JPEGS[kind]
    with pytest.raises(ImageError, match="damaged: libjpeg warns 'Corrupt JPEG data"):
        decode(data[: int(kept * len(data))] + END, "x")


@pytest.mark.parametrize("kind", ["baseline", "grey"])
def test_a_jpeg_filled_up_with_zeros_is_refused(kind: str) -> None:
    half = JPEGS[kind][: len(JPEGS[kind]) // 2]
    with pytest.raises(ImageError, match="damaged: libjpeg warns 'Corrupt JPEG data"):
        decode(half + bytes(len(half)) + END, "x")


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("padding", [b"", b"\0", bytes(500)])
def test_a_whole_jpeg_is_read_whatever_stands_before_and_after_its_end(kind: str, padding: bytes) -> None:
    data = JPEGS[kind]
    expected = decode(data, "x").pixels
    np.testing.assert_array_equal(decode(data[:-2] + padding + END + b"camera's own", "x").pixels, expected)


def test_what_libjpeg_says_of_headers_is_no_damage() -> None:
    strange = JPEGS["baseline"].replace(b"JFIF\0\1\1", b"JFIF\0\7\1", 1)
    np.testing.assert_array_equal(decode(strange, "x").pixels, decode(JPEGS["baseline"], "x").pixels)


def test_much_exif_is_left_out_of_a_jpeg() -> None:
    """Pillow takes the square of its length."""
    data = encode(NOISE, "JPEG", quality=90, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6" + bytes(6))
    further = b"\xff\xe1\xff\xfeExif\0\0" + bytes(65_526)
    place = data.index(b"\xff\xe1")
    place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    large = data[:place] + further * 500 + data[place:]
    began = time.perf_counter()
    decoded = decode(large, "x")
    assert time.perf_counter() - began < 5
    np.testing.assert_array_equal(decoded.pixels, decode(data, "x").pixels)
    assert (decoded.pixels.shape, size_of(large, "x")) == ((300, 200, 3), (200, 300))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xd8" + b"\xff\xef\0\2" * 300_000, "too many pieces"),
        (b"\xff\xd8" + b"\xff" * 10**6, "too many pieces"),
        (b"P6\n#" + b"c" * 10**6 + b"\n3 2 255\n" + bytes(18), "too many pieces"),
        (encode(SMALL, "PNG")[:33] + chunk(b"prVt", b"") * 300_000 + encode(SMALL, "PNG")[33:], "over 200,000 chunks"),
        (
            encode(SMALL, "PNG")[:-12] + chunk(b"prVt", b"") * 300_000 + encode(SMALL, "PNG")[-12:],
            "over 200,000 chunks",
        ),
    ],
    ids=["JPEG", "JPEG fill", "PPM", "PNG before", "PNG behind"],
)
def test_metadata_in_very_many_pieces_is_refused_at_once(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        decode(data, "x")


def test_the_orientation_of_a_png_is_known_without_its_pixels() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(NOISE, "PNG", exif=exif)
    place = data.index(b"eXIf") - 4
    length = 12 + int.from_bytes(data[place : place + 4], "big")
    behind = data[:place] + data[place + length : -12] + data[place : place + length] + data[-12:]
    for each in (data, behind):
        assert size_of(each, "x") == (200, 300)
        assert decode(each, "x").pixels.shape == (300, 200, 3)
    cut = data[:-40]  # nobody decodes it to know
    assert size_of(cut, "x") == (200, 300)


def test_an_mpo_is_judged_by_its_first_picture() -> None:
    file = io.BytesIO()
    Image.fromarray(NOISE).save(file, "MPO", save_all=True, append_images=[Image.fromarray(NOISE[::-1])])
    assert decode(file.getvalue(), "x").pixels.shape == NOISE.shape


def with_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is there many times."""
    data = encode(SMOOTH, "JPEG", progressive=True)
    place = data.rindex(b"\xff\xda")
    return data[:place] + data[place:-2] * count + END


def test_a_jpeg_of_very_many_scans_is_refused_at_once() -> None:
    started = time.perf_counter()
    with pytest.raises(ImageError, match="a JPEG of 3009 scans, which would take too long"):
        decode(with_scans(3000), "x")
    assert time.perf_counter() - started < 2
    assert decode(with_scans(20), "x").pixels.shape == SMOOTH.shape


def test_what_looks_like_scans_in_metadata_is_none() -> None:
    data = encode(SMOOTH, "JPEG", comment=b"\xff\xda" * 200)
    np.testing.assert_array_equal(decode(data, "x").pixels, decode(encode(SMOOTH, "JPEG"), "x").pixels)


def test_many_scans_of_a_large_picture_are_refused_sooner() -> None:
    large = Image.new("L", (9000, 9000))
    assert decode(encode(large, "JPEG", progressive=True), "x").pixels.shape == (9000, 9000, 3)
    data = encode(large, "JPEG", progressive=True)
    place = data.rindex(b"\xff\xda")
    with pytest.raises(ImageError, match="scans, which would take too long"):
        decode(data[:place] + data[place:-2] * 40 + END, "x")


# WebP, AVIF, JPEG 2000

CODED = [("WEBP", {}), ("WEBP", {"lossless": True}), ("AVIF", {}), ("JPEG2000", {"quality_layers": [20]})]


@pytest.mark.parametrize(("codec", "options"), CODED)
@pytest.mark.parametrize("last", [0, 16])
def test_a_picture_whose_second_half_is_zeros_is_refused(codec: str, options: dict[str, object], last: int) -> None:
    data = encode(np.tile(NOISE, (2, 2, 1)), codec, **options)
    half = len(data) // 2
    with pytest.raises(ImageError, match=r"damaged|cut short"):
        decode(data[:half] + bytes(len(data) - half - last) + data[len(data) - last :], "x")


@pytest.mark.parametrize(("codec", "options"), CODED)
@pytest.mark.parametrize("grey", [0, 255])
def test_a_flat_picture_and_zeros_in_metadata_are_no_damage(codec: str, options: dict[str, object], grey: int) -> None:
    flat = np.full((1500, 2000, 3), grey, np.uint8)
    flat[:200, :200] = NOISE[:200, :200]
    exif = Image.Exif()
    exif[0x927C] = bytes(20_000)
    with_exif = {} if codec == "JPEG2000" else {"exif": exif}
    assert decode(encode(flat, codec, **options, **with_exif), "x").pixels.shape == flat.shape


# BMP, PPM, TIFF


@pytest.mark.parametrize("codec", ["BMP", "PPM", "TIFF"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_an_uncompressed_picture_that_lost_its_end_is_refused(codec: str, mode: str) -> None:
    data = encode(NOISE if mode == "RGB" else NOISE[:, :, 0], codec)
    lost = len(data) // 2 + 5
    with pytest.raises(ImageError, match="rows in the file are zeros, and part of the one before"):
        decode(data[:lost] + bytes(len(data) - lost), "x")


@pytest.mark.parametrize("codec", ["BMP", "PPM", "TIFF"])
def test_black_where_a_picture_may_be_black_is_no_damage(codec: str) -> None:
    barred, product = NOISE.copy(), np.zeros_like(NOISE)
    barred[: len(barred) // 3] = barred[-len(barred) // 2 :] = 0
    product[20:60, 30:90] = NOISE[20:60, 30:90]
    for pixels in (barred, barred[::-1], product, product[::-1], np.zeros_like(NOISE)):
        assert np.array_equal(decode(encode(np.ascontiguousarray(pixels), codec), "x").pixels, pixels)


# PNG


def spoil(data: bytes, kind: bytes) -> bytes:
    """Make the checksum of a chunk wrong."""
    place = data.index(kind)
    (size,) = struct.unpack(">I", data[place - 4 : place])
    end = place + 4 + size
    return data[:end] + bytes([data[end] ^ 1]) + data[end + 1 :]


ROWS = b"\0\x10\x20"
PROFILE = b"p\0\0" + zlib.compress(bytes(3 << 20))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png(2, 1, 8, 0, ROWS, chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(3 << 20)))), id="zTXt"),
        pytest.param(png(2, 1, 8, 0, ROWS, chunk(b"tEXt", b"k\0" + b"x" * (3 << 20))), id="tEXt"),
        pytest.param(
            png(2, 1, 8, 0, ROWS, chunk(b"iTXt", b"k\0\1\0\0\0" + zlib.compress(b"x" * (3 << 20)))), id="iTXt"
        ),
        pytest.param(png(2, 1, 8, 0, ROWS, chunk(b"iCCP", PROFILE)), id="iCCP"),
        pytest.param(spoil(png(2, 1, 8, 0, ROWS, chunk(b"gAMA", b"\0\0\xb1\x8f")), b"gAMA"), id="checksum of gAMA"),
        pytest.param(spoil(png(2, 1, 8, 0, ROWS, chunk(b"eXIf", b"II*\0")), b"eXIf"), id="checksum of eXIf"),
        pytest.param(
            png(2, 1, 8, 0, ROWS)[:-12] + spoil(chunk(b"tIME", bytes(7)), b"tIME") + chunk(b"IEND", b""),
            id="at the end",
        ),
    ],
)
def test_metadata_refuses_no_pixels(data: bytes) -> None:
    photo = decode(data, "x")
    assert (photo.pixels[..., 0].tolist(), photo.file_bytes) == ([[16, 32]], len(data))


def test_a_png_read_without_metadata_keeps_transparency_and_orientation() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    large = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(3 << 20)))
    plain = encode(SMALL, "PNG", exif=exif)
    np.testing.assert_array_equal(decode(plain[:33] + large + plain[33:], "x").pixels, np.rot90(SMALL, -1))
    extra = chunk(b"tRNS", b"\0\x10") + large
    assert decode(png(2, 1, 8, 0, ROWS, extra), "x").pixels[..., 0].tolist() == [[255, 32]]


def test_a_wrong_checksum_of_what_pixels_depend_on_is_refused() -> None:
    for kind in (b"IHDR", b"IDAT", b"tRNS"):
        data = spoil(png(2, 1, 8, 0, ROWS, chunk(b"tRNS", b"\0\x10")), kind)
        with pytest.raises(ImageError, match=r"damaged|not an image"):
            decode(data, "x")


def test_a_changed_pixel_of_an_uncompressed_png_is_found() -> None:
    data = bytearray(encode(NOISE, "PNG", compress_level=0))
    data[len(data) // 2] ^= 4
    with pytest.raises(ImageError, match="damaged"):
        decode(bytes(data), "x")


# Raw files


def preview(**tags: int) -> bytes:
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    directory = ImageFileDirectory_v2()
    for number, value in tags.items():
        directory[int(number[1:])] = bytes([1, 4, 0, 0]) if number == "_50706" else value
    return encode(NOISE, "TIFF", tiffinfo=directory)


@pytest.mark.parametrize("name", ["IMG_1.NEF", "a/b.cr2", "c.dng", "d.ARW"])
@pytest.mark.parametrize("codec", ["TIFF", "JPEG"])
def test_a_raw_file_is_refused_by_its_name(name: str, codec: str) -> None:
    with pytest.raises(ImageError, match="a raw file: what can be decoded is its preview"):
        decode(encode(NOISE, codec), name)


@pytest.mark.parametrize("tags", [{"_254": 1}, {"_50706": 1}])
def test_a_raw_file_under_another_name_is_known_by_its_preview(tags: dict[str, int]) -> None:
    with pytest.raises(ImageError, match="its first image is a preview"):
        decode(preview(**tags), "photo.tif")
    assert decode(preview(_254=0), "photo.tif").pixels.shape == NOISE.shape
