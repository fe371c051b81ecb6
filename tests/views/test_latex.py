"""Tables in LaTeX: nothing of others reaches the document as markup, and the document compiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from compiled import assert_compiles, needs_pdflatex
from conftest import Ran
from hypothesis import given
from hypothesis import strategies as st
from stored import MIXED, RISING, SWAPPED, another, fixed, run

from bench.datasets.readers.local import read_local
from bench.runs.store import Store
from bench.views.latex import LATEX, escape_latex

Bench = Callable[..., Ran]
HOSTILE = r"50% of \input{/etc/passwd} & #1_a^b~c {x} [y] $z$ <w> | naïve – 图"


@pytest.fixture
def store(photos: Path, tmp_path: Path) -> Store:
    store = Store(tmp_path / "results")
    for number, name in enumerate(("one_set", "two_set")):
        dataset = read_local(another(photos, name, number))
        parted = [replace(s, attributes={"type_1%": HOSTILE if i % 2 else "b"}) for i, s in enumerate(dataset.samples)]
        about = replace(dataset, samples=tuple(parted), id=name, title=HOSTILE, notes=(HOSTILE,))
        run(store, about, fixed("rising_1", RISING), fixed("swapped", SWAPPED), fixed("mixed", MIXED))
    return store


def test_the_table_has_rules_marks_and_notes(store: Store, bench: Bench) -> None:
    done = bench("table", "--format", "latex", "--intervals")
    assert done.code == 0, done.err
    assert r"\begin{tabular}{lrrrrrr}" in done.out
    assert r"rising\_1$^{" in done.out
    assert r"0.976 [" in done.out
    assert r"95\% percentile bootstrap interval" in done.out
    assert r"\multicolumn{1}{c}{average}" in done.out
    assert r"\input" not in done.out
    by_value = bench("table", "--format", "latex", "--draws", "0").out
    assert r"\textbf{1.000}" in by_value
    assert r"\underline{0.976}" in by_value


@given(st.text())
def test_no_text_of_others_is_markup(text: str) -> None:
    escaped = escape_latex(text)
    bare = escaped
    for command in (
        r"\textbackslash{}",
        r"\textasciitilde{}",
        r"\textasciicircum{}",
        r"\textless{}",
        r"\textgreater{}",
        "-{}",  # between two hyphens, which would be a dash
    ):
        bare = bare.replace(command, "")
    for command in (r"\textbar{}", r"\textquotedbl{}", "{[}", "{]}", *(f"\\{c}" for c in "#$%&_{}")):
        bare = bare.replace(command, "")
    assert not set(bare) & set("\\{}$&#%_^~\n")
    assert all(ord(character) < 256 for character in escaped)


def test_a_command_in_a_caption_keeps_its_dashes() -> None:
    assert LATEX.code("--method") == r"\texttt{-{}-method}"
    assert escape_latex("bench run --rescore, a---b") == "bench run -{}-rescore, a-{}-{}-b"


@needs_pdflatex
@pytest.mark.parametrize(
    "options",
    [
        ["--intervals"],
        ["--caption", "All & more", "--label", "tab:a", "--appendix", "appendix.tex"],
        ["--significance"],
        ["--compare", "rising_1", "mixed"],
        ["--by", "type"],
        ["--opinions"],
        ["--published"],
    ],
    ids=lambda o: o[0],
)
def test_the_document_compiles(store: Store, bench: Bench, tmp_path: Path, options: list[str]) -> None:
    assert_compiles(bench("table", "--format", "latex", *options).out, tmp_path)
