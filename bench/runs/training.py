"""``bench train``: hyperparameters of a method from presets, files and texts, and its training with monitors."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.api import Method, Monitor
from bench.datasets.dataset import Dataset
from bench.errors import StoppedError, UsageError, did_you_mean
from bench.io.visible import quoted
from bench.plugins.options import values_from_table, values_from_texts
from bench.plugins.weights import with_fetching
from bench.runs.monitoring import monitor


def train_method(
    method: type[Method],
    pristine: Path,
    output: Path,
    *,
    preset: str | None = None,
    file: Path | None = None,
    texts: Mapping[str, str] | None = None,
    resume: bool = False,
    watched: Sequence[Dataset] = (),
) -> str:
    """Train a method on pristine photographs, without opinion scores.

    Args:
        method: one of :func:`bench.plugins.listing.trainable_methods`.
        pristine: a folder of photographs without visible faults.
        output: the folder for checkpoints, log and state.
        preset: named hyperparameters of the method.
        file: a TOML file of hyperparameters, which wins over the preset.
        texts: hyperparameters by name, as texts, which win over both.
        resume: go on with the run that the folder holds.
        watched: datasets whose SRCC is reported at every validation; they choose nothing.

    Returns:
        A sentence on what was trained on how much; empty where another process of the same run says it.

    Raises:
        UsageError: a hyperparameter is not known or has another type, or the folder holds another run.
        StoppedError: the training was interrupted; its state is kept.
        MissingRequirementError: weights are not here and cannot be fetched.
    """
    config = _config(method, preset, file, texts or {})
    monitors: dict[str, Monitor] = {dataset.id: monitor(dataset) for dataset in watched}
    run = functools.partial(method.train, config, pristine, output, resume=resume, monitors=monitors)
    try:
        return with_fetching(run)
    except KeyboardInterrupt:
        raise StoppedError(f"interrupted; if {output} has a saved state, --resume continues from it") from None


def _config(method: type[Method], preset: str | None, file: Path | None, texts: Mapping[str, str]) -> Any:
    """Merge preset, file and options; each overrides the one before."""
    assert method.Training is not None
    presets = method.presets()
    if preset is not None and preset not in presets:
        known = ", ".join(presets)
        raise UsageError(f"--preset got {quoted(preset)}: use one of {known}.{did_you_mean(preset, presets)}")
    named = values_from_table(method.Training, presets[preset], f"preset {preset}") if preset else {}
    filed = values_from_table(method.Training, _read(file), str(file)) if file else {}
    try:
        return method.Training(**{**named, **filed, **values_from_texts(method.Training, texts)})
    except ValueError as error:
        raise UsageError(f"training {method.info.name}: {error}") from None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--config {file} is not valid TOML: {error}") from None
