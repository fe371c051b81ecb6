"""Folder of a training run: log, state to resume from, and checkpoints, each written completely or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from bench.errors import UsageError
from bench.io.atomic import output_file, write_output

from .record import CONTENTS

State = dict[str, Any]

_PARTS = {
    *("run", "model", "optimizer", "scaler"),
    *("step", "validated", "first", "best", "validation", "skipped", "monitored"),
}


class RunFolder:
    """One run's files: ``log.jsonl``, ``state.pt``, ``last`` and ``best`` ``.safetensors`` with a JSON beside."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = path / "log.jsonl"
        self.state = path / "state.pt"

    def read_state(self, resume: bool, run: Mapping[str, Any]) -> State | None:
        """Return what to resume from; None where a run begins at its first step.

        Args:
            resume: whether the user asked to go on.
            run: what must not have changed, by the name of the option or thing.

        Raises:
            UsageError: the folder holds a run and nobody asked to go on, none though somebody did, one that
                was started otherwise, or a file that is no state.
        """
        if not resume:
            if self.log.exists() or self.state.exists():
                raise UsageError(f"--output got {self.path}, which contains a run: give --resume or another folder")
            return None
        if not self.log.exists():
            raise UsageError(f"--resume: {self.path} contains no run; leave --resume out to start one")
        if not self.state.exists():  # stopped before the first state
            return None
        state = self._load()
        for name, value in run.items():
            was = state["run"].get(name)
            if was != value and name == CONTENTS:
                raise UsageError(
                    f"--resume: the photographs in --pristine are not those that the run in {self.path} was started "
                    "on: some were added, removed, renamed or changed; put them back, or start a new run"
                )
            if was != value:
                raise UsageError(
                    f"--resume: {name} was {was} when the run in {self.path} was started, but is {value} now"
                )
        return state

    def _load(self) -> State:
        try:
            state = torch.load(self.state, map_location="cpu", weights_only=True)
            if isinstance(state["run"], dict) and isinstance(state["step"], int) and state.keys() >= _PARTS:
                return dict(state)
        # Damaged files make zipfile, pickle and torch raise nearly anything.
        except Exception as error:
            raise UsageError(f"--resume: {self.state} cannot be read ({type(error).__name__})") from None
        raise UsageError(f"--resume: {self.state} is not a training state")

    def begin(self, first: Mapping[str, Any], step: int) -> None:
        """Start the log, or cut off what it says of steps after the one that is resumed from."""
        self.path.mkdir(parents=True, exist_ok=True)
        kept = [line for line in self._lines() if self._step(line) <= step] if step else []
        write_output(self.log, "".join(kept))
        self.write(first)

    def _lines(self) -> list[str]:
        lines = self.log.read_text(encoding="utf-8").splitlines(keepends=True)
        # The last line is half one where the machine went down while it was written.
        return [line for line in lines if line.endswith("\n")]

    def _step(self, line: str) -> int:
        try:
            return int(json.loads(line)["step"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise UsageError(f"--resume: {self.log} has a line that training did not write; remove the line") from None

    def write(self, event: Mapping[str, Any]) -> None:
        """Append one object to the log."""
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")

    def save_state(self, state: State) -> None:
        """Replace the state.

        Raises:
            UsageError: the disk is full or gone; the state before is as it was.
        """
        with output_file(self.state) as part, part.open("wb") as file:
            torch.save(state, file)
