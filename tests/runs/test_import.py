from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Ran
from scipy import stats as scipy_stats

Bench = Callable[..., Ran]


def records(bench: Bench, draws: int = 0) -> dict[str, dict[str, object]]:
    shown = bench("table", "--format", "json", "--draws", draws).out
    return {record["method"]: record for record in json.loads(shown)}


def test_published_scores_give_scipys_correlations(bench: Bench, shared: Path) -> None:
    # SRCC to 3 decimals as the source's table has them; to 1e-12 against scipy on the same columns.
    published = {"koniq": 0.468, "spaq": 0.385, "livec": 0.307, "kadid": 0.376, "agi": 0.436}
    for dataset, srcc in published.items():
        path = shared / "published_scores" / f"qbench_{dataset}.csv"
        frame = pd.read_csv(path)
        frame[["image", "mos", "clip_vit_l14"]].rename(columns={"clip_vit_l14": "score"}).to_csv("one.csv", index=False)
        done = bench("import", "one.csv", "--method", "clip_vit_l14", "--dataset", dataset)
        assert done.code == 0, done.err
        (record,) = json.loads(bench("table", "--dataset", dataset, "--format", "json", "--draws", "0").out)
        assert round(record["srcc"], 3) == srcc
        assert record["srcc"] == pytest.approx(scipy_stats.spearmanr(frame["clip_vit_l14"], frame["mos"])[0], abs=1e-12)
        assert record["krcc"] == pytest.approx(
            scipy_stats.kendalltau(frame["clip_vit_l14"], frame["mos"])[0], abs=1e-12
        )
        assert record["n"] == len(frame)


def test_a_wide_file_is_a_method_a_column(bench: Bench, shared: Path) -> None:
    path = shared / "published_scores" / "qbench_livec.csv"
    done = bench("import", path, "--wide", "--dataset", "clive")
    assert done.code == 0, done.err
    frame = pd.read_csv(path)
    found = records(bench)
    assert len(found) == 15
    for name in frame.columns[2:]:
        expected = scipy_stats.spearmanr(frame[name], frame["mos"]).statistic
        assert found[name]["srcc"] == pytest.approx(expected, abs=1e-12)


def test_scores_join_the_labels_of_a_dataset_by_name(bench: Bench, photos: Path) -> None:
    Path("theirs.csv").write_text("image,score\n" + "".join(f"{i}.png,{-i}\n" for i in range(8)))
    done = bench("import", "theirs.csv", "--method", "Theirs", "--dataset", photos, "--direction", "lower")
    assert done.code == 0, done.err
    assert "SRCC 1.000" in done.out
    bench("run", "--method", "bytes-per-pixel", "--dataset", photos)
    found = records(bench)
    assert found["Theirs"]["protocol"] == found["bytes-per-pixel"]["protocol"]
    assert found["Theirs"]["labels_hash"] == found["bytes-per-pixel"]["labels_hash"]
    shown = bench("table").out
    assert (shown.count("photos¹ SRCC"), shown.count("¹ photos: 8 images")) == (1, 1)


def test_a_mos_column_wins_over_the_datasets_and_is_a_protocol(bench: Bench, photos: Path) -> None:
    Path("theirs.csv").write_text("image,score,mos\n" + "".join(f"images/{i}.png,{i},{-i}\n" for i in range(8)))
    bench("import", "theirs.csv", "--method", "theirs", "--dataset", photos)
    record = records(bench)["theirs"]
    assert record["srcc"] == pytest.approx(-1)
    assert record["protocol"] == "all images, MOS of the imported file"


def test_a_card_speaks_for_a_dataset_that_is_not_here(bench: Bench) -> None:
    Path("theirs.csv").write_text("image,score,mos\n" + "".join(f"{i}.png,{i},{i}\n" for i in range(8)))
    bench("import", "theirs.csv", "--method", "a", "--dataset", "koniq10k")
    bench("import", "theirs.csv", "--method", "b", "--dataset", "koniq", "--mos-direction", "lower")
    found = records(bench)
    assert (found["a"]["dataset"], found["a"]["kind"], found["a"]["srcc"]) == ("koniq", "authentic", pytest.approx(1))
    assert found["b"]["srcc"] == pytest.approx(-1)
    assert "complete set" not in bench("table").out


def test_images_without_a_score_are_failures(bench: Bench, photos: Path) -> None:
    Path("theirs.csv").write_text(
        "image,score\nimages/0.png,nan\n" + "".join(f"images/{i}.png,{i}\n" for i in range(1, 7))
    )
    done = bench("import", "theirs.csv", "--method", "theirs", "--dataset", photos)
    assert "imported 6, without a score 2" in done.out
    assert records(bench)["theirs"]["failed"] == 2


def test_the_same_file_twice_is_one_entry_and_other_scores_another(bench: Bench) -> None:
    for score in (1, 1, 2):
        Path("theirs.csv").write_text(f"image,score,mos\na.png,{score},1\nb.png,3,2\n")
        assert bench("import", "theirs.csv", "--method", "m", "--dataset", "new").code == 0
    assert len(bench("results", "list").out.splitlines()) == 2


def test_the_declared_direction_identifies_imported_scores(bench: Bench) -> None:
    Path("theirs.csv").write_text("image,score,mos\na.png,1,1\nb.png,3,2\n")
    for direction in ("higher", "lower"):
        bench("import", "theirs.csv", "--method", "m", "--dataset", "new", "--direction", direction)
    assert len(bench("results", "list").out.splitlines()) == 2


def test_what_an_imported_method_was_trained_on_is_unknown_unless_said(bench: Bench) -> None:
    Path("theirs.csv").write_text("image,score,mos\na.png,1,1\nb.png,3,2\n")
    bench("import", "theirs.csv", "--method", "silent", "--dataset", "new")
    bench("import", "theirs.csv", "--method", "open", "--dataset", "new", "--trained-on", "new")
    found = records(bench)
    assert found["silent"]["trained_on"] == ["unknown"]
    assert found["open"]["trained_on_this"] is True


def test_scores_of_another_dataset_are_noticed(bench: Bench, photos: Path) -> None:
    Path("theirs.csv").write_text("image,score,mos\na.png,1,1\nb.png,3,2\n")
    wrong = bench("import", "theirs.csv", "--method", "m", "--dataset", photos)
    assert wrong.code == 2
    assert "--dataset got 'photos', which has none of the 2 images of the scores" in wrong.err
    Path("theirs.csv").write_text("image,score,mos\nimages/1.png,1,1\nb.png,3,2\n")
    partly = bench("import", "theirs.csv", "--method", "m", "--dataset", photos)
    assert partly.code == 0
    assert "note: 1 of 2 images are not in the copy of dataset 'photos'" in partly.err


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (
            "image,score\na.png,1\n",
            ["--method", "m", "--dataset", "new"],
            "add a mos column to the scores",
        ),
        (
            "image,score\na.png,1\n",
            ["--method", "m", "--dataset", "PHOTOS"],
            "that dataset 'photos' does not have: 'a.png'",
        ),
        ("image,rating,mos\na.png,1,2\n", ["--method", "m", "--dataset", "new"], "has no column 'score'"),
        ("image,score,mos\na.png,x,2\n", ["--method", "m", "--dataset", "new"], "is 'x', not a number"),
        ("image,score,mos\na.png,1,2\na.png,1,2\n", ["--method", "m", "--dataset", "new"], "twice: 'a.png'"),
        ("image,score,mos\na.png,1,2\n", ["--dataset", "new"], "give --method NAME"),
        ("image,score,mos\na.png,1,2\n", ["--wide", "--method", "m", "--dataset", "new"], "give --method NAME"),
        ("image,score,mos\na.png,1,2\n", ["--wide", "--column", "score", "--dataset", "new"], "but --wide takes every"),
        ("image,score,mos\na.png,1,2\n", ["--method", "a b", "--dataset", "new"], "column's name: name got 'a b'"),
        ("image,score,mos\na.png,1,2\n", ["--method", "m", "--dataset", "a/b"], "a new id consists of letters"),
        ("image,score\n", ["--method", "m", "--dataset", "new"], "has no scores"),
    ],
)
def test_mistakes_are_one_sentence(
    bench: Bench, photos: Path, content: str, arguments: list[str], message: str
) -> None:
    Path("theirs.csv").write_text(content)
    done = bench("import", "theirs.csv", *[str(photos) if a == "PHOTOS" else a for a in arguments])
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1


def test_a_training_set_that_nobody_knows_is_pointed_at_and_a_pool_is_known(bench: Bench) -> None:
    Path("s.csv").write_text("image,score,mos\na,1,2\nb,2,3\nc,3,1\nd,4,5\n")
    done = bench("import", "s.csv", "--method", "m", "--dataset", "flive", "--trained-on", "koniqq")
    assert "--trained-on 'koniqq' is not a known dataset or pool. Did you mean 'koniq'" in done.err
    done = bench("import", "s.csv", "--method", "n", "--dataset", "flive", "--trained-on", "ava")
    assert "not a known dataset" not in done.err
    found = records(bench)
    assert found["n"]["leakage"] == "same-source"
    assert found["m"]["leakage"] == "clean"


def test_scores_at_another_size_than_the_fields_are_pointed_at(bench: Bench) -> None:
    Path("s.csv").write_text("image,score,mos\na,1,2\nb,2,3\nc,3,1\nd,4,5\n")
    done = bench("import", "s.csv", "--method", "m", "--dataset", "spaq")
    assert "spaq is usually scored at short:512; these scores are stored as computed at full size" in done.err
    done = bench("import", "s.csv", "--method", "m", "--dataset", "spaq", "--resize", "short:512")
    assert "usually scored" not in done.err


def noisy(names: list[str]) -> str:
    random = np.random.default_rng(5)
    scores = random.normal(size=len(names))
    rows = [f"{name},{scores[i]},{scores[i] + random.normal()},{i % 7}" for i, name in enumerate(names)]
    return "\n".join(["image,a,b,mos", *rows])


KADID = [f"I{reference:02}_{kind:02}_0{level}.png" for reference in range(1, 11) for kind in (1, 2) for level in (1, 3)]


def test_names_tell_the_references_that_intervals_resample(bench: Bench) -> None:
    Path("k.csv").write_text(noisy(KADID))
    assert bench("import", "k.csv", "--wide", "--dataset", "kadid10k").code == 0
    found = records(bench, draws=200)["a"]
    assert (found["interval_units"], found["n"]) == ("reference", 40)
    assert "is not known here" not in bench("table").out
    by_type = json.loads(bench("table", "--by", "type", "--format", "json").out)
    assert {(record["type"], record["n"]) for record in by_type} == {("Gaussian blur", 20), ("lens blur", 20)}


def test_without_references_there_is_no_interval_and_no_test(bench: Bench) -> None:
    Path("k.csv").write_text(noisy([f"photo{i}.png" for i in range(40)]))
    assert bench("import", "k.csv", "--wide", "--dataset", "kadid10k").code == 0
    assert bench("import", "k.csv", "--wide", "--dataset", "koniq").code == 0
    kadid, koniq = (
        next(each for each in json.loads(bench("table", "--format", "json").out) if each["dataset"] == dataset)
        for dataset in ("kadid10k", "koniq")
    )
    assert kadid["srcc"] is not None
    assert kadid["srcc_low"] is None
    assert kadid["reasons"]["interval"] == "the reference of each image is not known"
    assert koniq["srcc_low"] is not None
    (line,) = [line for line in bench("table").out.splitlines() if "there is no interval and no test" in line]
    assert "KADID-10k" in line
    assert (
        "the reference of each image is not known" in bench("table", "--compare", "a", "b", "--dataset", "kadid10k").out
    )


def test_a_labels_file_is_enough(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "koniq"
    folder.mkdir()
    names = [f"{i}.jpg" for i in range(40)]
    rows = [f"{name},0,0,0,0,0,100,{i + 1},0.5,{i + 1}" for i, name in enumerate(names)]
    head = "image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,MOS_zscore"
    (folder / "koniq10k_scores_and_distributions.csv").write_text("\n".join([head, *rows]))
    Path("s.csv").write_text("image,score\n" + "\n".join(f"{name},{i}" for i, name in enumerate(names)))
    given = ["--method", "m", "--dataset", "koniq", "--root", f"koniq={folder}", "--allow-incomplete"]
    done = bench("import", "s.csv", *given)
    assert done.code == 0, done.err
    assert records(bench)["m"]["srcc"] == pytest.approx(1)


def test_one_image_without_a_reference_leaves_every_table_standing(bench: Bench) -> None:
    Path("k.csv").write_text(noisy([*KADID, "stranger.png"]).replace("image,a,b,mos", "Image,a,b,MOS"))
    done = bench("import", "k.csv", "--wide", "--dataset", "kadid10k")
    assert done.code == 0, done.err
    found = records(bench, draws=200)["a"]
    assert (found["n"], found["srcc_low"]) == (41, None)
    assert found["reasons"]["interval"] == "the reference of each image is not known"  # type: ignore[index]


def test_an_own_set_with_one_blank_reference_has_no_interval(bench: Bench, photos: Path) -> None:
    rows = "".join(f"images/{i}.png,{i},{f'r{i // 2}' if i else ''}\n" for i in range(8))
    (photos / "scores.csv").write_text("image,score,reference\n" + rows)
    assert bench("run", "--method", "bytes-per-pixel", "--dataset", photos).code == 0
    assert "1 images have no reference, so that there is no interval and no test" in bench("table").out
    record = records(bench, draws=200)["bytes-per-pixel"]
    assert record["srcc_low"] is None


def test_columns_of_the_file_describe_its_images_and_are_no_scores(bench: Bench) -> None:
    rows = noisy([f"{i}.png" for i in range(60)]).splitlines()
    told = ["Reference,type,std", *(f"r{i // 6},{'blur' if i % 2 else 'noise'},1.5" for i in range(60))]
    Path("own.csv").write_text("\n".join(f"{row},{more}" for row, more in zip(rows, told, strict=True)))
    assert bench("import", "own.csv", "--wide", "--dataset", "own").code == 0
    found = records(bench, draws=200)
    assert set(found) == {"a", "b"}
    assert found["a"]["interval_units"] == "reference"
    parts = json.loads(bench("table", "--by", "type", "--format", "json").out)
    assert {(record["type"], record["n"]) for record in parts} == {("blur", 30), ("noise", 30)}


def write_scores(names: list[str], path: str = "theirs.csv") -> None:
    Path(path).write_text("image,score,mos\n" + "".join(f"{name},{i},{i % 7}\n" for i, name in enumerate(names)))


def test_labels_of_another_set_are_noticed_by_the_form_of_its_names(bench: Bench) -> None:
    write_scores([f"{i}.jpg" for i in range(40)])
    wrong = bench("import", "theirs.csv", "--method", "m", "--dataset", "kadid10k")
    assert "40 of the 40 images of theirs.csv are not named as those of dataset 'kadid10k' are" in wrong.err
    write_scores([f"I01_01_0{i}.png" for i in range(1, 6)] + ["strange.png"])
    partly = bench("import", "theirs.csv", "--method", "m", "--dataset", "kadid10k")
    assert "1 of the 6 images of theirs.csv are not named" in partly.err
    write_scores([f"I01_01_0{i}.png" for i in range(1, 6)])
    assert "not named" not in bench("import", "theirs.csv", "--method", "m", "--dataset", "kadid10k").err


def test_labels_beyond_the_cards_range_and_of_another_file_are_noticed(bench: Bench, shared: Path) -> None:
    write_scores([f"{i}.jpg" for i in range(40)])
    assert (
        "labels of theirs.csv go from 0 to 6, those of 'koniq' from 1 to 100"
        in bench("import", "theirs.csv", "--method", "m", "--dataset", "koniq").err
    )
    labels = pd.read_csv(shared / "labels" / "koniq10k" / "koniq10k_distributions_sets.csv")
    labels = labels.rename(columns={"image_name": "image", "MOS": "mos"})[["image", "mos"]].assign(score=1.0)
    labels["score"] = labels["mos"] / 2
    said = "names or labels of theirs.csv are not those that the authors of 'koniq' distribute"
    for change, told in ((0.0, False), (0.5, True)):
        labels.assign(mos=labels["mos"].where(labels.index > 0, labels["mos"] - change)).to_csv(
            "theirs.csv", index=False
        )
        done = bench("import", "theirs.csv", "--method", f"m{told}", "--dataset", "koniq")
        assert (done.code, said in done.err) == (0, told), done.err


def test_a_count_that_is_not_the_cards_is_told_and_one_above_it_is_refused(bench: Bench) -> None:
    write_scores([f"{i}.jpg" for i in range(40)])
    few = bench("import", "theirs.csv", "--method", "m", "--dataset", "koniq")
    assert (few.code, "koniq: this copy has 40 images, the complete set 10,073" in few.err) == (0, True)
    part = bench("import", "theirs.csv", "--method", "m", "--dataset", "koniq", "--split", "test")
    assert (part.code, "this copy has" in part.err) == (0, False)
    write_scores([f"{i}.jpg" for i in range(700)])
    many = bench("import", "theirs.csv", "--method", "m", "--dataset", "bid")
    assert (many.code, "which has 586 images, and theirs.csv names 700" in many.err) == (2, True)
    assert bench("import", "theirs.csv", "--method", "m", "--dataset", "bid", "--allow-incomplete").code == 0


def test_the_folders_that_all_images_share_make_no_other_labels(bench: Bench) -> None:
    for folder in ("", "1024x768/", "./data/koniq/"):
        write_scores([f"{folder}{i}.jpg" for i in range(40)])
        assert bench("import", "theirs.csv", "--method", f"m{len(folder)}", "--dataset", "koniq").code == 0
    assert len({record["labels_hash"] for record in records(bench).values()}) == 1


def test_a_new_dataset_is_announced_once(bench: Bench) -> None:
    write_scores(["a.png", "b.png"])
    said = [bench("import", "theirs.csv", "--method", name, "--dataset", "mine").err for name in ("one", "two")]
    assert ["a new dataset is created" in text for text in said] == [True, False]
