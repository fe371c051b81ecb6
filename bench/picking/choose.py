"""Which method to use on some photographs: speed here, agreement here and with people, licence, and the choice."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from bench import stats
from bench.api import FloatArray
from bench.datasets.roots import Roots
from bench.errors import BenchError, ImageError, UsageError, counted, listed
from bench.io.progress import bar
from bench.picking.evidence import Agreement, agreements, common_datasets, copies, stored_cells
from bench.picking.measure import STATISTICS, Measured, measure, resemblance, shipped, summarise
from bench.picking.rate import MANY, worth_rating
from bench.runs.entry import Entry
from bench.runs.image_scores import NamedImage
from bench.runs.jobs import ImageToScore, LoadedMethod, Settings
from bench.runs.scoring import score_items
from bench.tables.cell import Cell
from bench.tables.photographs import of_dataset
from bench.views.published.numbers import PublishedResult

SAMPLE = 200
"""Photographs that are scored, at most, unless more are asked for."""
_OF_A_DATASET = 64
_ALIKE = 0.1
_FORBIDDEN = re.compile(r"non-?commercial|\bby-nc\b|research|academic", re.IGNORECASE)
_ALLOWED = re.compile(r"\b(apache|mit|bsd|cc0|public domain|cc[- ]by)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Candidate:
    """A method that could be used.

    Attributes:
        method: its label.
        better: ``higher`` or ``lower``: which scores are better.
        srcc: mean SRCC with people, weighted by how much the datasets resemble the photographs; None without one.
        low: the lowest end of the intervals of the datasets that count; None where one has none.
        high: the highest end.
        reason: why there is no SRCC.
        agreements: with people, on every dataset that is known.
        milliseconds: for a photograph, to score it: no reading, no decoding; None where none has a score.
        failed: photographs without a score.
        licence: as declared.
        commercial: ``yes``, ``no`` or ``unclear``, by the words of the licence.
        affordable: whether it is within the budget.
    """

    method: str
    better: str
    srcc: float | None
    low: float | None
    high: float | None
    reason: str
    agreements: Mapping[str, Agreement]
    milliseconds: float | None
    failed: int
    licence: str
    commercial: str
    affordable: bool


@dataclass(frozen=True)
class Resembling:
    """A dataset that people rated.

    Attributes:
        dataset: its id.
        resemblance: to the photographs, 0 to 1; None where nobody measured the dataset.
        origin: which of its images were measured.
        counts: whether the mean SRCC is over it.
    """

    dataset: str
    resemblance: float | None
    origin: str
    counts: bool


@dataclass(frozen=True)
class Picks:
    """Which method to use, and what that rests on.

    Attributes:
        chosen: label of the method; None where nothing tells.
        candidates: the best first, those without an SRCC last.
        datasets: that people rated, the most alike first.
        between: (method, method) → SRCC of their scores on the photographs; None where there is none.
        to_rate: names of the photographs on which a rating would tell most, the worst first.
        files: path of each of them, absolute; its name where it is in an archive, on a server or in memory.
        measured: statistics of the photographs.
        basis: sentences on what all of it rests on.
    """

    chosen: str | None
    candidates: Sequence[Candidate]
    datasets: Sequence[Resembling]
    between: Mapping[tuple[str, str], float | None]
    to_rate: Sequence[str]
    files: Sequence[str]
    measured: Measured
    basis: Sequence[str]


def choose(
    images: Sequence[NamedImage],
    ready: Sequence[LoadedMethod],
    settings: Settings,
    entries: Sequence[Entry],
    published: Sequence[PublishedResult],
    roots: Roots,
    *,
    budget: float | None = None,
    sample: int = SAMPLE,
    many: int = MANY,
) -> Picks:
    """Score photographs by every candidate and say which to use.

    Args:
        images: the photographs.
        ready: the candidates.
        settings: how to score.
        entries: stored results.
        published: published correlations.
        roots: where datasets lie, for measuring those that results are stored on.
        budget: milliseconds that a photograph may take; None: any.
        sample: photographs to score, at most; more are drawn from.
        many: photographs to name for rating, at most.

    Raises:
        BenchError: no photograph can be read.
    """
    drawn = _draw(images, sample)
    settings = settings.with_policy(drawn[0].resize)
    measured = _measured(drawn)
    if measured is None:
        raise BenchError("none of the photographs can be decoded")
    scores, seconds = _score(drawn, ready, settings)
    cells = stored_cells(entries, ready, settings)
    known = {one.spec.label: agreements(one.method.declared(), cells[one.spec.label], published) for one in ready}
    alike = _resembling(known, cells, measured, roots)
    twins = {cell.dataset.id: cell.entry.twins for of in cells.values() for cell in of}
    weights = _weights(known, alike, twins)
    quality = _quality(scores, ready)
    candidates = [
        _candidate(one, known[one.spec.label], weights, quality[place], seconds[place], budget)
        for place, one in enumerate(ready)
    ]
    candidates.sort(key=lambda one: (one.srcc is None, -(one.srcc or 0.0)))
    to_rate = _to_rate(quality, drawn, many)
    datasets = [replace(each, counts=each.dataset in weights) for each in alike]
    return Picks(
        next((one.method for one in candidates if one.srcc is not None and one.affordable), None),
        candidates,
        datasets,
        _between(quality, [one.spec.label for one in ready]),
        [image.name for image in to_rate],
        [image.path or image.name for image in to_rate],
        measured,
        _basis(len(images), measured, datasets, candidates, copies([d.dataset for d in datasets], weights, twins)),
    )


def _draw(images: Sequence[NamedImage], sample: int) -> list[NamedImage]:
    if not images:
        raise UsageError("FOLDER got no photographs: give a folder with some")
    places = range(len(images))
    kept = sorted(random.Random(0).sample(places, sample)) if len(images) > sample else places
    return [images[place] for place in kept]


def _measured(images: Sequence[NamedImage], origin: str = "") -> Measured | None:
    found = []
    with bar(len(images), f"measuring {origin}".strip(), delay=1.0) as shown:
        for image in images:
            shown.update()
            with suppress(ImageError):
                found.append(measure(image.photo().pixels))
    return summarise(found, origin) if found else None


def _score(
    drawn: Sequence[NamedImage], ready: Sequence[LoadedMethod], settings: Settings
) -> tuple[FloatArray, list[float]]:
    """Return raw scores (methods, n), NaN where there is none, and the seconds that each method took."""
    place = {image.name: at for at, image in enumerate(drawn)}
    scores, seconds = np.full((len(ready), len(drawn)), np.nan), [0.0] * len(ready)
    items = [ImageToScore(image.name, image.file, tuple(range(len(ready)))) for image in drawn]
    for done in score_items(ready, items, settings, "scoring"):
        for index, outcomes in done.outcomes.items():
            seconds[index] += done.seconds[index]
            for outcome in outcomes:
                if outcome.score is not None:
                    scores[index, place[outcome.image]] = outcome.score
    return scores, seconds


def _quality(scores: FloatArray, ready: Sequence[LoadedMethod]) -> FloatArray:
    signs = [1 if one.method.declared().higher_is_better else -1 for one in ready]
    return np.asarray(scores * np.array(signs)[:, None])


def _resembling(
    known: Mapping[str, Mapping[str, Agreement]],
    cells: Mapping[str, Sequence[Cell]],
    measured: Measured,
    roots: Roots,
) -> list[Resembling]:
    stored = {cell.dataset.id: cell for of in cells.values() for cell in of}
    ready_made = shipped()
    found = []
    for dataset in dict.fromkeys(dataset for of in known.values() for dataset in of):
        of = ready_made.get(dataset) or (_measure_dataset(stored[dataset], roots) if dataset in stored else None)
        alike = None if of is None else resemblance(measured, of)
        found.append(Resembling(dataset, alike, of.origin if of else "", False))
    return sorted(found, key=lambda each: (each.resemblance is None, -(each.resemblance or 0.0), each.dataset))


def _measure_dataset(cell: Cell, roots: Roots) -> Measured | None:
    files = of_dataset([cell], roots).files
    names = sorted(random.Random(0).sample(sorted(files), min(len(files), _OF_A_DATASET)))
    origin = f"{cell.dataset.id}, {len(names)} of its images here"
    return _measured([NamedImage(name, files[name], "none") for name in names], origin)


def _weights(
    known: Mapping[str, Mapping[str, Agreement]], alike: Sequence[Resembling], twins: Mapping[str, Collection[str]]
) -> dict[str, float]:
    """Return the datasets that methods compare on, and what each counts."""
    measured = {each.dataset: max(each.resemblance, 1e-9) for each in alike if each.resemblance is not None}
    of = measured or {each.dataset: 1.0 for each in alike}
    return {name: of[name] for name in common_datasets(known, of, twins)}


def _candidate(
    ready: LoadedMethod,
    known: Mapping[str, Agreement],
    weights: Mapping[str, float],
    quality: FloatArray,
    seconds: float,
    budget: float | None,
) -> Candidate:
    info = ready.method.declared()
    milliseconds = 1000 * seconds / quality.size if np.isfinite(quality).any() else None
    lacking = [dataset for dataset in weights if dataset not in known]
    srcc, reason = None, f"no stored or published result on {listed(lacking, 3)}" if weights else "no result is known"
    low = high = None
    if weights and not lacking:
        used = [known[dataset] for dataset in weights]
        reason = ""
        srcc = float(np.average([one.srcc for one in used], weights=list(weights.values())))
        ends = [(one.low, one.high) for one in used]
        if all(end is not None for pair in ends for end in pair):
            low, high = min(pair[0] or 0.0 for pair in ends), max(pair[1] or 0.0 for pair in ends)
    return Candidate(
        ready.spec.label,
        "higher" if info.higher_is_better else "lower",
        srcc,
        low,
        high,
        reason,
        known,
        milliseconds,
        int(np.isnan(quality).sum()),
        info.licence,
        commercial_use(info.licence),
        budget is None or (milliseconds is not None and milliseconds <= budget),
    )


def commercial_use(licence: str) -> str:
    """Say what the words of a licence mean for commercial use; no lawyer was asked.

    Example:
        >>> [commercial_use(text) for text in ("Apache-2.0; weights CC-BY-NC-4.0", "MIT", "see the authors' page")]
        ['no', 'yes', 'unclear']
    """
    if _FORBIDDEN.search(licence):
        return "no"
    return "yes" if _ALLOWED.search(licence) else "unclear"


def _between(quality: FloatArray, labels: Sequence[str]) -> dict[tuple[str, str], float | None]:
    found = {}
    for (i, a), (j, b) in itertools.combinations(enumerate(labels), 2):
        both = np.isfinite(quality[i]) & np.isfinite(quality[j])
        found[a, b] = stats.correlate(quality[i][both], quality[j][both], values=("srcc",)).srcc
    return found


def _to_rate(quality: FloatArray, images: Sequence[NamedImage], many: int) -> list[NamedImage]:
    usable = quality[np.isfinite(quality).any(axis=1)]
    whole = np.flatnonzero(np.isfinite(usable).all(axis=0))
    if len(usable) < 2 or not len(whole):
        return []
    return [images[whole[index]] for index in worth_rating(usable[:, whole], many)]


def _basis(
    given: int,
    measured: Measured,
    datasets: Sequence[Resembling],
    candidates: Sequence[Candidate],
    copied: Mapping[str, str],
) -> list[str]:
    drawn = (
        f"{measured.n:,} of {given:,} photographs, drawn at random" if measured.n < given else f"{given:,} photographs"
    )
    said = [f"Speed, agreement between methods and the photographs to rate rest on {drawn}."]
    used = [each for each in datasets if each.counts]
    alike = [each.resemblance for each in used if each.resemblance is not None]
    if not used:
        said.append("No result of these methods on rated photographs is stored or shipped: nothing tells which to use.")
    elif not alike:
        said.append(
            "No rated dataset with results was measured, so that nothing says whether its images resemble yours: all "
            "count the same."
        )
    else:
        said.append(
            f"SRCC is the mean over {counted(len(used), 'dataset')} that people rated, each counting as much as its "
            f"images resemble yours (0 to 1) in {', '.join(STATISTICS)}; other differences, as in what is shown, are "
            "not measured."
        )
        if max(alike) < _ALIKE:
            said.append(f"None of them resembles your photographs (at most {max(alike):.2g}): trust none of it much.")
    said += [f"{copy} does not count: it has the same labels or images as {name}." for copy, name in copied.items()]
    if len(used) < 3 and used:
        said.append("So few datasets say little of others: rate the photographs that are named here, and compare.")
    best = next((one for one in candidates if one.srcc is not None), None)
    if best is not None and best.low is not None:
        near = [one.method for one in candidates if one is not best and one.high is not None and one.high >= best.low]
        if near:
            said.append(f"The intervals of {listed(near)} and {best.method} overlap: this does not tell them apart.")
    return said
