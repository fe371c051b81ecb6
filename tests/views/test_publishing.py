"""A table to paste: order, names, headings, caption, appendix and references."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Ran
from rot import unfinish
from stored import MIXED, RISING, SWAPPED, another, fixed, run

import bench as api
from bench.datasets.readers.local import read_local
from bench.errors import UsageError
from bench.runs.store import Store

Bench = Callable[..., Ran]


@pytest.fixture
def store(photos: Path) -> Store:
    """Three methods on two datasets: `a` is the best on `one`, `c` on `two`."""
    store = Store(Path("results"))
    run(store, another(photos, "one", 0), fixed("a", RISING), fixed("b", SWAPPED), fixed("c", MIXED))
    run(store, another(photos, "two", 1), fixed("a", MIXED), fixed("b", SWAPPED), fixed("c", SWAPPED))
    return store


def names(text: str) -> list[str]:
    """Return the names of the rows of a Markdown table."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    found = [re.match(r"\| ([a-z]+)", line) for line in lines[1:]]
    return [match[1] for match in found if match]


@pytest.mark.parametrize(
    ("by", "order"), [("name", "abc"), ("one", "abc"), ("two", "bca"), ("average", "bca")], ids=lambda v: v
)
def test_rows_are_sorted_inside_their_groups(store: Store, bench: Bench, by: str, order: str) -> None:
    # a has an SRCC of 1, of which there is no mean by Fisher's z: without an average it comes last.
    assert names(bench("table", "--sort", by, "--draws", "0").out) == list(order)


def test_a_table_of_one_dataset_is_sorted_by_it(store: Store, bench: Bench) -> None:
    assert names(bench("table", "--dataset", "two", "--sort", "average", "--draws", "0").out) == ["b", "c", "a"]


def test_what_rows_cannot_be_sorted_by_is_said(store: Store, bench: Bench) -> None:
    done = bench("table", "--sort", "onne", "--draws", "0")
    assert (done.code, "--sort got 'onne', which is no dataset of the table. Did you mean 'one'?" in done.err) == (
        2,
        True,
    )
    done = bench("table", "--compare", "a", "b", "--sort", "one")
    assert (done.code, "--compare and --sort do not go together" in done.err) == (2, True)


def test_a_table_without_an_average_says_what_it_is_sorted_by(store: Store, bench: Bench, photos: Path) -> None:
    run(store, replace(read_local(photos), id="three"), fixed("a", MIXED))
    given = ("--dataset", "two", "--dataset", "three", "--draws", "0")
    done = bench("table", *given, "--sort", "average")
    assert names(done.out) == ["b", "c", "a"]
    assert "this table has 1 (two). Rows are in the order of their SRCC on two." in done.out
    assert "Rows are in the order" not in bench("table", *given).out


def test_names_that_nobody_could_tell_apart_are_refused(store: Store, bench: Bench) -> None:
    for content, message in (
        ('[methods]\na = " "\n', "names.toml: methods: 'a' has an empty name: give one, or leave it out"),
        ('[methods]\na = "X"\nb = "X"\n', "--names: methods: 'a' and 'b' are both called 'X': give two names"),
        ('[methods]\na = "b"\n', "--names: methods: 'a' and 'b' are both called 'b': give two names"),
        ('[datasets]\none = "two"\n', "--names: datasets: 'one' and 'two' are both called 'two': give two names"),
    ):
        Path("names.toml").write_text(content)
        done = bench("table", "--names", "names.toml", "--draws", "0")
        assert (done.code, message in done.err) == (2, True), done.err


def test_datasets_stand_as_they_were_asked_for(store: Store, bench: Bench) -> None:
    head = bench("table", "--dataset", "two", "--dataset", "one", "--draws", "0").out.splitlines()[0]
    assert head.index("two") < head.index("one")
    head = bench("table", "--draws", "0").out.splitlines()[0]
    assert head.index("one") < head.index("two")


def test_in_python_they_stand_so_too_and_names_have_their_kinds(store: Store) -> None:
    results = api.load_results(datasets=["two", "one"])
    head = results.table(draws=0, names={"methods": {"a": "Ours"}}).to_markdown()
    assert head.index("two") < head.index("one")
    assert "Ours" in head
    with pytest.raises(UsageError, match=r"names has the unknown key 'a'. Its keys are: methods, datasets."):
        results.table(draws=0, names={"a": "Ours"})


def test_an_appendix_repeats_no_name_in_a_footnote(photos: Path) -> None:
    assert "¹" not in api.run("bytes-per-pixel", photos).appendix().to_markdown()


def test_a_brief_table_still_says_that_it_is_of_a_part(photos: Path) -> None:
    whole, part = (api.run("bytes-per-pixel", photos, split=split) for split in ("all", "test"))
    assert "split test, full size" in part.table(draws=0, brief=True).to_markdown()
    assert "full size" not in whole.table(draws=0, brief=True).to_markdown()


def test_names_to_show_come_from_a_file(store: Store, bench: Bench) -> None:
    Path("names.toml").write_text('[methods]\na = "A & Co"\nz = "Z"\n[datasets]\none = "Set_1"\n')
    text = bench("table", "--names", "names.toml", "--draws", "0", "--format", "latex").out
    assert r"A \& Co$^" in text
    assert r"\multicolumn{2}{c}{Set\_1$^" in text
    assert "Z" not in re.sub(r"[^Z]*PLCC", "", text)
    for content, message in (
        ("[methods", "names.toml is no TOML file"),
        ("[method]\n", "unknown key 'method'. Did you mean 'methods'?"),
        ("[methods]\na = 1\n", "methods.a is 1"),
    ):
        Path("names.toml").write_text(content)
        done = bench("table", "--names", "names.toml")
        assert (done.code, message in done.err) == (2, True), done.err
    assert "nowhere.toml cannot be read: No such file" in bench("table", "--names", "nowhere.toml").err


def test_latex_has_headings_over_headings_arrows_caption_and_label(store: Store, bench: Bench) -> None:
    given = ("--caption", "Methods & sets", "--label", "tab:main", "--values", "srcc,rmse_log4", "--draws", "0")
    text = bench("table", "--format", "latex", *given).out
    assert r" & \multicolumn{2}{c}{one$^{1}$} & \multicolumn{2}{c}{two$^{" in text
    assert r"\cmidrule(lr){2-3}\cmidrule(lr){4-5}" in text
    assert r"method & SRCC $\uparrow$ & RMSE $\downarrow$ & SRCC $\uparrow$" in text
    assert "\\caption{Methods \\& sets}\\label{tab:main}\n" in text
    refused = bench("table", "--label", "}x")
    assert (refused.code, "--label got '}x': use letters" in refused.err) == (2, True)


def test_footnotes_are_numbered_as_they_come(store: Store, bench: Bench) -> None:
    text = bench("table", "--draws", "0", "--values", "srcc").out
    seen = re.findall("[¹²³⁴⁵⁶⁷⁸⁹]", text.partition("\n\n")[0])
    assert list(dict.fromkeys(seen)) == sorted(set(seen), key="¹²³⁴⁵⁶⁷⁸⁹".index)


def test_a_column_that_nobody_has_a_number_in_is_not_printed(bench: Bench) -> None:
    bench("run", "--method", "bytes-per-pixel", "--dataset", "sample")
    text = bench("table", "--draws", "0").out
    assert re.search(r"\| sample¹ SRCC +\|$", text, re.MULTILINE)
    assert "Without a column: PLCC of sample (labels compare only inside a group)." in text
    # Where that is all that is asked for, the reason stands in its place.
    alone = bench("table", "--draws", "0", "--values", "plcc_log4").out
    assert re.search(r"\| sample¹ PLCC +\|$", alone, re.MULTILINE)


def test_an_unfinished_run_adds_no_empty_table(store: Store, bench: Bench, photos: Path) -> None:
    dataset = replace(read_local(photos), id="one")
    run(store, replace(dataset, samples=dataset.samples[:6]), fixed("a", RISING))
    unfinish(next(entry for entry in store.entries()[0] if entry.meta["dataset"]["n"] == 6), 4)
    text = bench("table", "--draws", "0").out
    assert text.count("| method") == 1
    assert "Not shown: a on one (unfinished: 4 of 6 images, run it again to go on)." in text


def test_an_appendix_takes_versions_and_hashes_and_a_file_the_references(store: Store, bench: Bench) -> None:
    bench("run", "--method", "niqe", "--dataset", "sample")
    done = bench("table", "--draws", "0", "--appendix", "appendix.md", "--bib", "refs.bib", "--sort", "one")
    assert done.code == 0, done.err
    appendix = Path("appendix.md").read_text()
    assert "version" not in done.out
    assert "images; all images" not in done.out
    assert "a synthetic order, no human opinion" in done.out  # which is no detail
    assert re.search(r"\| sample\S* +\| 210 +\| all images, full size +\| d03d291b780e", appendix)
    assert "sample (embedded; synthetic order" in appendix
    assert re.search(r"\| niqe +\| niqe +\| 1 ", appendix)
    assert "mittal2013making" in Path("refs.bib").read_text()
    refused = bench("table", "--appendix", "appendix.txt")
    assert (refused.code, "--appendix got appendix.txt: give a file that ends in .md" in refused.err) == (2, True)


def test_the_form_of_a_file_is_that_of_its_name(store: Store, bench: Bench) -> None:
    bench("table", "--draws", "0", "--output", "table.tex")
    assert r"\begin{tabular}" in Path("table.tex").read_text()
    bench("table", "--draws", "0", "--output", "table.tex", "--format", "csv")
    assert Path("table.tex").read_text().startswith("method,")
