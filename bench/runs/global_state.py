"""State that scoring sets for the whole process, given back afterwards: a caller may be in the middle of a training."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def preserved() -> Iterator[None]:
    """Restore the global random generators, and torch's threads and deterministic switches, when the block ends.

    Torch's state is kept only where torch was imported before.
    """
    python, numpy = random.getstate(), np.random.get_state()
    restore_torch = _keep_torch(sys.modules["torch"]) if "torch" in sys.modules else None
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        if restore_torch is not None:
            restore_torch()


def _keep_torch(torch: Any) -> Callable[[], None]:
    cpu, threads = torch.get_rng_state(), torch.get_num_threads()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    switches = [(torch.backends.cudnn, "benchmark"), (torch.backends.cudnn, "allow_tf32")]
    switches.append((torch.backends.cuda.matmul, "allow_tf32"))
    values = [getattr(owner, name) for owner, name in switches]

    def restore() -> None:
        torch.set_rng_state(cpu)
        torch.set_num_threads(threads)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        for (owner, name), value in zip(switches, values, strict=True):
            setattr(owner, name, value)

    return restore
