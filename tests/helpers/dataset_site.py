"""A server with the archives of a dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from archives import FILES, make
from serving import Server, serving

from bench.datasets import catalogue, fetch_plan
from bench.datasets.card import Archive

LABELS = b"image,score\n1.png,3\n"


class Site:
    """A server with the archives of a dataset, and the card that points to it."""

    def __init__(self, server: Server, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server, self.address = server, address
        self._patch = monkeypatch
        self.offer(self.archive("set.zip"))

    def archive(self, name: str, /, **about: Any) -> Archive:
        """Describe what the server has under /dir/NAME, with its true hash."""
        about = {"sha256": hashlib.sha256(self.server.files.get(f"/dir/{name}", b"")).hexdigest(), **about}
        return Archive(url=f"{self.address}/dir/{name}", **about)

    def offer(self, *archives: Archive) -> None:
        card = replace(catalogue.shipped_cards()["koniq"], archives=archives)
        self._patch.setattr(fetch_plan, "find_card", lambda name: card if name in ("koniq", "koniq10k") else None)


@contextmanager
def serving_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Serve two archives and a table of labels, the first of them as the dataset koniq."""
    server = Server()
    server.files = {
        "/dir/set.zip": make(tmp_path / "set.zip", FILES).read_bytes(),
        "/dir/more.tgz": make(tmp_path / "more.tgz", {"images/3.png": b"3"}).read_bytes(),
        "/dir/labels%202.csv": LABELS,
    }
    for name in ("set.zip", "more.tgz"):
        (tmp_path / name).unlink()
    with serving(server) as address:
        yield Site(server, address, monkeypatch)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
