"""Fetching pyiqa's copies from a local server that has them in its form: an archive of one folder, and a list."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from archives import make
from conftest import Ran
from PIL import Image
from serving import Server, serving

from bench.datasets import fetch_plan
from bench.datasets.catalogue import find_card

# (card, list, folder of the images in the archive, as pyiqa's options name it, column of names)
SETS = [
    ("koniq", "KonIQ10k", "koniq10k/1024x768", "img_name"),
    ("koniq-512", "KonIQ10k", "koniq10k/512x384", "img_name"),
    ("koniq-mos5", "KonIQ10k", "koniq10k/1024x768", "img_name"),
    ("spaq", "SPAQ", "SPAQ/TestImage", "Image name"),
    ("flive", "FLIVE", "FLIVE_Database/database", "img_name/patch_name"),
    ("pipal", "PIPAL", "PIPAL/Dist_Imgs", "dist_name"),
    ("kadid10k", "KADID10k", "kadid10k/images", "dist_name"),
    ("live-dmos", "LIVEIQA", "LIVEIQA_release2", "dist_name"),
    ("koniq-plus", "KonIQ10k++", "koniq10k/512x384", "filename"),
    ("spaq-contrast", "SPAQ", "SPAQ/TestImage", "Image name"),
    ("csiq", "CSIQ", "CSIQ/dst_imgs", "dist_name"),
    ("clive", "LIVEChallenge", "LIVEC", "img_name"),
    ("tid2013", "TID2013", "tid2013/distorted_images", "dist_name"),
    ("tid2008", "TID2008", "tid2008/distorted_images", "dist_name"),
]
UNHASHED = ("LIVEChallenge", "TID2013", "TID2008")
ROWS = 12
FLIVE = "img_name/patch_name,mos,official_split\n" + "".join(
    f"{folder}/{i}.jpg,{50 + i}.5,{split}\n"
    for i, (folder, split) in enumerate(
        [("blur_dataset", "train"), ("voc_emotic_ava", "test"), ("patches", "train")] * 4
    )
)


def picture(name: str, seed: int) -> bytes:
    buffer = io.BytesIO()
    noise = Image.effect_noise((24 + seed, 24), 60).convert("RGB")
    noise.save(buffer, {"jpg": "JPEG", "bmp": "BMP", "png": "PNG"}[name.rpartition(".")[2].lower()])
    return buffer.getvalue()


@pytest.mark.parametrize(("card", "list_name", "folder", "column"), SETS, ids=[each[0] for each in SETS])
def test_what_pyiqa_has_is_fetched_and_scored(
    shared: Path,
    bench: Callable[..., Ran],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    card: str,
    list_name: str,
    folder: str,
    column: str,
) -> None:
    file = f"meta_info_{list_name}Dataset.csv"
    source = shared / "labels" / "pyiqa_lists" / file
    first, *last = source.read_text().splitlines() if list_name != "FLIVE" else FLIVE.splitlines()
    lines = [first, *last[-ROWS:]]
    header, *rows = csv.reader(lines)
    names = [row[header.index(column)] for row in rows]
    own = find_card(card)
    assert own
    packed = [archive for archive in own.archives if archive.mirror == "pyiqa"]
    assert len(packed) == 2
    server = Server()
    for archive in packed:
        path = urlsplit(archive.url).path
        if archive.file_name == file:
            server.files[path] = "\n".join(lines).encode()
        else:
            images = {f"{folder}/{name}": picture(name, i) for i, name in enumerate(names)}
            server.files[path] = make(tmp_path / archive.file_name, images).read_bytes()
            assert archive.sha256 or list_name in UNHASHED
    with serving(server) as address:
        here = tuple(
            replace(archive, url=address + urlsplit(archive.url).path, sha256="", size=0) for archive in packed
        )
        local = replace(own, archives=here)
        monkeypatch.setattr(fetch_plan, "find_card", lambda _: local)
        fetched = bench("fetch", "dataset", card, "--mirror", "pyiqa", "--output", tmp_path / "here", "--yes")
    assert fetched.code == 0, fetched.err
    ran = bench(
        "run", "--method", "bytes-per-pixel", "--dataset", card, "--root", f"{card}={tmp_path / 'here'}",
        "--allow-incomplete",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    labelled = sum(not name.startswith("patches/") for name in names)
    assert f"{labelled} images" in ran.out + ran.err
    assert "SRCC" in ran.out
    assert "no SRCC" not in ran.out
