"""Where datasets are looked for, and which place wins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran

from bench.datasets.catalogue import find_card
from bench.datasets.roots import PRECEDENCE, Place, Roots
from bench.errors import UsageError
from bench.runs.store import Store
from bench.tables.evaluation import evaluate
from bench.tables.photographs import of_dataset
from bench.tables.table import arrange

Bench = Callable[..., Ran]


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """A folder for KonIQ in each of the four places."""
    made = {
        "root": tmp_path / "root",
        "variable": tmp_path / "data" / "koniq10k",
        "setting": tmp_path / "nas",
        "settings": tmp_path / "other" / "koniq",
    }
    for folder in made.values():
        folder.mkdir(parents=True)
    (tmp_path / "bench.toml").write_text('data = "other"\n[roots]\nkoniq10k = "nas"\n')
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "data"))
    (tmp_path / "below" / "this").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "below" / "this")
    return made


def place(*assignments: str) -> Place | None:
    card = find_card("koniq")
    assert card is not None
    return Roots.parse(assignments).find(card)


def test_the_first_place_that_has_a_dataset_is_taken(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    assert place(f"koniq={folders['root']}") == Place(str(folders["root"]), PRECEDENCE[0])
    assert place() == Place(str(folders["variable"]), PRECEDENCE[1])
    folders["variable"].rmdir()
    assert place() == Place(str(folders["setting"]), PRECEDENCE[2])
    Path("../../bench.toml").write_text('data = "other"\n')
    assert place() == Place(str(folders["settings"]), PRECEDENCE[3])
    folders["settings"].rmdir()
    assert place() is None


def test_doctor_shows_the_order_and_what_is_not_used(folders: dict[str, Path], bench: Bench) -> None:
    shown = bench("doctor")
    assert shown.code == 0
    assert [line.split("  (")[0].strip() for line in shown.out.splitlines()[1:5]] == [
        f"{n}. {text}" for n, text in enumerate(PRECEDENCE, 1)
    ]
    lines = bench("doctor", "koniq", "--root", f"koniq={folders['root']}").out.splitlines()
    assert lines[0].endswith(f"at {folders['root']} (--root ID=PATH)")
    assert [line for line in lines if "not used" in line] == [
        f"  also at {folders['variable']} (below $BENCH_DATA): not used",
        f"  also at {folders['setting']} ([roots] of bench.toml): not used",
        f"  also at {folders['settings']} (below data of bench.toml): not used",
    ]


def test_an_archive_below_bench_data_is_a_place(folders: dict[str, Path]) -> None:
    folders["variable"].rmdir()
    archive = folders["variable"].with_name("koniq.zip")
    archive.touch()
    assert place() == Place(str(archive), PRECEDENCE[1])


def test_a_url_is_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    assert place("koniq=memory://sets/koniq") == Place("memory://sets/koniq", PRECEDENCE[0])
    monkeypatch.setenv("BENCH_DATA", "memory://sets/")
    assert place() == Place("memory://sets/koniq", PRECEDENCE[1])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("data = [", r"bench\.toml is not valid TOML"),
        ("data = 1", r"bench\.toml: data is 1: give a string"),
        ('root = "x"', r"bench\.toml has the unknown key 'root'\. Did you mean 'roots'"),
        ('[roots]\nkonik = "x"', r"\[roots\] got 'konik', which is not a known dataset\. Did you mean 'koniq'"),
    ],
)
def test_a_settings_file_that_is_none_is_named(tmp_path: Path, content: str, message: str) -> None:
    Path("bench.toml").write_text(content)
    with pytest.raises(UsageError, match=message):
        Roots.parse(())


def test_a_folder_in_the_settings_that_is_gone_is_named(bench: Bench) -> None:
    Path("bench.toml").write_text('[roots]\nkoniq = "gone"\n')
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", "koniq")
    assert done.code == 2
    assert "[roots] of bench.toml got" in done.err
    assert "gone', which is not a folder" in done.err


def test_a_card_of_ones_own_takes_a_root_of_its_own_id(bench: Bench, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "mine.toml").write_text(
        'id = "mine"\ntitle = "Mine"\nkind = "authentic"\nn = 8\nlicence = "own"\nsource = "here"\ncitation = "none"\n'
        '[[labels]]\nfiles = ["scores.csv"]\ndirection = "higher"\nrange = [0, 100]\n'
    )
    command = ["run", "--method", "bytes-per-pixel", "--dataset", tmp_path / "cards" / "mine.toml"]
    done = bench(*command, "--root", f"mine={photos}")
    assert (done.code, "on mine: scored 8" in done.out) == (0, True), done.err


def test_photographs_of_a_folder_that_moved_are_found_by_its_name(bench: Bench, photos: Path, tmp_path: Path) -> None:
    assert bench("run", "--method", "bytes-per-pixel", "--dataset", photos).code == 0
    photos.rename(tmp_path / "moved")
    (table,) = arrange(evaluate(Store(tmp_path / "results").entries()[0]))
    cells = list(table.cells.values())
    assert not of_dataset(cells, Roots.parse(())).files
    assert len(of_dataset(cells, Roots.parse([f"photos={tmp_path / 'moved'}"])).files) == 8
