"""Lays out the photographs that the shipped checkpoint was trained on.

    python -m bench.methods.qualiclip.lite.collect BSDS500 PACKAGES OUTPUT

BSDS500 holds its 500 photographs, which are copied; PACKAGES holds a folder for each Debian package that
``photographs.toml`` names, as ``dpkg -x`` unpacks it. Their large photographs are shrunk to several sizes, so that
a crop shows now a detail and now most of the picture.
"""

from __future__ import annotations

import shutil
import sys
import tomllib
from pathlib import Path

from PIL import Image

from bench.api import Resize
from bench.errors import BenchError, UsageError
from bench.io.images import decode, read_bytes, resize

SHORT_SIDES = (320, 384, 512, 640)

_LIST = Path(__file__).with_name("photographs.toml")
_BSDS500 = 500


def collect(bsds500: Path, packages: Path, output: Path) -> int:
    """Write the photographs to a new folder and return how many files there are.

    Raises:
        UsageError: some are missing, or the folder is there already.
    """
    photographs = sorted(bsds500.glob("*.jpg"))
    if len(photographs) != _BSDS500:
        raise UsageError(f"BSDS500 got {bsds500}, which has {len(photographs)} .jpg files instead of {_BSDS500}")
    listed = tomllib.loads(_LIST.read_text(encoding="utf-8"))
    found = [packages / name / about["folder"] / file for name, about in listed.items() for file in about["files"]]
    if absent := [path for path in found if not path.is_file()]:
        raise UsageError(f"PACKAGES got {packages}: {absent[0]} does not exist; unpack the packages with dpkg -x")
    if output.exists():
        raise UsageError(f"OUTPUT got {output}, which exists: give a new folder")
    output.mkdir(parents=True)
    for path in photographs:
        shutil.copyfile(path, output / path.name)
    for path in found:
        _shrink(path, output)
    return len(photographs) + len(SHORT_SIDES) * len(found)


def _shrink(path: Path, output: Path) -> None:
    pixels = decode(read_bytes(path), path.name).pixels
    for side in SHORT_SIDES:
        # Sizes of one photograph share the name before the first dot, by which they are held out together.
        Image.fromarray(resize(pixels, Resize(short=side))).save(output / f"{path.stem}.{side}.png")


if __name__ == "__main__":
    try:
        print(f"{sys.argv[3]}: {collect(*map(Path, sys.argv[1:4]))} files")
    except (BenchError, IndexError) as error:
        sys.exit(f"collect: {error}; usage: BSDS500 PACKAGES OUTPUT")
