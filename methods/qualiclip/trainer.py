"""Training a network that compares images with fixed pairs of prompts; it knows no CLIP.

Source of the recipe: QualiCLIP, arXiv 2403.11176. Device, precision, processes and accumulation are
Accelerate's. Each process has a batch of its own, and gradients are means over processes.
"""

from __future__ import annotations

import dataclasses
import math
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import accelerate
import torch
from accelerate.utils import gather_object
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader

import bench
from bench.api import Monitor, ScorePhotos
from bench.errors import BenchError, StoppedError
from bench.options import identity
from bench.progress import bar
from methods.qualiclip import losses, validation
from methods.qualiclip.config import TrainingConfig
from methods.qualiclip.optimisation import Trainable, choose_parameters, learning_rate, prepare_to_train
from methods.qualiclip.photographs import Photographs
from methods.qualiclip.plan import Plan, make_plan, type_names
from methods.qualiclip.run_folder import RunFolder
from methods.qualiclip.series import STEP, Batch, Recipe, TrainingSeries, ValidationSeries, collate, seed_of
from methods.qualiclip.stopping import StopFlag, ignore_signals

_VIEWS = 10  # images of a photograph: 5 levels of 2 crops


if TYPE_CHECKING:
    from tqdm import tqdm


@dataclass(frozen=True)
class Subject:
    """What is trained.

    Attributes:
        model: the network.
        save: writes a checkpoint of it with a config of JSON values.
        score: scores photographs as the method would, for monitors.
        origin: JSON values on what training begins from: ``method``, ``fingerprint`` and ``trained_on``.
    """

    model: Trainable
    save: Callable[[Path, Mapping[str, Any]], None]
    score: ScorePhotos
    origin: Mapping[str, Any]


@dataclass
class Progress:
    """How far training is; with weights and optimiser, all that resuming needs."""

    step: int = 0
    validated: int = 0
    best: float = -math.inf
    validation: dict[str, Any] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    monitored: list[str] = field(default_factory=list)


class _Forward(nn.Module):
    """Makes similarities what a call gives: wrappers for several processes and precision see calls alone."""

    def __init__(self, model: Trainable) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        return self.model.similarities(images)


def train(
    subject: Subject,
    config: TrainingConfig,
    photographs: Photographs,
    output: Path,
    *,
    resume: bool,
    monitors: Mapping[str, Monitor],
) -> str:
    """Train a network and leave checkpoints, a log and the state in a folder.

    Returns:
        A sentence on what was done.

    Raises:
        UsageError: what was asked for cannot be started.
        BenchError: a loss is not finite, or the photographs cannot be used.
        StoppedError: a signal asked to stop; the state is saved.
    """
    return _Trainer(subject, config, photographs, output, resume, monitors).run()


class _Trainer:
    def __init__(
        self,
        subject: Subject,
        config: TrainingConfig,
        photographs: Photographs,
        output: Path,
        resume: bool,
        monitors: Mapping[str, Monitor],
    ) -> None:
        self.config, self.subject, self.photographs = config, subject, photographs
        self.monitors, self.resume = monitors, resume
        self.folder = RunFolder(output)
        self.accelerator = accelerate.Accelerator(
            cpu=config.device == "cpu",
            mixed_precision=config.precision,
            gradient_accumulation_steps=config.accumulate,
        )
        self.recipe = Recipe(
            config.seed,
            config.crop,
            config.overlap,
            config.short_side,
            type_names(config.types, config.monotone_only),
            config.across_order if config.lambda_across else None,
            config.degrade_on == "workers",
        )
        training, held_out = photographs.split(config.held_out)
        self.held_out = held_out[: config.validation_photographs]
        self.plan = make_plan(config, training, self.accelerator.process_index, self.accelerator.num_processes)
        self.progress = Progress()
        self._prepare()
        self.accelerator.wait_for_everyone()  # everyone has looked into the folder before it is written to

    def _prepare(self) -> None:
        parameters = choose_parameters(self.subject.model, self.config.train)
        self.subject.model.checkpointing = self.config.checkpointing
        optimizer = torch.optim.AdamW(parameters, lr=self.config.lr, weight_decay=self.config.weight_decay)
        state = self.folder.read_state(self.resume, self._identity())
        if state:
            self.subject.model.load_state_dict(state["model"])
        self.forward, self.optimizer = self.accelerator.prepare(_Forward(self.subject.model), optimizer)
        if state:
            self.optimizer.load_state_dict(state["optimizer"])
            if self.accelerator.scaler is not None:
                self.accelerator.scaler.load_state_dict(state["scaler"])
            self.progress = Progress(**{f.name: state[f.name] for f in dataclasses.fields(Progress)})

    def run(self) -> str:
        """Go on from where the progress is to the last step."""
        progress, plan = self.progress, self.plan
        if self.accelerator.is_main_process:
            self._begin()
        batches = self._batches(dataclasses.replace(plan, done=progress.step))
        per_step = plan.batch * plan.accumulate * plan.processes
        with self._bar(per_step) as shown, StopFlag() as stop:
            clock = _Clock()
            while True:
                if self._period_ends():
                    self._end_period()
                    clock = _Clock()
                elif progress.step % self.config.save_every == 0 and progress.step:
                    self._save_state()
                if progress.step == plan.total:
                    break
                values, stopped = self._step(batches, stop)
                progress.step += 1
                clock.count(per_step * _VIEWS)
                shown.update(per_step)
                if progress.step % self.config.log_every == 0:
                    shown.set_postfix({name: f"{value:.4f}" for name, value in values.items()})
                    self._log_step(values, clock)
                if stopped:
                    self._save_state()
                    raise StoppedError(
                        f"stopped at step {progress.step} of {plan.total}; the state is saved in "
                        f"{self.folder.path}: the same command with --resume goes on from there"
                    )
        return self._summary()

    def _begin(self) -> None:
        for note in (self.photographs.note, self._held_out_note()):
            if note:
                print(f"bench: {note}", file=sys.stderr)
        first = {"event": "resumed" if self.progress.step else "run", "step": self.progress.step}
        self.folder.begin({**first, **self._description()}, self.progress.step)

    def _held_out_note(self) -> str:
        if self.held_out:
            return ""
        return "no photograph is held out, so nothing is validated and there is no best checkpoint: raise --held-out"

    def _bar(self, per_step: int) -> tqdm[Any]:
        total = per_step * self.plan.total if self.accelerator.is_main_process else 0
        shown = bar(total, "training")
        shown.update(per_step * self.progress.step if total else 0)
        return shown

    def _batches(self, plan: Plan) -> Iterator[Batch]:
        series = TrainingSeries(self.photographs, plan.positions, self.recipe)
        return iter(self._loader(series, batch_sampler=plan))

    def _loader(self, series: Any, **batching: Any) -> DataLoader[Any]:
        workers = self.config.workers
        return DataLoader(
            series,
            collate_fn=collate,
            num_workers=workers,
            worker_init_fn=ignore_signals if workers else None,
            **batching,
        )

    def _step(self, batches: Iterator[Batch], stop: StopFlag) -> tuple[dict[str, float], bool]:
        """Take one step of the optimiser; return the losses, mean over processes, and whether to stop."""
        config, step = self.config, self.progress.step + 1
        # Whatever the network itself draws depends on the step alone, so that resuming repeats it.
        torch.manual_seed(seed_of(config.seed, STEP, step, self.accelerator.process_index) % 2**63)
        prepare_to_train(self.subject.model, config.batch_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(config, step, self.plan.total)
        sums: dict[str, float] = {}
        stopped = False
        for _ in range(config.accumulate):
            batch = next(batches)
            with self.accelerator.accumulate(self.forward):
                terms, images = self._losses(batch)
                values, asked = self._agreed(terms, stop)
                if not all(map(math.isfinite, values.values())):
                    self._give_up(step, batch, images, terms)
                self.accelerator.backward(terms["loss"])
                self.optimizer.step()
                self.optimizer.zero_grad()
            stopped |= asked
            sums = {name: sums.get(name, 0.0) + value / config.accumulate for name, value in values.items()}
        return sums, stopped

    def _losses(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
        config = self.config
        self.progress.skipped.update(batch.skipped)
        if len(batch.names) < config.batch:
            name, reason = batch.skipped[-1]
            raise BenchError(
                f"too few photographs below {self.photographs.root} can be used: {len(self.progress.skipped)} were "
                f"skipped, {name} last: {reason}"
            )
        images, severity = batch.degraded(self.accelerator.device, self.recipe.order)
        similarities = self.forward(images.flatten(0, 2)).unflatten(0, images.shape[:3])
        positive, negative = losses.ranking(similarities, config.m_rank)
        weighted = {
            "consistency": (losses.consistency(similarities, config.m_cons), config.lambda_cons),
            "positive": (positive, config.lambda_pos),
            "negative": (negative, config.lambda_neg),
        }
        if config.lambda_across:
            term = losses.across(similarities, severity, config.m_across, config.across_gap)
            weighted["across"] = (term, config.lambda_across)
        total = torch.stack([weight * term for term, weight in weighted.values()]).sum()
        return {"loss": total, **{name: term for name, (term, _) in weighted.items()}}, images

    def _agreed(self, terms: Mapping[str, Tensor], stop: StopFlag) -> tuple[dict[str, float], bool]:
        """Return means over the processes, so that all see the same and stop together."""
        asked_here = torch.tensor(float(stop.asked), device=terms["loss"].device)
        mine = torch.stack([*(term.detach().float() for term in terms.values()), asked_here])
        *values, asked = self.accelerator.reduce(mine, "mean").tolist()
        return dict(zip(terms, values, strict=True)), asked > 0

    def _give_up(self, step: int, batch: Batch, images: Tensor, terms: Mapping[str, Tensor]) -> None:
        """Keep the batch whose loss is not finite, where this process has it, and end training."""
        bad = [name for name, term in terms.items() if not torch.isfinite(term)]
        path = self.folder.path / f"nonfinite-step{step}-process{self.accelerator.process_index}.safetensors"
        if bad:
            about = {"photographs": "\n".join(batch.names), "types": "\n".join(batch.types), "losses": ", ".join(bad)}
            save_file({"images": images.detach().cpu().contiguous()}, path, metadata=about)
        self.accelerator.wait_for_everyone()
        raise BenchError(
            f"the loss is not finite at step {step} ({', '.join(bad) or 'in another process'}); its images are in "
            f"{path if bad else self.folder.path}: lower --lr, or try --precision no"
        )

    def _period_ends(self) -> bool:
        """Say whether a validation and checkpoints are due at this step, and not done yet."""
        step = self.progress.step
        every = self.config.validate_every or self.plan.per_epoch
        due = step > 0 and (step % every == 0 or step == self.plan.total)
        return due and self.progress.validated < step

    def _end_period(self) -> None:
        """Validate, and write the checkpoints and the state."""
        progress = self.progress
        found = self._validate() if self.held_out else {"monotonicity": None, "types": {}}
        progress.validation, progress.validated = found, progress.step
        better = found["monotonicity"] is not None and found["monotonicity"] > progress.best
        if better:
            progress.best = found["monotonicity"]
        self._gather_skipped()
        if self.accelerator.is_main_process:
            self.folder.write({"event": "validation", "step": progress.step, **found})
            config = {**self._description(), "step": progress.step, "validation": found}
            for name in ["last", *(["best"] if better else [])]:
                self.subject.save(self.folder.path / f"{name}.safetensors", config)
        self._save_state()

    def _validate(self) -> dict[str, Any]:
        model, accelerator = self.subject.model.eval(), self.accelerator
        mine = self.held_out[accelerator.process_index :: accelerator.num_processes]
        loader = self._loader(ValidationSeries(self.photographs, mine, self.recipe), batch_size=self.config.batch)
        found = validation.summarise(
            gather_object(validation.score_series(model, self._noting(loader), accelerator.device))
        )
        if self.monitors:
            self.progress.monitored = sorted({*self.progress.monitored, *self.monitors})
            srcc = {}
            if accelerator.is_main_process:
                srcc = {name: monitor(self.subject.score) for name, monitor in self.monitors.items()}
            accelerator.wait_for_everyone()
            found["srcc"] = srcc
        return found

    def _noting(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        for batch in batches:
            self.progress.skipped.update(batch.skipped)
            yield batch

    def _gather_skipped(self) -> None:
        self.progress.skipped = dict(gather_object(sorted(self.progress.skipped.items())))

    def _save_state(self) -> None:
        self._gather_skipped()
        if self.accelerator.is_main_process:
            scaler = self.accelerator.scaler
            self.folder.save_state(
                {
                    "run": self._identity(),
                    "model": self.subject.model.state_dict(),
                    "optimizer": self.optimizer.state_dict(),
                    "scaler": scaler.state_dict() if scaler is not None else {},
                    **dataclasses.asdict(self.progress),
                }
            )
        self.accelerator.wait_for_everyone()

    def _log_step(self, values: Mapping[str, float], clock: _Clock) -> None:
        if self.accelerator.is_main_process:
            step = self.progress.step
            speed = {"images_per_second": round(clock.rate(), 2), "skipped": len(self.progress.skipped)}
            rate = {"lr": learning_rate(self.config, step, self.plan.total)}
            epoch = round(step / self.plan.per_epoch, 4)
            self.folder.write({"event": "train", "step": step, "epoch": epoch, **values, **rate, **speed})

    def _identity(self) -> dict[str, Any]:
        """Return what a resumed run must have in common with the one that was stopped."""
        return {
            **identity(self.config),
            "the photographs (--pristine)": self.photographs.digest,
            "the weights to begin from": self.subject.origin["fingerprint"],
            "the number of processes": self.plan.processes,
        }

    def _description(self) -> dict[str, Any]:
        """Return what a checkpoint says of how it was made."""
        config = dataclasses.asdict(self.config) | {"weights": Path(self.config.weights).name}
        photographs = {
            "source": self.photographs.source,
            "count": len(self.photographs.names),
            "trained_on": len(self.plan.positions),
            "digest": self.photographs.digest,
            "skipped": len(self.progress.skipped),
        }
        begun = {name: value for name, value in self.subject.origin.items() if name != "trained_on"}
        return {
            "trained_on": sorted({*self.subject.origin["trained_on"], self.photographs.source}),
            "monitored_on": self.progress.monitored,
            "begun_from": begun,
            "training": config,
            "photographs": photographs,
            "environment": self._environment(),
        }

    def _environment(self) -> dict[str, Any]:
        return {
            "bench": bench.__version__,
            "torch": torch.__version__,
            "accelerate": accelerate.__version__,
            "python": platform.python_version(),
            "device": self.accelerator.device.type,
            "processes": self.plan.processes,
        }

    def _summary(self) -> str:
        progress, path = self.progress, self.folder.path
        reached = progress.validation.get("monotonicity")
        validated = "" if reached is None else f"; SRCC with falling level {reached:.4f}, best {progress.best:.4f}"
        reasons = "".join(f"\n  skipped {name}: {why}" for name, why in sorted(progress.skipped.items())[:5])
        return (
            f"{path}: {progress.step} steps on {len(self.plan.positions)} photographs{validated}; "
            f"skipped {len(progress.skipped)} photographs{reasons}"
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
