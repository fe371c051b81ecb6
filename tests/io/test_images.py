"""The decode policy: what each kind of file becomes, and that everything else is an ImageError that says why."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from bench.api import InputPolicy, Photo, Pixels, Resize
from bench.errors import ImageError
from bench.io import images
from bench.io.images import decode, luma, prepare, read_bytes, resize

SMALL = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
SMOOTH = np.asarray(Image.fromarray(SMALL).resize((160, 120), Image.Resampling.BICUBIC))


def encode(image: Image.Image | Pixels, codec: str, **options: Any) -> bytes:
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, codec, **options)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, extra: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def colours(data: bytes) -> list[list[int]]:
    photo = decode(data, "name")
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.shape[2:] == (3,)
    return photo.pixels.reshape(-1, 3).tolist()


# What comes out of each kind of file.


def test_a_plain_image_comes_out_as_it_went_in() -> None:
    data = encode(SMALL, "PNG")
    photo = decode(data, "a/b.png")
    np.testing.assert_array_equal(photo.pixels, SMALL)
    assert (photo.name, photo.file_bytes, photo.file_pixels) == ("a/b.png", len(data), 35)


@pytest.mark.parametrize(
    "codec", ["BMP", "DIB", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TIFF", "WEBP", "AVIF"]
)
def test_every_format_of_the_policy_is_read(codec: str) -> None:
    grey = np.full((16, 24, 3), 90, np.uint8)
    np.testing.assert_allclose(decode(encode(grey, codec), "x").pixels.astype(int), grey, atol=2)


UPRIGHT = {
    1: SMALL,
    2: SMALL[:, ::-1],
    3: SMALL[::-1, ::-1],
    4: SMALL[::-1],
    5: SMALL.transpose(1, 0, 2),
    6: np.rot90(SMALL, -1),
    7: SMALL[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(SMALL, 1),
}


@pytest.mark.parametrize("subsampling", ["444", "422", "420", "440", "411"])
def test_a_jpeg_of_any_subsampling_is_decoded_as_pillow_does(subsampling: str) -> None:
    import simplejpeg

    for height, width in ((120, 160), (65, 33), (1, 1), (200, 7)):
        pixels = np.ascontiguousarray(np.asarray(Image.fromarray(SMOOTH).resize((width, height))))
        data = simplejpeg.encode_jpeg(pixels, 70, "RGB", subsampling)
        np.testing.assert_array_equal(decode(data, "x.jpg").pixels, np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0", "grey", "rgb"])
@pytest.mark.parametrize("more", [{}, {"progressive": True}, {"restart_marker_blocks": 3}], ids=str)
def test_a_jpeg_is_decoded_as_pillow_does_bit_for_bit(subsampling: str, more: dict[str, Any]) -> None:
    grey, rgb = subsampling == "grey", subsampling == "rgb"
    chosen = {} if grey else {"keep_rgb": True} if rgb else {"subsampling": subsampling}
    for size in ((160, 120), (33, 65), (1, 1), (7, 200)):
        image = Image.fromarray(SMOOTH).resize(size).convert("L" if grey else "RGB")
        for quality in (3, 60, 100):
            data = encode(image, "JPEG", quality=quality, **chosen, **more)
            expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
            pixels = decode(data, "x.jpg").pixels
            np.testing.assert_array_equal(pixels, expected)
            assert not pixels.flags.writeable


@pytest.mark.parametrize("codec", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_orientation_is_applied(orientation: int, codec: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = decode(encode(SMALL, codec, exif=exif), "x")
    np.testing.assert_array_equal(photo.pixels, UPRIGHT[orientation])


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_orientation_of_a_jpeg_is_applied(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    plain, turned = (decode(encode(SMALL, "JPEG", exif=e), "x").pixels for e in (Image.Exif(), exif))
    assert turned.shape == UPRIGHT[orientation].shape
    # Turning commutes with decoding: the same pixels elsewhere.
    assert sorted(map(tuple, turned.reshape(-1, 3))) == sorted(map(tuple, plain.reshape(-1, 3)))


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0garbage",
        b"Exif\0\0",
        b"\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01",
        # Orientation 99, and one that is text.
        b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\x01\3\0\1\0\0\0\x63\0\0\0\0\0\0\0",
        b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\x01\2\0\4\0\0\0abc\0\0\0\0\0",
    ],
)
@pytest.mark.parametrize("codec", ["PNG", "JPEG", "WEBP"])
def test_exif_that_cannot_be_read_is_ignored(codec: str, exif: bytes) -> None:
    assert decode(encode(SMALL, codec, exif=exif), "x").pixels.shape == SMALL.shape


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(png(2, 1, 8, 0, b"\0\x10\x20"), [[16] * 3, [32] * 3], id="grey"),
        pytest.param(png(2, 1, 1, 0, b"\0\x40"), [[0] * 3, [255] * 3], id="1-bit"),
        pytest.param(png(4, 1, 2, 0, b"\0\x1b"), [[0] * 3, [85] * 3, [170] * 3, [255] * 3], id="2-bit"),
        pytest.param(
            png(2, 1, 8, 0, b"\0\x10\x20", chunk(b"tRNS", b"\0\x10")), [[255] * 3, [32] * 3], id="grey, one transparent"
        ),
        pytest.param(png(2, 1, 8, 4, b"\0\x00\xff\x00\x00"), [[0] * 3, [255] * 3], id="grey+alpha"),
        pytest.param(
            png(3, 1, 8, 6, b"\0\x0a\x14\x1e\xff\x0a\x14\x1e\x00\x00\x00\x00\x80"),
            [[10, 20, 30], [255] * 3, [127] * 3],
            id="rgba over white",
        ),
        pytest.param(png(2, 1, 8, 3, b"\0\0\1", chunk(b"PLTE", b"\1\2\3\5\6\7")), [[1, 2, 3], [5, 6, 7]], id="palette"),
        pytest.param(
            png(2, 1, 8, 3, b"\0\0\1", chunk(b"PLTE", b"\1\2\3\5\6\7") + chunk(b"tRNS", b"\0\xff")),
            [[255] * 3, [5, 6, 7]],
            id="palette, one transparent",
        ),
        pytest.param(
            png(1, 1, 8, 2, b"\0\1\2\3", chunk(b"tRNS", b"\0\1\0\2\0\3")), [[255] * 3], id="rgb, one transparent"
        ),
        pytest.param(
            png(2, 1, 16, 0, b"\0\x12\xff\xfe\x00"), [[0x12] * 3, [0xFE] * 3], id="16-bit grey: the high byte"
        ),
        pytest.param(
            png(1, 1, 16, 2, b"\0\x12\xff\xfe\x00\x80\xff"), [[0x12, 0xFE, 0x80]], id="16-bit rgb: the high byte"
        ),
        pytest.param(png(1, 1, 16, 4, b"\0\x12\xff\xff\xff"), [[0x12] * 3], id="16-bit grey+alpha"),
    ],
)
def test_png_kinds(data: bytes, expected: list[list[int]]) -> None:
    assert colours(data) == expected


def test_16_bit_tiff_is_read_by_its_high_byte_in_either_byte_order() -> None:
    samples = np.array([[0x12FF, 0xFE00]], dtype=np.uint16)
    little = encode(Image.fromarray(samples), "TIFF")
    big = encode(Image.frombytes("I;16B", (2, 1), samples.astype(">u2").tobytes()), "TIFF")
    assert colours(little) == colours(big) == [[0x12] * 3, [0xFE] * 3]


def test_cmyk_jpeg_is_converted_without_a_profile() -> None:
    # Little ink on white, by Pillow's rule (255 - ink) * (255 - black) / 255.
    image = Image.new("CMYK", (16, 16), (0, 100, 200, 50))
    expected = [255 * 205 // 255, 155 * 205 // 255, 55 * 205 // 255]
    assert np.abs(np.array(colours(encode(image, "JPEG", quality=95))) - expected).max() <= 3


@pytest.mark.parametrize("codec", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_is_its_first_frame(codec: str) -> None:
    red, blue = (Image.new("RGB", (8, 8), colour) for colour in ("red", "blue"))
    options = {"lossless": True} if codec == "WEBP" else {}
    data = encode(red, codec, save_all=True, append_images=[blue], **options)
    assert colours(data) == [[255, 0, 0]] * 64


def test_a_transparent_gif_is_shown_over_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([1, 2, 3, 4, 5, 6])
    image.putpixel((1, 0), 1)
    assert colours(encode(image, "GIF", transparency=0)) == [[255] * 3, [4, 5, 6]]


def test_premultiplied_or_not_alpha_of_zero_hides_any_colour() -> None:
    hidden = np.dstack([SMALL, np.zeros(SMALL.shape[:2], np.uint8)])
    assert colours(encode(hidden, "PNG")) == [[255] * 3] * 35


# What is refused.


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"hello, this is a text file\n" * 9, "not an image in a known format", id="text"),
        pytest.param(b"<!DOCTYPE html><html><body>404</body></html>", "not an image in a known format", id="html"),
        pytest.param(
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "not an image in a known", id="eps"
        ),
        pytest.param(b"", "not an image in a known format", id="empty"),
        pytest.param(b"\xff\xd8\xff", "not an image in a known format", id="jpeg start alone"),
        pytest.param(png(0, 0, 8, 2, b""), "not an image in a known format", id="no pixels"),
        pytest.param(png(0, 5, 8, 2, b"\0" * 5), "not an image in a known format", id="no columns"),
        pytest.param(png(60000, 60000, 8, 2, b""), "more than 178,956,970 pixels", id="bomb"),
        pytest.param(png(13000, 13000, 8, 0, b""), "damaged or cut short: image file is truncated", id="rows missing"),
        pytest.param(
            encode(Image.new("F", (4, 3)), "TIFF"), "floating-point samples: their white level is undefined", id="float"
        ),
        pytest.param(encode(Image.new("I", (4, 3)), "TIFF"), "32-bit integer", id="32-bit"),
        pytest.param(b"Pf\n1 1\n-1.0\n\0\0\0\0", "floating-point samples", id="pfm"),
        pytest.param(b"P5 1 1 65535\n\0\0", "16-bit PGM", id="16-bit pgm"),
    ],
)
def test_refused_with_the_reason(data: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        decode(data, "photo.jpg")


WHOLE = {
    "jpeg": encode(SMOOTH, "JPEG"),
    "progressive jpeg": encode(SMOOTH, "JPEG", progressive=True),
    "large jpeg": encode(np.random.default_rng(1).integers(0, 256, (300, 400, 3), np.uint8), "JPEG", quality=95),
    "png": encode(SMOOTH, "PNG"),
    "webp": encode(SMOOTH, "WEBP"),
    "lossless webp": encode(SMOOTH, "WEBP", lossless=True),
    "gif": encode(SMOOTH, "GIF"),
    "bmp": encode(SMOOTH, "BMP"),
    "tiff": encode(SMOOTH, "TIFF"),
    "jpeg2000": encode(SMOOTH, "JPEG2000"),
}


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("kept", [0.02, 0.25, 0.5, 0.75, 0.95])
def test_cut_short_is_refused(kind: str, kept: float) -> None:
    data = WHOLE[kind]
    with pytest.raises(ImageError, match=r"damaged or cut short|not an image"):
        decode(data[: int(len(data) * kept)], "x")


@pytest.mark.parametrize("kind", [k for k in WHOLE if "jpeg" in k and k != "jpeg2000"])
@pytest.mark.parametrize("lost", [1, 2, 3, 10, 100])
def test_a_jpeg_without_its_end_is_refused_even_where_only_the_end_marker_is_lost(kind: str, lost: int) -> None:
    assert WHOLE[kind].endswith(b"\xff\xd9")
    with pytest.raises(ImageError, match="damaged or cut short: image file is truncated"):
        decode(WHOLE[kind][:-lost], "x")


@pytest.mark.parametrize("kind", ["png", "gif", "webp", "bmp", "tiff"])
def test_a_lost_tail_is_refused_or_costs_no_pixel(kind: str) -> None:
    expected = decode(WHOLE[kind], "x").pixels
    for lost in range(1, 60):
        try:
            pixels = decode(WHOLE[kind][:-lost], "x").pixels
        except ImageError:
            continue
        np.testing.assert_array_equal(pixels, expected)


def test_a_cut_file_is_refused_whatever_other_packages_have_switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pytest.raises(ImageError, match="truncated"):
        decode(WHOLE["jpeg"][:-200], "x")
    with pytest.raises(ImageError, match=r"more than 178,956,970 pixels \(60000 x 60000\)"):
        decode(png(60000, 60000, 8, 2, b""), "x")


@settings(max_examples=250, deadline=None)
@given(
    kind=st.sampled_from(sorted(set(WHOLE) - {"large jpeg"})),
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12),
    kept=st.floats(0.01, 1),
)
def test_damaged_bytes_give_an_image_or_an_image_error(kind: str, edits: list[tuple[float, int]], kept: float) -> None:
    data = bytearray(WHOLE[kind])
    for place, value in edits:
        # Squared: headers are where damage has the most ways to go wrong.
        data[int(place**2 * len(data))] = value
    try:
        photo = decode(bytes(data[: int(len(data) * kept)]), "x")
    except ImageError:
        return
    assert photo.pixels.shape[2:] == (3,)
    assert photo.pixels.dtype == np.uint8


# Reading.


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert read_bytes(tmp_path / "x") == b"abc"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "folder.jpg").mkdir()
    for path, message in [
        (tmp_path / "empty.jpg", r"the file is empty \(0 bytes\)"),
        (tmp_path / "folder.jpg", "not a regular file|directory"),
        (tmp_path / "absent.jpg", "no such file"),
        (tmp_path / "empty.jpg" / "x.jpg", "cannot be read: Not a directory"),
        (tmp_path / ("x" * 5000), "cannot be read: File name too long"),
        (tmp_path / "nul\0.jpg", "cannot be read: embedded null"),
    ]:
        with pytest.raises(ImageError, match=message):
            read_bytes(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.timeout(60)
def test_a_named_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(ImageError, match="not a regular file"):
        read_bytes(tmp_path / "pipe.jpg")


def test_a_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(512 * 2**20 + 1)
    with pytest.raises(ImageError, match="536,870,913 bytes, over the limit of 536,870,912"):
        read_bytes(tmp_path / "huge.jpg")


# Resizing, luma, prepare.


@pytest.mark.parametrize(
    ("policy", "shape"),
    [("none", (5, 7)), ("short:5", (5, 7)), ("short:10", (10, 14)), ("short:3", (3, 4)), ("20x6", (6, 20))],
)
def test_resize_brings_the_image_to_the_size(policy: str, shape: tuple[int, int]) -> None:
    resized = resize(SMALL, Resize.parse(policy))
    assert resized.shape == (*shape, 3)
    assert resized.dtype == np.uint8
    # Portrait as well as landscape.
    turned = resize(SMALL.transpose(1, 0, 2).copy(), Resize.parse(policy))
    assert turned.shape[:2] == (shape if "x" in policy else shape[::-1])


def test_resize_averages_when_it_shrinks() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 200
    assert np.abs(resize(stripes, Resize(short=8))[2:-2, 2:-2].astype(int) - 100).max() <= 2


def test_resize_keeps_what_needs_no_change() -> None:
    assert resize(SMALL, Resize()) is SMALL
    assert resize(SMALL, Resize(exact=(7, 5))) is SMALL
    assert resize(SMALL[:, :, 0], Resize(short=10)).shape == (10, 14)


def test_resize_of_a_thin_strip_is_refused_not_tried() -> None:
    with pytest.raises(ImageError, match=r"more than 178,956,970 pixels \(7680000 x 384\)"):
        resize(np.zeros((1, 20000, 3), np.uint8), Resize(short=384))


def test_luma_follows_matlab() -> None:
    # rgb2gray: 0.298936021293775, 0.587043074451121, 0.114020904255103, half away from zero.
    cases = {
        (255, 0, 0): 76,
        (0, 255, 0): 150,
        (0, 0, 255): 29,
        (255, 255, 255): 255,
        (1, 2, 3): 2,
        (200, 100, 50): 124,
    }
    pixels = np.array([list(cases)], dtype=np.uint8)
    assert luma(pixels).tolist() == [list(cases.values())]
    assert luma(pixels).dtype == np.uint8


def test_luma_of_grey_is_that_grey() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    np.testing.assert_array_equal(luma(ramp)[0], np.arange(256))


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_luma_is_within_half_a_step_of_the_formula(rgb: tuple[int, int, int]) -> None:
    exact = 0.298936021293775 * rgb[0] + 0.587043074451121 * rgb[1] + 0.114020904255103 * rgb[2]
    assert abs(int(luma(np.array([[rgb]], np.uint8))[0, 0]) - exact) <= 0.5 + 1e-9


def test_prepare_resizes_first_and_keeps_what_the_file_was() -> None:
    photo = Photo("a.png", SMALL, file_bytes=123, file_pixels=35)
    ready = prepare(photo, InputPolicy("grey", Resize(short=10)))
    np.testing.assert_array_equal(ready.pixels, luma(resize(SMALL, Resize(short=10))))
    assert (ready.name, ready.file_bytes, ready.file_pixels) == ("a.png", 123, 35)
    assert prepare(photo, InputPolicy()).pixels is SMALL


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "L", "1", "CMYK"])
def test_a_large_image_is_converted_in_bands_to_the_same_pixels(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = Image.fromarray(np.random.default_rng(3).integers(0, 256, (37, 20, 4), np.uint8), "RGBA")
    image = noise.convert("RGB").convert(mode) if mode in ("P", "CMYK") else noise.convert(mode)
    if mode == "P":
        image.info["transparency"] = bytes(range(256))
    whole = images.pixels_of(image)
    grey = images.luma(whole)
    monkeypatch.setattr(images, "_BAND", 100)
    np.testing.assert_array_equal(images.pixels_of(image), whole)
    np.testing.assert_array_equal(images.luma(whole), grey)
