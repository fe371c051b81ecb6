"""pyiqa's folder ``datasets``: its own lists of 2022 in ``meta_info`` beside a folder a set, given as BENCH_DATA."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from bench.datasets.readers.with_card import inspect
from bench.datasets.resolve import find_named, resolve
from bench.datasets.roots import Roots
from bench.errors import UsageError

# (card, list, folder of the images as pyiqa's options name it, column of names, column of labels, images, splits)
SETS = [
    ("koniq-512", "KonIQ10k", "koniq10k/512x384", "img_name", "mos", 10073, (7058, 1000, 2015)),
    ("koniq-mos5", "KonIQ10k", "koniq10k/1024x768", "img_name", "", 10073, (7058, 1000, 2015)),
    ("spaq", "SPAQ", "SPAQ/TestImage", "Image name", "MOS", 11125, ()),
    ("kadid10k", "KADID10k", "kadid10k/images", "dist_name", "dmos", 10125, ()),
    ("tid2013", "TID2013", "tid2013/distorted_images", "dist_name", "mos", 3000, ()),
    ("tid2008", "TID2008", "tid2008/distorted_images", "dist_name", "mos", 1700, ()),
    ("csiq", "CSIQ", "CSIQ/dst_imgs", "dist_name", "dmos", 866, ()),
    ("pipal", "PIPAL", "PIPAL/Dist_Imgs", "dist_name", "elo_score", 23200, ()),
    ("clive", "LIVEChallenge", "LIVEC", "img_name", "mos", 1162, ()),
    ("live-md", "LIVEMD", "LIVEmultidistortiondatabase", "dist_name", "dmos", 450, ()),
    ("koniq-plus", "KonIQ10k++", "koniq10k/1024x768", "filename", "qmos", 10073, ()),
    ("spaq-noisiness", "SPAQ", "SPAQ/TestImage", "Image name", "Noisiness", 11125, ()),
    ("live-dmos", "LIVEIQA", "LIVEIQA_release2", "dist_name", "mos", 779, ()),
]
SPLITS = ("training", "validation", "test")
PRESENT = {"0": "train", "1": "val", "2": "test"}


def rows_of(text: str) -> tuple[list[str], list[list[str]]]:
    header, *rows = csv.reader(io.StringIO(text))
    return header, rows


def as_csv(header: list[str], rows: list[list[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([header, *rows])
    return buffer.getvalue()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "datasets"
    monkeypatch.setenv("BENCH_DATA", str(folder))
    return folder


def lay_out(data: Path, name: str, text: str, images: Iterator[str]) -> None:
    """Write a list and stand-ins of its images, which tests of labels do not open."""
    (data / "meta_info").mkdir(parents=True)
    (data / "meta_info" / f"meta_info_{name}Dataset.csv").write_text(text)
    for image in images:
        (data / image).parent.mkdir(parents=True, exist_ok=True)
        (data / image).touch()


# Of the other sets the present lists differ by further columns alone, as KADID-10k's do.
CHANGED = ("koniq-512", "spaq-noisiness", "pipal", "kadid10k")
EDITIONS = [(each, present) for each in SETS for present in (False, True) if not present or each[0] in CHANGED]
NAMES = [f"{each[0]}-{'present' if present else '2022'}" for each, present in EDITIONS]


@pytest.mark.parametrize(
    ("card", "name", "folder", "image", "label", "n", "splits", "present"),
    [(*each, present) for each, present in EDITIONS],
    ids=NAMES,
)
def test_every_set_is_read_from_pyiqas_list(
    shared: Path,
    data: Path,
    card: str,
    name: str,
    folder: str,
    image: str,
    label: str,
    n: int,
    splits: tuple[int, ...],
    present: bool,
) -> None:
    text = (shared / "labels" / "pyiqa_lists" / f"meta_info_{name}Dataset.csv").read_text()
    header, rows = rows_of(text)
    place = header.index(image)
    if present:
        # As its present code reads them: another name and texts of the split, and columns of random splits.
        for row in rows:
            row += ["train", "val"]
            if "split" in header:
                row[header.index("split")] = PRESENT[row[header.index("split")]]
        # SPAQ's own header is that of 2022 there.
        more = [] if name == "SPAQ" else ["ratio802_seed123_split_01", "ratio802_seed123_split_02"]
        header = [*("official_split" if column == "split" else column for column in header), *more]
    # One image shows that they are looked for in the right folder; thousands would take long to make.
    lay_out(data, name, as_csv(header, rows), iter([f"{folder}/{rows[len(rows) // 2][place]}"]))
    named = find_named(card, Roots.parse([]))
    assert named
    inspection = inspect(*named)
    assert inspection.found == 1
    assert [problem.kind for problem in inspection.problems if problem.level == "error"] == ["missing"]
    found = inspection.dataset
    assert len(found.samples) == n
    if splits:
        assert tuple(len(found.split(split).samples) for split in SPLITS) == splits
    if label:
        column = rows_of(text)[0].index(label)
        theirs = {row[place].lower(): float(row[column]) for row in rows}
        # Not by pytest.approx, which takes seconds for ten thousand numbers.
        assert all(sample.mos == theirs[sample.name.lower()] for sample in found.samples)


def test_validation_images_of_pipal_have_no_labels_and_are_left_out(data: Path) -> None:
    rows = [["A0001.bmp", "A0001_00_00.bmp", "1520.0648", "0.656", "train"]]
    rows += [["A0248.bmp", "A0248_06_02.bmp", "1437.0798", "0.566", "train"]]
    rows += [[f"A0{i}.bmp", f"A0{i}_03_08.bmp", "1400.0", "0.5", "val"] for i in (201, 274)]
    text = as_csv(["hq_name", "dist_name", "elo_score", "scaled_elo_score", "official_split"], rows)
    lay_out(data, "PIPAL", text, (f"PIPAL/Dist_Imgs/{row[1]}" for row in rows))
    named = find_named("pipal", Roots.parse([]))
    assert named
    samples = inspect(*named).dataset.samples
    assert [sample.name for sample in samples] == ["A0001_00_00.bmp", "A0248_06_02.bmp"]


def test_images_of_a_set_beside_its_list_are_opened(shared: Path, data: Path) -> None:
    text = (shared / "labels" / "pyiqa_lists" / "meta_info_CSIQDataset.csv").read_text()
    _, rows = rows_of(text)
    lay_out(data, "CSIQ", text, (f"CSIQ/dst_imgs/{row[1]}" for row in rows))
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "PNG")
    first = resolve("csiq", Roots.parse([])).samples[0]
    assert first.file
    (data / "CSIQ" / first.file.name).write_bytes(buffer.getvalue())
    assert first.file.read() == buffer.getvalue()


def test_a_set_that_is_not_there_is_not_found_by_its_list(shared: Path, data: Path) -> None:
    lay_out(data, "CSIQ", (shared / "labels/pyiqa_lists/meta_info_CSIQDataset.csv").read_text(), iter(()))
    with pytest.raises(UsageError, match="is not available here"):
        resolve("csiq", Roots.parse([]))
