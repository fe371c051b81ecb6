"""Grad-CAM against its formula by hand, and against finite differences."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bench.errors import BenchError
from bench.explain.gradcam import grad_cam


def small_net(seed: int = 0) -> nn.Sequential:
    """Two convolutions, the second one is explained, then something that is not linear."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 5, 3, stride=2)).requires_grad_(False)


def test_a_linear_head_on_pooled_cells_gives_the_map_by_hand() -> None:
    # Output = sum_k w_k mean(A_k): its gradient is w_k / (h w) in every cell.
    convolution = nn.Conv2d(1, 2, 1, bias=False)
    convolution.weight = nn.Parameter(torch.tensor([1.0, 10.0]).view(2, 1, 1, 1), requires_grad=False)
    image = torch.tensor([[[[1.0, 2.0, 3.0], [4.0, 5.0, -6.0]]]])
    weights = torch.tensor([3.0, -0.1])

    found = grad_cam(convolution, lambda: {"out": (convolution(image).mean((2, 3)) @ weights)[0]})

    # (3 * 1 - 0.1 * 10) / 6 of each value, and nothing of the negative one
    np.testing.assert_allclose(found["out"], [[2 / 6, 4 / 6, 1.0], [8 / 6, 10 / 6, 0.0]], rtol=1e-5)


def test_weights_of_channels_are_those_of_finite_differences() -> None:
    net = small_net().double()
    image = torch.rand(1, 3, 13, 11, generator=torch.Generator().manual_seed(1)).double()

    def head(cells: Tensor) -> Tensor:
        return (cells.std((2, 3)).sum() * cells.mean((2, 3)).exp().prod()).tanh()

    cells = net(image)
    size, step = cells[0, 0].numel(), 1e-5
    expected = torch.zeros_like(cells[0, 0])
    for channel in range(cells.shape[1]):
        # A channel raised evenly by d changes the output by d times the sum of its gradient.
        ends = [cells.clone(), cells.clone()]
        ends[0][:, channel] += step
        ends[1][:, channel] -= step
        slope = (head(ends[0]) - head(ends[1])) / (2 * step)
        expected += slope / size * cells[0, channel]

    found = grad_cam(net[2], lambda: {"out": head(net(image))})["out"]
    assert found.max() > 0
    np.testing.assert_allclose(found, expected.relu().numpy(), atol=1e-9)


def test_a_layer_that_sees_the_left_half_alone_has_a_map_there_alone() -> None:
    convolution = nn.Conv2d(1, 1, 1, bias=False)
    convolution.weight = nn.Parameter(torch.ones(1, 1, 1, 1), requires_grad=False)
    mask = torch.zeros(1, 1, 6, 8)
    mask[..., :4] = 1

    class LeftOnly(nn.Module):
        def forward(self, image: Tensor) -> Tensor:
            return convolution(image) * mask

    layer = LeftOnly()
    found = grad_cam(layer, lambda: {"out": layer(torch.ones(1, 1, 6, 8)).sum()})["out"]
    assert (found[:, :4] > 0).all()
    assert (found[:, 4:] == 0).all()


def test_where_a_head_looks_is_not_in_a_map_but_where_its_channels_are_active() -> None:
    # The known limit of weights that are means over cells: this head reads the left half alone.
    convolution = nn.Conv2d(1, 1, 1, bias=False)
    convolution.weight = nn.Parameter(torch.ones(1, 1, 1, 1), requires_grad=False)
    found = grad_cam(convolution, lambda: {"out": convolution(torch.ones(1, 1, 6, 8))[..., :4].sum()})["out"]
    np.testing.assert_allclose(found, 0.5, rtol=1e-5)


def test_each_output_has_its_map_and_opposite_ones_share_no_cell() -> None:
    net = small_net()
    image = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(2))

    def outputs() -> Mapping[str, Tensor]:
        value = net(image).mean((2, 3)).sum()
        return {"up": value, "down": -value, "none": 0 * value}

    found = grad_cam(net[2], outputs)
    assert list(found) == ["up", "down", "none"]
    assert (found["up"] * found["down"] == 0).all()
    assert (found["up"] + found["down"]).max() > 0
    assert not found["none"].any()


def test_it_changes_neither_output_nor_network_and_works_without_gradients_around() -> None:
    net = small_net()
    image, seen = torch.rand(1, 3, 9, 9), {}

    def outputs() -> Mapping[str, Tensor]:
        seen["out"] = net(image).sum()
        return seen

    with torch.no_grad():
        grad_cam(net[2], outputs)
        assert torch.equal(seen["out"].detach(), net(image).sum())
    assert not net[2]._forward_hooks
    assert all(parameter.grad is None for parameter in net.parameters())


def test_a_layer_that_does_not_run_once_on_one_photograph_is_named() -> None:
    net = small_net()
    one, two = torch.rand(1, 3, 9, 9), torch.rand(2, 3, 9, 9)
    with pytest.raises(BenchError, match=r"must run once with an output of shape \(1, C, h, w\); its outputs: nothing"):
        grad_cam(net[2], lambda: {"out": net[0](one).sum()})
    with pytest.raises(BenchError, match=r"its outputs: \(1, 5, 4, 4\), \(1, 5, 4, 4\)"):
        grad_cam(net[2], lambda: {"out": net(one).sum() + net(one).sum()})
    with pytest.raises(BenchError, match=r"its outputs: \(2, 5, 4, 4\)"):
        grad_cam(net[2], lambda: {"out": net(two).sum()})
