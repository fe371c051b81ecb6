"""Devices that methods run on."""

from __future__ import annotations

from collections.abc import Iterable

from bench.api import Method
from bench.errors import UsageError


def resolve_device(requested: str, methods: Iterable[type[Method]]) -> str:
    """Turn auto, cpu or cuda into a torch device; torch is imported only where a method needs it.

    Raises:
        UsageError: cuda was asked for and is not there.
    """
    if requested == "cpu" or (requested == "auto" and not any(m.info.device_bound for m in methods)):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if requested == "cuda":
        raise UsageError("--device got cuda, but torch finds no CUDA device: use --device cpu or auto")
    return "cpu"
