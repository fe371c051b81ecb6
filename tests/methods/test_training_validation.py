"""Validation of training, and the checkpoint that it chooses."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_training
import torch
from scipy.stats import spearmanr
from tiny_training import log, same

from bench.api import Photo
from bench.methods.qualiclip import stepping, trainer, validation
from bench.methods.qualiclip.series import Batch, SeriesRecipe


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_training.photographs(tmp_path / "pristine", 8)


def test_series_srcc_is_one_where_scores_fall() -> None:
    scores = np.array([[5, 4, 3, 2, 1.0], [1, 2, 3, 4, 5], [2, 2, 2, 2, 2], [5, 4, 4, 2, 1]])
    found = validation.series_srcc(scores)
    assert found[:3] == pytest.approx([1, -1, 0])
    assert found[3] == pytest.approx(9.5 / math.sqrt(10 * 9.5))
    drawn = np.random.default_rng(0).integers(0, 4, (50, 5)).astype(float)
    for row, value in zip(drawn, validation.series_srcc(drawn), strict=True):
        if np.ptp(row):
            assert value == pytest.approx(spearmanr(row, [5, 4, 3, 2, 1]).statistic)


def test_types_without_an_order_do_not_count() -> None:
    found = validation.summarise([("jpeg", 0.5), ("jpeg", 0.7), ("white-noise", 1.0), ("mean-shift", -1.0)])
    assert found["types"] == pytest.approx({"jpeg": 0.6, "mean-shift": -1.0, "white-noise": 1.0})
    assert found["monotonicity"] == pytest.approx(0.8)
    assert validation.summarise([])["monotonicity"] is None


class Sharpness(tiny_training.Tiny):
    """Its quality is how much neighbours differ."""

    def similarities(self, images: torch.Tensor) -> torch.Tensor:
        value = images.diff(dim=3).abs().mean((1, 2, 3))
        return torch.stack([value, -value], -1)[:, None]


def test_validation_scores_what_the_network_says() -> None:
    generator = torch.Generator().manual_seed(0)
    crops = torch.randint(256, (3, 1, 3, 40, 40), generator=generator, dtype=torch.uint8)
    types = ("gaussian-blur", "lens-blur", "white-noise")
    batch = Batch(("a", "b", "c"), types, (1, 2, 3), (True,) * 3, torch.empty(0), crops, torch.empty(0), ())
    found = dict(
        validation.score_series(Sharpness(), [batch], SeriesRecipe(0, 32, 0.25, 0, ("jpeg",)), torch.device("cpu"))
    )
    assert found["gaussian-blur"] == found["lens-blur"] == 1
    assert found["white-noise"] < 0


def test_best_is_the_checkpoint_of_the_best_validation(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = iter([0.9, 0.2, 0.6, 0.4, 0.6])
    monkeypatch.setattr(validation, "summarise", lambda series: {"monotonicity": next(values), "types": {}})
    saved: dict[int, dict[str, torch.Tensor]] = {}
    original = tiny_training.subject

    def noting(model: Any) -> Any:
        made = original(model)

        def save(path: Path, about: Any) -> None:
            made.save(path, about)
            saved[about["step"]] = {name: value.clone() for name, value in model.state_dict().items()}

        return trainer.Subject(made.model, save, made.score, made.origin)

    monkeypatch.setattr(tiny_training, "subject", noting)
    said = tiny_training.run(folder, tmp_path / "out", validate_every=1, held_out=0.3, batch=1, max_steps=4)
    assert "0.6000, best 0.6000, before training 0.9000; " in said
    assert same(tiny_training.weights(tmp_path / "out", "best"), saved[2])
    assert same(tiny_training.weights(tmp_path / "out"), saved[4])


def test_nothing_held_out_is_said_and_gives_no_validation_and_no_best(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = tiny_training.run(folder, tmp_path / "out", validate_every=1)
    assert "no photograph is held out" in capsys.readouterr().err
    assert log(tmp_path / "out", "validation") == []
    assert not (tmp_path / "out" / "best.safetensors").exists()
    assert said.startswith(f"{tmp_path / 'out'}: 4 steps on 8 photographs; skipped 0 photographs\nnext: ")
    assert "last.safetensors" in said


def test_monitors_are_reported_where_nothing_is_held_out(folder: Path, tmp_path: Path) -> None:
    said = tiny_training.run(folder, tmp_path / "out", monitors={"koniq": lambda score: 0.5})
    assert [event["srcc"] for event in log(tmp_path / "out", "validation")] == [{"koniq": 0.5}] * 2
    assert "last.safetensors" in said


def test_a_monitor_is_reported_and_recorded_and_chooses_nothing(folder: Path, tmp_path: Path) -> None:
    said = iter([0.5, 0.9, 0.1, math.nan])
    seen: list[float] = []

    def monitor(score: Any) -> float:
        seen.extend(score([Photo("x.png", np.zeros((40, 40, 3), np.uint8), 1, 1600)]))
        return next(said)

    settings: dict[str, Any] = {"validate_every": 1, "held_out": 0.3, "batch": 1, "max_steps": 3}
    tiny_training.run(folder, tmp_path / "watched", monitors={"koniq": monitor}, **settings)
    tiny_training.run(folder, tmp_path / "alone", **settings)
    assert [event["srcc"] for event in log(tmp_path / "watched", "validation")] == [
        {"koniq": 0.5},
        {"koniq": 0.9},
        {"koniq": 0.1},
        {"koniq": None},
    ]
    assert len(seen) == 4
    for name in ("best", "last"):
        assert same(tiny_training.weights(tmp_path / "watched", name), tiny_training.weights(tmp_path / "alone", name))


def test_held_out_photographs_are_never_trained_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    weighted = stepping.Stepper._batch

    def noting(self: Any, number: int, batch: Batch, stop: Any) -> Any:
        names.extend(batch.names)
        return weighted(self, number, batch, stop)

    monkeypatch.setattr(stepping.Stepper, "_batch", noting)
    tiny_training.run(folder, tmp_path / "out", held_out=0.3, batch=1, epochs=2)
    held = log(tmp_path / "out", "run")[0]["photographs"]
    assert len(set(names)) == held["trained_on"] < held["count"] == 8
