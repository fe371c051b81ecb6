"""Compression: the image written by a lossy codec and read back, through Pillow."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from bench.distortions.declaration import distortion


@distortion(
    name="jpeg",
    group="compression",
    values=(43, 36, 24, 7, 4),
    unit="libjpeg quality",
    summary="JPEG round trip with 4:2:0 chroma",
    monotone=True,
)
def jpeg(images: Tensor, quality: float, _: torch.Generator) -> Tensor:
    """Write as baseline JPEG with chroma at half resolution (4:2:0) and read back.

    Args:
        images: (N, C, H, W) in [0, 1]; rounded to 8 bits first, as a file would hold it. One file an image.
        quality: libjpeg's scale, 1 to 100.
    """
    return torch.stack([_round_trip(image, "JPEG", quality=int(quality), subsampling="4:2:0") for image in images])


@distortion(
    name="jpeg2000",
    group="compression",
    values=(16, 32, 45, 120, 170),
    unit="compression ratio",
    summary="JPEG 2000 round trip",
    monotone=True,
)
def jpeg2000(images: Tensor, ratio: float, _: torch.Generator) -> Tensor:
    """Write as JPEG 2000 with the irreversible 9/7 wavelet and read back.

    Args:
        images: (N, C, H, W) in [0, 1]; rounded to 8 bits first. One file an image.
        ratio: bytes of the 8-bit pixels over bytes of the file, which the encoder meets to about 2 %.
            Headers of some 270 bytes bound it: a 64 x 64 colour image reaches no more than 46.
    """
    rate = {"quality_mode": "rates", "quality_layers": [ratio]}
    return torch.stack([_round_trip(image, "JPEG2000", irreversible=True, **rate) for image in images])


def encode(image: Tensor, codec: str, **options: Any) -> bytes:
    """Return the file that Pillow writes for an image (C, H, W) in [0, 1], rounded to 8 bits."""
    pixels = (image.detach().cpu() * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    file = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(file, codec, **options)
    return file.getvalue()


def _round_trip(image: Tensor, codec: str, **options: Any) -> Tensor:
    with Image.open(io.BytesIO(encode(image, codec, **options)), formats=(codec,)) as decoded:
        pixels = np.array(decoded)
    planes = torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1)).permute(2, 0, 1)
    return (planes.to(image) / 255).contiguous()
