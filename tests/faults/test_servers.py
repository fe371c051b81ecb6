"""Servers that do what no server should: each ends in one sentence and soon, and no file of theirs is taken."""

from __future__ import annotations

import gzip
import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Tally
from serving import Server, serving

from bench.api import Download
from bench.errors import BenchError
from bench.io import files, web
from bench.io.download import fetch
from bench.io.files import File, open_folder
from bench.io.images import decode

pytestmark = pytest.mark.slow

CONTENT = bytes(range(256)) * 4096
MOST = 2 * len(CONTENT)
MOST_SECONDS = 20
TRIES = 5
FAULTS: dict[str, dict[str, object]] = {
    "an endless answer": {"endless": True, "length": False},
    "redirects to itself": {"redirect": "/1.png"},
    "redirects to itself with endless answers": {"redirect": "/1.png", "endless": True},
    "fewer bytes than it says": {"cut": 100, "cuts": 10**6, "ranges": False},
    "a byte at a time": {"drip": 10},
    "headers a byte at a time": {"drip_headers": True},
    "64 MiB of zeros as gzip": {"content": gzip.compress(bytes(2**26))},
    "an HTML page in place of the file": {"content": b"<!DOCTYPE html><html><body>an error</body></html>" * 99},
    "HTTP 503": {"status": 503},
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "WINDOW", 0.5)
    monkeypatch.setattr(files, "MAX_FILE_BYTES", MOST)


def count_wrong(fault: str, attempt: Callable[[str, int], None]) -> int:
    """Try the fault, and count how often it is taken, or ends in more than a sentence, or late."""
    wrong = 0
    for number in range(TRIES):
        faults = Server(CONTENT)
        for name, value in FAULTS[fault].items():
            setattr(faults, name, value)
        with serving(faults) as address:
            began = time.monotonic()
            try:
                attempt(address, number)
            except BenchError as error:
                wrong += "\n" in str(error)
            else:
                wrong += 1
            wrong += time.monotonic() - began > MOST_SECONDS
    return wrong


@pytest.mark.parametrize("fault", FAULTS)
def test_a_download(fault: str, tmp_path: Path, tally: Tally) -> None:
    sha256 = hashlib.sha256(CONTENT).hexdigest()

    def attempt(address: str, number: int) -> None:
        fetch(Download("w", f"{address}/1.png", tmp_path / str(number) / "w.pt", "MIT", len(CONTENT), sha256), MOST)

    wrong = count_wrong(fault, attempt) + len(list(tmp_path.glob("*/w.pt")))
    tally(f"a download, and the server sends {fault}", TRIES, wrong)
    assert wrong == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_an_image(fault: str, tally: Tally) -> None:
    def attempt(address: str, number: int) -> None:
        name = f"{number}.png"
        decode(File(open_folder(address, "--dataset"), name).read(), name)

    wrong = count_wrong(fault, attempt)
    tally(f"an image, and the server sends {fault}", TRIES, wrong)
    assert wrong == 0
