"""Layers of EfficientNet-Lite0 without its classifier, as a list; whoever builds the network reads it here.

Source: M. Tan, Q. Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019, and
Google's Lite variant of it, without squeeze-and-excitation and with ReLU6. Weights have the names that timm gives them
in ``tf_efficientnet_lite0``, and the padding is TensorFlow's, on which they were trained. Importing this imports no
torch.
"""

from __future__ import annotations

from dataclasses import dataclass

CHANNELS = (32, 16, 24, 40, 80, 112, 192, 320)
"""Of the outputs of the stem and the seven stages."""

EPSILON = 1e-3
"""Of the batch norms, TensorFlow's."""

# Of every stage after the first: side of the window, stride, blocks.
_STAGES = ((3, 2, 2), (5, 2, 2), (3, 2, 3), (5, 1, 3), (5, 2, 4), (3, 1, 1))
_EXPANSION = 6


@dataclass(frozen=True)
class Convolution:
    """A convolution without bias, and the batch norm and perhaps the ReLU6 that follow it.

    Its output has the side of the input over the stride, rounded up; where the margin is odd, the right and the bottom
    have more of it.

    Attributes:
        name: of the convolution within its block.
        norm: name of the batch norm.
        before: channels of the input.
        after: channels of the output.
        window: side in cells.
        stride: in cells.
        apart: whether every channel has a window of its own.
        bounded: whether a ReLU6 follows.
    """

    name: str
    norm: str
    before: int
    after: int
    window: int = 1
    stride: int = 1
    apart: bool = False
    bounded: bool = True

    @property
    def groups(self) -> int:
        """How many parts the channels are in that do not mix."""
        return self.before if self.apart else 1


@dataclass(frozen=True)
class Block:
    """Convolutions one after the other; what goes in is added to what comes out where ``residual`` is set."""

    convolutions: tuple[Convolution, ...]
    residual: bool = False


def stages() -> list[dict[str, Block]]:
    """Return the blocks of the stem and the seven stages, by the beginnings of their weights' names.

    Example:
        >>> [len(stage) for stage in stages()]
        [1, 1, 2, 2, 3, 3, 4, 1]
        >>> list(stages()[2])
        ['2.0', '2.1']
    """
    stem, first = CHANNELS[:2]
    found = [
        {"0": Block((Convolution("0", "1", 3, stem, window=3, stride=2),))},
        {
            "1.0": Block(
                (
                    Convolution("conv_dw", "bn1", stem, stem, window=3, apart=True),
                    Convolution("conv_pw", "bn2", stem, first, bounded=False),
                )
            )
        },
    ]
    for number, ((window, stride, blocks), before, after) in enumerate(
        zip(_STAGES, CHANNELS[1:], CHANNELS[2:], strict=False), 2
    ):
        found.append({f"{number}.0": _inverted(before, after, window, stride)})
        found[-1] |= {f"{number}.{block}": _inverted(after, after, window, 1) for block in range(1, blocks)}
    return found


def _inverted(before: int, after: int, window: int, stride: int) -> Block:
    """Expand, a window for each channel, contract."""
    inside = _EXPANSION * before
    return Block(
        (
            Convolution("conv_pw", "bn1", before, inside),
            Convolution("conv_dw", "bn2", inside, inside, window, stride, apart=True),
            Convolution("conv_pwl", "bn3", inside, after, bounded=False),
        ),
        residual=stride == 1 and before == after,
    )
