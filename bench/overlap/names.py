"""Content that two sets share by name: numbers and names that are rarely equal by chance.

Three ways, the strongest first:

* **photo id**: a number of 9 to 11 digits that stands alone, as Flickr gives its photographs (``10004473376.jpg``,
  ``6056698931_0a1b2c_b.jpg``). Not one with a leading zero, not one of a dense numbering, not one that so many
  images of a set bear that it must be that of a project.
* **file name**: equal with its suffix, whatever the folder and the case.
* **stem**: equal without it.

Equal names tell something only where they hold enough: ``I01.png`` and ``00001.jpg`` are in many sets. A digit counts
log2(10) bits and a letter 2, about what one of an English word holds; leading zeros count nothing, nor do the letters
of a numbered series (ten names or more that differ by numbers alone), which all its names have in common. Two sets of
10,000 and 100,000 make 2^30 pairs, so a name tells from 30 bits on. Equal names below that are given apart, for
people to judge.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.io.images import SUFFIXES

Kind = Literal["photo id", "file name", "stem"]

_TELLING_BITS = 30.0
_DIGIT_BITS = math.log2(10)
_LETTER_BITS = 2.0
# KADID-10k has 125 versions of each photograph, TID2013 120, PIPAL 116.
_MOST_VERSIONS = 200
# Numbers nearer together than this on average count something up; those of KonIQ's Flickr ids are 400,000 apart.
_DENSE_STEP = 1000
_FEWEST_IN_SERIES = 10
_PHOTO_ID = re.compile(r"(?<![^\W_])[1-9][0-9]{8,10}(?![^\W_])")
_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class SharedName:
    """A name or number that images of both sides bear.

    Attributes:
        kind: how it is shared.
        key: the number or the stem, in lower case.
        a: the images of one side that bear it.
        b: those of the other.
    """

    kind: Kind
    key: str
    a: tuple[str, ...]
    b: tuple[str, ...]


@dataclass(frozen=True)
class SharedNames:
    """Names that two sets share.

    Attributes:
        telling: what hardly arises by chance, in order of kind and key.
        generic: equal stems that tell nothing, in order.
    """

    telling: tuple[SharedName, ...]
    generic: tuple[str, ...]


Names = Mapping[str, Iterable[str]]
"""An image, as it is listed, to all the names it goes by: its own, its original's, a web address."""


def looks_like_name(text: str) -> bool:
    """Tell whether a text of a label file names an image: a known suffix at its end, or a web address."""
    return text.startswith(("https://", "http://")) or _split(text)[1] != ""


def shared_names(a: Names, b: Names | None = None) -> SharedNames:
    r"""Find what the names of two sets share, or what different images of one set do.

    Args:
        a: the images of one set; ``/`` or ``\`` between folders.
        b: those of the other; None looks inside ``a``: the first image with a key is then ``a``, the others ``b``.
    """
    sides = (a,) if b is None else (a, b)
    ids = _share([_by_id(side) for side in sides])
    stems = [_by_stem(side) for side in sides]
    series = {template for keyed in stems for template in _series(keyed)}
    found = [SharedName("photo id", number, tuple(one), tuple(other)) for number, (one, other) in ids.items()]
    generic = []
    for stem, (one, other) in _share(stems).items():
        if any(number in ids for number in _PHOTO_ID.findall(stem)):
            continue
        if _bits(stem, numbered=_template(stem) in series) < _TELLING_BITS:
            generic.append(stem)
        else:
            same = not set(one.values()).isdisjoint(other.values())
            found.append(SharedName("file name" if same else "stem", stem, tuple(one), tuple(other)))
    return SharedNames(tuple(sorted(found, key=lambda shared: (shared.kind, shared.key))), tuple(sorted(generic)))


# A key that images go by → each such image with the suffix of that name.
_Keyed = dict[str, dict[str, str]]


def _share(sides: Sequence[_Keyed]) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    if len(sides) == 2:
        return {key: (images, sides[1][key]) for key, images in sides[0].items() if key in sides[1]}
    halves = {key: list(images.items()) for key, images in sides[0].items() if len(images) > 1}
    return {key: (dict(images[:1]), dict(images[1:])) for key, images in halves.items()}


def _by_stem(names: Names) -> _Keyed:
    keyed: _Keyed = defaultdict(dict)
    for image, texts in names.items():
        for text in texts:
            stem, suffix = _split(text)
            keyed[stem][image] = suffix
    return dict(keyed)


def _by_id(names: Names) -> _Keyed:
    keyed: _Keyed = defaultdict(dict)
    for image, texts in names.items():
        for text in texts:
            stem, suffix = _split(text)
            for number in _PHOTO_ID.findall(stem):
                keyed[number][image] = suffix
    kept = {number: images for number, images in keyed.items() if len(images) <= _MOST_VERSIONS}
    return {} if _is_dense([int(number) for number in kept]) else kept


def _is_dense(numbers: Sequence[int]) -> bool:
    enough = len(numbers) >= _FEWEST_IN_SERIES
    return enough and (max(numbers) - min(numbers)) / len(numbers) < _DENSE_STEP


def _split(name: str) -> tuple[str, str]:
    """Return stem and suffix of the last part of a name, in lower case; only an image's suffix is one."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2].lower()
    stem, dot, suffix = last.rpartition(".")
    return (stem, dot + suffix) if dot + suffix in SUFFIXES else (last, "")


def _template(stem: str) -> str:
    return _NUMBER.sub("#", stem)


def _series(stems: Iterable[str]) -> set[str]:
    """Templates of ten stems and more: these differ by their numbers alone."""
    return {template for template, count in Counter(map(_template, stems)).items() if count >= _FEWEST_IN_SERIES}


def _bits(stem: str, *, numbered: bool) -> float:
    digits = sum(len(number.lstrip("0")) for number in _NUMBER.findall(stem))
    letters = 0 if numbered else sum(character.isalpha() for character in stem)
    return digits * _DIGIT_BITS + letters * _LETTER_BITS
