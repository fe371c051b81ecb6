"""`bench new`: a package of a method that passes its own test, and a card that doctor and run take."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import fakes
import pytest
from conftest import Ran, make_photo

from bench.check.contract import check_contract
from bench.datasets.catalogue import read_card
from bench.errors import BenchError, UsageError
from bench.new.dataset import write_card
from bench.new.method import write_package
from bench.plugins.from_file import load_plugins

ROOT = Path(__file__).parents[2]


@pytest.mark.usefixtures("forget_plugins")
def test_a_new_method_keeps_to_what_it_declares(bench: Callable[..., Ran]) -> None:
    done = bench("new", "method", "my-metric")
    assert done.code == 0
    written = {line.removeprefix("my-metric/") for line in done.out.splitlines()}
    assert written == {
        *("pyproject.toml", "README.md", ".gitignore", "my_metric/__init__.py", "tests/test_my_metric.py"),
        ".github/workflows/scores.yml",
    }
    about = tomllib.loads(Path("my-metric/pyproject.toml").read_text())["project"]
    assert (about["name"], about["entry-points"]["bench.methods"]) == ("my-metric", {"my-metric": "my_metric"})
    # The dataset of its workflow needs torch and scikit-image; where bench comes from is for the user to say.
    assert about["optional-dependencies"]["test"] == ["iqa-bench[torch]", "pytest"]
    assert "TODO: where bench is installed from" in Path("my-metric/.github/workflows/scores.yml").read_text()
    assert not [word for line in done.out.splitlines() for word in re.findall("__[A-Z]+__", Path(line).read_text())]
    load_plugins([Path("my-metric/my_metric/__init__.py")])
    check_contract("my-metric")


@pytest.mark.slow
def test_a_new_method_can_be_installed_and_passes_its_own_test(tmp_path: Path) -> None:
    write_package("my-metric", tmp_path / "package")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    where = ["--prefix", str(tmp_path / "prefix"), "--editable", str(tmp_path / "package")]
    subprocess.run([*pip, *where], check=True, timeout=240)
    (site,) = (tmp_path / "prefix").rglob("site-packages")
    begin = f"import site, sys; site.addsitedir({str(site)!r}); "
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def python(code: str) -> str:
        command = [sys.executable, "-c", begin + code]
        done = subprocess.run(
            command, cwd=tmp_path / "package", env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "2 passed" in python("import pytest; sys.exit(pytest.main(['-p', 'no:cacheprovider']))")
    readme = (tmp_path / "package" / "README.md").read_text()
    for line in re.findall(r"^    bench ((?!.*my_photos).*?)(?: {2,}#.*)?$", readme, re.MULTILINE):
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line)]
        python(f"from bench.cli import main; main({words!r})")


def test_a_contract_that_is_broken_is_said_in_one_message() -> None:
    with pytest.raises(BenchError, match=r"not-finite: 0.png: the method's score is nan, not a finite number; 1.png"):
        check_contract(fakes.NotFinite)


@pytest.mark.parametrize("name", ["My-Metric", "1st", "my_metric", "a b", ""])
def test_a_name_that_no_module_can_have_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"NAME got .*: use lower-case letters, digits and hyphens, such as my-metric"):
        write_package(name)


@pytest.mark.parametrize(("name", "why"), [("class", "is a word of Python"), ("numpy", "which it would hide")])
def test_a_name_that_would_hide_another_is_refused(name: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        write_package(name)


def test_nothing_is_overwritten(photos: Path) -> None:
    with pytest.raises(UsageError, match="'niqe', which another method has: choose another"):
        write_package("niqe")
    with pytest.raises(UsageError, match="where there is something already: give a folder that is new or empty"):
        write_package("mine", photos)
    write_card(photos)
    with pytest.raises(UsageError, match=r"card.toml, which is there already: remove it, or give another file"):
        write_card(photos)


def test_a_new_card_is_read_by_doctor_and_run(tmp_path: Path, bench: Callable[..., Ran]) -> None:
    rows = ["Filename;DMOS;ref;set;rt"]
    for i in range(8):
        make_photo(tmp_path / "my set" / "pics" / f"{i}.png", i)
        rows.append(f"{i}.png;3,{i};r{i // 2};{'test' if i % 2 else 'training'};1")
    (tmp_path / "my set" / "labels").mkdir()
    (tmp_path / "my set" / "labels" / "mos.csv").write_text("\n".join(rows))
    done = bench("new", "dataset", "my set")
    assert done.out == "my set/card.toml: 8 images, labels from labels/mos.csv\n"
    assert "To say: kind, licence, source, citation, score, direction, range." in done.err
    card = read_card(Path("my set/card.toml"))
    assert (card.id, card.n, card.layouts, card.splits) == ("my-set", 8, (("pics",),), {"test": 4, "training": 4})
    assert (card.cluster, card.direction, card.labels[0].range) == ("reference", "lower", (3, 4))
    assert card.labels[0].attributes == {"split": "set", "reference": "ref"}
    assert bench("doctor", "my set/card.toml").code == 0
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", "my set/card.toml", "--split", "test")
    assert "my-set: scored 4, failed 0" in done.out


def test_a_folder_without_labels_has_a_card_too(tmp_path: Path, bench: Callable[..., Ran]) -> None:
    for i in range(2):
        make_photo(tmp_path / "bare" / f"{i}.png", i)
    (tmp_path / "bare" / "other.csv").write_text("a,b\n1,2\n")
    assert "2 images, no table of labels found" in bench("new", "dataset", "bare", "--output", "bare.toml").out
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", "bare.toml", "--root", "bare=bare")
    assert "bare: scored 2, failed 0" in done.out


def test_what_is_no_folder_of_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"FOLDER got .*none, which is no folder"):
        write_card(tmp_path / "none")
    with pytest.raises(UsageError, match="which has no image files"):
        write_card(tmp_path)
