"""Trials (`--limit`), the first failure (`--debug`), what is not here (`--skip-missing`), and sweeps of options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import fakes
import pytest
from conftest import Ran

import bench as api
from bench.datasets.dataset import Dataset, Sample, spread_out
from bench.errors import BenchError, ImageError, MissingRequirementError, UsageError
from bench.plugins.options import values_of


class Broken(fakes.Brightness):
    info = fakes.info("broken")

    def score(self, photos: object) -> list[float]:
        return [1 / 0]


class Absent(fakes.Brightness):
    info = fakes.info("absent")

    def load(self) -> None:
        raise MissingRequirementError("the weights of absent are not here")


def test_a_trial_takes_few_images_and_is_another_protocol(photos: Path, bench: Callable[..., Ran]) -> None:
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", photos, "--limit", "3", "--split", "test")
    assert "scored 3, failed 0" in done.out
    assert "a trial on 3 images" in done.out
    (entry,) = api.load_results().entries
    assert (entry.protocol.split, str(entry.protocol)) == (
        "limit:3:test",
        "a trial on 3 images of split test, full size",
    )
    assert set(entry.scores()["split"]) == {"test"}


def test_a_trial_of_as_many_images_as_there_are_is_no_trial(photos: Path, bench: Callable[..., Ran]) -> None:
    run = ["run", "--method", "bytes-per-pixel", "--dataset", photos]
    assert "a trial" not in bench(*run, "--limit", "8").out
    assert "already stored" in bench(*run).out
    bench(*run, "--limit", "9", "--split", "test")
    assert {entry.protocol.split for entry in api.load_results().entries} == {"all", "test"}


def test_no_table_puts_a_trial_beside_whole_results(photos: Path, bench: Callable[..., Ran], short_fits: None) -> None:
    run = ["run", "--method", "bytes-per-pixel", "--dataset", photos]
    bench(*run, "--limit", "3")
    alone = bench("table", "--draws", "0")
    assert "3 images; a trial on 3 images, full size" in alone.out
    bench(*run)
    both = bench("table", "--draws", "0", "--mix-protocols")
    assert "trial" not in both.out
    assert "1 trial (--limit) left out" in both.err


def test_the_images_of_a_trial_are_of_many_contents_and_always_the_same() -> None:
    names, contents = [f"{i}.png" for i in range(12)], [str(i // 4) for i in range(12)]
    order = spread_out(names, contents)
    assert sorted(order) == list(range(12))
    assert {contents[place] for place in order[:3]} == {"0", "1", "2"} == {contents[place] for place in order[3:6]}
    turned = spread_out(names[::-1], contents[::-1])
    assert [names[place] for place in order] == [names[::-1][place] for place in turned]


def test_a_trial_keeps_groups_whole_inside_which_labels_compare() -> None:
    samples = tuple(Sample(f"{i}.png", None, float(i), {"reference": str(i % 3)}) for i in range(12))
    dataset = Dataset(id="d", title="d", kind="synthetic", direction="higher", samples=samples, within=("reference",))
    assert len({sample.attributes["reference"] for sample in dataset.split("limit:4").samples}) == 1
    assert len(dataset.split("limit:99").samples) == 12


@pytest.mark.parametrize("split", ["limit:0", "limit:x", "limit:", "limit:3:"])
def test_a_wrong_limit_is_said(photos: Path, split: str) -> None:
    with pytest.raises(UsageError, match=rf"split got '{split}'.*: write limit:N, or limit:N:SPLIT"):
        api.load_dataset(photos, split=split)


def test_limit_must_be_a_number_above_0(photos: Path) -> None:
    with pytest.raises(UsageError, match="limit got 0: give a whole number of images, at least 1"):
        api.run(fakes.Brightness, photos, limit=0)


@pytest.mark.usefixtures("forget_plugins")
def test_debug_shows_the_methods_own_lines_alone(tmp_path: Path, photos: Path, bench: Callable[..., Ran]) -> None:
    file = tmp_path / "fails.py"
    file.write_text("def fails(image):\n    return 1 / 0\nfails.higher_is_better = True\n")
    done = bench("run", "--plugin", file, "--dataset", photos, "--debug")
    assert done.code == 1
    trace = done.err[done.err.index("Traceback") :].splitlines()
    assert trace[1:3] == [f'  File "{file}", line 2, in fails', "    return 1 / 0"]
    assert trace[-3:-1] == ["ZeroDivisionError: division by zero", "fails failed on images/0.png"]
    assert "stopped at the first failure (--debug)" in trace[-1]


@pytest.mark.usefixtures("forget_plugins")
def test_debug_shows_no_line_of_the_harness_where_it_refuses_a_score(
    tmp_path: Path, photos: Path, bench: Callable[..., Ran]
) -> None:
    file = tmp_path / "nan.py"
    file.write_text("def nothing(image):\n    return float('nan')\nnothing.higher_is_better = True\n")
    done = bench("run", "--plugin", file, "--dataset", photos, "--debug")
    assert done.code == 1
    assert "not a finite number" in done.err
    assert "batches.py" not in done.err


def test_debug_lets_the_error_through_in_python_and_records_nothing(photos: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        api.run(Broken, photos, debug=True)
    assert caught.value.__notes__ == ["broken failed on images/0.png"]
    with pytest.raises(ImageError, match="not a finite number"):
        api.run(fakes.NotFinite, photos, debug=True)
    assert not list(Path("results").rglob("scores.parquet"))


def test_debug_and_other_processes_do_not_go_together(photos: Path) -> None:
    with pytest.raises(UsageError, match="debug scores in this process: leave workers and scheduler out"):
        api.run(Broken, photos, debug=True, workers=2)


def test_what_is_missing_is_said_and_left_out(photos: Path, bench: Callable[..., Ran]) -> None:
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", "koniq", "--dataset", photos, "--skip-missing")
    assert "bytes-per-pixel on photos: scored 8" in done.out
    assert "bench: warning: koniq is left out: dataset 'koniq' (KonIQ-10k) is not available here" in done.err
    assert done.code == 1
    assert done.err.endswith("--skip-missing left out koniq, which is not here; the rest is done\n")


def test_nothing_is_said_to_be_stored_where_all_is_left_out(bench: Callable[..., Ran]) -> None:
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", "koniq", "--skip-missing")
    assert (done.code, "leaves nothing to do" in done.err, "Stored in" in done.err) == (2, True, False)


def test_a_missing_method_is_left_out_too(photos: Path) -> None:
    with pytest.raises(BenchError, match="skip_missing left out absent, which is not here"):
        api.run([Absent, fakes.Brightness], photos, skip_missing=True)
    assert [entry.method.name for entry in api.load_results().entries] == ["brightness"]
    with pytest.raises(UsageError, match="skip_missing leaves nothing to do"):
        api.run(Absent, photos, skip_missing=True)


def test_a_name_that_is_mistyped_is_not_missing(bench: Callable[..., Ran]) -> None:
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", "koniqq", "--skip-missing")
    assert (done.code, "neither a known id nor a path" in done.err) == (2, True)


def test_several_values_of_an_option_make_a_row_each(photos: Path) -> None:
    results = api.run(fakes.Picky, photos, options={"picky.gain": [1, 2], "picky.mode": ["mean", "max"]})
    labels = ["picky", "picky[mode=max]", "picky[gain=2.0]", "picky[gain=2.0,mode=max]"]
    assert [entry.method.label for entry in results.entries] == labels


def test_a_comma_in_a_value_can_be_written() -> None:
    assert values_of(r"a\,b,c") == ["a,b", "c"]
    with pytest.raises(UsageError, match="options: picky is given twice: give each value once"):
        api.run(fakes.Picky, "sample", options={"picky.gain": [1, 1.0]})
    with pytest.raises(UsageError, match="options makes 2 methods"):
        api.load("niqe", model=["a", "b"])
