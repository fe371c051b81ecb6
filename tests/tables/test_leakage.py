from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from stored import MIXED, RISING, SWAPPED, fixed, run, spec

from bench.api import UNKNOWN
from bench.datasets import catalogue
from bench.datasets.readers.local import read_local
from bench.runs import runner
from bench.runs.jobs import Settings, load_methods
from bench.runs.store import Store
from bench.tables import cell as cells
from bench.tables.evaluation import evaluate
from bench.tables.leakage import Leak, PhotoSet, Relation, find_leaks
from bench.tables.table import arrange
from bench.views.arranging import Request
from bench.views.paper import paper_views
from bench.views.paper_records import as_record

pytestmark = pytest.mark.usefixtures("short_fits")
SETS = [
    PhotoSet("kadis", "KADIS", ("pixabay",)),
    PhotoSet("uhd", "UHD", ("pixabay", "own")),
    PhotoSet("kadid", "KADID", ("pixabay",)),
    PhotoSet("tid", "TID", ("kodak", "tid-references")),
    PhotoSet("live", "LIVE", ("kodak",)),
    PhotoSet("koniq", "KonIQ", ("part-of-flickr",)),
    PhotoSet("spaq", "SPAQ", ("phones",)),
    PhotoSet("flive", "FLIVE", shares=("voc",)),
    PhotoSet("voc", "VOC"),
    PhotoSet("vcl", "VCL", ("part-of-flickr",)),
]
BY_NAME = {each.id: each for each in SETS} | {"koniq10k": SETS[5]}


def find(name: str) -> PhotoSet:
    return BY_NAME.get(name, PhotoSet(name, name))


def test_a_copy_of_a_training_set_under_another_name_is_told() -> None:
    (known,) = find_leaks(find("copy"), ("koniq10k",), (), find, twins=["koniq"])
    assert known == Leak(Relation.TRAINED_ON, "trained on this dataset under the name KonIQ")
    (seen,) = find_leaks(find("copy"), ("mine",), (), find, seen=True)
    assert seen == Leak(Relation.TRAINED_ON, "trained on this dataset under another name")
    (chosen,) = find_leaks(find("copy"), (), ("live",), find, twins=["live"])
    assert chosen == Leak(Relation.SELECTED_ON, "tuned with some of this dataset's MOS under the name LIVE")


@pytest.mark.parametrize("split", ["all", "test"])
def test_a_copy_is_told_by_the_hashes_in_the_store(store: Store, photos: Path, split: str) -> None:
    own, copy = read_local(photos), dataclasses.replace(read_local(photos), id="copy")
    trained = fixed("m", MIXED, trained_on=("photos",))
    ready = load_methods([spec(trained)])
    runner.run(ready, own, store, Settings())
    runner.run(ready, copy, store, Settings(), split=split)
    found = {cell.dataset.id: cell.leaks for cell in evaluate(store.entries()[0], draws=0)}
    assert found["photos"][0].why == "trained on this dataset"
    assert found["copy"][0].why == "trained on this dataset under the name photos"


def test_a_method_may_know_the_hashes_of_what_it_was_trained_on(store: Store, photos: Path) -> None:
    copy = dataclasses.replace(read_local(photos), id="copy")
    run(store, copy, fixed("m", MIXED, trained_on=("mine",), trained_on_hashes=(copy.labels_hash,)))
    (cell,) = evaluate(store.entries()[0], draws=0)
    assert cell.leaks[0].why == "trained on this dataset under another name"


def leaks(dataset: str, trained_on: tuple[str, ...] = (), selected_on: tuple[str, ...] = ()) -> tuple[Leak, ...]:
    return find_leaks(find(dataset), trained_on, selected_on, find)


@pytest.mark.parametrize(
    ("dataset", "trained_on", "relation", "why"),
    [
        ("koniq", ("koniq",), Relation.TRAINED_ON, "trained on this dataset"),
        ("koniq", ("koniq10k", UNKNOWN), Relation.TRAINED_ON, "trained on this dataset"),
        ("mine", ("mine",), Relation.TRAINED_ON, "trained on this dataset"),
        ("kadid", ("kadis", "kadid"), Relation.TRAINED_ON, "trained on this dataset"),
        ("uhd", ("kadis",), Relation.SAME_SOURCE, "trained on KADIS, whose photographs come from pixabay too"),
        (
            "uhd",
            ("kadis", "kadid", "spaq"),
            Relation.SAME_SOURCE,
            "trained on KADIS, whose photographs come from pixabay too; "
            "and on KADID, whose photographs come from pixabay too",
        ),
        ("live", ("tid", UNKNOWN), Relation.SAME_SOURCE, "trained on TID, whose photographs come from kodak too"),
        ("vcl", ("koniq",), Relation.SAME_SOURCE, "trained on KonIQ, whose photographs come from part-of-flickr too"),
        (
            "voc",
            ("flive",),
            Relation.SAME_SOURCE,
            "trained on FLIVE, which has photographs in common with this dataset",
        ),
        ("flive", ("voc",), Relation.SAME_SOURCE, "trained on VOC, which has photographs in common with this dataset"),
        ("koniq", (UNKNOWN,), Relation.UNKNOWN, "what it was trained on is unknown"),
        ("koniq", ("kadis", UNKNOWN), Relation.UNKNOWN, "part of what it was trained on is unknown"),
        (UNKNOWN, (UNKNOWN,), Relation.UNKNOWN, "what it was trained on is unknown"),
    ],
)
def test_each_relation_is_found_and_said(
    dataset: str, trained_on: tuple[str, ...], relation: Relation, why: str
) -> None:
    assert leaks(dataset, trained_on) == (Leak(relation, why),)


@pytest.mark.parametrize(
    ("dataset", "trained_on"),
    [
        ("koniq", ()),
        ("koniq", ("spaq", "kadis")),
        ("koniq", ("flive",)),
        ("koniq", ("without-a-card",)),
        ("without-a-card", ("koniq",)),
    ],
)
def test_what_shares_nothing_is_clean(dataset: str, trained_on: tuple[str, ...]) -> None:
    assert leaks(dataset, trained_on) == ()


def test_selecting_on_a_set_is_a_leak_of_its_mos_not_of_its_source() -> None:
    (own,) = leaks("koniq", selected_on=("koniq10k",))
    assert own == Leak(Relation.SELECTED_ON, "tuned with some of this dataset's MOS")
    (part,) = leaks("voc", selected_on=("flive",))
    assert "tuned with some of the MOS of FLIVE, which has photographs in common with this dataset" in part.why
    assert leaks("uhd", selected_on=("kadid",)) == ()


def test_the_worst_comes_first_and_choosing_is_said_beside_it() -> None:
    for trained_on, relation in ((("koniq", UNKNOWN), Relation.TRAINED_ON), (("vcl", UNKNOWN), Relation.SAME_SOURCE)):
        found = [leak.relation for leak in leaks("koniq", trained_on, ("koniq",))]
        assert found == [relation, Relation.SELECTED_ON]
    found = [leak.relation for leak in leaks("koniq", (UNKNOWN,), ("koniq",))]
    assert found == [Relation.SELECTED_ON, Relation.UNKNOWN]


def test_seen_photographs_exclude_and_nothing_else_does() -> None:
    excluding = {relation for relation in Relation if Leak(relation, "").excludes}
    assert excluding == {Relation.TRAINED_ON, Relation.SAME_SOURCE}


@pytest.fixture
def fake_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cards of KADIS and UHD beside the shipped ones; UHD's folder has its alias."""
    koniq = catalogue.shipped_cards()["koniq"]
    known = dict(catalogue.shipped_cards())
    for name, title, aliases in (("kadis", "KADIS_700k", ()), ("uhd", "UHD", ("photos",))):
        known[name] = dataclasses.replace(koniq, id=name, title=title, aliases=aliases, content=("pixabay",))
    monkeypatch.setattr(catalogue, "shipped_cards", lambda: known)


@pytest.mark.usefixtures("fake_cards")
def test_a_cells_leaks_come_from_the_cards_of_dataset_and_training_sets(photos: Path, store: Store) -> None:
    run(store, photos, fixed("m", RISING, trained_on=("kadis",)))
    (cell,) = evaluate(store.entries()[0])
    assert cell.dataset.content == (), "a folder says nothing itself"
    assert [leak.relation for leak in cell.leaks] == [Relation.SAME_SOURCE]
    assert cell.excluded


def test_no_card_names_a_whole_site_as_its_pool() -> None:
    too_wide = {"flickr", "internet", "web"}  # bench/leakage.py says why
    for card in catalogue.shipped_cards().values():
        assert not too_wide & set(card.content), card.id


@pytest.mark.usefixtures("fake_cards")
def test_a_card_that_extends_another_has_its_photographs() -> None:
    known = catalogue.shipped_cards()
    known["koniq"] = dataclasses.replace(known["koniq"], content=())
    known["small"] = dataclasses.replace(known["koniq"], id="small", extends="koniq", aliases=())
    found = find_leaks(cells.photo_set("small"), ("koniq10k",), (), cells.photo_set)
    assert [leak.relation for leak in found] == [Relation.SAME_SOURCE]
    assert cells.photo_set("koniq").shares == known["koniq"].shares


@pytest.mark.usefixtures("fake_cards")
def test_a_dataset_without_a_card_is_known_by_what_was_stored_of_it(photos: Path, store: Store) -> None:
    mine = dataclasses.replace(read_local(photos), id="mine", content=("pixabay",), shares=("live",))
    run(store, mine, fixed("m", RISING, trained_on=("kadis",)), fixed("n", RISING, trained_on=("live",)))
    assert cells.photo_set("mine").content == ()
    m, n = evaluate(store.entries()[0])
    assert "pixabay" in m.leaks[0].why
    assert "photographs in common" in n.leaks[0].why


@pytest.mark.usefixtures("fake_cards")
def test_the_table_marks_each_relation_and_leaves_out_what_saw_the_photographs(photos: Path, store: Store) -> None:
    run(
        store,
        photos,
        fixed("own", SWAPPED, trained_on=("uhd",)),  # as good as the best
        fixed("source", RISING, trained_on=("kadis",)),
        fixed("web", SWAPPED, trained_on=(UNKNOWN,)),
        fixed("tuned", MIXED, selected_on=("uhd",)),
        fixed("clean", MIXED),
    )
    tables = arrange(evaluate(store.entries()[0], draws=0))
    text = paper_views(tables, Request()).to_markdown()
    notes = dict(re.findall(r"^([⁰¹²³⁴-⁹]+) (.*?) *$", text, flags=re.MULTILINE))
    said = {}
    for line in text.splitlines():
        if line.startswith("|"):
            name, cell = (re.sub("[⁰¹²³⁴-⁹˒|]", "", part).strip() for part in line.split("|")[1:3])
            marks = re.findall("[⁰¹²³⁴-⁹]+", line.split("|")[2])
            said[name] = (cell, [notes[mark] for mark in marks if "too few" not in notes[mark]])
    assert said["own"] == ("0.976", ["trained on this dataset, not eligible for best"])
    why = "trained on KADIS_700k, whose photographs come from pixabay too, not eligible for best"
    assert said["source"] == ("1.000", [why])
    assert said["web"] == ("**0.976**", ["what it was trained on is unknown"])
    assert said["tuned"][0] == said["clean"][0] == "<ins>0.524</ins>"  # equal: both are second
    assert "tuned with some of this dataset's MOS" in said["tuned"][1][0]
    assert said["clean"][1] == []


@pytest.mark.usefixtures("fake_cards")
def test_a_record_has_the_worst_relation_and_all_that_was_found(photos: Path, store: Store) -> None:
    run(
        store,
        photos,
        fixed("a", RISING, trained_on=("kadis",), selected_on=("uhd",)),
        fixed("b", RISING, trained_on=("photos",)),
        fixed("c", RISING),
    )
    a, b, c = (as_record(cell) for cell in evaluate(store.entries()[0]))
    assert (a["leakage"], a["trained_on_this"], a["selected_on_this"]) == ("same-source", False, True)
    assert a["leakage_why"].startswith(
        "trained on KADIS_700k, whose photographs come from pixabay too; tuned with some of"
    )
    assert (b["leakage"], b["trained_on_this"], b["selected_on_this"]) == ("trained-on", True, False)
    assert (c["leakage"], c["leakage_why"]) == ("clean", "")
