"""All no-reference metrics of pyiqa, each as a method ``pyiqa:NAME``.

What the metrics are trained on and how they behave is declared in ``pyiqa_metrics.toml``; importing
this module reads that table and nothing else. pyiqa and torch are imported when a metric is loaded.
Scores are pyiqa's, in pyiqa's direction. pyiqa is under the PolyForm Noncommercial licence.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import io
import logging
import pickle
import re
import sys
import tomllib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bench.api import Family, Method, MethodInfo, Photo, register
from bench.errors import BenchError, ImageError, MissingRequirementError, UsageError

from ._batch import to_device
from ._only_weights import HostileFileError, only_weights
from ._pyiqa_hashes import check_files, record_files
from ._pyiqa_weights import Weights, cannot_be_had, parse, unreachable

TABLE = Path(__file__).with_suffix(".toml")

_CODE_LICENCE = "PolyForm-Noncommercial-1.0.0 (pyiqa)"
_WEIGHTS_LICENCE = "CC-BY-NC-SA-4.0"
# What the forward passes raise on photographs that they cannot take.
_REFUSALS = (RuntimeError, ValueError, AssertionError, IndexError, ZeroDivisionError)

logger = logging.getLogger(__name__)


class PyiqaMethod(Method):
    """One metric of pyiqa; the table's rows become its subclasses.

    Attributes:
        metric: the name that pyiqa knows it by.
        weights: every file that pyiqa reads for it.
        needs_cuda: whether it runs on a CUDA device only.
    """

    metric: ClassVar[str]
    weights: ClassVar[tuple[Weights, ...]]
    needs_cuda: ClassVar[bool]

    def load(self) -> None:
        """Build the metric, downloading its weights if need be.

        Raises:
            MissingRequirementError: weights or a CUDA device cannot be had, or a file of weights is another than it
                should be, or brings code.
        """
        absent_weights = [one for one in self.weights if not one.is_here()]
        if absent_weights:
            self._check_download(absent_weights)
        self._check_files(self.weights)
        try:
            with _quietly(), only_weights():
                self._model = self._create()
        except MissingRequirementError:
            raise
        # Whatever the loaders of five packages raise on what they cannot fetch, find or read.
        except Exception as error:
            raise MissingRequirementError(self._explain(error)) from error
        self._check_files(absent_weights)
        record_files(self.weights)
        self._fingerprint = fingerprint_of(self._model.net)

    def _check_files(self, weights: Sequence[Weights]) -> None:
        try:
            check_files(weights)
        except UsageError:
            raise
        except (BenchError, OSError) as error:
            raise MissingRequirementError(f"{self.info.name}: {error}") from None

    def _check_download(self, weights: Sequence[Weights]) -> None:
        if reason := unreachable(weights):
            raise MissingRequirementError(cannot_be_had(self.info.name, weights, reason))
        print(f"{self.info.name}: downloading {', '.join(map(str, weights))}", file=sys.stderr, flush=True)

    def _create(self) -> Any:
        import pyiqa
        import torch
        from pyiqa.default_model_configs import DEFAULT_CONFIGS

        if self.metric not in DEFAULT_CONFIGS:
            raise MissingRequirementError(f"{self.info.name} is not in {VERSION}: pip install --upgrade pyiqa")
        if self.needs_cuda and not torch.cuda.is_available():
            raise MissingRequirementError(
                f"{self.info.name} runs only on a CUDA device, and torch finds no such device"
            )
        return pyiqa.create_metric(self.metric, device=torch.device(self.device))

    def _explain(self, error: Exception) -> str:
        reason = _one_line(error)
        if isinstance(error, ImportError):
            return f"{self.info.name} cannot be built with {VERSION}: {reason}. Install what it names"
        absent = [one for one in self.weights if not one.is_here()]
        if absent:
            return cannot_be_had(self.info.name, absent, reason)
        files = ", ".join(str(one.path) for one in self.weights) or "none"
        if code := _code_in(error):
            return (
                f"{self.info.name} was not loaded: a file of weights brings code ({code}), which is never run. Delete "
                f"it, and it is downloaded again: {files}"
            )
        return f"{self.info.name} cannot be built with {VERSION}: {reason}. If a file is damaged, delete it: {files}"

    @property
    def fingerprint(self) -> str:
        """12 hex digits over the weights in use; empty for a metric without any."""
        return self._fingerprint

    def score(self, photos: Sequence[Photo]) -> list[float]:
        """Return pyiqa's raw scores.

        Raises:
            ImageError: pyiqa refuses the photographs.
            MissingRequirementError: a file of weights that is read only now brings code.
        """
        import torch

        batch = to_device([photo.pixels for photo in photos], self.device).contiguous()
        try:
            # Some load a part of themselves when they are first used.
            with torch.no_grad(), warnings.catch_warnings(), only_weights():
                # Advice to pyiqa's developers and callers, repeated for every photograph.
                warnings.simplefilter("ignore")
                scores = self._model(batch)
        except (pickle.UnpicklingError, HostileFileError) as error:
            raise MissingRequirementError(self._explain(error)) from None
        except _REFUSALS as error:
            raise ImageError(f"{self.info.name} cannot score it: {_one_line(error)}") from error
        values: list[float] = torch.as_tensor(scores).detach().flatten().tolist()
        if len(values) != len(photos):
            raise ImageError(f"{self.info.name} gave {len(values)} scores for {len(photos)} photographs")
        return values

    @classmethod
    def missing(cls) -> str:
        """Name the packages or the weights that are not here."""
        if absent := super().missing():
            return absent
        weights = [str(one) for one in cls.weights if not one.is_here()]
        return f"weights {', '.join(weights)} will be downloaded" if weights else ""


def fingerprint_of(net: Any) -> str:
    """Hash the names and bytes of a network's weights.

    Args:
        net: a torch module. Modules that it hides in lists (pyiqa does so with CLIP) count too; one
            with no state at all is hashed by the arrays among its attributes (NIQE, BRISQUE, NRQM).

    Returns:
        12 hex digits, or an empty string when there is nothing to hash.
    """
    entries = list(_states(net)) or list(_attributes(net))
    if not entries:
        return ""
    digest = hashlib.sha256()
    for name, value in entries:
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(_bytes(value))
    return digest.hexdigest()[:12]


def _states(net: Any) -> Iterator[tuple[str, Any]]:
    import torch

    for name, value in net.state_dict().items():
        if torch.is_tensor(value):
            yield name, value
    for path, module in net.named_modules():
        for name, value in vars(module).items():
            for index, hidden in enumerate(value if isinstance(value, list | tuple) else ()):
                if isinstance(hidden, torch.nn.Module):
                    yield from ((f"{path}.{name}.{index}.{key}", state) for key, state in _states(hidden))


def _attributes(net: Any) -> Iterator[tuple[str, Any]]:
    for path, module in net.named_modules():
        for name, value in sorted(vars(module).items()):
            yield from _arrays(f"{path}.{name}", value)


def _arrays(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    import torch

    if isinstance(value, np.ndarray) or torch.is_tensor(value):
        yield name, value
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _arrays(f"{name}.{index}", item)


def _bytes(value: Any) -> bytes:
    import torch

    if isinstance(value, np.ndarray):
        return value.tobytes()
    # Through bytes: numpy has no bfloat16.
    flat = value.detach().cpu().contiguous().flatten().view(torch.uint8)
    return bytes(flat.numpy().data)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    # pyiqa prints to stdout, which belongs to tables and JSON.
    chatter = io.StringIO()
    try:
        with contextlib.redirect_stdout(chatter), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for line in filter(None, chatter.getvalue().splitlines()):
            logger.debug("pyiqa: %s", line)


def _code_in(error: Exception) -> str:
    """Say what in a file of weights is more than weights; empty where the error is of another kind."""
    if isinstance(error, HostileFileError):
        return str(error)
    if not isinstance(error, pickle.UnpicklingError):
        return ""
    named = re.search(r"GLOBAL ([\w.]+)", str(error))
    return named[1] if named else _one_line(error)


def _one_line(error: Exception) -> str:
    text = next(filter(None, map(str.strip, str(error).splitlines())), "")
    return re.sub(r"\s+", " ", text)[:200] or type(error).__name__


def _installed() -> str:
    try:
        return f"pyiqa {importlib.metadata.version('pyiqa')}"
    except importlib.metadata.PackageNotFoundError:
        return "pyiqa (not installed)"


VERSION = _installed()


def read_table() -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """Return the table of weights, and one row a metric with what its method shares filled in."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    shared = [({k: v for k, v in m.items() if k != "variant"}, m["variant"]) for m in table["method"]]
    return table, [{**common, **variant} for common, variants in shared for variant in variants]


def _info(row: Mapping[str, Any]) -> MethodInfo:
    weights_licence = row.get("licence", _WEIGHTS_LICENCE)
    low, high = row["range"]
    return MethodInfo(
        name=f"pyiqa:{row['name']}",
        version=VERSION,
        family=Family(row["family"]),
        opinion_aware=row["opinion_aware"],
        trained_on=tuple(row["trained_on"]),
        score_range=(float(low), float(high)),
        higher_is_better=not row.get("lower_better", False),
        licence=_CODE_LICENCE + (f", {weights_licence} (weights)" if weights_licence else ""),
        citation=row["citation"],
        code=row.get("code", ""),
        summary=row["summary"],
        batching=row.get("batching", "one"),
        device_bound=row.get("network", True),
        aliases=(row["name"],) if row.get("alias", False) else (),
        tags=tuple(row.get("tags", ())),
    )


def _define(table: Mapping[str, Any], row: Mapping[str, Any]) -> type[PyiqaMethod]:
    body = {
        "__doc__": row["summary"],
        "__module__": __name__,
        "info": _info(row),
        "metric": row["name"],
        "weights": parse(table, row.get("weights", ())),
        "packages": ("pyiqa", *row.get("packages", ())),
        "needs_cuda": row.get("cuda", False),
    }
    name = "Pyiqa_" + re.sub(r"\W", "_", row["name"].replace("+", "_plus"))
    return register(type(name, (PyiqaMethod,), body))


def _define_all() -> dict[str, type[PyiqaMethod]]:
    table, rows = read_table()
    return {row["name"]: _define(table, row) for row in rows}


METHODS = _define_all()
"""pyiqa's name → method."""

# By name in this module, so that other processes can unpickle them.
globals().update({method.__name__: method for method in METHODS.values()})
