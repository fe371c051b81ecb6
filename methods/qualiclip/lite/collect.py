"""Lays out the photographs that the shipped checkpoint was trained on.

    python -m bench.methods.qualiclip.lite.collect BSDS500 PHOTOGRAPHS OUTPUT

BSDS500 holds its 500 photographs, PHOTOGRAPHS the 448 that ``methods/ilniqe_photographs.csv`` names. All are copied;
the 448, which are larger, are also shrunk to the short side at which photographs are scored, so that a crop shows now a
detail and now most of the picture.
"""

from __future__ import annotations

import csv
import shutil
import sys
from pathlib import Path

from PIL import Image

from bench.api import Resize
from bench.errors import BenchError, UsageError
from bench.io.images import decode, read_bytes, resize

SHORT_SIDE = 384

_LIST = Path(__file__).parents[2] / "ilniqe_photographs.csv"
_BSDS500 = 500


def collect(bsds500: Path, photographs: Path, output: Path) -> int:
    """Write the photographs to a new folder and return how many files there are.

    Raises:
        UsageError: some are missing, or the folder is there already.
    """
    small = sorted(bsds500.glob("*.jpg"))
    if len(small) != _BSDS500:
        raise UsageError(f"BSDS500 got {bsds500}, which has {len(small)} .jpg files instead of {_BSDS500}")
    with _LIST.open(encoding="utf-8", newline="") as lines:
        large = [photographs / row["file"] for row in csv.DictReader(lines)]
    if absent := [path for path in large if not path.is_file()]:
        raise UsageError(
            f"PHOTOGRAPHS got {photographs}, which lacks {absent[0].name}; {_LIST.name} says what the files are"
        )
    if output.exists():
        raise UsageError(f"OUTPUT got {output}, which exists: give a new folder")
    output.mkdir(parents=True)
    for path in (*small, *large):
        shutil.copyfile(path, output / path.name)
    for path in large:
        # Sizes of one photograph share the name before the first dot, by which they are held out together.
        pixels = decode(read_bytes(path), path.name).pixels
        Image.fromarray(resize(pixels, Resize(short=SHORT_SIDE))).save(output / f"{path.stem}.{SHORT_SIDE}.png")
    return len(small) + 2 * len(large)


if __name__ == "__main__":
    try:
        print(f"{sys.argv[3]}: {collect(*map(Path, sys.argv[1:4]))} files")
    except (BenchError, IndexError) as error:
        sys.exit(f"collect: {error}; usage: BSDS500 PHOTOGRAPHS OUTPUT")
