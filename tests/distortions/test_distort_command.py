"""``bench distort`` and the picture that it draws."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Ran, make_photo
from PIL import Image

from bench.distortions import DISTORTIONS, LEVELS, PRESETS
from bench.distortions.contact_sheet import draw_sheet
from bench.io.images import decode, read_bytes

Bench = Callable[..., Ran]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return make_photo(tmp_path / "cat.jpg", 1, (64, 50))


def test_draws_a_row_a_type_beside_the_photograph_s_name(bench: Bench, photo: Path, tmp_path: Path) -> None:
    done = bench("distort", photo)
    assert done.code == 0
    assert done.out == "cat-distortions.png: 24 types at 5 levels\n"
    with Image.open(tmp_path / "cat-distortions.png") as sheet:
        # 50 high, a strip of 16 for text and a gap of 4, for the photograph and 24 types.
        assert sheet.height == 25 * (50 + 16 + 4)
        assert sheet.width == 190 + 5 * (64 + 4)


def test_types_are_names_and_presets_each_once(bench: Bench, photo: Path, tmp_path: Path) -> None:
    output = tmp_path / "a.jpg"
    done = bench("distort", photo, "--types", "jpeg, authentic,jpeg", "--output", output)
    assert f"{1 + len(PRESETS['authentic'])} types" in done.out
    assert output.read_bytes()[:2] == b"\xff\xd8"


def test_the_seed_decides_the_picture(bench: Bench, photo: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        bench("distort", photo, "--types", "jitter", "--seed", seed, "--output", tmp_path / f"{name}.png")
    a, b, c = (np.asarray(decode(read_bytes(tmp_path / f"{name}.png"), name).pixels)[70:] for name in "abc")
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_an_existing_picture_stays_unless_it_may_go(bench: Bench, photo: Path, tmp_path: Path) -> None:
    output = tmp_path / "mine.png"
    output.write_text("mine")
    refused = bench("distort", photo, "--output", output)
    assert refused.code == 2
    assert "exists: give --overwrite" in refused.err
    assert output.read_text() == "mine"
    assert bench("distort", photo, "--output", output, "--types", "darken", "--overwrite").code == 0
    with Image.open(output) as picture:
        assert picture.format == "PNG"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("text.jpg",), "text.jpg: not an image in a known format"),
        (("absent.jpg",), "absent.jpg: no such file"),
        (("cat.jpg", "--types", "jepg"), "'jepg' is no type of degradation. Did you mean 'jpeg'"),
        (("cat.jpg", "--types", " ,"), "--types got ' ,': it is empty"),
        (("cat.jpg", "--output", "nowhere/a.png"), "the folder nowhere does not exist"),
        (("cat.jpg", "--types", "darken", "--output", "a.xyz"), "a.xyz: its name must end as a picture's does"),
    ],
)
def test_a_mistake_gets_one_line(
    bench: Bench, photo: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "text.jpg").write_text("not a photograph")
    done = bench("distort", *arguments)
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "a.xyz").exists()


def test_the_tiles_are_the_photograph_s_middle_pixel_for_pixel() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (224, 300, 3), dtype=np.uint8)
    # The first level of mean-shift changes nothing.
    sheet = np.asarray(draw_sheet(pixels, ["mean-shift"], seed=0))
    middle = pixels[:, 38:262]
    assert np.array_equal(sheet[16:240, 190 : 190 + 224], middle)
    assert np.array_equal(sheet[244 + 16 : 244 + 240, 190 : 190 + 224], middle)


def test_the_docs_list_what_there_is() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "distortions.md").read_text(encoding="utf-8")
    for name, distortion in DISTORTIONS.items():
        values = ", ".join(f"{value:g}" for value in distortion.values[: len(LEVELS)])
        flag = "yes" if distortion.monotone else "**no**"
        assert f"| `{name}` | {distortion.summary} | {values} ({distortion.unit}) | {flag} |" in page
