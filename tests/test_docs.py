"""The documentation: links lead somewhere, every page has a place, and the site is built without a warning."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import commands, contents, datasets, gallery, methods, python_api, text

import bench as api
from bench.cli import COMMANDS
from bench.datasets.catalogue import shipped_cards
from bench.plugins.listing import listed_methods

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
INDEX = (DOCS / "index.md").read_text(encoding="utf-8")
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "docs/guides/*.md", "docs/reference/*.md", "methods/**/*.md", "results/*.md")
    for path in ROOT.glob(pattern)
)


def _prose(path: Path) -> str:
    """Return a page without its code."""
    return re.sub(r"^(```|~~~).*?^\1|^ {4}.*?$|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _dead_links(path: Path) -> Iterator[str]:
    for link in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", _prose(path)):
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in _anchors(target)):
            yield f"{path.relative_to(ROOT)}: {link}"


def test_links_between_files_lead_somewhere() -> None:
    assert len(PAGES) > 30
    assert not [dead for path in PAGES for dead in _dead_links(path)]


def test_dead_links_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A b\n[x](gone.md) [y](#a-b) [z](#c) [w](page.md#a-b) `[code](no.md)`\n\n    [code](no.md)\n")
    assert [dead.rpartition(" ")[2] for dead in map(str, _named(page, tmp_path))] == ["gone.md", "#c"]


def _named(page: Path, root: Path) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules[__name__], "ROOT", root)
        return list(_dead_links(page))


def test_every_page_of_docs_has_a_place_in_the_contents() -> None:
    written = {path.relative_to(DOCS).with_suffix("").as_posix() for path in PAGES if path.is_relative_to(DOCS)}
    assert written - {"index"} <= set(contents.linked_pages(INDEX))


def test_every_command_option_and_public_name_has_its_page() -> None:
    made = commands.pages()
    assert set(made) == {"index", *COMMANDS}
    assert "`--higher-is-better" not in made["run"]
    assert "`--max-pixels N`\n: " in made["run"]
    assert "## bench list methods" in made["list"]
    assert set(python_api.NAMES) == set(api.__all__) - {"__version__"}
    assert len(python_api.pages()) == len(python_api.NAMES) + 1


def test_every_method_and_dataset_has_its_page() -> None:
    made = methods.pages()
    assert len(made) == len(listed_methods()) + 1
    assert "opinion-unaware" in made["niqe"]
    protocol = "images: 512x384; split: official test; mapping of PLCC: raw"
    assert f"| [koniq](../datasets/koniq.md) | 0.377 | 0.316 | {protocol} |" in made["niqe"]
    made = datasets.pages()
    assert len(made) == len(shipped_cards()) + 1
    assert "[niqe](../methods/niqe.md) | 0.377" in made["koniq"]


def test_every_figure_is_in_the_gallery_with_its_command() -> None:
    page = gallery.page()
    for path in (DOCS / "figures").iterdir():
        assert f"(../figures/{path.name})" in page
    assert page.count("```sh\nbench ") == page.count("\n![")
    assert "```sh\nbench report --output report.html" in page


def test_examples_of_the_pages_run() -> None:
    assert [doctest.testmod(module).failed for module in (text, contents, gallery)] == [0, 0, 0]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx", reason="sphinx is not installed: pip install -e '.[docs]'")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "2", "-c", "docs", ".", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "docs" / "generated" / "methods" / "niqe.html").is_file()
    assert "docs/index.html" in (tmp_path / "index.html").read_text()
