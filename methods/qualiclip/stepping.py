"""One optimiser step, from batches of degraded crops to changed weights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import accelerate
import torch
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from bench.errors import BenchError, UsageError
from bench.io.atomic import write_output

from . import losses
from .config import TrainingConfig
from .optimisation import Trainable, choose_parameters, learning_rate, prepare_to_train
from .plan import recipe_of
from .series import STEP, Batch, as_input, seed_of
from .stopping import StopFlag


class _Forward(nn.Module):
    """Makes similarities what a call gives: wrappers for several processes and precision see calls alone."""

    def __init__(self, model: Trainable) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        return self.model.similarities(images)


class Stepper:
    """A network with its optimiser, on the device and in the precision of the configuration."""

    def __init__(self, model: Trainable, config: TrainingConfig, folder: Path, state: Mapping[str, Any] | None) -> None:
        """Prepare the network.

        Args:
            model: what is trained; it is moved to the device.
            config: how.
            folder: where a batch is kept whose loss is not finite.
            state: what ``state`` returned, to go on from.

        Raises:
            UsageError: there is no such stage to train.
        """
        self._model, self._config, self._folder = model, config, folder
        self._recipe = recipe_of(config)
        self.accelerator = accelerate.Accelerator(
            cpu=config.device == "cpu",
            mixed_precision=config.precision,
            gradient_accumulation_steps=config.accumulate,
        )
        model.checkpointing = config.checkpointing
        model.to(memory_format=torch.channels_last)
        parameters = choose_parameters(model, config.train)
        optimizer = torch.optim.AdamW(parameters, lr=config.lr, weight_decay=config.weight_decay)
        if state:
            _restore(model, state["model"])
        self._forward, self._optimizer = self.accelerator.prepare(_Forward(model), optimizer)
        if state:
            _restore(self._optimizer, state["optimizer"])
            if self.accelerator.scaler is not None:
                self.accelerator.scaler.load_state_dict(state["scaler"])

    def state(self) -> dict[str, Any]:
        """Return weights, optimiser and, with fp16, the scale of the loss."""
        scaler = self.accelerator.scaler
        return {
            "model": self._model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scaler": scaler.state_dict() if scaler is not None else {},
        }

    def step(self, number: int, total: int, batches: Iterator[Batch], stop: StopFlag) -> tuple[dict[str, float], bool]:
        """Take step ``number`` of ``total``, counted from 1, on the next batches.

        Returns:
            The losses, mean over the processes and accumulated batches, and whether any process was asked to stop.

        Raises:
            BenchError: a loss is not finite.
        """
        config = self._config
        # Whatever the network itself draws depends on the step alone, so that resuming repeats it.
        torch.manual_seed(seed_of(config.seed, STEP, number, self.accelerator.process_index))
        prepare_to_train(self._model, config.batch_norm)
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(config, number, total)
        found = [self._batch(number, next(batches), stop) for _ in range(config.accumulate)]
        mean = {name: sum(values[name] for values, _ in found) / len(found) for name in found[0][0]}
        return mean, any(asked for _, asked in found)

    def _batch(self, number: int, batch: Batch, stop: StopFlag) -> tuple[dict[str, float], bool]:
        with self.accelerator.accumulate(self._forward):
            images, severity = batch.degraded(self.accelerator.device, self._recipe)
            similarities = self._forward(as_input(images))
            terms = losses.weighted(
                similarities.view(*images.shape[:3], *similarities.shape[1:]), severity, self._config
            )
            self.accelerator.backward(terms["loss"])
            # Reading values waits for the device. Before the backward pass it would idle meanwhile; after the
            # optimiser's step a loss that is not finite would have changed the weights.
            values, asked = self._agreed(terms, stop)
            if not all(map(math.isfinite, values.values())):
                self._give_up(number, batch, images, terms)
            self._optimizer.step()
            self._optimizer.zero_grad()
        return values, asked

    def _agreed(self, terms: Mapping[str, Tensor], stop: StopFlag) -> tuple[dict[str, float], bool]:
        """Return means over the processes, so that all see the same and stop together."""
        asked_here = torch.tensor(float(stop.asked), device=terms["loss"].device)
        mine = torch.stack([*(term.detach().float() for term in terms.values()), asked_here])
        *values, asked = self.accelerator.reduce(mine, "mean").tolist()
        return dict(zip(terms, values, strict=True)), asked > 0

    def _give_up(self, number: int, batch: Batch, images: Tensor, terms: Mapping[str, Tensor]) -> None:
        """Keep the batch whose loss is not finite, in the process that has it, and end training."""
        bad = ", ".join(name for name, term in terms.items() if not torch.isfinite(term))
        where = self._folder
        if bad:
            where /= f"nonfinite-step{number}-process{self.accelerator.process_index}.safetensors"
            about = {"photographs": "\n".join(batch.names), "types": "\n".join(batch.types), "losses": bad}
            write_output(where, to_bytes({"images": images.detach().cpu().contiguous()}, metadata=about))
        self.accelerator.wait_for_everyone()
        raise BenchError(
            f"the loss is not finite at step {number} ({bad or 'in another process'}); the batch is saved in {where}: "
            "check its images, lower --lr or use --precision no"
        )


def _restore(part: Any, state: Any) -> None:
    try:
        part.load_state_dict(state)
    except (KeyError, RuntimeError, ValueError, TypeError, AttributeError):
        raise UsageError(
            "--resume: the state in --output belongs to another network; start a new run in another folder"
        ) from None
