"""``bench cite``: the right papers, once each, as BibTeX that BibTeX reads."""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import fakes
import pytest
from conftest import Ran

import bench as api
from bench.cite.bibtex import BibtexEntry, parse
from bench.cite.citation import Citation, cite_dataset, cite_method
from bench.cite.papers import PAPERS, known_papers
from bench.cite.run import as_bibtex, cite_names, cite_results
from bench.datasets.catalogue import cards_folder, shipped_cards
from bench.plugins.registry import catalogue
from bench.runs.entry import Entry

Bench = Callable[..., Ran]
REQUIRED = {
    "article": {"author", "title", "journal", "year"},
    "inproceedings": {"author", "title", "booktitle", "year"},
    "misc": {"author", "title", "year", "howpublished"},
}
# Nobody has seen their papers' titles beside all that an entry needs: the cards' lines are quoted.
QUOTED = {"mdid2013", "mdivl", "sdivl", "toyama"}
UNPRINTED = {"lecallet2005subjective"}
OWN = 'Müller & Söhne {2020}: 50 % of $x^2$ #1_a ~ \\ "quoted" [sic]'


def everything() -> list[Citation]:
    """What to cite for every dataset and every method that comes with bench."""
    methods = {method.info.name: method.info for method in catalogue().methods.values()}
    names = {name for name in methods if name.rpartition(":")[0] in ("", "ou", "pyiqa")}
    return [*map(cite_dataset, shipped_cards().values()), *(cite_method(methods[name]) for name in sorted(names))]


def test_every_dataset_and_method_has_a_known_paper() -> None:
    known = known_papers()
    without = {each.name for each in everything() if not {entry.key for entry in each.entries} & set(known)}
    assert without == {"sample", "bytes-per-pixel", "public-photographs", *QUOTED}


def test_the_papers_are_complete_and_of_one_form() -> None:
    text = PAPERS.read_text(encoding="utf-8")
    papers = list(parse(text))
    assert len(papers) == len(known_papers()) == len(re.findall("^@", text, re.MULTILINE))
    for paper in papers:
        body = str(paper)
        assert body in text, f"{paper.key} has a line that was not read"
        assert body.isascii(), paper.key
        assert body.count("{") == body.count("}")
        assert set(paper.fields) >= REQUIRED[paper.kind] or paper.key in UNPRINTED, paper.key
        first = re.sub(r"[^a-z]", "", paper.fields["author"].partition(" and ")[0].partition(",")[0].lower())
        assert paper.key.startswith(f"{first}{paper.fields['year'].replace('.', '')}"), paper.key


def test_no_paper_is_there_twice() -> None:
    for field in ("title", "doi", "eprint"):
        values = [paper.fields[field].lower() for paper in known_papers().values() if field in paper.fields]
        assert len(values) == len(set(values))


def test_ids_of_cards_are_those_of_their_papers() -> None:
    for card in shipped_cards().values():
        for paper in cite_dataset(card).entries:
            assert (card.doi, card.arxiv) == (paper.fields.get("doi", ""), paper.fields.get("eprint", "")), card.id


def test_names_of_both_kinds_are_mixed_and_papers_merged(bench: Bench) -> None:
    out = bench("cite", "niqe", "koniq-512", "pyiqa:niqe", "KonIQ-10k", "koniq", "ou:clipiqa").out
    keys = [entry.key for entry in parse(out)]
    assert keys == ["mittal2013making", "hosu2020koniq10k", "wang2023exploring", "chen2022iqapytorch", "bench"]
    assert "% koniq-512, koniq\n" in out
    assert "% niqe, pyiqa:niqe, ou:clipiqa\n@article{mittal2013making," in out
    assert "  author = {Hosu, Vlad and Lin, Hanhe and Sziranyi, Tamas and Saupe, Dietmar},\n" in out


def test_a_card_of_ones_own_is_cited_by_its_path(bench: Bench) -> None:
    text = (cards_folder() / "bid.toml").read_text().replace('id = "bid"', 'id = "mine"')
    Path("mine.toml").write_text(text)
    assert "% mine\n@article{ciancio2011noreference," in bench("cite", "mine.toml").out


def test_one_line_a_name(bench: Bench) -> None:
    out = bench("cite", "spaq", "qualiclip", "--format", "text").out.splitlines()
    assert out[0].startswith("spaq: Fang, Zhu, Zeng, Ma, Wang: Perceptual Quality")
    assert out[0].endswith("CVPR 2020. https://doi.org/10.1109/CVPR42600.2020.00373")
    assert out[1].endswith("https://arxiv.org/abs/2403.11176")
    assert out[2].startswith(f"bench: bench maintainers, bench {api.__version__}")
    assert len(out) == 3


def stored(method: str, dataset: str) -> Entry:
    """As much of a stored result as is cited."""
    return cast(Entry, SimpleNamespace(method=SimpleNamespace(name=method), dataset=SimpleNamespace(id=dataset)))


def test_results_cite_their_methods_and_datasets_once() -> None:
    entries = [
        stored("niqe", "koniq"),
        stored("fit:niqe", "spaq"),
        stored("mine", "koniq"),
        stored("niqe", "my_photos"),
    ]
    cited = {each.name: [entry.key for entry in each.entries] for each in cite_results(entries)}
    assert cited == {
        "mine": [],
        "niqe": ["mittal2013making"],
        "koniq": ["hosu2020koniq10k"],
        "my_photos": [],
        "spaq": ["fang2020perceptual"],
        "bench": ["bench"],
    }


def test_what_has_no_paper_is_said(bench: Bench, photos: Path) -> None:
    bench("run", "--method", "bytes-per-pixel", "--dataset", photos)
    done = bench("cite", "--output", "refs.bib")
    assert [entry.key for entry in parse(Path("refs.bib").read_text())] == ["bench"]
    assert done.out == "refs.bib: what to cite for 3 names\n"
    assert done.err.count("nothing to cite is known for bytes-per-pixel, photos") == 1
    assert api.load_results().cite() == Path("refs.bib").read_text()
    assert "--method got 'niqe', which has no stored result" in bench("cite", "--method", "niqe").err


def test_mistakes(bench: Bench) -> None:
    said = bench("cite", "konik").err
    assert "NAME got 'konik', which is neither a dataset nor a method. Did you mean 'koniq'" in said
    done = bench("cite", "niqe", "--method", "niqe")
    assert (done.code, done.err.count("do not go together")) == (2, 1)
    assert "no results in results" in bench("cite").err


def test_an_unknown_paper_is_quoted_as_it_is_declared() -> None:
    card = dataclasses.replace(shipped_cards()["bid"], id="my set", title="Mine", citation=OWN, doi="10.1000/182")
    (entry,) = cite_dataset(card).entries
    assert (entry.key, entry.fields["doi"]) == ("dataset-my-set", "10.1000/182")
    assert r"M\"uller" not in entry.fields["note"]
    assert entry.fields["note"].startswith(r"Müller \& Söhne (2020): 50 \% of \$x\textasciicircum{}2\$ \#1\_a")
    (entry,) = cite_method(fakes.info("fog", citation="Fog, 2026")).entries
    assert (entry.key, entry.fields["note"], entry.fields["year"]) == ("method-fog", "Fog, 2026", "2026")
    assert cite_method(fakes.info("fog", citation="Fog")).entries[0].fields["year"] == "n.d."


def test_a_declared_title_or_id_finds_a_paper() -> None:
    assert cite_method(fakes.info("mine", citation="Mine, after NIMA: NEURAL image-assessment, TIP")).entries == (
        known_papers()["talebi2018nima"],
    )
    assert cite_method(fakes.info("mine", citation="see arXiv:2403.11176v2")).entries == (
        known_papers()["agnolucci2024quality"],
    )
    assert cite_method(fakes.info("mine", citation="10.1109/TIP.2020.29678291")).entries[0].key == "method-mine"


@pytest.mark.skipif(shutil.which("bibtex") is None, reason="bibtex is not installed")
@pytest.mark.parametrize("style", ["plain", "plainnat"])
def test_bibtex_reads_all_of_it_without_a_warning(tmp_path: Path, style: str) -> None:
    own = dataclasses.replace(shipped_cards()["bid"], id="mine", citation=OWN, title="100 % {mine}")
    citations = [*everything(), *cite_names(["pyiqa:piqe"]), cite_dataset(own)]
    (tmp_path / "refs.bib").write_text(as_bibtex(citations))
    (tmp_path / "all.aux").write_text(f"\\bibstyle{{{style}}}\n\\bibdata{{refs}}\n\\citation{{*}}\n")
    done = subprocess.run(["bibtex", "all"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "Warning" in done.stdout) == (0, False), done.stdout
    entries = {entry.key for each in citations for entry in each.entries}
    assert (tmp_path / "all.bbl").read_text().count("\\bibitem") == len(entries)


def test_an_entry_is_written_as_it_is_read() -> None:
    entry = BibtexEntry("misc", "a", {"title": "{A} b", "year": "2020"})
    assert list(parse(f"words\n{entry}\n")) == [entry]


@pytest.mark.parametrize("module", ["cite.bibtex", "cite.papers", "datasets.card", "views.dataset_list"])
def test_examples_run(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"bench.{module}"))
    assert (result.failed, result.attempted > 0) == (0, True)
