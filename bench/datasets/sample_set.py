"""The embedded dataset ``sample``: photographs from installed packages, degraded at five levels.

It lets every command run without a download. Its scores are the levels of synthetic degradations, 1 (weakest)
to 5: LOWER IS BETTER, and NO HUMAN OPINION is in them. Within one series (a photograph and a type) the order
is sure; between types a level is no common measure (blur at level 1 leaves the photograph as it is).
A correlation on this set shows that a method runs and follows severity, not that it agrees with people.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import importlib.util
import json
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from tqdm import tqdm

from bench.api import Pixels, Resize
from bench.distortions import LEVELS
from bench.errors import MissingRequirementError, UsageError
from bench.extras import require
from bench.io.cache import cache_root
from bench.io.hashing import hash_bytes
from bench.io.images import decode, read_bytes, resize

RECIPE = 1
"""Raise it when the same photographs would give other pixels or scores: it names the cached folder."""

SHORT_SIDE = 384
TYPES = ("gaussian-blur", "jpeg2000", "jpeg", "white-noise", "darken", "pixelate")
COLUMNS = ("image", "score", "reference", "type", "level")

_STALE_AFTER_S = 24 * 3600
_DISTRIBUTIONS = {"skimage": "scikit-image", "sklearn": "scikit-learn"}


@dataclass(frozen=True)
class PackagedPhotograph:
    """One pristine photograph that an installed package carries.

    Attributes:
        name: its folder in the dataset and its entry in the column ``reference``.
        package: the import name of the package.
        path: the file inside the package's folder, with ``/``.
        author: who took it, as far as the package says.
        licence: what the package says of its use.
        origin: where the package had it from.
    """

    name: str
    package: str
    path: str
    author: str
    licence: str
    origin: str


# Read in the docstrings of skimage.data and in sklearn/datasets/images/README.txt.
PHOTOGRAPHS = (
    PackagedPhotograph(
        "astronaut",
        "skimage",
        "data/astronaut.png",
        author="NASA",
        licence="public domain, no known copyright restrictions",
        origin="NASA Great Images, https://flic.kr/p/r9qvLn (Eileen Collins)",
    ),
    PackagedPhotograph(
        "camera",
        "skimage",
        "data/camera.png",
        author="Lav Varshney",
        licence="CC0",
        origin="given to scikit-image by the photographer (grey)",
    ),
    PackagedPhotograph(
        "chelsea",
        "skimage",
        "data/chelsea.png",
        author="Stéfan van der Walt",
        licence="CC0",
        origin="given to scikit-image by the photographer (a cat)",
    ),
    PackagedPhotograph(
        "china",
        "sklearn",
        "datasets/images/china.jpg",
        author="danielbuechele (Flickr)",
        licence="CC BY 2.0, https://creativecommons.org/licenses/by/2.0/",
        origin="https://www.flickr.com/photos/danielbuechele/6061409035/",
    ),
    PackagedPhotograph(
        "coffee",
        "skimage",
        "data/coffee.png",
        author="Rachel Michetti, courtesy of Pikolo Espresso Bar",
        licence="CC0",
        origin="given to scikit-image by the photographer",
    ),
    # The README names danielbuechele here too, but its links lead to vultilion.
    PackagedPhotograph(
        "flower",
        "sklearn",
        "datasets/images/flower.jpg",
        author="vultilion (Flickr)",
        licence="CC BY 2.0, https://creativecommons.org/licenses/by/2.0/",
        origin="https://www.flickr.com/photos/vultilion/6056698931/",
    ),
    PackagedPhotograph(
        "rocket",
        "skimage",
        "data/rocket.jpg",
        author="SpaceX",
        licence="public domain, released by SpaceX",
        origin="https://www.flickr.com/photos/spacexphotos/16511594820/",
    ),
)


def folder() -> Path:
    """Return where the dataset lies once built; the name changes with the recipe and its photographs.

    Raises:
        MissingRequirementError: a package or a photograph in it is not installed.
    """
    return cache_root() / f"sample-{recipe_hash()}"


def recipe_hash() -> str:
    """Hash everything that decides the pixels and scores, except the codecs' own versions."""
    sources = {photograph.name: hashlib.sha256(_source_bytes(photograph)).hexdigest() for photograph in PHOTOGRAPHS}
    recipe = json.dumps([RECIPE, SHORT_SIDE, TYPES, LEVELS, sources])
    return hash_bytes(recipe.encode())


def ensure() -> Path:
    """Return the folder of the dataset, building it first where it is absent.

    Raises:
        MissingRequirementError: a package or a photograph in it is not installed.
        UsageError: the cache folder cannot be written.
    """
    require("the dataset sample", "skimage", "torch")
    target = folder()
    if not target.is_dir():
        build(target)
    return target


def build(target: Path) -> None:
    """Build the dataset as the folder ``target``, whole or not at all.

    It is made in a hidden folder beside ``target`` and then renamed. Where another process was quicker,
    its folder stays and this one's work is dropped; a killed build's remains go with a later build.

    Raises:
        MissingRequirementError: a package or a photograph in it is not installed.
        UsageError: the folder cannot be written.
    """
    prefix = f".{target.name}-"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(target.parent, prefix)
        with tempfile.TemporaryDirectory(prefix=prefix, dir=target.parent) as scratch:
            # A folder inside: the outer one is private to this user, the dataset need not be.
            content = Path(scratch) / "content"
            content.mkdir()
            _write_dataset(content)
            _move(content, target)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(
            f"the sample dataset cannot be built in {target.parent}: {reason}. Set BENCH_CACHE to a writable folder."
        ) from None


def _remove_stale(parent: Path, prefix: str) -> None:
    for leftover in parent.glob(f"{prefix}*"):
        # Another builder may be removing it as well.
        with contextlib.suppress(FileNotFoundError):
            if time.time() - leftover.stat().st_mtime > _STALE_AFTER_S:
                shutil.rmtree(leftover, ignore_errors=True)


def _move(content: Path, target: Path) -> None:
    try:
        content.rename(target)
    except OSError:
        # A folder with content cannot be renamed over: another builder has finished first.
        if not target.is_dir():
            raise


def _write_dataset(content: Path) -> None:
    rows = []
    total = len(PHOTOGRAPHS) * len(TYPES) * len(LEVELS)
    # disable=None: no bar where stderr is no terminal.
    bar = tqdm(total=total, desc="building the sample dataset", unit="image", disable=None, leave=False)
    with bar, one_thread():
        for photograph in PHOTOGRAPHS:
            (content / photograph.name).mkdir()
            for distortion, level, pixels in _series(photograph):
                image = f"{photograph.name}/{distortion}-{level}.png"
                _write_png(pixels, content / image)
                rows.append((image, level, photograph.name, distortion, level))
                bar.update()
    (content / "ATTRIBUTION.txt").write_text(attribution(), encoding="utf-8")
    with (content / "scores.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let torch work in one thread while images are degraded."""
    # Images this small lose far more to waiting threads than they win: a third of the time, all in all.
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _series(photograph: PackagedPhotograph) -> Iterator[tuple[str, int, Pixels]]:
    # Imported here: with a built dataset nobody needs to wait for torch.
    import torch

    from bench.distortions import distort

    pristine = torch.from_numpy(load_photograph(photograph).copy()).permute(2, 0, 1) / 255
    for distortion, level in product(TYPES, LEVELS):
        # Noise of its own for every image; a seed from its name is the same in any order of building.
        seed = zlib.crc32(f"{photograph.name}/{distortion}-{level}".encode())
        degraded = distort(pristine, distortion, level, torch.Generator().manual_seed(seed))
        yield distortion, level, (degraded * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()


def _write_png(pixels: Pixels, path: Path) -> None:
    from PIL import Image

    # Level 1 of zlib: a third of the time for a tenth more bytes.
    Image.fromarray(pixels).save(path, compress_level=1)


def load_photograph(photograph: PackagedPhotograph) -> Pixels:
    """Return a pristine photograph as (H, W, 3) uint8, its short side no longer than 384.

    Raises:
        MissingRequirementError: its package, or the file in it, is not installed.
    """
    pixels = decode(_source_bytes(photograph), photograph.name).pixels
    return resize(pixels, Resize(short=SHORT_SIDE)) if min(pixels.shape[:2]) > SHORT_SIDE else pixels


def _source_bytes(photograph: PackagedPhotograph) -> bytes:
    # The package's folder without importing it: scikit-learn takes a second.
    spec = importlib.util.find_spec(photograph.package)
    folders = (spec.submodule_search_locations if spec else None) or []
    path = next((found for root in folders if (found := Path(root, photograph.path)).is_file()), None)
    if path is None:
        distribution = _DISTRIBUTIONS.get(photograph.package, photograph.package)
        raise MissingRequirementError(
            f"the sample dataset needs {photograph.path} of {distribution}, which is not installed: "
            f"pip install --force-reinstall {distribution}"
        )
    return read_bytes(path)


def attribution() -> str:
    """Return the text of ATTRIBUTION.txt: what the scores are, and whose the photographs."""
    lines = [
        "The dataset `sample` of bench",
        "",
        "score = level of a synthetic degradation, 1 (weakest) to 5. LOWER IS BETTER.",
        "NO HUMAN OPINION: nobody has rated these images.",
        "",
        f"Every photograph was changed: brought to a short side of at most {SHORT_SIDE} pixels, then degraded.",
        f"Types: {', '.join(TYPES)}.",
    ]
    for photograph in PHOTOGRAPHS:
        lines += [
            "",
            f"{photograph.name}/",
            f"  author:  {photograph.author}",
            f"  licence: {photograph.licence}",
            f"  origin:  {photograph.origin}",
            f"  read from the installed package {photograph.package}: {photograph.path}",
        ]
    return "\n".join([*lines, ""])
