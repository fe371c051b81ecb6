"""The encoder as ONNX Runtime runs it on the processor, twice as fast as torch and without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from .architecture import CHANNELS, EPSILON, Convolution, stages

Floats = npt.NDArray[np.float32]

# Old enough for every ONNX Runtime that can be installed; what is newer brings nothing here.
_OPERATORS, _FORMAT = 13, 8


class Encoder:
    """The stem and the seven stages, with batch norms folded into the convolutions."""

    def __init__(self, weights: Mapping[str, Floats], threads: int = 1) -> None:
        """Build it.

        Args:
            weights: by the names of a checkpoint of ``qualiclip-lite``, ``encoder.`` in front.
            threads: how many compute; a run has a process for every core, each of one thread.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3  # errors alone: what it optimises is no news to users
        model = encoder_graph(weights).SerializeToString()
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def maps(self, images: Floats) -> list[Floats]:
        """Return the outputs (N, C, h, w) of the eight stages for images (N, 3, H, W), RGB in [0, 1]."""
        # ImageNet's weights were trained on [-1, 1].
        return list(self._session.run(None, {"images": 2 * images - 1}))


def encoder_graph(weights: Mapping[str, Floats]) -> onnx.ModelProto:
    """Return the graph from ``images`` (N, 3, H, W), in [-1, 1], to ``stage0`` to ``stage7``.

    Args:
        weights: by the names of a checkpoint of ``qualiclip-lite``.
    """
    nodes: list[Any] = []
    constants: dict[str, Any] = {"lowest": np.float32(0), "highest": np.float32(6)}
    cells = "images"
    for number, blocks in enumerate(stages()):
        for prefix, block in blocks.items():
            before = cells
            for about in block.convolutions:
                name = f"{prefix}.{about.name}"
                constants[f"{name}.weight"], constants[f"{name}.bias"] = _folded(weights, f"encoder.{prefix}", about)
                inputs = [cells, f"{name}.weight", f"{name}.bias"]
                window: dict[str, Any] = {"kernel_shape": [about.window] * 2, "strides": [about.stride] * 2}
                nodes.append(
                    helper.make_node("Conv", inputs, [name], auto_pad="SAME_UPPER", group=about.groups, **window)
                )
                cells = name
                if about.bounded:
                    cells = f"{name}.bounded"
                    nodes.append(helper.make_node("Clip", [name, "lowest", "highest"], [cells]))
            if block.residual:
                nodes.append(helper.make_node("Add", [before, cells], [f"{prefix}.sum"]))
                cells = f"{prefix}.sum"
        nodes.append(helper.make_node("Identity", [cells], [f"stage{number}"]))
    graph = helper.make_graph(
        nodes,
        "EfficientNet-Lite0",
        [_tensor("images", 3)],
        [_tensor(f"stage{number}", channels) for number, channels in enumerate(CHANNELS)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPERATORS)], ir_version=_FORMAT)


def _tensor(name: str, channels: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, channels, None, None])


def _folded(weights: Mapping[str, Floats], block: str, about: Convolution) -> tuple[Floats, Floats]:
    """Return weight and bias of a convolution that does what it and the batch norm after it do."""
    norm = {part: weights[f"{block}.{about.norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")}
    scale = norm["weight"] / np.sqrt(norm["running_var"] + np.float32(EPSILON))
    kernel = weights[f"{block}.{about.name}.weight"] * scale[:, None, None, None]
    return kernel, norm["bias"] - norm["running_mean"] * scale
