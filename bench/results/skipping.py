"""What a run leaves out because it is not here (``--skip-missing``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench.errors import BenchError, MissingRequirementError, listed
from bench.io.progress import warn


class Skipped:
    """Datasets and methods that were left out.

    Attributes:
        names: of them, in the order in which they were missed.
    """

    def __init__(self) -> None:
        self.names: list[str] = []

    @contextmanager
    def noting(self, name: str) -> Iterator[None]:
        """Note something as left out where the block finds that it is not here."""
        try:
            yield
        except MissingRequirementError as error:
            if name not in self.names:
                self.names.append(name)
                warn(f"{name} is left out: {error}")

    def check(self) -> None:
        """Raise BenchError where anything was left out."""
        if self.names:
            raise BenchError(f"--skip-missing left out {listed(self.names)}, which is not here; the rest is done")
