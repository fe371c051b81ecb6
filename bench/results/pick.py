"""``bench.pick``: which method to use on some photographs; ``bench pick`` is written on it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bench.api import Method, Resize
from bench.errors import listed
from bench.extras import lacking
from bench.picking.choose import SAMPLE, Picks, choose
from bench.picking.rate import MANY
from bench.plugins.registry import catalogue, warn_about_plugins
from bench.results.arguments import MethodLike, assignments_of, methods_of, places_of, settings_of
from bench.results.score import name_images
from bench.results.wording import public
from bench.runs import loading
from bench.runs.global_state import preserved
from bench.runs.store import Store
from bench.views.published.numbers import read_published


@public
def pick(
    images: Any,
    methods: MethodLike | Sequence[MethodLike] | None = None,
    *,
    budget: float | None = None,
    sample: int = SAMPLE,
    many: int = MANY,
    options: Mapping[str, Any] | None = None,
    resize: str | Resize | None = None,
    device: str = "auto",
    workers: int | None = None,
    results: str | os.PathLike[str] | None = None,
    roots: Mapping[str, str | os.PathLike[str]] | None = None,
) -> Picks:
    """Say which method to use on some photographs, and what that rests on.

    Args:
        images: as in :func:`bench.score`.
        methods: candidates; None: every opinion-unaware method that needs no download.
        budget: milliseconds that scoring a photograph may take; None: any.
        sample: photographs to score, at most; more are drawn from at random, always the same ones.
        many: photographs to name for rating, at most.
        options: of methods, as ``{"niqe.model": "mine.npz"}``.
        resize: ``none``, ``short:N`` or ``WxH``, in pixels; None: what the dataset's card asks for.
        device: where networks run, as in :func:`bench.run`.
        workers: processes.
        results: folder of stored results; None: as in :func:`bench.run`.
        roots: where the folders of datasets are.

    Returns:
        The choice; ``candidates``, ``datasets``, ``between``, ``to_rate`` and ``basis`` say why.

    Raises:
        UsageError: something cannot start as asked.
        MissingRequirementError: a package or weights are not here and cannot be fetched.
        BenchError: no photograph can be decoded.

    Example:
        >>> import numpy as np
        >>> from bench import method
        >>> greys = [np.full((64, 64, 3), value, dtype=np.uint8) for value in (0, 90, 180, 255)]
        >>> mean = method(lambda image: np.asarray(image).mean(), name="mean", higher_is_better=True)
        >>> picks = pick(greys, mean)
        >>> print(picks.chosen, "-", picks.candidates[0].reason)
        None - no result is known
    """
    chosen = methods_of(methods if methods is not None else ready_methods())
    settings = settings_of(resize, 0, 8, workers)
    with preserved():
        specs = loading.method_specs(chosen, assignments_of(options), device)
        warn_about_plugins()
        places = places_of(roots)
        named = name_images(images, places, "images")
        picks = choose(
            named,
            loading.load_methods(specs),
            settings,
            Store.locate(None if results is None else os.fspath(results)).readable_entries(),
            read_published(),
            places,
            budget=budget,
            sample=sample,
            many=many,
        )
    untried = [] if methods is not None else sorted(lacking_methods(), key=lambda name: ":" in name)  # ours first
    if untried:
        said = f"Not tried, for lack of packages: {listed(untried, 6)}; `bench list methods` says how to install them."
        picks = replace(picks, basis=(*picks.basis, said))
    return picks


def ready_methods() -> list[str]:
    """Return the opinion-unaware methods of technical quality that need no download and no file."""
    return [name for name, method in _without_download() if not method.missing()]


def lacking_methods() -> list[str]:
    """Return the methods that would be such, were the packages that they need installed."""
    return [
        name
        for name, method in _without_download()
        if method.missing() and method.missing() == lacking(method.packages)
    ]


def _without_download() -> list[tuple[str, type[Method]]]:
    return [
        (name, method)
        for name, method in catalogue().methods.items()
        if method.info.opinion_aware is False and not method.info.tags and not method.downloads()
    ]
