"""`bench site`: pages that link to each other, load nothing from elsewhere and hold the numbers of `bench table`."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path

import lacking
import pytest
from browser import chromium, opener
from conftest import Ran
from reported import HOSTILE_SET, fill, report

from bench.datasets.roots import Roots
from bench.report.site import MARK, render_site, write_site
from bench.report.slugs import find_slugs
from bench.runs.store import Store
from bench.tables.marks import find_marks

Bench = Callable[..., Ran]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fill(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def written(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = write_site(store.entries()[0], tmp_path_factory.mktemp("www") / "out", places=Roots(), draws=100)
    return made.index.parent


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "out"))


def test_every_link_inside_leads_to_a_page_and_place_that_are_there(folder: Path) -> None:
    pages = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    assert len(pages) == 1 + 3 + 3
    seen = 0
    for path, text in pages.items():
        assert not re.search(r'src="(?!data:)', text)
        for target in map(unescape, re.findall(r'href="([^"]*)"', text)):
            if target.startswith(("https://", "http://", "data:")):
                continue
            file, _, anchor = target.partition("#")
            there = (path.parent / file).resolve() if file else path
            assert there.is_relative_to(folder.resolve())
            assert there.is_file(), target
            assert not anchor or f'id="{anchor}"' in pages.get(there, there.read_text(encoding="utf-8")), target
            seen += 1
    assert seen > 30


def test_tables_are_laid_out_once(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    monkeypatch.setattr("bench.views.paper.find_marks", lambda *args: found.append(find_marks(*args)) or found[-1])
    write_site(store.entries()[0], tmp_path / "out", places=Roots(), draws=0)
    assert len(found) == 1


def test_names_of_files_are_safe_and_names_stay_text(folder: Path) -> None:
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*.*") if path.name != MARK]
    assert all(re.fullmatch(r"(methods/|datasets/)?[A-Za-z0-9_][A-Za-z0-9_.-]*", name) for name in names)
    assert all("<img src=x" not in path.read_text(encoding="utf-8") for path in folder.rglob("*.html"))
    assert any(HOSTILE_SET in unescape(path.read_text(encoding="utf-8")) for path in folder.glob("datasets/*.html"))


def test_the_downloads_are_the_records_of_bench_table(store: Store, bench: Bench, folder: Path) -> None:
    expected = json.loads(bench("table", "--format", "json", "--draws", 100, "--results", store.root).out)
    assert json.loads((folder / "results.json").read_text(encoding="utf-8")) == expected
    lines = (folder / "results.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].split(",") == list(expected[0])


def test_equal_results_give_equal_sites(store: Store) -> None:
    assert render_site(report(store)) == render_site(report(store))


def test_a_later_site_removes_only_its_own_pages(store: Store, bench: Bench, folder: Path) -> None:
    (folder / "CNAME").write_text("iqa.example.org")
    (folder / "methods" / "own.html").write_text("kept")
    listed = json.loads((folder / MARK).read_text())
    (folder / MARK).write_text(json.dumps([*listed, "../outside.html", "CNAME"]))
    (folder.parent / "outside.html").write_text("kept")
    again = bench("site", folder, "--draws", 0, "--method", "darkness", "--results", store.root)
    assert again.code == 0, again.err
    assert {path.name for path in (folder / "methods").iterdir()} == {"darkness.html", "own.html"}
    assert (folder / "CNAME").exists()
    assert (folder.parent / "outside.html").exists()


def test_a_page_of_somebody_else_is_not_overwritten(store: Store, bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    done = bench("site", tmp_path, "--results", store.root)
    assert done.code == 2
    assert "has files, and `bench site` did not write it" in done.err
    assert (tmp_path / "index.html").read_text() == "mine"


def test_the_readme_shows_the_committed_leaderboard() -> None:
    root = Path(__file__).parents[2]
    records = json.loads((root / "results" / "leaderboard" / "results.json").read_text(encoding="utf-8"))
    readme = (root / "README.md").read_text(encoding="utf-8")
    section = readme[readme.index("## Leaderboard") : readme.index("## Results")]
    head, _, *lines = [line for line in section.splitlines() if line.startswith("|")]
    assert len(lines) == len({record["method"] for record in records})
    names = [name.strip() for name in head.strip("|").split("|")]
    for line in lines:
        shown = dict(zip(names, [text.strip() for text in line.strip("|").split("|")], strict=True))
        of = {record["dataset"]: record for record in records if record["method"] == shown["method"]}
        for name in names[3:]:
            record = of[name]
            number = f"**{record['srcc']:.3f}**" if record["mark"] == "best" else f"{record['srcc']:.3f}"
            assert shown[name] == f"{number} [{record['srcc_low']:.3f}, {record['srcc_high']:.3f}]"


@pytest.mark.skipif(lacking.CHROMIUM.path is None, reason=lacking.CHROMIUM.reason)
def test_pages_fit_a_telephone_and_log_no_error(folder: Path) -> None:
    with chromium() as browser:
        for page in (folder / "index.html", *folder.glob("datasets/*.html"), folder / "methods" / "darkness.html"):
            with opener(browser, page) as opened:
                assert opened(390).evaluate("document.documentElement.scrollWidth") <= 390


def test_names_become_addresses_that_are_safe_on_every_system() -> None:
    names = ["niqe", "NIQE", "pyiqa:niqe", "pyiqa/niqe", "../../etc/passwd", "con", "aux.txt", "<b>", "", "x" * 300]
    slugs = find_slugs(names)
    assert len({slug.lower() for slug in slugs.values()}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}", slug) for slug in slugs.values())
    assert slugs["niqe"] == "niqe"
    assert slugs["con"] != "con"
    assert find_slugs([HOSTILE_SET])[HOSTILE_SET].replace("-", "").isalnum()
