"""Files that users ask for: whole or not at all, and one sentence where they cannot be written."""

from __future__ import annotations

import os
import resource
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fakes
import numpy as np
import pytest
import torch
from conftest import Ran
from PIL import Image
from stored import run

from bench.check import reference
from bench.errors import UsageError
from bench.figures.style import new_figure, save_figure
from bench.io.atomic import output_file, write_atomically, write_output
from bench.methods.qualiclip import tensors
from bench.methods.qualiclip.run_folder import RunFolder
from bench.plugins.gaussian import PristineModel
from bench.runs.store import Store

Bench = Callable[..., Ran]
TOO_LARGE = "File too large"


@contextmanager
def disk_that_fills_up(most: int = 20) -> Iterator[None]:
    """Let the system refuse every byte of a file after the first few, whoever writes it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    # Python keeps the first bytes of a module's compiled form for the whole of it, and fails at each later import.
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def a_text(path: Path) -> None:
    write_output(path, "a line\n" * 10)


def a_model(path: Path) -> None:
    PristineModel(np.zeros(9), np.eye(9)).save(path)


def a_figure(path: Path) -> None:
    save_figure(new_figure(1, 1), path)


def a_checkpoint(path: Path) -> None:
    tensors.save(path, {"weight": torch.zeros(9)}, torch.zeros(2, 3), {"trained_on": []})


def a_state(path: Path) -> None:
    RunFolder(path.parent).save_state({"step": 1, "model": {"weight": torch.zeros(9)}})


def a_log(path: Path) -> None:
    RunFolder(path.parent).begin({"event": "start", "step": 0}, step=10**6)


def a_reference(path: Path) -> None:
    reference.write(path.parent, reference.Reference(path.stem, (), ()))


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (a_text, "table.md"),
        (a_figure, "figure.svg"),
        (a_figure, "figure.png"),
        (a_figure, "figure.pdf"),
        (a_checkpoint, "last.safetensors"),
        (a_state, "state.pt"),
        (a_log, "log.jsonl"),
        (a_reference, "sample.json"),
    ],
)
def test_a_write_that_fails_half_way_leaves_the_old_file(
    write: Callable[[Path], None], name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    old = '{"step": 1}\n' * 3
    path.write_text(old)
    with disk_that_fills_up(), pytest.raises(UsageError, match=rf"{name}, which cannot be written: {TOO_LARGE}"):
        write(path)
    assert path.read_text() == old
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_a_model_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    a_model(path)
    old = path.read_bytes()
    with disk_that_fills_up(), pytest.raises(UsageError, match=rf"model.npz, which cannot be written: {TOO_LARGE}"):
        a_model(path)
    assert path.read_bytes() == old


@pytest.mark.parametrize(
    ("command", "output"),
    [
        (("table", "--output"), "table.md"),
        (("report", "--output"), "report.html"),
        (("plot", "ranking", "--output"), "ranking.svg"),
        (("distort", "photos/images/0.png", "--types", "darken", "--overwrite", "--output"), "sheet.png"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else value,
)
def test_a_command_that_cannot_write_says_so_and_leaves_the_old_file(
    bench: Bench, photos: Path, store: Store, tmp_path: Path, command: tuple[str, ...], output: str
) -> None:
    run(store, photos, fakes.Brightness, fakes.Darkness)
    (tmp_path / output).write_text("old")
    with disk_that_fills_up():
        done = bench(*command, output)
    assert (done.code, done.err) == (2, f"bench: error: --output got {output}, which cannot be written: {TOO_LARGE}\n")
    assert (tmp_path / output).read_text() == "old"


def test_what_was_asked_for_is_there_and_may_be_read_as_any_new_file(tmp_path: Path) -> None:
    write_output(tmp_path / "a.md", "größer\n")
    a_checkpoint(tmp_path / "a.safetensors")
    (tmp_path / "touched").touch()
    assert (tmp_path / "a.md").read_bytes() == "größer\n".encode()
    assert len({stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}) == 1


def test_a_folder_that_is_not_there_is_said_with_the_option(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "a.csv"
    with pytest.raises(UsageError, match=rf"--csv got {path}, which cannot be written: No such file or directory"):
        write_output(path, "", "--csv")


def test_a_failure_of_the_writer_is_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a"

    def half() -> None:
        with output_file(path) as temporary:
            temporary.write_text("half")
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        half()
    assert not list(tmp_path.iterdir())


def test_a_link_stays_a_link_and_its_file_changes(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "link").symlink_to("file")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"


def test_a_device_is_written_to_and_not_replaced() -> None:
    write_output(Path(os.devnull), "nothing")
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize("first", ["image,score", "\ufeffImage;MOS", "filename\tdmos\tstd", '"image","rating"'])
def test_labels_are_replaced_by_no_output(tmp_path: Path, first: str) -> None:
    labels = tmp_path / "scores.csv"
    labels.write_text(f"{first}\na.png,1\n", encoding="utf-8")
    before = labels.read_bytes()
    with pytest.raises(UsageError, match=r"--output got .*scores.csv, which holds labels of images: give another name"):
        write_output(labels, "new")
    assert labels.read_bytes() == before


@pytest.mark.parametrize("first", ["image,method,score,error", "method,dataset,srcc", "", "\x00\x01", "score"])
def test_other_files_are_replaced(tmp_path: Path, first: str) -> None:
    file = tmp_path / "file.csv"
    file.write_text(first)
    write_output(file, "new")
    assert file.read_text() == "new"


@pytest.mark.parametrize("name", ["fn.py", "names.toml", "photo.png", "photo.jpg", "photo.webp", "photo.tiff"])
def test_sources_and_photographs_are_replaced_by_no_output(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    if file.suffix in (".py", ".toml"):
        file.write_text("a = 1\n")
    else:
        Image.new("RGB", (9, 9)).save(file)
    before = file.read_bytes()
    with pytest.raises(UsageError, match=rf"--output got .*{name}, which is a (source|photograph): give another name"):
        write_output(file, "new")
    assert file.read_bytes() == before


def test_a_figure_replaces_an_earlier_one_and_no_photograph(tmp_path: Path) -> None:
    a_figure(tmp_path / "figure.png")
    a_figure(tmp_path / "figure.png")
    Image.new("RGB", (9, 9)).save(tmp_path / "photo.png")
    with pytest.raises(UsageError, match="which is a photograph"):
        a_figure(tmp_path / "photo.png")


def test_a_model_replaces_nothing_but_a_model(tmp_path: Path) -> None:
    a_model(tmp_path / "model.npz")
    a_model(tmp_path / "model.npz")
    (tmp_path / "fn").write_text("import bench\n")
    with pytest.raises(UsageError, match="fn, which is there and is a file of another kind: give another name"):
        a_model(tmp_path / "fn")


def test_no_command_writes_over_what_it_reads_or_writes_itself(bench: Bench, photos: Path, tmp_path: Path) -> None:
    photo = photos / "images" / "0.png"
    before = photo.read_bytes()
    done = bench("explain", photo, "--method", "niqe", "--output", "photos/../photos/images/0.png")
    assert (done.code, "--output and PHOTO name one file, which is read" in done.err) == (2, True)
    done = bench("explain", photo, "--method", "niqe", "--output", "m.png", "--chart", "./m.png")
    assert (done.code, "--output and --chart name one file twice" in done.err) == (2, True)
    done = bench("distort", photo, "--output", photo, "--overwrite")
    assert (done.code, "--output and PHOTO name one file, which is read" in done.err) == (2, True)
    assert photo.read_bytes() == before
    (tmp_path / "names").write_text("")
    done = bench("table", "--names", "names", "--output", "names")
    assert (done.code, "--output and --names name one file, which is read" in done.err) == (2, True)


def test_ratings_that_were_filled_in_are_not_lost(bench: Bench, photos: Path) -> None:
    before = (photos / "scores.csv").read_bytes()
    bench("run", "--method", "bytes-per-pixel", "--dataset", photos)
    done = bench("table", "--draws", "0", "--format", "csv", "--output", photos / "scores.csv")
    assert (done.code, "which holds labels of images" in done.err) == (2, True)
    assert (photos / "scores.csv").read_bytes() == before
    twice = bench("table", "--draws", "0", "--bib", "a.tex", "--output", "a.tex")
    assert (twice.code, "name one file twice" in twice.err) == (2, True)
