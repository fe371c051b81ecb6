"""Devices of networks, from what users type."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable

from bench.api import Method
from bench.errors import UsageError
from bench.io.machine import let_threads_sleep
from bench.io.visible import quoted

CHOICES = "auto, cpu, cuda, mps, one CUDA device such as cuda:1, or several such as cuda:0,1"


def resolve_devices(requested: str, methods: Iterable[type[Method]]) -> tuple[str, ...]:
    """Turn ``--device`` into torch devices; torch is imported only where a method needs it.

    Args:
        requested: ``auto`` (CUDA where it is there, else the CPU), ``cpu``, ``cuda``, ``mps``, ``cuda:N`` or a list
            such as ``cuda:0,1``.
        methods: that are to run.

    Returns:
        One device, or several where one process each is to score.

    Raises:
        UsageError: it is no such text, or the device is not there.

    Example:
        >>> resolve_devices("cpu", [])
        ('cpu',)
    """
    numbers = re.fullmatch(r"cuda:(\d{1,3}(?:,\d{1,3})*)", requested)
    if requested not in ("auto", "cpu", "cuda", "mps") and not numbers:
        raise UsageError(f"--device got {quoted(requested)}: give {CHOICES}")
    if requested == "cpu" or (requested == "auto" and not _may_use_torch(methods)):
        return ("cpu",)
    let_threads_sleep()
    import torch

    if requested == "mps":
        if not torch.backends.mps.is_available():
            raise UsageError("--device got mps, but torch finds no Apple GPU: use --device cpu or auto")
        return ("mps",)
    if not torch.cuda.is_available():
        if requested == "auto":
            return ("cpu",)
        raise UsageError(f"--device got {requested}, but torch finds no CUDA device: use --device cpu or auto")
    if not numbers:
        return ("cuda",)
    wanted = dict.fromkeys(map(int, numbers[1].split(",")))
    there = torch.cuda.device_count()
    if absent := [number for number in wanted if number >= there]:
        raise UsageError(f"--device got {requested}, but there is no CUDA device {absent[0]}: torch finds {there}")
    return tuple(f"cuda:{number}" for number in wanted)


def _may_use_torch(methods: Iterable[type[Method]]) -> bool:
    return any(method.info.device_bound for method in methods) and importlib.util.find_spec("torch") is not None
