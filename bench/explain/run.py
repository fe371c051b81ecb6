"""``bench explain``: explanation of a method's score of a photograph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.api import Method, Photo
from bench.errors import ImageError, UsageError
from bench.explain.explanation import Explanation, explain, offers_explanation
from bench.io.images import decode, prepare, read_bytes
from bench.io.visible import quoted
from bench.plugins.registry import catalogue, warn_about_plugins
from bench.runs import loading


@dataclass(frozen=True, eq=False)
class ExplainedPhoto:
    """A photograph, a method, and why the one gets its score from the other.

    Attributes:
        path: of the photograph.
        photo: decoded, pixels (H, W, 3).
        method: label of the method.
        fingerprint: of its weights.
        explanation: score, maps and probabilities.
    """

    path: Path
    photo: Photo
    method: str
    fingerprint: str
    explanation: Explanation

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values, unrounded.

        Of a map: its size in cells, its largest and its mean value, their standard deviation, the largest value that
        noise reaches, and how many cells are above it.
        """
        found = self.explanation
        maps = {
            name: {
                "cells": list(cells.shape),
                "largest": float(cells.max()),
                "mean": float(cells.mean()),
                "sd": float(cells.std()),
                "noise": found.noise[name],
                "above_noise": int(found.above_noise(name).sum()),
            }
            for name, cells in found.maps.items()
        }
        about = {"image": str(self.path), "method": self.method, "fingerprint": self.fingerprint}
        return {
            **about,
            "score": found.score,
            "aspects": found.aspects,
            "maps": maps,
            "unit": found.unit,
            "left_out": found.left_out,
        }


def explain_photo(
    path: Path, method: str, options: Iterable[str] = (), device: str = "auto", precision: str = "exact"
) -> ExplainedPhoto:
    """Explain a method's score of a photograph by Grad-CAM maps and probabilities of aspects.

    :func:`bench.explain.figure.overlay` and :func:`bench.explain.figure.aspect_bars` draw what is found.

    Args:
        path: of the photograph.
        method: name of a method with a network to look into.
        options: of the method, as ``METHOD.NAME=VALUE``.
        device: ``auto``, ``cpu`` or ``cuda``.
        precision: ``exact`` or ``fast``.

    Raises:
        UsageError: the method offers no explanation, or the photograph cannot be decoded or scored.
        MissingRequirementError: weights are not here and cannot be fetched.
    """
    spec = loading.one_spec(method, options, device, precision)
    warn_about_plugins()
    _check_offer(spec.method, method)
    photo = _decode(path)
    (ready,) = loading.load_methods([spec])
    try:
        found = explain(ready.method, prepare(photo, ready.method.info.input))
    except ImageError as error:
        raise UsageError(f"PHOTO got {path}, which {ready.spec.label} cannot score: {error}") from None
    return ExplainedPhoto(path, photo, ready.spec.label, ready.spec.fingerprint, found)


def _check_offer(method: type[Method], name: str) -> None:
    if not offers_explanation(method):
        able = ", ".join(known for known, each in catalogue().methods.items() if offers_explanation(each))
        raise UsageError(f"--method got {quoted(name)}, which offers no explanations; these methods do: {able}")


def _decode(path: Path) -> Photo:
    try:
        return decode(read_bytes(path), path.name)
    except ImageError as error:
        raise UsageError(f"PHOTO got {path}: {error}") from None
