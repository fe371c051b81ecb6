"""gMAD: planted pairs are found, both ways round, and the labels side with whom they should."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Ran, make_photo
from PIL import Image
from stored import fixed, run

from bench.gmad.contest import Contest, run_contest
from bench.gmad.figure import contact_sheet
from bench.gmad.output import records, sides, summary
from bench.gmad.pairs import Opinion, differentiate, judge
from bench.io.files import LocalFolder
from bench.runs.store import Store
from bench.tables.evaluation import evaluate
from bench.tables.photographs import Photographs, in_folder
from bench.tables.table import arrange

Bench = Callable[..., Ran]
RANDOM = np.random.default_rng(5)

# Twelve images in two levels. `flat` gives 4 and 5 one score, and 6 and 7; `keen` tells each two far apart.
FLAT = [0.0, 1, 2, 3, 4.5, 4.5, 20.5, 20.5, 22, 23, 24, 25]
KEEN = [0.0, 1, 2, 3, 9, 1, 40, 20, 22, 23, 24, 25]


def slow(d: np.ndarray, a: np.ndarray, part: np.ndarray, equal: float) -> float:
    """The widest gap by trying every pair."""
    d, a = (d - d.mean()) / d.std(), (a - a.mean()) / a.std()
    return max((abs(a[i] - a[j]) for i in part for j in part if abs(d[i] - d[j]) <= equal), default=0.0)


def test_the_widest_pair_of_each_level_is_that_of_trying_all() -> None:
    d, a = RANDOM.normal(size=120).round(1), RANDOM.normal(size=120)
    names = [f"{i:03}" for i in RANDOM.permutation(120)]
    parts = np.array_split(np.lexsort((names, d)), 5)
    for level, part in zip(differentiate(d, a, names, levels=5, equal=0.2), parts, strict=True):
        (pair,) = level.pairs
        assert {pair.better, pair.worse} <= set(part)
        assert pair.attacker_gap == pytest.approx(slow(d, a, part, 0.2), abs=1e-12)
        assert abs(pair.defender_gap) <= 0.2
        assert a[pair.better] > a[pair.worse]


def test_the_widest_pair_of_many_images_is_found_in_little_time() -> None:
    # All images of a level are equal by the one method, so that there are billions of pairs to try.
    d, a = np.repeat([0.0, 1.0], 50_000), np.arange(100_000.0)
    worst, best = differentiate(d, a, [f"{i:06}" for i in RANDOM.permutation(100_000)], levels=2)
    assert [(pair.worse, pair.better) for pair in (*worst.pairs, *best.pairs)] == [(0, 49_999), (50_000, 99_999)]


def test_no_image_is_in_two_pairs_and_a_level_that_runs_out_says_so() -> None:
    d, a = np.repeat([0.0, 5.0, 9.0], 5), RANDOM.normal(size=15)
    levels = differentiate(d, a, [str(i) for i in range(15)], levels=3, pairs=3)
    for level in levels:
        places = [place for pair in level.pairs for place in (pair.better, pair.worse)]
        assert len(places) == len(set(places)) == 4
        assert level.reason == "no more two images that the one method holds equal and the other does not"
    gaps = [pair.attacker_gap for pair in levels[0].pairs]
    assert gaps == sorted(gaps, reverse=True)


def test_the_order_of_images_does_not_matter() -> None:
    d, a = RANDOM.integers(0, 4, 60).astype(float), RANDOM.integers(0, 3, 60).astype(float)
    names = [f"{i}.png" for i in range(60)]
    found = []
    for order in (np.arange(60), RANDOM.permutation(60)):
        levels = differentiate(d[order], a[order], [names[i] for i in order], levels=3, pairs=2)
        pairs = (pair for level in levels for pair in level.pairs)
        found.append([(names[order[p.better]], names[order[p.worse]]) for p in pairs])
    assert found[0] == found[1]


def test_what_cannot_be_parted_is_refused() -> None:
    scores = np.arange(6.0)
    with pytest.raises(ValueError, match="too few for 4 levels"):
        differentiate(scores, scores, list("abcdef"), levels=4)
    with pytest.raises(ValueError, match="one score"):
        differentiate(np.ones(6), scores, list("abcdef"), levels=2)


def test_labels_side_with_whom_they_agree() -> None:
    assert [judge(gap, 0.1) for gap in (0.5, 0.05, -0.05, -0.5)] == [
        Opinion.ATTACKER,
        Opinion.DEFENDER,
        Opinion.DEFENDER,
        Opinion.NEITHER,
    ]


def photographs(tmp_path: Path, mos: list[float], more: str = "", values: list[str] | None = None) -> Path:
    folder = tmp_path / "set"
    rows = [f"image,score{more}"]
    for i, label in enumerate(mos):
        make_photo(folder / f"{i}.png", i, (24, 16))
        rows.append(f"{i}.png,{label}{values[i] if values else ''}")
    (folder / "scores.csv").write_text("\n".join(rows) + "\n")
    return folder


def contest(store: Store, pairs: int = 1, names: tuple[str, str] = ("flat", "keen")) -> Contest:
    tables = arrange(evaluate(store.entries()[0], draws=0, values=()))
    return run_contest(tables, names, "set", levels=2, pairs=pairs, equal=0.01)


@pytest.mark.parametrize("turned", [False, True], ids=["higher", "lower"])
def test_a_planted_pair_is_found_both_ways_round_whatever_the_direction(
    store: Store, tmp_path: Path, turned: bool
) -> None:
    mos = [0.0, 1, 2, 3, 9, 1, 20, 40, 22, 23, 24, 25]  # 4 above 5 as keen has it; 7 above 6 as it has not
    sign = -1.0 if turned else 1.0
    keen = fixed("keen", [sign * value for value in KEEN], higher_is_better=not turned)
    run(store, photographs(tmp_path, mos), fixed("flat", FLAT), keen)
    there, back = contest(store).directions
    assert (there.defender, there.attacker, back.defender, back.attacker) == ("flat", "keen", "keen", "flat")
    images = contest(store).images
    assert [(images[each.pair.better], images[each.pair.worse]) for each in there.judged] == [
        ("4.png", "5.png"),
        ("6.png", "7.png"),
    ]
    assert [each.verdict for each in there.judged] == [Opinion.ATTACKER, Opinion.NEITHER]
    assert there.judged[0].label_gap == pytest.approx(8 / np.std(mos), abs=1e-12)
    assert sides(contest(store), there) == "2 pairs; people side with keen in 1, flat in 0, neither in 1"
    # Only 1 and 5 are equal to `keen`, in its lower half; `flat` holds 5 the better.
    assert [(images[each.pair.better], images[each.pair.worse]) for each in back.judged] == [("5.png", "1.png")]
    assert back.levels[1].reason == "no two images that the one method holds equal and the other does not"
    record = records(contest(store))[0]
    assert (record["attacker_better"], record["attacker_worse"]) == (sign * 9, sign * 1), "scores stay raw"
    assert (record["label_better"], record["labels_side_with"]) == (9.0, "attacker")


def test_a_lower_label_that_is_better_turns_the_verdict(store: Store, bench: Bench) -> None:
    lines = [f"{i}.png,{-i if i not in (4, 5) else (-9 if i == 4 else -1)},{FLAT[i]},{KEEN[i]}" for i in range(12)]
    Path("set.csv").write_text("\n".join(["image,mos,flat,keen", *lines]) + "\n")
    assert bench("import", "set.csv", "--wide", "--dataset", "set", "--mos-direction", "lower").code == 0
    assert contest(store).directions[0].judged[0].verdict is Opinion.ATTACKER


def test_labels_that_do_not_compare_and_missing_ones_give_no_verdict(store: Store, tmp_path: Path) -> None:
    folder = photographs(tmp_path, [0.0] * 12)
    (folder / "scores.csv").unlink()
    run(store, folder, fixed("flat", FLAT), fixed("keen", KEEN))
    there = contest(store).directions[0]
    assert [(each.verdict, each.reason) for each in there.judged] == [(None, "no label")] * 2
    assert sides(contest(store), there) == "2 pairs; 2 without a verdict (no label)"


def test_labels_of_groups_judge_inside_one_alone_and_a_synthetic_order_is_called_so(
    store: Store, tmp_path: Path
) -> None:
    types = [f",{'a' if i < 6 else i}" for i in range(12)]
    run(store, photographs(tmp_path, list(range(12)), ",type", types), fixed("flat", FLAT), fixed("keen", KEEN))
    about = {"within": ["type"], "kind": "synthetic-order"}
    entries = [replace(e, meta=e.meta | {"dataset": e.meta["dataset"] | about}) for e in store.entries()[0]]
    found = run_contest(arrange(evaluate(entries, draws=0, values=())), ("flat", "keen"), "set", 2, 1, 0.01)
    inside, across = found.directions[0].judged
    assert (inside.verdict, across.verdict) == (Opinion.NEITHER, None)
    assert across.reason == "labels compare only inside a group"
    assert "the synthetic order sides with keen in 0, flat in 0, neither in 1; 1 without a verdict" in summary(found)
    assert "people" not in summary(found)


def test_an_image_that_one_did_not_score_is_left_out_and_counted(store: Store, tmp_path: Path, bench: Bench) -> None:
    keen = [*KEEN[:4], float("nan"), *KEEN[5:]]
    run(store, photographs(tmp_path, list(range(12))), fixed("flat", FLAT), fixed("keen", keen))
    found = contest(store)
    assert (found.failed, "4.png" in found.images) == (1, False)
    assert "11 images; 1 that one of them did not score are left out" in summary(found)


def texts(figure: object) -> str:
    parts = figure.subfigs  # type: ignore[attr-defined]
    axes = [axes for part in parts for axes in part.axes]
    inside = [text.get_text() for each in axes for text in each.texts]
    about = [f"{each.get_title(loc='left')} {each.get_xlabel()} {each.get_ylabel()}" for each in axes]
    return "\n".join([*(part.get_suptitle() for part in parts), *about, *inside])


def test_the_sheet_shows_photographs_scores_and_what_people_prefer(store: Store, tmp_path: Path) -> None:
    folder = photographs(tmp_path, [0.0, 1, 2, 3, 9, 1, 20, 40, 22, 23, 24, 25])
    run(store, folder, fixed("flat", FLAT), fixed("keen", KEEN))
    found = contest(store)
    figure = contact_sheet(found, in_folder(LocalFolder(folder), found.images))
    left, right = figure.subfigs[0].axes[:2]
    with Image.open(folder / "4.png") as image:
        np.testing.assert_array_equal(left.images[0].get_array(), np.asarray(image))
    assert left.spines["top"].get_linewidth() > right.spines["top"].get_linewidth(), "people prefer the left one"
    said = texts(figure)
    assert "4.png\nflat 4.5, keen 9, MOS 9" in said
    flowing = said.replace("\n", " ")
    assert "people: left better, as keen (+0.6" in flowing
    assert "people: right better, as neither says" in flowing
    assert "SD apart: flat 0.00 keen " in flowing
    assert "Thick frame: people rate this image as better" in figure.get_supxlabel().replace("\n", " ")
    assert "two images that the method named first scores equal" in summary(found)
    assert "flat scores these equal, keen scores the left one better" in said


def test_labels_are_equal_by_a_test_where_their_noise_is_known(tmp_path: Path) -> None:
    # flat holds 4 and 5 equal, which keen tells apart; their labels differ by 3.
    mos, verdicts = [0.0, 1, 2, 3, 9, 6, 20, 40, 22, 23, 24, 25], {}
    for std in (9.0, 1.0):
        folder = photographs(tmp_path / str(std), mos, ",std,n_raters", [f",{std},18"] * 12)
        own = Store(tmp_path / f"results{std}")
        run(own, folder, fixed("flat", FLAT), fixed("keen", KEEN))
        found = contest(own)
        judged = found.directions[0].judged[0]
        assert judged.label_z == pytest.approx(3 / (std * np.sqrt(2 / 18)), abs=1e-9)
        assert records(found)[0]["label_z"] == judged.label_z
        assert "labels: equal or different by a z-test of the two labels at 5%" in summary(found)
        verdicts[std] = judged.verdict
    assert verdicts == {9.0: Opinion.DEFENDER, 1.0: Opinion.ATTACKER}


def test_a_summary_says_where_the_noise_of_labels_is_not_known(store: Store, tmp_path: Path) -> None:
    folder = photographs(tmp_path, list(range(12)))
    run(store, folder, fixed("flat", FLAT), fixed("keen", KEEN))
    said = "labels: equal within 0.01 standard deviations, which may be less than their noise: the spread or the number"
    assert said in summary(contest(store))
    assert contest(store).directions[0].judged[0].label_z is None


def test_photographs_are_taken_from_the_folder_that_was_scored_while_it_is_the_same(
    store: Store, tmp_path: Path, bench: Bench
) -> None:
    folder = photographs(tmp_path, list(range(12)))
    run(store, folder, fixed("flat", FLAT), fixed("keen", KEEN))
    args = ("gmad", "flat", "keen", "--dataset", "set", "--levels", 2, "--output", "s.svg")
    assert bench(*args).out.endswith(" photographs\n")
    assert Path("s.svg").read_text().count("no picture") == 0
    with (folder / "scores.csv").open("a") as file:
        file.write("0.jpg,7\n")
    assert "are not available (the copy has other names or labels than the one that was scored)" in bench(*args).out


def test_hostile_names_and_pictures_are_fields_with_a_reason(store: Store, tmp_path: Path, bench: Bench) -> None:
    names = [f"$x^{i}$ é照 <b>&{i}.png" if i in (4, 5) else f"../../{i}.png" for i in range(12)]
    lines = [f'"{name}",{i},{FLAT[i]},{KEEN[i]}' for i, name in enumerate(names)]
    Path("s.csv").write_text("\n".join(["image,mos,flat,keen", *lines]) + "\n")
    assert bench("import", "s.csv", "--wide", "--dataset", "set").code == 0
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / names[4]).write_bytes(b"no picture")
    (tmp_path / "6.png").write_bytes(b"outside")
    args = ("gmad", "flat", "keen", "--dataset", "set", "--levels", 2, "--images", folder, "--csv", "pairs.csv")
    for suffix in ("svg", "png", "pdf"):
        done = bench(*args, "--output", f"s.{suffix}")
        assert done.code == 0, done.err
    assert "are not available (not in" in done.out
    with Path("pairs.csv").open() as file:
        assert next(csv.DictReader(file))["better_for_attacker"] == names[4]
    found = contest(store)
    said = texts(contact_sheet(found, in_folder(LocalFolder(folder), found.images)))
    assert r"\$x^4\$ é" in said
    assert "no picture: not an image in a known format" in said.replace("\n", " ")
    assert "no picture: not in" in said


def test_imported_scores_have_pairs_and_say_that_pictures_lack(bench: Bench, shared: Path) -> None:
    path = shared / "published_scores" / "qbench_koniq.csv"
    frame = pd.read_csv(path)[["image", "mos", "qwen-vl", "visualglm"]]
    frame.to_csv("k.csv", index=False)
    assert bench("import", "k.csv", "--wide", "--dataset", "koniq").code == 0
    done = bench("gmad", "qwen-vl", "visualglm", "--dataset", "koniq", "--output", "k.png", "--csv", "pairs.csv")
    assert done.code == 0, done.err
    assert "24 of 24 photographs are not available (dataset 'koniq' (KonIQ-10k) is not" in done.out
    pairs = pd.read_csv("pairs.csv")
    assert pairs.groupby("defender")["level"].apply(list).to_dict() == {
        "qwen-vl": [1, 2, 3, 4, 5, 6],
        "visualglm": [1, 2, 3, 4, 5, 6],
    }
    at = frame.set_index("image")
    for row in pairs.itertuples():
        better, worse = at.loc[row.better_for_attacker], at.loc[row.worse_for_attacker]
        assert abs(better[row.defender] - worse[row.defender]) <= 0.1 * frame[row.defender].std(ddof=0) + 1e-9
        gap = (better["mos"] - worse["mos"]) / frame["mos"].std(ddof=0)
        assert row.label_gap == pytest.approx(gap, abs=1e-9)
        expected = "defender" if abs(gap) <= 0.1 else "attacker" if gap > 0 else "neither"
        assert row.labels_side_with == expected
    won = int((pairs[pairs["defender"] == "visualglm"]["labels_side_with"] == "attacker").sum())
    assert (
        f"visualglm holds equal what qwen-vl holds different: 6 pairs; people side with qwen-vl in {won}," in done.out
    )


def test_mistakes_get_a_sentence(store: Store, tmp_path: Path, bench: Bench) -> None:
    methods = fixed("flat", FLAT), fixed("keen", KEEN), fixed("even", [1.0] * 12)
    run(store, photographs(tmp_path, list(range(12))), *methods)
    args = ("--dataset", "set", "--output", "s.png")

    def said(*given: object) -> str:
        done = bench("gmad", *given)
        assert done.code == 2
        return done.err

    assert "two" in said("flat", "flat", *args)
    assert "A and B got even, which gives all images of set the same score" in said("flat", "even", *args)
    assert "--levels got 7, too many for the 12 images" in said("flat", "keen", *args, "--levels", 7)
    run(store, photographs(tmp_path, list(range(12))), fixed("none", [float("nan")] * 12))
    assert "--levels got 6, too many for the 0 images" in said("flat", "none", *args)
    assert "a figure has at most 40" in said("flat", "even", *args, "--levels", 30, "--pairs", 2)
    assert "flta" in said("flta", "even", *args)
    assert "must end in" in said("flat", "even", "--dataset", "set", "--output", "s.gif")


def test_a_picture_that_is_nowhere_has_a_reason(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("a/1.png", "2.png", "a/2.png"):
        make_photo(tmp_path / name, 1)
    found = in_folder(LocalFolder(tmp_path), ["x/1.png", "y/2.png", "a/2.png", "../1.png"])
    assert {name: file.name for name, file in found.files.items()} == {
        "x/1.png": "a/1.png",
        "a/2.png": "a/2.png",
        "../1.png": "a/1.png",
    }
    assert Photographs(found.files, "").thumbnail("x/1.png", 24).shape == (20, 24, 3)
