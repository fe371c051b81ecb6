"""Page of a folder's scores: the worst and the best photographs, a threshold, and what methods disagree on."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from bench import __version__, stats
from bench.api import FloatArray
from bench.errors import ImageError, UsageError
from bench.io.atomic import write_output
from bench.io.progress import bar
from bench.report.disagreements import Disagreement, disagree
from bench.report.page import render_page
from bench.report.pictures import BUDGET, LONG_SIDE, EmbeddedPicture, shrink
from bench.runs.entry import Entry
from bench.runs.image_scores import ImageScore, NamedImage
from bench.runs.jobs import LoadedMethod, Settings
from bench.runs.runner import method_identity

EACH = 24
"""Worst photographs of each method, best ones, and ones in between, whose pictures are on the page."""
MOST_PICTURES = 400
_BESIDE = 4  # of the threshold, on each side
_QUANTILES = np.linspace(0, 1, 201)


@dataclass(frozen=True)
class RatedSet:
    """Scores of one method on a dataset that people rated.

    Attributes:
        title: dataset and protocol.
        n: images.
        quantiles: their scores, turned so that higher is better, at 0, 0.5, 1, ... 100 percent.
    """

    title: str
    n: int
    quantiles: tuple[float, ...]


@dataclass(frozen=True)
class ScoredBy:
    """The scores of one method.

    Attributes:
        label: of the method.
        better: ``higher`` or ``lower``.
        scores: (n,) raw, NaN where there is none.
        errors: index of an image → why it has no score.
        sets: what people rated and the same method scored.
    """

    label: str
    better: str
    scores: FloatArray
    errors: Mapping[int, str]
    sets: Sequence[RatedSet]

    @property
    def worst_first(self) -> list[int]:
        """Indices of the images with a score."""
        quality = self.scores if self.better == "higher" else -self.scores
        order = np.argsort(quality, kind="stable")
        return [int(index) for index in order if np.isfinite(quality[index])]


@dataclass(frozen=True)
class Pair:
    """Two methods on the same photographs.

    Attributes:
        methods: their places.
        srcc: of their scores, in words.
        images: those that they disagree on most, first what the first thinks better of.
    """

    methods: tuple[int, int]
    srcc: str
    images: Sequence[Disagreement]


def write_page(
    path: Path,
    rows: Iterable[ImageScore],
    images: Sequence[NamedImage],
    ready: Sequence[LoadedMethod],
    settings: Settings,
    rated: Sequence[Entry] = (),
) -> int:
    """Write the scores of photographs as one page that stands alone, and return how many pictures it has.

    Args:
        path: the page, ``.html``.
        rows: scores of all images by all methods.
        images: what was scored.
        ready: the methods.
        settings: how they scored.
        rated: stored results; those of the same methods on what people rated say where a score stands among them.

    Raises:
        UsageError: the name is not that of a page, or it cannot be written.
    """
    check_page(path)
    names = [image.name for image in images]
    of = {(row.image, row.method): row for row in rows}
    methods = [
        _scored_by(names, one, of, rated_sets(rated, one, settings.with_policy(images[0].resize))) for one in ready
    ]
    pairs = [_pair(methods, places) for places in itertools.combinations(range(len(methods)), 2)]
    pictures = _pictures(images, _worth_showing(methods, pairs))
    title = f"{len(images):,} photographs"
    text = render_page(
        "photographs.html.j2",
        ("page.css", "photographs.css"),
        ("common.js", "photographs.js"),
        title=title,
        version=__version__,
        methods=methods,
        failed=sum(bool(method.errors) and len(method.errors) for method in methods),
        pictures=len(pictures),
        long_side=LONG_SIDE,
        data=_as_json(names, methods, pairs, pictures),
    )
    write_output(path, text, "--html")
    return len(pictures)


def check_page(path: Path) -> None:
    """Raise UsageError unless a page can be written there."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--html got {path}: its name must end in .html")
    if not path.parent.is_dir():
        raise UsageError(f"--html got {path}: the folder {path.parent} does not exist")


def rated_sets(entries: Iterable[Entry], ready: LoadedMethod, settings: Settings) -> list[RatedSet]:
    """Return the stored scores of the very same method, resized alike, on images that people rated."""
    identity = method_identity(ready.spec, settings)
    found = []
    for entry in entries:
        same = entry.identity.method == identity and entry.protocol.resize == str(settings.resize)
        if not same or not entry.complete or entry.dataset.kind == "synthetic-order":
            continue
        frame = entry.scores(("image", "score", "mos"))
        scores = entry.sign * frame.loc[frame["mos"].notna(), "score"].dropna().to_numpy(np.float64)
        if len(scores):
            split = "" if entry.protocol.split == "all" else f", {entry.protocol.split}"
            quantiles = tuple(float(value) for value in np.quantile(scores, _QUANTILES))
            found.append(RatedSet(entry.dataset.id + split, len(scores), quantiles))
    return found


def _scored_by(
    names: Sequence[str],
    ready: LoadedMethod,
    of: Mapping[tuple[str, str], ImageScore],
    sets: Sequence[RatedSet],
) -> ScoredBy:
    label = ready.spec.label
    rows = [of[name, label] for name in names]
    scores = np.array([np.nan if row.score is None else row.score for row in rows])
    errors = {place: row.error for place, row in enumerate(rows) if row.error is not None}
    return ScoredBy(label, rows[0].better, scores, errors, sets)


def _pair(methods: Sequence[ScoredBy], places: tuple[int, int]) -> Pair:
    a, b = (methods[place] for place in places)
    both = np.isfinite(a.scores) & np.isfinite(b.scores)
    higher = a.better == "higher", b.better == "higher"
    signs = (1 if higher[0] else -1, 1 if higher[1] else -1)
    found = stats.correlate(a.scores[both], b.scores[both], *signs, values=("srcc",))
    srcc = f"SRCC {found.srcc:.3f}" if found.srcc is not None else f"no SRCC: {found.reasons['srcc']}"
    return Pair(places, srcc, disagree(a.scores, b.scores, *higher))


def _worth_showing(methods: Sequence[ScoredBy], pairs: Sequence[Pair]) -> list[int]:
    """Return the images whose pictures the page should have, the most wanted first."""
    orders = [method.worst_first for method in methods]
    spread = [[order[round(at)] for at in np.linspace(0, len(order) - 1, EACH)] for order in orders if order]
    ends = [each for order in orders for each in (order[:EACH], order[::-1][:EACH])]
    # At first a tenth goes: the last that go and the first that stay.
    border = [order[max(0, len(order) // 10 - _BESIDE) : len(order) // 10 + _BESIDE] for order in orders]
    lists = [[each.index for each in pair.images] for pair in pairs] + ends + border
    turns = [index for turn in zip_longest(*lists) for index in turn if index is not None]
    return list(dict.fromkeys([*turns, *itertools.chain(*spread)]))[:MOST_PICTURES]


def _pictures(images: Sequence[NamedImage], wanted: Sequence[int]) -> dict[int, EmbeddedPicture]:
    found: dict[int, EmbeddedPicture] = {}
    size = 0
    with bar(len(wanted), "pictures", delay=1.0) as shown:
        for index in wanted:
            shown.update()
            try:
                found[index] = shrink(images[index].photo())
            except ImageError:
                continue  # it was there when it was scored
            size += len(found[index].uri)
            if size >= BUDGET:
                break
    return found


def _as_json(
    names: Sequence[str],
    methods: Sequence[ScoredBy],
    pairs: Sequence[Pair],
    pictures: Mapping[int, EmbeddedPicture],
) -> dict[str, Any]:
    return {
        "names": names,
        "each": EACH,
        "beside": _BESIDE,
        "methods": [
            {
                "label": method.label,
                "better": method.better,
                "scores": [float(f"{score:.7g}") if np.isfinite(score) else None for score in method.scores],
                "errors": {str(index): error for index, error in method.errors.items()},
                "sets": [
                    {"title": each.title, "n": each.n, "quantiles": [float(f"{q:.6g}") for q in each.quantiles]}
                    for each in method.sets
                ],
            }
            for method in methods
        ],
        "pairs": [
            {"methods": pair.methods, "srcc": pair.srcc, "images": [vars(each) for each in pair.images]}
            for pair in pairs
        ],
        "pictures": {str(index): vars(picture) for index, picture in pictures.items()},
    }
