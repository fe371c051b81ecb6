from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import fakes
import numpy as np
import pytest
from conftest import Ran, make_photo
from scipy import stats as scipy_stats

from bench import options, runner
from bench.adapters.local import read_local
from bench.api import Method, Resize
from bench.evaluation import evaluate
from bench.render import as_record, to_markdown
from bench.scoring import MethodSpec, Settings, load
from bench.store import Store
from bench.tables import arrange

Bench = Callable[..., Ran]
KEYS = "method dataset protocol n failed srcc srcc_low srcc_high krcc plcc_raw plcc_log4 plcc_log5 rmse_log4 rmse_log5"


def spec(method: type[Method], **given: str) -> MethodSpec:
    return MethodSpec(method, options.build(method, given))


@pytest.fixture
def store() -> Store:
    return Store(Path("results"))


def run(store: Store, photos: Path, *methods: type[Method], **settings: object) -> None:
    runner.run(load([spec(m) for m in methods]), read_local(photos), store, Settings(**settings))  # type: ignore[arg-type]


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
    from bench.datasets import Roots, resolve

    run(store, photos, fakes.Brightness)
    card = Path(__file__).parent / "test_datasets.py"
    (photos / "mine.toml").write_text(card.read_text().split('CARD = """')[1].split('"""')[0])
    dataset = resolve(str(photos / "mine.toml"), Roots({}, None))
    runner.run(load([spec(fakes.Brightness)]), dataset, store, Settings())
    mine, plain = (cell.correlations.srcc for cell in evaluate(store.entries()[0]))
    assert mine is not None
    assert plain == pytest.approx(-mine)


def test_within_groups_means_are_taken_over_series(tmp_path: Path, store: Store) -> None:
    from bench.cards import find_card
    from bench.samples import Dataset, Sample

    card = find_card("sample")
    assert card is not None
    samples = []
    for reference, rising in (("a", True), ("b", False)):
        for level in range(1, 6):
            path = tmp_path / f"{reference}{level}.png"
            from PIL import Image

            Image.new("L", (8, 8), 20 * level if rising else 200 - 20 * level).save(path)
            about = {"reference": reference, "type": "t"}
            samples.append(Sample(path.name, path, float(level), about))
    dataset = Dataset("s", "s", "synthetic-order", "lower", tuple(samples), card.within, card.cluster)
    runner.run(load([spec(fakes.Brightness)]), dataset, store, Settings())
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
    run(store, photos, fakes.Brightness, fakes.Darkness)
    run(store, tmp_path / "bare", fakes.Brightness)
    out = bench("table").out
    assert "not run" in out
    assert "the dataset has no labels" in out


def test_an_unfinished_run_shows_no_number(photos: Path, store: Store) -> None:
    run(store, photos, fakes.Brightness)
    folder = store.entries()[0][0].folder
    path = folder / "provenance.json"
    path.write_text(path.read_text().replace('"complete": true', '"complete": false'))
    (folder / "journal.jsonl").write_text('{"image": "images/0.png", "score": 1.0, "error": null}\n')
    (cell,) = evaluate(store.entries()[0])
    assert as_record(cell)["srcc"] is None
    assert "unfinished: 1 of 8 images" in to_markdown(arrange([cell]))


def test_two_protocols_of_a_dataset_do_not_share_a_table_unless_asked(photos: Path, store: Store) -> None:
    run(store, photos, fakes.Brightness, fakes.Darkness)
    run(store, photos, fakes.Brightness, resize=Resize(short=16))
    cells = evaluate(store.entries()[0])
    first, second = arrange(cells)
    assert [str(c.protocol) for c in first.columns] == ["all images, full size"]
    assert [str(c.protocol) for c in second.columns] == ["all images, resize short:16"]
    assert "not comparable with the table above" in to_markdown([first, second])
    (mixed,) = arrange(cells, mix_protocols=True)
    assert len(mixed.columns) == 2
    assert "resize short:16" in to_markdown([mixed])


def test_best_and_second_are_marked_and_what_was_trained_on_the_set_is_not(photos: Path, store: Store) -> None:
    cheat = type("Cheat", (fakes.Brightness,), {"info": fakes.info("cheat", trained_on=("photos",))})
    run(store, photos, fakes.Brightness, fakes.Darkness, cheat)
    text = to_markdown(arrange(evaluate(store.entries()[0])))
    rows = {line.split("|")[1].strip()[:5]: line for line in text.splitlines() if line.startswith("|")}
    assert sum("**" in rows[name] for name in ("brigh", "darkn")) == 2 or "**" in rows["brigh"] + rows["darkn"]
    assert "**" not in rows["cheat"]
    assert "trained on this dataset" in text


def test_a_configuration_chosen_with_a_sets_mos_is_marked_on_its_cells(photos: Path, store: Store) -> None:
    chosen = type("Chosen", (fakes.Brightness,), {"info": fakes.info("chosen", selected_on=("photos",))})
    run(store, photos, chosen, fakes.Darkness)
    text = to_markdown(arrange(evaluate(store.entries()[0])))
    (note,) = [line for line in text.splitlines() if "when choosing" in line]
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
    text = to_markdown(arrange(evaluate(store.entries()[0])))
    assert "brightness (1)" in text
    assert "brightness (2)" in text


def test_names_from_datasets_cannot_break_the_markup(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "a|b<script>"
    make_photo(folder / "x.png", 1)
    run(store, folder, fakes.Brightness)
    text = to_markdown(arrange(evaluate(store.entries()[0])))
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
