"""Grad-CAM: how much each cell of a layer raises an output.

Source: R. R. Selvaraju et al., "Grad-CAM: Visual explanations from deep networks via gradient-based localization",
ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from bench.api import FloatArray
from bench.errors import BenchError


def grad_cam(layer: nn.Module, outputs: Callable[[], Mapping[str, Tensor]]) -> dict[str, FloatArray]:
    """Return for each output a map (h, w) of a layer's cells, of 0 or more and in the output's unit.

    With A the layer's output (1, C, h, w) and g an output's gradient by it, the map is relu(sum over channels k of
    mean(g_k) * A_k). It is not normalised: maps of two photographs compare.

    Args:
        layer: runs once in ``outputs``.
        outputs: computes named scalars.

    Raises:
        BenchError: the layer did not run once, or its output has another shape.
    """
    with torch.enable_grad(), _cells_of(layer) as seen:
        named = outputs()
    if len(seen) != 1 or seen[0].ndim != 4 or len(seen[0]) != 1:
        shapes = ", ".join(str(tuple(cells.shape)) for cells in seen) or "nothing"
        raise BenchError(
            f"the layer to explain must run once with an output of shape (1, C, h, w); its outputs: {shapes}"
        )
    return {name: _map(value, seen[0]) for name, value in named.items()}


@contextmanager
def _cells_of(layer: nn.Module) -> Iterator[list[Tensor]]:
    """Collect what a layer gives, and let the graph begin there: neither weights nor what lies before need one."""
    seen: list[Tensor] = []

    def begin_here(_layer: nn.Module, _inputs: tuple[Tensor, ...], cells: Tensor) -> Tensor:
        seen.append(cells.detach().requires_grad_())
        return seen[-1]

    handle = layer.register_forward_hook(begin_here)
    try:
        yield seen
    finally:
        handle.remove()


def _map(value: Tensor, cells: Tensor) -> FloatArray:
    (gradient,) = torch.autograd.grad(value, cells, retain_graph=True)
    weights = gradient.double().mean((2, 3), keepdim=True)
    return (weights * cells.detach().double()).sum(1).relu()[0].cpu().numpy()
