"""``bench check`` from end to end: perturbed methods fail, repeated runs pass, mistakes are neither."""

from __future__ import annotations

import json
import math
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import fakes
import pytest
from conftest import Ran
from rot import changed, unfinish
from stored import fixed, run

import bench as api
from bench.api import Method, Resize
from bench.check import reference
from bench.check.compare import Finding
from bench.check.output import to_github, to_junit, to_text
from bench.check.verdicts import Verdict
from bench.datasets.readers.local import read_local
from bench.plugins import registry
from bench.runs import loading, runner
from bench.runs.jobs import Settings
from bench.runs.store import Store

Bench = Callable[..., Ran]
SCORES = [0.0, 1, 3, 2, 4, 5, 7, 6]
REFERENCE = Path("results/reference/photos.json")

pytestmark = pytest.mark.usefixtures("short_fits")


def again(photos: Path, store: Store, method: type[Method]) -> None:
    """Score as if the method's code had changed and its version had not."""
    shutil.rmtree(store.root / "runs", ignore_errors=True)
    run(store, photos, method)


@pytest.fixture
def referenced(photos: Path, store: Store, bench: Bench) -> Path:
    """Photographs with a stored result and a reference of it."""
    run(store, photos, fixed("m", SCORES))
    assert bench("check", "photos", "--update", "--reason", "first").code == 0
    return photos


def test_a_repeated_run_passes(referenced: Path, store: Store, bench: Bench) -> None:
    again(referenced, store, fixed("m", SCORES))
    ran = bench("check", "photos")
    assert ran.code == 0
    assert ran.out.startswith("ok  m on photos (all images, full size): SRCC ")
    assert "all identical" in ran.out


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ([s / 255 for s in SCORES], "score: reference 7, now 0.027451; allowed ±0.000229; largest change 3.04"),
        ([-s for s in SCORES], "srcc: reference 0.952381, now -0.952381; allowed ±"),
        ([math.nan, *SCORES[1:]], "images: images/0.png: the method's score is nan, not a finite number"),
    ],
    ids=["wrong normalisation", "flipped sign", "one score NaN"],
)
def test_a_perturbed_method_fails(
    referenced: Path, store: Store, bench: Bench, scores: list[float], words: str
) -> None:
    again(referenced, store, fixed("m", scores))
    ran = bench("check", "photos")
    assert ran.code == 1
    assert ran.out.startswith("FAILED  m on photos (all images, full size)\n  failed  ")
    assert words in ran.out
    assert "1 of 1 results differ from the reference" in ran.err


def test_a_direction_declared_the_other_way_round_fails(referenced: Path, store: Store, bench: Bench) -> None:
    again(referenced, store, fixed("m", SCORES, higher_is_better=False))
    ran = bench("check", "photos")
    assert ran.code == 1
    assert "srcc: reference 0.952381, now -0.952381" in ran.out
    assert "score:" not in ran.out


def test_an_image_dropped_from_the_dataset_fails(referenced: Path, store: Store, bench: Bench) -> None:
    labels = referenced / "scores.csv"
    labels.write_text("".join(labels.read_text().splitlines(keepends=True)[:-1]))
    again(referenced, store, fixed("m", SCORES))
    ran = bench("check", "photos")
    assert ran.code == 1
    assert "dataset labels: reference" in ran.out
    assert "n: reference 8, now 7" in ran.out
    assert "images/7.png: is not among the images" in ran.out


def test_an_image_that_cannot_be_read_fails(referenced: Path, store: Store, bench: Bench) -> None:
    (referenced / "images" / "4.png").write_bytes(b"")
    again(referenced, store, fixed("m", SCORES))
    ran = bench("check", "photos")
    assert ran.code == 1
    assert "dataset images: reference" in ran.out
    assert "failed: reference 0, now 1" in ran.out


def test_an_empty_store_and_another_protocol_fail(referenced: Path, store: Store, bench: Bench) -> None:
    ran = bench("check", "photos", "--results", "nothing")
    assert (ran.code, ran.out.splitlines()[1]) == (1, "  failed  result: not in the store")
    shutil.rmtree(store.root / "runs")
    run(store, referenced, fixed("m", SCORES), resize=Resize.parse("short:32"))
    ran = bench("check", "photos")
    assert ran.code == 1
    assert "not in the store under this protocol, only: all images, resize short:32" in ran.out


def test_an_unfinished_or_damaged_result_is_not_hidden_by_an_older_one(
    referenced: Path, store: Store, bench: Bench
) -> None:
    run(store, referenced, fixed("m", SCORES, version="2"))
    newer = next(entry for entry in store.entries()[0] if entry.method.version == "2")
    scores, sidecar = newer.folder / "scores.parquet", newer.folder / "provenance.json"
    for path in (scores, sidecar):
        with changed(path, path.read_bytes()[:-8]):
            ran = bench("check", "photos")
            assert ran.code == 1
            assert f"{path.name} is damaged" in ran.out
            refused = bench("check", "photos", "--update", "--reason", "because")
            assert refused.code == 2
            assert f"{path.name} is damaged" in refused.err
    unfinish(newer, 0)
    ran = bench("check", "photos")
    assert ran.code == 1
    assert "unfinished: 0 of 8 images" in ran.out


def test_the_newest_version_is_what_is_checked(referenced: Path, store: Store, bench: Bench) -> None:
    run(store, referenced, fixed("m", [-s for s in SCORES], version="2"))
    ran = bench("check", "photos")
    assert ran.code == 1
    assert "note  method version: reference 1, now 2; the method is another" in ran.out


def test_scores_may_move_where_they_are_allowed_to(referenced: Path, store: Store, bench: Bench) -> None:
    again(referenced, store, fixed("m", [2 * s for s in SCORES]))
    assert bench("check", "photos").code == 1
    assert bench("check", "photos", "--score-tolerance", 10).code == 0


def test_an_update_writes_what_moved_why_and_with_what(referenced: Path, store: Store, bench: Bench) -> None:
    before = REFERENCE.read_bytes()
    assert "no change" in bench("check", "--update", "--reason", "again").out
    assert REFERENCE.read_bytes() == before
    again(referenced, store, fixed("m", [2 * s for s in SCORES]))
    assert bench("check", "photos", "--update", "--reason", " in other units ").code == 0
    written = json.loads(REFERENCE.read_text())
    assert [update["reason"] for update in written["history"]] == ["first", "in other units"]
    assert written["history"][1]["methods"] == ["m"]
    assert written["history"][1]["versions"]["python"]
    assert written["records"][0]["scores"]["images/3.png"] == 4.0
    assert written["records"][0]["n"] == 8
    assert bench("check", "photos").code == 0
    moved = set(REFERENCE.read_text().splitlines()) - set(before.decode().splitlines())
    assert '    "images/7.png": 12.0' in moved  # one image a line: a diff shows which moved
    assert not [path for path in REFERENCE.parent.iterdir() if path != REFERENCE]


def test_an_update_adds_a_method_and_leaves_the_others(referenced: Path, store: Store, bench: Bench) -> None:
    run(store, referenced, fakes.Brightness, fakes.Darkness)
    assert bench("check", "photos", "--update", "--reason", "another", "--method", "brightness").code == 0
    records = reference.read(REFERENCE.parent, "photos").records
    assert [record.method for record in records] == ["brightness", "m"]
    assert len(bench("check").out.splitlines()) == 2
    again = bench("check", "photos", "--update", "--reason", "all").out
    assert "photos: stored and not in the reference: darkness; --method darkness adds to it" in again
    assert len(bench("check", "--method", "m").out.splitlines()) == 1


def test_a_name_for_a_row_with_options_is_told_the_row(referenced: Path, store: Store, bench: Bench) -> None:
    def spread(image: object, gain: float = 1.0) -> float:
        return gain

    specs = loading.method_specs([api.method(spread, higher_is_better=True)], ["spread.gain=2"], "cpu")
    runner.run(loading.load_methods(specs), read_local(referenced), store, Settings())
    done = bench("check", "photos", "--update", "--reason", "x", "--method", "spread")
    assert (done.code, "no spread on 'photos', but spread[gain=2.0]: give --method" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["nothing"], "results/reference has no reference of 'nothing'."),
        (["photo"], "Did you mean 'photos'?"),
        (["--reference", "empty"], "no references in empty: write one with `bench check ID --update --reason TEXT`"),
        (["--update"], "--update needs --reason TEXT"),
        (["--update", "--reason", "  "], "--update needs --reason TEXT"),
        (["--reason", "x"], "--reason is given without --update"),
        (["--option", "m.a=b"], "--option is given without --fresh"),
        (["--junit", "no/such/folder.xml"], "--junit got no/such/folder.xml, whose folder does not exist"),
        (["--method", "n"], "--method got 'n', which is in no reference."),
        (["--score-tolerance", "nan"], "--score-tolerance got nan"),
        (["--correlation-tolerance", "-1"], "--correlation-tolerance got -1.0"),
        (["other", "--update", "--reason", "x"], "the store has no result on 'other'"),
        (["--update", "--reason", "x", "--method", "n"], "the store has no n on 'photos'"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "",
)
def test_misuse_is_one_sentence_and_two(referenced: Path, bench: Bench, args: list[str], words: str) -> None:
    before = REFERENCE.read_bytes()
    ran = bench("check", *args)
    assert ran.code == 2
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1
    assert REFERENCE.read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda r: "{",
        lambda r: "[]",
        lambda r: json.dumps({**r, "format": 99}),
        lambda r: json.dumps({**r, "records": []}),
        lambda r: json.dumps({**r, "records": r["records"] * 2}),
        lambda r: json.dumps({**r, "dataset": "other"}),
        lambda r: json.dumps({k: v for k, v in r.items() if k != "history"}),
        lambda r: json.dumps(r).replace("7.0", "NaN"),
        lambda r: json.dumps(r).replace("7.0", '"7"'),
        lambda r: json.dumps(r).replace('"split": "all"', '"spilt": "all"'),
        lambda r: json.dumps(r).replace('"n": 8', '"n": true'),
        lambda r: "[" * 100_000,
    ],
)
def test_a_damaged_reference_is_misuse_and_never_passes(referenced: Path, bench: Bench, damage: Any) -> None:
    REFERENCE.write_text(damage(json.loads(REFERENCE.read_text())))
    ran = bench("check", "photos")
    assert ran.code == 2
    assert "is not a valid reference" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_reference_larger_than_the_limit_is_neither_read_nor_written(
    referenced: Path, store: Store, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.check.reference.MAX_BYTES", 500)
    assert "over the limit of 500" in bench("check", "photos").err
    ran = bench("check", "photos", "--reference", "new", "--update", "--reason", "x")
    assert (ran.code, "over the limit of 500" in ran.err) == (2, True)


HOSTILE = 'a%b,c:d\n::error::x <&"]]>\x1b[31m'


def test_hostile_names_break_no_output() -> None:
    moved = Finding("score", "failed", 1.0, 2.0, 0.1, f"on {HOSTILE}")
    verdict = Verdict(HOSTILE, HOSTILE, HOSTILE, (moved,))
    command = to_github([verdict], {HOSTILE: reference.path_of(Path("r"), HOSTILE)})
    assert command.splitlines() == [command]
    start = "::error file=r/a%2525b%252Cc%253Ad%250A%253A%253Aerror%253A%253Ax"
    assert command.startswith(start)
    assert "title=a%25b%2Cc%3Ad%0A%3A%3Aerror%3A%3Ax <&" in command
    assert "%0Ascore: reference 1, now 2; allowed ±0.1; on a%25b" in command
    (suite,) = ElementTree.fromstring(to_junit([verdict]))  # what is no XML raises here
    assert suite.attrib["name"] == HOSTILE.replace("\x1b", "\ufffd")
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("1", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "score: reference 1, now 2" in str(failure.text)
    text = to_text([verdict])
    assert len(text.splitlines()) == 2
    assert "\x1b" not in text


@pytest.mark.parametrize("name", ["../../etc/x", ".hidden", "a/b", "..", HOSTILE, "clive_subset"])
def test_no_dataset_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    path = reference.path_of(tmp_path, name)
    assert path.parent == tmp_path
    path.write_text("")
    assert reference.names(tmp_path) == [name]


def test_annotations_are_printed_for_what_failed_alone(referenced: Path, store: Store, bench: Bench) -> None:
    assert "::error" not in bench("check", "--github").out
    again(referenced, store, fixed("m", [-s for s in SCORES]))
    lines = bench("check", "--github").out.splitlines()
    assert lines[-1].startswith(
        "::error file=results/reference/photos.json,title=m on photos::all images, full size%0A"
    )


def test_junit_of_what_passes_has_no_failure(referenced: Path, bench: Bench) -> None:
    assert bench("check", "--junit", "out.xml", "--github").code == 0
    suite = ElementTree.parse("out.xml").getroot()[0]
    assert (suite.attrib["name"], suite.attrib["failures"]) == ("photos", "0")
    assert [case.attrib["name"] for case in suite] == ["m (all images, full size)"]
    assert not list(suite[0])


def test_json_has_every_number_unrounded(referenced: Path, store: Store, bench: Bench) -> None:
    again(referenced, store, fixed("m", [s / 255 for s in SCORES]))
    ran = bench("check", "--format", "json", "--github")
    (verdict,) = json.loads(ran.out)
    assert (verdict["method"], verdict["failed"]) == ("m", True)
    found = {finding["what"]: finding for finding in verdict["findings"]}
    assert (found["score"]["reference"], found["score"]["now"]) == (7.0, 7 / 255)
    assert found["srcc"]["state"] == "ok"
    assert "::error " in ran.err


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    known = registry.find_method
    ours = {"picky": fakes.Picky, "random": fakes.Random}
    monkeypatch.setattr(registry, "find_method", lambda name: ours.get(name) or known(name))


@pytest.mark.usefixtures("registered")
def test_a_fresh_run_scores_again_with_the_recorded_options(photos: Path, store: Store, bench: Bench) -> None:
    gain = ["--option", "picky.gain=2.5", "--option", "picky.invert=yes", "--option", "picky.mode=max"]
    given = ["--dataset", photos, "--split", "test", "--resize", "short:32"]
    assert bench("run", "--method", "picky", "--method", "random", *gain, *given, "--seed", 3).code == 0
    assert bench("run", "--method", "picky", *given).code == 0
    assert bench("run", "--method", "picky", "--dataset", photos).code == 0
    assert bench("check", "photos", "--update", "--reason", "first").code == 0
    shutil.rmtree(store.root / "runs")
    ran = bench("check", photos, "--fresh")
    assert ran.code == 0, ran.out
    assert len([line for line in ran.out.splitlines() if line.startswith("ok  ")]) == 4
    assert "picky[gain=2.5,invert=True,mode=max] on photos (split test, resize short:32)" in ran.out
    assert not list(store.root.glob("runs/*"))  # it went somewhere temporary


@pytest.mark.usefixtures("registered")
def test_a_fresh_run_finds_what_the_store_does_not_know_yet(
    photos: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench("run", "--method", "picky", "--dataset", photos)
    bench("check", "photos", "--update", "--reason", "first")
    monkeypatch.setattr(fakes.Picky, "score", lambda self, photos: [float(p.pixels.max()) for p in photos])
    assert bench("check", "photos").code == 0
    assert bench("check", photos, "--fresh").code == 1
    refused = bench("check", photos, "--fresh", "--results", "results")
    assert (refused.code, "already has the scores of picky" in refused.err) == (2, True)
    assert bench("check", photos, "--fresh", "--results", "other").code == 1
    assert list(Path("other/runs/photos").iterdir())


@pytest.mark.usefixtures("registered")
def test_a_fresh_run_says_what_it_cannot_know(photos: Path, tmp_path: Path, bench: Bench) -> None:
    (tmp_path / "file").write_text("")
    bench("run", "--method", "picky", "--dataset", photos, "--option", f"picky.model={tmp_path / 'file'}")
    bench("check", "photos", "--update", "--reason", "first")
    ran = bench("check", photos, "--fresh")
    assert (ran.code, "the reference has picky[model=file]" in ran.err) == (2, True)
    assert bench("check", photos, "--fresh", "--option", f"picky.model={tmp_path / 'file'}").code == 0
    (photos / "mine.csv").write_text("image,score\n" + "".join(f"images/{i}.png,{i}\n" for i in range(8)))
    assert bench("import", photos / "mine.csv", "--method", "mine", "--dataset", photos).code == 0
    assert bench("check", "photos", "--update", "--reason", "imported", "--method", "mine").code == 0
    assert bench("check", "photos", "--method", "mine").code == 0
    ran = bench("check", photos, "--fresh", "--method", "mine")
    assert (ran.code, "the scores of mine were imported" in ran.err) == (2, True)


def test_the_advice_after_a_fresh_check_writes_the_reference(
    photos: Path, tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench("run", "--method", "bytes-per-pixel", "--dataset", photos)
    bench("check", photos, "--update", "--reason", "first")
    bpp = registry.find_method("bytes-per-pixel")
    original = bpp.score
    monkeypatch.setattr(bpp, "score", lambda self, photos: [2 * score for score in original(self, photos)])
    ran = bench("check", photos, "--fresh")
    assert ran.code == 1
    (advice,) = re.findall(r"if that is meant: `bench (.*) --reason TEXT`", ran.err)
    assert bench(*shlex.split(advice), "--reason", "twice as much").code == 0
    assert bench("check", photos, "--fresh").code == 0


def test_without_a_stored_result_the_advice_is_to_score(referenced: Path, store: Store, bench: Bench) -> None:
    shutil.rmtree(store.runs)
    ran = bench("check", "photos")
    assert ran.code == 1
    assert "score them by `bench run`, or `bench run --rescore` where code has changed; or check by" in ran.err
    assert "`bench check photos --fresh`" in ran.err
