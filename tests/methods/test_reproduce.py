"""The page docs/reproduce.md: its commands fit the programs, and all of them run on tiny stand-ins."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_training
import torch
from clip_states import random_state

from bench.datasets.catalogue import find_card
from bench.methods.qualiclip import weights
from bench.methods.qualiclip.model import WIDTH
from bench.methods.qualiclip.tensors import PROMPTS

PAGE = Path(__file__).parents[2] / "docs" / "reproduce.md"
SHELL = ("python -m venv", ". runs/env", 'pip install ".[torch]"', "export BENCH_DATA=")
SMALL = "--crop 32 --batch 1 --max-steps 2 --held-out 0.3 --types jpeg,white-noise --workers 0 --device cpu"


def commands() -> Iterator[str]:
    """Yield the lines of the page's blocks of shell."""
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S):
        yield from block.splitlines()


def test_each_line_is_of_a_known_kind_and_what_it_fetches_can_be_fetched() -> None:
    known = {weights.CLIP_RN50.name, weights.QUALICLIP.name}
    fetched = set()
    for line in commands():
        words = shlex.split(line)
        if words[:3] == ["bench", "fetch", "weights"]:
            assert words[3] in known
        elif words[:3] == ["bench", "fetch", "dataset"]:
            mirror = words[words.index("--mirror") + 1] if "--mirror" in words else ""
            card = find_card(words[3])
            assert card is not None
            assert any(archive.mirror == mirror for archive in card.archives), line
            fetched.add(words[3])
        else:
            assert words[0] == "bench" or line.startswith(SHELL), line
    scored = {name for line in commands() for name in re.findall(r"--dataset (\S+)", line)}
    assert scored | {"kadis700k"} == fetched


@pytest.mark.slow
def test_the_commands_of_the_page_run_on_stand_ins(
    tmp_path: Path, photos: Path, bench: Callable[..., Any], empty_caches: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    state = random_state(0)
    for source, tensors in (
        (weights.CLIP_RN50, state),
        (weights.QUALICLIP, {**state, PROMPTS: torch.nn.functional.normalize(torch.randn(14, WIDTH), dim=-1)}),
    ):
        path = source.places[0].path
        assert path.is_relative_to(empty_caches)
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(tensors, path)
    tiny_training.photographs(tmp_path / "data" / "kadis700k" / "ref_imgs", 8)
    done = []
    for line in commands():
        if not line.startswith("bench ") or line.startswith("bench fetch"):
            continue
        # The sizes are swapped, and nothing else: few photographs, and one small set of labelled ones for all sets.
        words = shlex.split(line.replace("$BENCH_DATA", "data"))[1:]
        if words[0] == "train":
            words += shlex.split(SMALL)
        if words[0] == "run":
            places = [place for place, word in enumerate(words) if word == "--dataset"]
            words = [word for place, word in enumerate(words) if place not in {*places, *(p + 1 for p in places)}]
            words += ["--dataset", str(photos)]
        ran = bench(*words)
        assert ran.code == 0, f"{line}\n{ran.err}"
        done.append((words, ran.out))
    assert [words[0] for words, _ in done] == ["train", "plot", "run", "run", *["table"] * 4]
    assert "photos" in done[4][1]
    assert Path("runs/curves.svg").stat().st_size > 1000
    # The command that training prints at its end runs as it stands.
    last = done[0][1].splitlines()[-1]
    assert last.startswith("next: bench run --method qualiclip --option qualiclip.weights=runs/paper/best.safetensors")
    ran = bench(*shlex.split(last.removeprefix("next: bench ")), "--limit", "2", "--results", "runs/next")
    assert ran.code == 0, ran.err
    assert "scored 2, failed 0" in ran.out
