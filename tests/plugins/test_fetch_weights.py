"""``bench fetch weights``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from served_file import CONTENT, SHA256, download_of, served_file
from serving import Server

from bench.api import Download
from bench.plugins import weights


@pytest.fixture
def server() -> Iterator[tuple[Server, str]]:
    with served_file() as served:
        yield served


@pytest.fixture
def download(server: tuple[Server, str], tmp_path: Path) -> Download:
    return download_of(server[1], tmp_path)


def test_what_methods_declare_is_known() -> None:
    known = weights.known_downloads()
    assert {"clip-rn50", "qualiclip"} <= set(known)
    for download in known.values():
        assert download.url.startswith("https://")
        assert re.fullmatch(r"[\w.+-]+", download.path.name)
        assert not download.sha256 or re.fullmatch("[0-9a-f]{64}", download.sha256)


def test_the_command_says_what_it_fetches_first(
    bench: Callable[..., Any], download: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "known_downloads", lambda: {"w": download})
    ran = bench("fetch", "weights", "w")
    assert (ran.code, ran.out) == (0, f"w is here: {download.path}\n")
    assert ran.err.startswith(f"w: about 1 MB, from {download.url}; checked by its SHA-256; licence MIT\n")
    again = bench("fetch", "weights", "w")
    assert (again.code, again.err) == (0, "")


def test_an_unknown_name_is_answered_with_the_nearest(bench: Callable[..., Any]) -> None:
    ran = bench("fetch", "weights", "qualiclp")
    assert ran.code == 2
    assert "NAME got 'qualiclp', which names no weights. Did you mean 'qualiclip'? Use one of: clip-rn50," in ran.err


def test_weights_without_a_hash_are_compared_with_those_before(
    bench: Callable[..., Any], server: tuple[Server, str], download: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "known_downloads", lambda: {"w": replace(download, sha256="")})
    assert bench("fetch", "weights", "w").code == 0
    assert SHA256 in (download.path.parent / "bench.lock").read_text()
    download.path.unlink()
    server[0].content = CONTENT[::-1]
    ran = bench("fetch", "weights", "w")
    assert ran.code == 1
    assert "is another file than on" in ran.err
    assert not download.path.exists(), "no method loads them"
