from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import fakes
import numpy as np
import pytest
from conftest import Ran, make_photo
from rot import unfinish
from scipy import stats as scipy_stats
from stored import GAPS, MIXED, RISING, SWAPPED, fixed, run, spec

from bench import stats
from bench.api import Resize
from bench.runs import runner
from bench.runs.jobs import Settings, load_methods
from bench.runs.store import Store
from bench.tables.evaluation import evaluate
from bench.tables.table import Table, arrange
from bench.views.arranging import Request
from bench.views.paper import paper_views
from bench.views.paper_records import as_record

Bench = Callable[..., Ran]
KEYS = "method dataset protocol n failed srcc srcc_low srcc_high krcc plcc_raw plcc_log4 plcc_log5 rmse_log4 rmse_log5"


def test_json_has_the_promised_keys_unrounded(photos: Path, store: Store, bench: Bench) -> None:
    run(store, photos, fakes.Brightness)
    (record,) = json.loads(bench("table", "--format", "json").out)
    assert set(KEYS.split()) <= set(record)
    frame = store.entries()[0][0].scores()
    expected = scipy_stats.spearmanr(frame["score"], frame["mos"]).statistic
    assert record["srcc"] == pytest.approx(expected, abs=1e-12)
    assert record["srcc_low"] <= record["srcc"] <= record["srcc_high"]
    assert (record["n"], record["failed"]) == (8, 0)


def test_correlations_are_oriented_by_declaration_and_never_made_positive(photos: Path, store: Store) -> None:
    run(store, photos, fakes.Brightness, fakes.Darkness)
    bright, dark = (cell.correlations for cell in evaluate(store.entries()[0]))
    assert bright.srcc is not None
    assert dark.srcc == pytest.approx(-bright.srcc)
    assert dark.plcc_raw == pytest.approx(-bright.plcc_raw)


def test_a_label_where_lower_is_better_turns_the_sign(photos: Path, store: Store) -> None:
    from bench.datasets.resolve import resolve
    from bench.datasets.roots import Roots

    run(store, photos, fakes.Brightness)
    card = Path(__file__).parents[1] / "datasets" / "test_datasets.py"
    (photos / "mine.toml").write_text(card.read_text().split('CARD = """')[1].split('"""')[0])
    dataset = resolve(str(photos / "mine.toml"), Roots())
    runner.run(load_methods([spec(fakes.Brightness)]), dataset, store, Settings())
    mine, plain = (cell.correlations.srcc for cell in evaluate(store.entries()[0]))
    assert mine is not None
    assert plain == pytest.approx(-mine)


def test_within_groups_means_are_taken_over_series(tmp_path: Path, store: Store) -> None:
    from bench.datasets.catalogue import find_card
    from bench.datasets.dataset import Dataset, Sample
    from bench.io.files import file_at

    card = find_card("sample")
    assert card is not None
    samples = []
    for reference, rising in (("a", True), ("b", False)):
        for level in range(1, 6):
            path = tmp_path / f"{reference}{level}.png"
            from PIL import Image

            Image.new("L", (8, 8), 20 * level if rising else 200 - 20 * level).save(path)
            about = {"reference": reference, "type": "t"}
            samples.append(Sample(path.name, file_at(path), float(level), about))
    dataset = Dataset(
        id="s",
        title="s",
        kind="synthetic-order",
        direction="lower",
        samples=tuple(samples),
        within=card.within,
        cluster=card.cluster,
    )
    runner.run(load_methods([spec(fakes.Brightness)]), dataset, store, Settings())
    (cell,) = evaluate(store.entries()[0])
    assert cell.correlations.srcc == pytest.approx(0.0)
    assert cell.correlations.plcc_log4 is None
    assert "inside" in cell.correlations.reasons["plcc_log4"]


def test_failures_are_counted_beside_the_number(photos: Path, store: Store, bench: Bench) -> None:
    (photos / "images" / "4.png").write_bytes(b"")
    run(store, photos, fakes.Brightness)
    (record,) = json.loads(bench("table", "--format", "json").out)
    assert (record["n"], record["scored"], record["failed"]) == (7, 7, 1)
    assert "scored 7, failed 1" in bench("table").out


def test_a_gap_has_its_reason(photos: Path, store: Store, bench: Bench, tmp_path: Path) -> None:
    make_photo(tmp_path / "bare" / "a.png", 1)
    run(store, tmp_path / "bare", fakes.Brightness)
    assert "the dataset has no labels" in bench("table").out
    run(store, photos, fakes.Brightness, fakes.Darkness)
    out = bench("table").out
    assert "Without a column: bare (the dataset has no labels)" in out
    assert "bare" not in out.splitlines()[0]
    assert re.search("^. not run", out, re.M) is None
    (tmp_path / "bare" / "scores.csv").write_text("image,score\na.png,1\n")
    run(store, tmp_path / "bare", fakes.Brightness)
    assert re.search("^. not run", bench("table").out, re.M)


def test_an_unfinished_run_shows_no_number(photos: Path, store: Store) -> None:
    run(store, photos, fakes.Brightness)
    unfinish(store.entries()[0][0], 1)
    (cell,) = evaluate(store.entries()[0])
    assert as_record(cell)["srcc"] is None
    assert "unfinished: 1 of 8 images" in paper_views(arrange([cell]), Request()).to_markdown()


def test_two_protocols_of_a_dataset_do_not_share_a_table_unless_asked(photos: Path, store: Store) -> None:
    run(store, photos, fakes.Brightness, fakes.Darkness)
    run(store, photos, fakes.Brightness, resize=Resize(short=16))
    cells = evaluate(store.entries()[0])
    first, second = arrange(cells)
    assert [str(c.protocol) for c in first.columns] == ["all images, full size"]
    assert [str(c.protocol) for c in second.columns] == ["all images, resize short:16"]
    assert "not comparable with the table above" in paper_views([first, second], Request()).to_markdown()
    (mixed,) = arrange(cells, mix_protocols=True)
    assert len(mixed.columns) == 2
    assert "resize short:16" in paper_views([mixed], Request()).to_markdown()


def srcc_texts(tables: list[Table]) -> dict[str, str]:
    """Row's name → the text of its first SRCC cell, without footnotes."""
    lines = [
        line.split("|")
        for line in paper_views(tables[:1], Request()).to_markdown().splitlines()
        if line.startswith("|")
    ]
    return {re.sub("[⁰-⁹¹²³˒]", "", line[1]).strip(): re.sub("[⁰-⁹¹²³˒]", "", line[2]).strip() for line in lines[2:]}


def test_without_draws_best_is_bold_and_second_underlined_by_value_alone(photos: Path, store: Store) -> None:
    run(store, photos, fixed("worst", MIXED), fixed("best", RISING), fixed("second", SWAPPED))
    tables = arrange(evaluate(store.entries()[0], draws=0))
    assert "the marks follow the values" in paper_views(tables, Request()).to_markdown()
    texts = srcc_texts(tables)
    assert texts["best"] == "**1.000**"
    assert re.fullmatch(r"<ins>0\.9\d\d</ins>", texts["second"])
    assert re.fullmatch(r"0\.\d\d\d", texts["worst"])


def test_equals_are_best_by_value_together_and_nobody_is_second(photos: Path, store: Store) -> None:
    run(store, photos, fixed("a", RISING), fixed("b", [2 * v for v in RISING]), fixed("c", SWAPPED))
    texts = srcc_texts(arrange(evaluate(store.entries()[0], draws=0)))
    assert (texts["a"], texts["b"], texts["c"]) == ("**1.000**", "**1.000**", "0.976")


def test_what_left_out_images_or_was_trained_on_the_set_is_not_in_the_running(photos: Path, store: Store) -> None:
    run(
        store,
        photos,
        fixed("gaps", GAPS),
        fixed("cheat", RISING, trained_on=("photos",)),
        fixed("fair", SWAPPED),
        fixed("other", MIXED),
    )
    tables = arrange(evaluate(store.entries()[0], draws=0))
    texts = srcc_texts(tables)
    assert (texts["gaps"], texts["cheat"]) == ("1.000", "1.000")
    assert texts["fair"].startswith("**")
    text = paper_views(tables, Request()).to_markdown()
    assert "scored 6, failed 2" in text
    assert "on 6 images, too few of those that others scored: not eligible for best" in text
    assert "trained on this dataset, not eligible for best" in text


def test_a_dataset_is_known_by_its_aliases_when_it_comes_to_training(photos: Path, store: Store) -> None:
    folder = photos.rename(photos.parent / "koniq10k")
    run(store, folder, fixed("tuned", RISING, trained_on=("koniq",)))
    (cell,) = evaluate(store.entries()[0])
    assert cell.excluded


def test_few_images_are_called_too_few(photos: Path, store: Store) -> None:
    run(store, photos, fixed("a", RISING))
    assert (
        "n = 8: too few images to draw conclusions"
        in paper_views(arrange(evaluate(store.entries()[0])), Request()).to_markdown()
    )


def test_the_newest_of_equal_rows_is_shown_and_the_older_left_out_everywhere(store: Store, bench: Bench) -> None:
    for score in (1, 5):
        Path("theirs.csv").write_text("image,score,mos\n" + f"a,{score},1\nb,2,2\nc,3,3\nd,4,4\n")
        assert bench("import", "theirs.csv", "--method", "m", "--dataset", "new").code == 0
    (record,) = json.loads(bench("table", "--format", "json").out)
    assert record["srcc"] == pytest.approx(-0.2)
    assert "1 older result(s)" in bench("table").out
    assert len(bench("table", "--format", "csv").out.splitlines()) == 2


def test_two_seeds_are_two_rows(photos: Path, store: Store) -> None:
    for seed in (0, 1):
        run(store, photos, fakes.Random, seed=seed)
    (table,) = arrange(evaluate(store.entries()[0]))
    assert len(table.cells) == 2
    assert len(set(table.labels.values())) == 2


def test_other_images_under_the_same_names_are_another_column_and_the_footnotes_say_so(
    photos: Path, store: Store
) -> None:
    run(store, photos, fakes.Brightness)
    make_photo(photos / "images" / "0.png", 99)
    run(store, photos, fakes.Brightness)
    tables = arrange(evaluate(store.entries()[0]))
    assert len(tables) == 2
    notes = [line for line in paper_views(tables, Request()).to_markdown().splitlines() if "photos: 8 images" in line]
    assert len(set(notes)) == 2


def test_intervals_resample_references_where_they_repeat(photos: Path, store: Store) -> None:
    scores = photos / "scores.csv"
    lines = scores.read_text().splitlines()
    scores.write_text("\n".join([lines[0] + ",ref_img", *(f"{line},r{i // 2}" for i, line in enumerate(lines[1:]))]))
    run(store, photos, fixed("m", MIXED))
    (cell,) = evaluate(store.entries()[0])
    labels = np.arange(8.0)
    expected = stats.bootstrap_srcc(MIXED, labels, clusters=np.arange(8) // 2).intervals[0]
    other = stats.bootstrap_srcc(MIXED, labels).intervals[0]
    assert (cell.interval.low, cell.interval.high) == (expected.low, expected.high)
    assert (expected.low, expected.high) != (other.low, other.high)


def test_a_configuration_chosen_with_a_sets_mos_is_marked_on_its_cells(photos: Path, store: Store) -> None:
    chosen = type("Chosen", (fakes.Brightness,), {"info": fakes.info("chosen", selected_on=("photos",))})
    run(store, photos, chosen, fakes.Darkness)
    text = paper_views(arrange(evaluate(store.entries()[0])), Request()).to_markdown()
    (note,) = [line for line in text.splitlines() if "tuned with some" in line]
    rows = {line.split("|")[1].strip()[:4]: line for line in text.splitlines() if line.startswith("|")}
    assert note[0] in rows["chos"].split("|")[2]
    assert note[0] not in rows["dark"]


def test_opinion_unaware_methods_come_first(photos: Path, store: Store) -> None:
    aware = type("Aware", (fakes.Brightness,), {"info": fakes.info("aaa", opinion_aware=True)})
    run(store, photos, aware, fakes.Darkness)
    (table,) = arrange(evaluate(store.entries()[0]))
    assert [heading for heading, _ in table.groups] == ["opinion-unaware, hand-crafted", "opinion-aware, hand-crafted"]


def test_a_newer_version_is_a_row_of_its_own(photos: Path, store: Store) -> None:
    newer = type("Newer", (fakes.Brightness,), {"info": fakes.info("brightness", version="2")})
    run(store, photos, fakes.Brightness)
    run(store, photos, newer)
    text = paper_views(arrange(evaluate(store.entries()[0])), Request()).to_markdown()
    assert "brightness (1)" in text
    assert "brightness (2)" in text


def test_names_from_datasets_cannot_break_the_markup(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "a|b<script>"
    make_photo(folder / "x.png", 1)
    run(store, folder, fakes.Brightness)
    text = paper_views(arrange(evaluate(store.entries()[0])), Request()).to_markdown()
    assert "<script>" not in text
    widths = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("|")}
    assert len(widths) == 1


def test_csv_reads_back(photos: Path, store: Store, bench: Bench) -> None:
    run(store, photos, fakes.Brightness)
    (row,) = csv.DictReader(io.StringIO(bench("table", "--format", "csv").out))
    (record,) = json.loads(bench("table", "--format", "json").out)
    assert float(row["srcc"]) == record["srcc"]


def test_filters_and_an_empty_store(photos: Path, store: Store, bench: Bench) -> None:
    assert bench("table").code == 2
    run(store, photos, fakes.Brightness, fakes.Darkness)
    only = json.loads(bench("table", "--method", "darkness", "--format", "json").out)
    assert [record["method"] for record in only] == ["darkness"]
    wrong = bench("table", "--method", "darknes")
    assert wrong.code == 2
    assert "Did you mean 'darkness'" in wrong.err


def test_the_same_images_share_their_draws(photos: Path, store: Store) -> None:
    run(store, photos, fakes.Brightness, fakes.Darkness)
    bright, dark = (cell.interval for cell in evaluate(store.entries()[0]))
    assert bright.low is not None
    assert dark.high is not None
    assert np.isclose(bright.low, -dark.high)
