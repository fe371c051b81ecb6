"""Training of a network that compares images with fixed pairs of prompts; independent of CLIP.

Source of the recipe: QualiCLIP, arXiv 2403.11176. Device, precision, processes and accumulation are
Accelerate's. Each process has a batch of its own, and gradients are means over processes.
"""

from __future__ import annotations

import dataclasses
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import gather_object

from bench.api import Monitor, ScorePhotos
from bench.errors import BenchError, StoppedError
from bench.io.progress import bar

from . import record, validation
from .config import TrainingConfig
from .loading import memory_explained, plan_loading
from .optimisation import Trainable, learning_rate
from .photographs import TrainingPhotographs
from .plan import make_plan, recipe_of
from .run_folder import RunFolder
from .series import Batch, TrainingSeries, ValidationSeries
from .stepping import Stepper
from .stopping import StopFlag


@dataclass(frozen=True)
class Subject:
    """What is trained.

    Attributes:
        model: the network.
        save: writes a checkpoint of it with a config of JSON values.
        score: scores photographs as the method would, for monitors.
        origin: JSON values on what training begins from: ``method``, ``fingerprint``, ``trained_on`` and
            ``monitored_on``.
    """

    model: Trainable
    save: Callable[[Path, Mapping[str, Any]], None]
    score: ScorePhotos
    origin: Mapping[str, Any]


@dataclass
class Progress:
    """How far training is; with weights and optimiser, all that resuming needs.

    Attributes:
        step: steps taken.
        validated: the step after which was last validated; -1 before the first validation.
        first: what the validation before the first step found, ``monotonicity`` and perhaps ``srcc``; empty where
            nothing is validated.
        best: the highest ``monotonicity`` after a step.
        validation: what the last one found.
        skipped: reasons by photograph.
        monitored: datasets whose SRCC somebody has seen.
    """

    step: int = 0
    validated: int = -1
    first: dict[str, Any] = field(default_factory=dict)
    best: float = -math.inf
    validation: dict[str, Any] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    monitored: list[str] = field(default_factory=list)


def train(
    subject: Subject,
    config: TrainingConfig,
    photographs: TrainingPhotographs,
    output: Path,
    *,
    resume: bool,
    monitors: Mapping[str, Monitor],
) -> str:
    """Train a network and leave checkpoints, a log and the state in a folder.

    Returns:
        A sentence on what was done; of several processes the first says it, and the others nothing.

    Raises:
        UsageError: what was asked for cannot be started.
        BenchError: a loss is not finite, the photographs cannot be used, or memory ran out.
        StoppedError: a signal asked to stop; the state is saved.
    """
    with memory_explained():
        said = _Trainer(subject, config, photographs, output, resume, monitors).run()
    PartialState().destroy_process_group()
    return said


class _Trainer:
    """One run: what is fixed for all of it, and its progress."""

    def __init__(
        self,
        subject: Subject,
        config: TrainingConfig,
        photographs: TrainingPhotographs,
        output: Path,
        resume: bool,
        monitors: Mapping[str, Monitor],
    ) -> None:
        self.subject, self.config, self.photographs, self.monitors = subject, config, photographs, monitors
        processes = PartialState(cpu=config.device == "cpu")
        training, held_out = photographs.split(config.held_out)
        self.recipe = recipe_of(config)
        self.loading = plan_loading(config, self.recipe)
        self.plan = make_plan(config, training, processes.process_index, processes.num_processes)
        self.held_out = held_out[: config.validation_photographs]
        self.folder = RunFolder(output)
        self.identity = record.run_identity(config, photographs, subject.origin, processes.num_processes)
        state = self.folder.read_state(resume, self.identity)
        self.stepper = Stepper(subject.model, config, output, state)
        self.accelerator = self.stepper.accelerator
        self.progress = Progress(monitored=list(subject.origin["monitored_on"]))
        if state:
            self.progress = Progress(**{f.name: state[f.name] for f in dataclasses.fields(Progress)})
        self.accelerator.wait_for_everyone()  # all have looked into the folder before one writes to it

    def run(self) -> str:
        """Go on from where the progress is to the last step."""
        if self.accelerator.is_main_process:
            self._begin()
        photographs_a_step = self.plan.batch * self.plan.accumulate * self.plan.processes
        total = photographs_a_step * self.plan.total if self.accelerator.is_main_process else 0
        batches = self._batches()
        with bar(total, "training") as shown, StopFlag() as stop:
            shown.update(photographs_a_step * self.progress.step)
            clock = _Clock()
            while not self._finish_step(clock):
                values, stopped = self.stepper.step(self.progress.step + 1, self.plan.total, batches, stop)
                self.progress.step += 1
                clock.count(photographs_a_step * self.recipe.views)
                shown.update(photographs_a_step)
                if self.progress.step == 1 or self.progress.step % self.config.log_every == 0:
                    shown.set_postfix({name: f"{value:.4f}" for name, value in values.items()})
                    self._log_step(values, clock.rate())
                if stopped:
                    self._stop()
        return self._summary()

    def _begin(self) -> None:
        held_out = "" if self.held_out else "no photograph is held out: nothing is validated, and there is no best"
        for note in filter(None, (self.photographs.note, held_out, self.loading.note)):
            print(f"bench: {note}", file=sys.stderr)
        event = {"event": "resumed" if self.progress.step else "run", "step": self.progress.step}
        about = {**self._description(), "environment": record.environment(self.accelerator)}
        self.folder.begin({**event, **about}, self.progress.step)

    def _batches(self) -> Iterator[Batch]:
        series = TrainingSeries(self.photographs, self.plan.positions, self.recipe)
        rest = dataclasses.replace(self.plan, done=self.progress.step)
        for batch in self._noting(self.loading.loader(series, self.accelerator.device, batch_sampler=rest)):
            if len(batch.names) < self.config.batch:
                name, reason = batch.skipped[-1]
                raise BenchError(
                    f"too few photographs in {self.photographs.root} can be used: "
                    f"{len(self.progress.skipped)} were skipped, one of them {name}: {reason}"
                )
            yield batch

    def _noting(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        for batch in batches:
            self.progress.skipped.update(batch.skipped)
            yield batch

    def _finish_step(self, clock: _Clock) -> bool:
        """Do what is due after the step that was reached, before or after a resume; say whether it was the last."""
        step = self.progress.step
        every = self.config.validate_every or self.plan.per_epoch
        if self.progress.validated < 0:
            self._begin_period()
            clock.rate()
        elif step > self.progress.validated and (step % every == 0 or step == self.plan.total):
            self._end_period()
            clock.rate()  # what validation took is not counted
        elif step and step % self.config.save_every == 0:
            self._save_state()
        return step == self.plan.total

    def _begin_period(self) -> None:
        """Validate what training begins from, which is no checkpoint of it."""
        self.progress.first = self._validate()
        self.progress.validated = 0

    def _end_period(self) -> None:
        """Validate, and write the checkpoints and the state."""
        progress = self.progress
        found = self._validate()
        reached = found.get("monotonicity")
        names = ["last"]
        if reached is not None and reached > progress.best:
            progress.best = reached
            names.append("best")
        progress.validation, progress.validated = found, progress.step
        self._gather_skipped()
        if self.accelerator.is_main_process:
            about = {**self._description(), "environment": record.environment(self.accelerator)}
            about |= {"step": progress.step, "validation": found, "skipped": record.skipped(progress.skipped)}
            for name in names:
                self.subject.save(self.folder.path / f"{name}.safetensors", about)
        self._save_state()

    def _validate(self) -> dict[str, Any]:
        """Validate, log what was found and return it; empty where there is nothing to validate on."""
        if not (self.held_out or self.monitors):
            return {}
        self.subject.model.eval()
        accelerator = self.accelerator
        mine = self.held_out[accelerator.process_index :: accelerator.num_processes]
        series = ValidationSeries(self.photographs, mine, self.recipe)
        loader = self.loading.loader(series, accelerator.device, batch_size=self.config.batch)
        with accelerator.autocast():
            scored = validation.score_series(
                self.subject.model, self._noting(loader), self.recipe.for_validation(), accelerator.device
            )
        found = validation.summarise(gather_object(scored))
        if self.monitors:
            self.progress.monitored = sorted({*self.progress.monitored, *self.monitors})
            if accelerator.is_main_process:
                with torch.inference_mode():
                    values = {name: monitor(self.subject.score) for name, monitor in self.monitors.items()}
                found["srcc"] = {name: value if math.isfinite(value) else None for name, value in values.items()}
            accelerator.wait_for_everyone()
        if accelerator.is_main_process:
            self.folder.write({"event": "validation", "step": self.progress.step, **found})
        return found

    def _gather_skipped(self) -> None:
        self.progress.skipped = dict(gather_object(sorted(self.progress.skipped.items())))

    def _save_state(self) -> None:
        self._gather_skipped()
        if self.accelerator.is_main_process:
            progress = dataclasses.asdict(self.progress)
            self.folder.save_state({"run": self.identity, **self.stepper.state(), **progress})
        self.accelerator.wait_for_everyone()

    def _stop(self) -> None:
        self._save_state()
        raise StoppedError(
            f"stopped at step {self.progress.step} of {self.plan.total}; the state is saved in {self.folder.path}: "
            "the same command with --resume continues from there"
        )

    def _log_step(self, values: Mapping[str, float], images_per_second: float) -> None:
        if self.accelerator.is_main_process:
            step = self.progress.step
            event = {"event": "train", "step": step, "epoch": round(step / self.plan.per_epoch, 4), **values}
            event["lr"] = learning_rate(self.config, step, self.plan.total)
            event["images_per_second"] = round(images_per_second, 2)
            event["skipped"] = len(self.progress.skipped)
            self.folder.write(event)

    def _description(self) -> dict[str, Any]:
        about = record.description(self.config, self.photographs, len(self.plan.positions), self.subject.origin)
        return {**about, "monitored_on": self.progress.monitored}

    def _summary(self) -> str:
        if not self.accelerator.is_main_process:
            return ""
        progress = self.progress
        reached, first = progress.validation.get("monotonicity"), progress.first.get("monotonicity")
        before = "" if first is None else f", before training {first:.4f}"
        validated = (
            "" if reached is None else f"; SRCC with falling level {reached:.4f}, best {progress.best:.4f}{before}"
        )
        checkpoint = self.folder.path / f"{'last' if reached is None else 'best'}.safetensors"
        reasons = "".join(f"\n  skipped {name}: {why}" for name, why in sorted(progress.skipped.items())[:5])
        return (
            f"{self.folder.path}: {progress.step} steps on {len(self.plan.positions)} photographs{validated}; "
            f"skipped {len(progress.skipped)} photographs{reasons}\n"
            f"next: {record.next_command(self.subject.origin['method'], checkpoint)}"
        )


class _Clock:
    """Images a second since it was last asked."""

    def __init__(self) -> None:
        self._since, self._images = time.monotonic(), 0

    def count(self, images: int) -> None:
        self._images += images

    def rate(self) -> float:
        now = time.monotonic()
        rate = self._images / max(now - self._since, 1e-9)
        self._since, self._images = now, 0
        return rate
