"""``bench fetch dataset``: what it asks, and where it writes."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from archives import FILES, tree
from dataset_site import Site, serving_dataset

from bench.datasets import fetch as dataset_fetching
from bench.datasets import fetch_plan
from bench.errors import UsageError


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with serving_dataset(tmp_path, monkeypatch) as site:
        yield site


@pytest.fixture
def fetch(bench: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    return lambda *more: bench("fetch", "dataset", "koniq10k", "--output", tmp_path / "data" / "set", *more)


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put somebody in front of a terminal who answers."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    return lambda text: monkeypatch.setattr(sys, "stdin", Terminal(text))


def test_without_a_terminal_it_does_not_begin(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    ran = fetch()
    assert ran.code == 2
    assert "licence: free for research" in ran.err
    assert "there is no terminal to ask on: give --yes to accept the terms" in ran.err
    assert site.server.asked == []
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("said", ["n\n", "\n"])
def test_no_is_the_answer_without_a_yes(
    site: Site, fetch: Callable[..., Any], tmp_path: Path, answer: Callable[[str], None], said: str
) -> None:
    answer(said)
    ran = fetch()
    assert ran.code == 130
    assert ran.err.endswith("bench: nothing was downloaded\n")
    assert site.server.asked == []
    assert not (tmp_path / "data").exists()


def test_yes_fetches(site: Site, fetch: Callable[..., Any], tmp_path: Path, answer: Callable[[str], None]) -> None:
    answer("y\n")
    assert fetch().code == 0
    assert tree(tmp_path / "data" / "set") == FILES


def test_too_little_disk_is_said_before_the_question(
    site: Site, fetch: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.offer(site.archive("set.zip", size=3_000_000, unpacked=5_000_000))
    monkeypatch.setattr(fetch_plan, "free_bytes", lambda _: 7_000_000)
    ran = fetch("--yes")
    assert ran.code == 2
    assert "needs about 8 MB at" in ran.err
    assert "(3 MB to download, 5 MB unpacked), but 7 MB are free" in ran.err
    assert site.server.asked == []
    # What is downloaded already is not counted twice.
    kept = tmp_path / "data" / "set.download" / "archives"
    kept.mkdir(parents=True)
    (kept.parent / "lock").touch()
    (kept / "set.zip.part").write_bytes(bytes(1_500_000))
    assert fetch_plan.plan("koniq", tmp_path / "data" / "set").archives


def test_the_folder_is_below_bench_data_by_default(
    site: Site, bench: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = bench("fetch", "dataset", "koniq", "--yes")
    assert ran.code == 2
    assert "--output is needed for 'koniq', as $BENCH_DATA is not set: give --output FOLDER" in ran.err
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "sets"))
    assert bench("fetch", "dataset", "koniq", "--yes").code == 0
    assert tree(tmp_path / "sets" / "koniq") == FILES
    (tmp_path / "sets" / "koniq").rename(tmp_path / "sets" / "koniq10k")
    ran = bench("fetch", "dataset", "koniq", "--yes")
    assert ran.code == 2
    assert f"{tmp_path / 'sets' / 'koniq10k'} already exists and is not overwritten" in ran.err


def test_nothing_of_the_users_is_replaced(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    target, work = tmp_path / "data" / "set", tmp_path / "data" / "set.download"
    work.mkdir(parents=True)
    (work / "mine").touch()
    assert f"{work} is needed as a work folder, but exists" in fetch("--yes").err
    shutil.rmtree(work)
    target.write_bytes(b"a file")
    assert "already exists" in fetch("--yes").err
    target.unlink()
    target.mkdir()
    (target / "mine").touch()
    ran = fetch()
    assert "already exists" in ran.err
    assert "licence" not in ran.err, "there is nothing to ask about"
    (target / "mine").unlink()
    assert fetch("--yes").code == 0


def test_a_disk_is_not_replaced(site: Site, fetch: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.ismount", lambda _: True)
    ran = fetch("--yes")
    assert (ran.code, "which is a mount point: give a folder below it" in ran.err) == (2, True)


def test_a_damaged_archive_that_was_kept_is_not_taken(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    kept = tmp_path / "data" / "set.download" / "archives" / "set.zip"
    kept.parent.mkdir(parents=True)
    (tmp_path / "data" / "set.download" / "lock").touch()
    kept.write_bytes(b"other")
    ran = fetch("--yes")
    assert (ran.code, f"{kept} exists but is not set.zip" in ran.err) == (2, True)


def test_a_link_to_an_empty_folder_stays_a_link(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "set").symlink_to(tmp_path / "elsewhere")
    assert fetch("--yes").code == 0
    assert (tmp_path / "data" / "set").is_symlink()
    assert tree(tmp_path / "elsewhere") == FILES


def test_what_came_while_the_user_was_asked_is_not_replaced(site: Site, tmp_path: Path) -> None:
    plan = fetch_plan.plan("koniq", tmp_path / "set")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine").touch()
    with pytest.raises(UsageError, match="already exists"):
        dataset_fetching.carry_out(plan)
    assert site.server.asked == []


def test_two_at_once_is_one_sentence(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    from filelock import FileLock

    work = tmp_path / "data" / "set.download"
    work.mkdir(parents=True)
    with FileLock(work / "lock"):
        ran = fetch("--yes")
    assert ran.code == 2
    assert f"another process is using {work}: wait until it has ended" in ran.err
