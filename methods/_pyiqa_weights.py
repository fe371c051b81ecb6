"""Weights of pyiqa: their paths, whether they exist, and the message if they cannot be downloaded.

All of it without importing pyiqa or torch: the rules for their caches are restated here, and a test
compares them with the packages. The stores are

* ``pyiqa``: pyiqa's own cache, below torch's hub folder,
* ``torch``: torch's hub checkpoints (torchvision's backbones and one encoder),
* ``clip``: CLIP as pyiqa's loader keeps it, below torch's hub folder,
* ``openai-clip``: CLIP as the package openai-clip keeps it,
* ``hub``: repositories in the cache of huggingface_hub (timm's backbones, language models).
"""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

_REPOSITORY = "chaofengc/IQA-PyTorch-Weights"
_PROBE_SECONDS = 10.0


@dataclass(frozen=True)
class Weights:
    """One file (in the store ``hub``: one repository) that a metric reads.

    Attributes:
        store: one of the stores above.
        name: the file's name, or ``owner/name`` of a repository.
        address: where it comes from when that is not pyiqa's weights repository.
        size_mb: millions of bytes; None when that could not be established.
    """

    store: str
    name: str
    address: str | None = None
    size_mb: float | None = None

    @property
    def url(self) -> str:
        """Where it is downloaded from."""
        endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
        if self.store == "hub":
            return f"{endpoint}/{self.name}"
        return self.address or f"{endpoint}/{_REPOSITORY}/resolve/main/{quote(self.name)}"

    @property
    def path(self) -> Path:
        """The file, or the repository's folder, that the loader looks for."""
        if self.store == "hub":
            return _hub_cache() / f"models--{self.name.replace('/', '--')}"
        # The loaders name the file by its address, in which a plus sign is %2B.
        return _folder(self.store) / Path(urlsplit(self.url).path).name

    def is_here(self) -> bool:
        """Say whether the loader will find it without a network."""
        if self.store != "hub":
            return self.path.is_file()
        snapshots = self.path / "snapshots"
        return any(any(snapshots.glob(f"*/*.{suffix}")) for suffix in ("safetensors", "bin"))

    def __str__(self) -> str:
        if self.size_mb is None:
            return f"{self.name} (size not known)"
        size = f"{self.size_mb:.1g}" if self.size_mb < 1 else f"{self.size_mb:,.0f}"
        return f"{self.name} ({size} MB)"

    def how_to_get(self) -> str:
        """Say what it is, where it comes from and where it belongs."""
        if self.store == "hub":
            return f"{self} from {self.url} into {self.path} (`hf download {self.name}`, then copy that folder)"
        return f"{self} from {self.url} to {self.path}"


def parse(table: Mapping[str, Any], entries: Sequence[str]) -> tuple[Weights, ...]:
    """Turn ``STORE/NAME`` entries into weights, with addresses and sizes from the table."""
    found = []
    for entry in entries:
        store, _, name = entry.partition("/")
        found.append(Weights(store, name, table["url"].get(entry), table["size_mb"].get(entry)))
    return tuple(found)


def unreachable(weights: Sequence[Weights]) -> str:
    """Say in a few words why a host cannot be reached; empty when every host answers.

    The loaders themselves would retry for minutes, or wait without a limit on a silent network.
    """
    hosts = {urlsplit(one.url).netloc: one.url for one in weights}
    for host, url in hosts.items():
        try:
            request = urllib.request.Request(url, method="HEAD")
            urllib.request.urlopen(request, timeout=_PROBE_SECONDS).close()
        except urllib.error.HTTPError:
            continue  # it answered; whether it has the file is for the download to say
        except OSError as error:
            return f"{host}: {getattr(error, 'reason', error)}"
    return ""


def cannot_be_had(method: str, weights: Sequence[Weights], reason: str) -> str:
    """Return the message for weights that are neither here nor downloadable."""
    what = "; ".join(one.how_to_get() for one in weights)
    return f"{method} needs weights that are not here and could not be downloaded ({reason}). Get: {what}"


def _folder(store: str) -> Path:
    if store == "openai-clip":
        return Path("~/.cache/clip").expanduser()
    return _torch_hub() / {"pyiqa": "pyiqa", "torch": "checkpoints", "clip": "clip"}[store]


def _cache() -> str:
    return os.environ.get("XDG_CACHE_HOME", "~/.cache")


def _torch_hub() -> Path:
    return Path(os.environ.get("TORCH_HOME", f"{_cache()}/torch")).expanduser() / "hub"


def _hub_cache() -> Path:
    home = os.environ.get("HF_HOME", f"{_cache()}/huggingface")
    old_name = os.environ.get("HUGGINGFACE_HUB_CACHE", f"{home}/hub")
    return Path(os.environ.get("HF_HUB_CACHE", old_name)).expanduser()
