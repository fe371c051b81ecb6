"""What a training costs, computed and not measured: steps, crops, operations, and hours at some speeds.

    python -W ignore benchmarks/training_cost.py [--photographs 140000] [--speed 350 --speed 2000 ...]

Operations are counted by torch on CLIP's RN50: forward and backward of one crop of 224 x 224 pixels.
"""

from __future__ import annotations

import click
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.methods.qualiclip.config import TrainingConfig
from bench.methods.qualiclip.metrics import prompt_pairs
from bench.methods.qualiclip.model import WIDTH, QualityModel, empty_clip


def operations(crop: int) -> int:
    """Return the operations of a crop, a multiplication and an addition being two."""
    prompts = torch.zeros(2 * len(prompt_pairs("qualiclip")), WIDTH)
    model = QualityModel(empty_clip().visual.to_empty(device="cpu"), prompts, 100.0)  # any weights cost the same
    with FlopCounterMode(display=False) as counter:
        model.similarities(torch.zeros(1, 3, crop, crop)).sum().backward()
    return int(counter.get_total_flops())


@click.command()
@click.option("--photographs", default=140_000, show_default=True)
@click.option("--speed", "speeds", type=float, multiple=True, default=(350, 2000, 5000), show_default=True)
def main(photographs: int, speeds: tuple[float, ...]) -> None:
    """Compute what the preset `paper` costs on so many photographs."""
    config = TrainingConfig()
    each = operations(config.crop)
    steps = config.epochs * (round(photographs * (1 - config.held_out)) // config.batch)
    crops = steps * config.batch * 10
    print(f"{steps:,} steps, {crops / 1e6:.2f} million crops, {each / 1e9:.1f} billion operations each")
    for speed in speeds:
        print(f"{speed:,.0f} crops/s: {crops / speed / 3600:.1f} hours, {each * speed / 1e12:.1f} TFLOP/s")


if __name__ == "__main__":
    main()
