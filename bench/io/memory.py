"""Images that are in memory already: PIL images, uint8 arrays and float tensors become photographs.

The decode policy of :mod:`bench.io.images` holds here too: the pixels of an image are the same whether it comes from
a file or was opened, or turned into an array or a tensor, before.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from bench.api import Photo, Pixels
from bench.errors import ImageError, UsageError
from bench.io.images import check_size, pixels_of

if TYPE_CHECKING:
    import torch


def is_in_memory(value: object) -> bool:
    """Say whether a value is an image, or a batch of images, that needs no file."""
    return isinstance(value, (Image.Image, np.ndarray)) or _is_tensor(value)


def is_batch(value: object) -> bool:
    """Say whether a value is a batch of images: a tensor of four dimensions."""
    return _is_tensor(value) and getattr(value, "ndim", 0) == 4


def to_photos(value: Any, name: str, parameter: str) -> list[Photo]:
    """Return the photographs that an image in memory is: one, or N of a batch.

    Args:
        value: a PIL image of any mode that the decoder takes; a uint8 array (H, W, 3) RGB or (H, W) grey; a float
            tensor (3, H, W) or (N, 3, H, W), RGB in [0, 1], which is rounded to 8 bits.
        name: of the photograph; those of a batch are called ``name[0]`` and so on.
        parameter: what errors call the value.

    Raises:
        UsageError: the type, the shape or the values are others, or the image is too large.
    """
    try:
        if isinstance(value, Image.Image):
            check_size(*value.size)
            every = [pixels_of(value)]
        elif isinstance(value, np.ndarray):
            every = [_of_array(value)]
        else:
            every = _of_tensor(value)
        for pixels in every:
            check_size(pixels.shape[1], pixels.shape[0])
    except (ImageError, OSError) as error:
        raise UsageError(f"{parameter} got {_described(value)}: {error}") from None
    names = [f"{name}[{i}]" for i in range(len(every))] if is_batch(value) else [name]
    return [
        Photo(each, pixels, 0, pixels.shape[0] * pixels.shape[1]) for each, pixels in zip(names, every, strict=True)
    ]


def _is_tensor(value: object) -> bool:
    # Who holds a tensor has imported torch already.
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _described(value: Any) -> str:
    if isinstance(value, Image.Image):
        return f"a PIL image of mode {value.mode}"
    kind = "an array" if isinstance(value, np.ndarray) else "a tensor"
    return f"{kind} of {str(value.dtype).removeprefix('torch.')} and shape {tuple(value.shape)}"


def _of_array(value: np.ndarray[Any, Any]) -> Pixels:
    if value.dtype != np.uint8:
        raise ImageError("an array of pixels is uint8; for floats in [0, 1] give (255 * array).round().astype('uint8')")
    if value.ndim == 4:
        raise ImageError("one array is one image, (H, W, 3) or (H, W): give list(array) for a batch")
    if not (value.ndim == 2 or (value.ndim == 3 and value.shape[2] == 3)):
        hint = "; give PIL.Image.fromarray(array) for one with alpha" if value.shape[-1:] == (4,) else ""
        raise ImageError(f"an array of pixels has the shape (H, W, 3) or (H, W){hint}")
    if not value.size:
        raise ImageError("it has no pixels")
    # A copy: the caller may go on to change the array.
    return np.array(value) if value.ndim == 3 else np.repeat(value[:, :, None], 3, axis=2)


def _of_tensor(value: torch.Tensor) -> list[Pixels]:
    import torch

    if not value.is_floating_point():
        raise ImageError("a tensor of pixels is of floats in [0, 1]: give tensor / 255 for 8-bit values")
    if value.ndim not in (3, 4) or value.shape[-3] != 3:
        raise ImageError("a tensor of pixels has the shape (3, H, W) or (N, 3, H, W)")
    if not value.numel():
        raise ImageError("it has no pixels")
    plain = value.detach().to("cpu", torch.float32)
    if not torch.isfinite(plain).all():
        raise ImageError("it has values that are NaN or infinite")
    low, high = float(plain.min()), float(plain.max())
    if low < 0 or high > 1:
        raise ImageError(f"its values go from {low:g} to {high:g} and must lie in [0, 1]: give tensor.clamp(0, 1)")
    rounded = (plain * 255).round().to(torch.uint8)
    return [image.permute(1, 2, 0).contiguous().numpy() for image in (rounded if value.ndim == 4 else rounded[None])]
