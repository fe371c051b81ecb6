"""The networks whose stages MDFS reads, with ImageNet weights; torch and torchvision are imported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..qualiclip import tensors
from ..qualiclip.checkpoint_files import Checkpoint, RefusedError
from ..qualiclip.lite.architecture import CHANNELS
from ..qualiclip.lite.checkpoint import encoder_fingerprint, load_lite_checkpoint
from ..qualiclip.lite.encoder import folded
from ..qualiclip.lite.metrics import SHIPPED
from ..qualiclip.lite.network import model_of

_LITE_STAGES = 6  # the stem and five stages; what follows has half as many cells
_B7_STAGES = range(1, 6)  # of torchvision's features, where 0 is the stem
_B7_CHANNELS = (32, 48, 80, 160, 224)
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, which B7 was trained on


class Stages(nn.Module):
    """Gives the outputs of several stages of a network."""

    mean: Tensor
    deviation: Tensor
    channels: int
    """Of all stages together."""

    def __init__(
        self, before: nn.Module, stages: list[nn.Module], mean: Tensor, deviation: Tensor, channels: int
    ) -> None:
        """Take a network apart.

        Args:
            before: what comes before the first stage.
            stages: each takes the output of the one before it.
            mean: (3,) of the network's input, RGB in [0, 1].
            deviation: (3,) of the same.
            channels: of all stages together.
        """
        super().__init__()
        self.channels = channels
        self.before, self.stages = before, nn.ModuleList(stages)
        self.register_buffer("mean", mean.view(1, 3, 1, 1))
        self.register_buffer("deviation", deviation.view(1, 3, 1, 1))

    @torch.inference_mode()
    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the stages' outputs (N, C, h, w) for images (N, 3, H, W), RGB in [0, 1]."""
        standard = (images - self.mean) / self.deviation
        cells = self.before(standard.contiguous(memory_format=torch.channels_last))
        found = []
        for stage in self.stages:
            cells = stage(cells)
            found.append(cells)
        return found


def lite() -> tuple[Stages, str]:
    """Return the stem and five stages of EfficientNet-Lite0, as ``qualiclip-lite`` ships them, and a fingerprint."""
    checkpoint = load_lite_checkpoint(SHIPPED, "mdfs-lite")
    stages = list(folded(model_of(checkpoint).encoder))[:_LITE_STAGES]
    halves = torch.full((3,), 0.5)
    found = Stages(nn.Identity(), stages, halves, halves, sum(CHANNELS[:_LITE_STAGES]))
    return found.eval(), encoder_fingerprint(checkpoint)


def b7(path: Path) -> tuple[Stages, str]:
    """Return five stages of torchvision's EfficientNet-B7 with weights from a file, and a fingerprint.

    Raises:
        UsageError: the file does not hold these weights.
    """
    from torchvision.models import efficientnet_b7

    with torch.device("meta"):
        network = cast(Any, efficientnet_b7())
    wanted: Mapping[str, Tensor] = network.state_dict()

    def check(given: dict[str, Tensor], config: Mapping[str, Any]) -> Checkpoint:  # noqa: ARG001
        if odd := sorted(wanted.keys() ^ given.keys()):
            raise RefusedError(f"it {'lacks' if odd[0] in wanted else 'has'} {odd[0]}, unlike EfficientNet-B7")
        return Checkpoint({name: tensors.checked(name, given[name], like) for name, like in wanted.items()})

    advice = "give torchvision's efficientnet_b7 weights"
    checkpoint = tensors.load_tensors(path, "mdfs, option weights", advice, check)
    network.load_state_dict(dict(checkpoint.state), assign=True)
    stem, *stages = network.features[: _B7_STAGES.stop]
    found = Stages(stem, stages, torch.tensor(_MEAN), torch.tensor(_DEVIATION), sum(_B7_CHANNELS))
    return found.eval().requires_grad_(False), checkpoint.fingerprint
