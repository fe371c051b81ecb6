"""Changes that should not matter: what is a defect, what a sensitivity, and what was not measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import fakes
import numpy as np
import pytest
from compiled import assert_compiles, needs_pdflatex
from conftest import Ran, make_photo
from PIL import Image
from scipy.stats import spearmanr
from stored import spec

from bench.api import Method, Photo
from bench.datasets.readers.local import read_local
from bench.errors import ImageError
from bench.io.images import decode
from bench.robustness.audit import Auditor
from bench.robustness.invariance import MODERATE, SMALL, TOLERANCE, Audit, VariantChange, measure_change
from bench.robustness.invariance_view import show
from bench.robustness.variants import VARIANTS
from bench.runs.jobs import load_methods
from bench.runs.store import Store
from bench.tables.evaluation import evaluate

Bench = Callable[..., Ran]
EXACT, INEXACT = (next(each for each in VARIANTS if each.exact == exact) for exact in (True, False))


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own, and one core: processes take seconds to start."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("bench.robustness.audit._cores", lambda: 1)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Six photographs with MOS, one of them JPEG."""
    names = [f"{i}.png" for i in range(5)] + ["5.jpg"]
    for i, name in enumerate(names):
        make_photo(tmp_path / "mine" / name, i)
    rows = [f"{name},{i}" for i, name in enumerate(names)]
    (tmp_path / "mine" / "scores.csv").write_text("\n".join(["image,score", *rows]) + "\n")
    return tmp_path / "mine"


def audited(folder: Path, store: Store, *methods: type[Method], elsewhere: bool = False) -> dict[str, Audit]:
    photos = read_local(folder)
    ready = load_methods([spec(method) for method in methods])
    auditor = Auditor(ready, ready if elsewhere else (), photos, photos.samples, 32, store)
    return {audit.label: audit for audit in auditor.audit()}


def verdicts(audit: Audit) -> dict[str, str]:
    return {each.variant.name: each.verdict for each in audit.findings}


class Batched(fakes.Brightness):
    """Lets the others of a batch have their say."""

    info = fakes.info("batched")

    def score(self, photos: Sequence[Photo]) -> list[float]:
        return [float(photo.pixels.mean()) + len(photos) for photo in photos]


class Left(fakes.Brightness):
    """Looks at the left half alone."""

    info = fakes.info("left")

    def score(self, photos: Sequence[Photo]) -> list[float]:
        return [float(photo.pixels[:, : photo.pixels.shape[1] // 2].mean()) for photo in photos]


class Bytes(fakes.Brightness):
    """Looks at the file, not the pixels."""

    info = fakes.info("bytes", score_range=(0.0, 1e9))

    def score(self, photos: Sequence[Photo]) -> list[float]:
        return [float(photo.file_bytes) for photo in photos]


class Large(fakes.Brightness):
    """Refuses what is smaller than the photographs are."""

    info = fakes.info("large")

    def score(self, photos: Sequence[Photo]) -> list[float]:
        if any(min(photo.pixels.shape[:2]) < 32 for photo in photos):
            raise ImageError("too small")
        return super().score(photos)


def test_changes_are_in_standard_deviations_and_ranks_scipys() -> None:
    random = np.random.default_rng(1)
    a = random.normal(5, 3, 20)
    b = a + random.normal(0, 2, 20)
    found = measure_change(
        dict(zip(map(str, range(20)), a, strict=True)), dict(zip(map(str, range(20)), b, strict=True))
    )
    assert found.largest == pytest.approx(np.abs(a - b).max() / a.std(), rel=1e-12)
    assert found.median == pytest.approx(np.median(np.abs(a - b)) / a.std(), rel=1e-12)
    assert found.srcc == pytest.approx(spearmanr(a, b)[0], abs=1e-12)
    assert (found.n, found.lost, found.moved) == (20, 0, True)


def test_gaps_are_counted_and_have_reasons() -> None:
    nan = float("nan")
    lost = measure_change({"a": 1.0, "b": 2.0, "c": nan}, {"a": 1.0, "b": nan, "c": nan})
    assert (lost.n, lost.lost, lost.moved) == (1, 1, True)
    unmoved = measure_change({"a": 1.0, "b": 2.0, "c": nan}, {"a": 1.0, "b": 2.0, "c": 3.0})
    assert (unmoved.lost, unmoved.largest, unmoved.moved) == (1, 0.0, True)
    none = measure_change({"a": nan}, {"a": 1.0})
    assert (none.n, none.lost, none.moved) == (0, 1, True)
    assert none.reason == "no photograph has a score before and after"
    still = measure_change({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0})
    assert (still.moved, still.largest) == (False, None)
    assert "no unit" in still.reason
    assert measure_change({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.5}).moved


@pytest.mark.parametrize(
    ("step", "exact", "verdict"),
    [
        (TOLERANCE / 2, True, "same"),
        (TOLERANCE * 2, True, "defect"),
        (TOLERANCE / 2, False, "same"),
        (SMALL / 2, False, "small"),
        (MODERATE / 2, False, "moderate"),
        (MODERATE * 2, False, "large"),
    ],
)
def test_equal_pixels_make_a_defect_and_others_a_grade(step: float, exact: bool, verdict: str) -> None:
    before = {str(i): float(value) for i, value in enumerate((-1, 1, -1, 1))}  # of standard deviation 1
    change = measure_change(before, {name: value + step for name, value in before.items()})
    assert VariantChange(EXACT if exact else INEXACT, change).verdict == verdict


def test_a_score_that_depends_on_its_batch_is_a_defect(mine: Path, store: Store) -> None:
    found = audited(mine, store, Batched, fakes.Brightness)
    assert found["batched"].defects == ["batch"]
    assert found["brightness"].defects == []


def test_a_score_of_the_left_half_is_sensitive_to_a_flip_and_that_is_no_defect(mine: Path, store: Store) -> None:
    found = audited(mine, store, Left, fakes.Brightness)
    assert found["left"].defects == []
    assert verdicts(found["left"])["flip"] in ("moderate", "large")
    assert verdicts(found["brightness"])["flip"] == "same"


def test_a_score_of_the_file_is_a_defect_and_one_of_equal_pixels_is_none(mine: Path, store: Store) -> None:
    found = audited(mine, store, Bytes, fakes.Brightness)
    assert found["bytes"].defects == ["webp"]
    assert verdicts(found["brightness"])["webp"] == "same"


def test_variants_are_what_they_say(mine: Path, store: Store, tmp_path: Path) -> None:
    audited(mine, store, fakes.Brightness)
    folder = next(path.parent for path in (tmp_path / "cache").rglob("jpeg-decoder.png"))
    shown = {path.stem: decode(path.read_bytes(), path.name).pixels.astype(int) for path in folder.glob("*.png")}
    original = shown["original"]
    height, width = original.shape[:2]
    webp = decode((folder / "original.webp").read_bytes(), "w").pixels
    np.testing.assert_array_equal(webp, original)
    np.testing.assert_array_equal(shown["flip"], original[:, ::-1])
    np.testing.assert_array_equal(shown["crop"], original[2 : height - 2, 2 : width - 2])
    assert np.abs(shown["noise"] - original).max() == 1
    assert shown["resize"].shape == original.shape
    assert 0 < np.abs(shown["resize"] - original).mean() < 20
    assert np.abs(shown["jpeg-decoder"] - original).max() <= 4, "decoders round"
    with Image.open(folder / "original.webp") as image:
        assert image.format == "WEBP"


def test_a_lost_score_is_told(mine: Path, store: Store) -> None:
    found = audited(mine, store, Large)["large"]
    crop = next(each for each in found.findings if each.variant.name == "crop")
    assert crop.change is not None
    assert (crop.change.n, crop.change.lost, crop.verdict) == (0, 6, "large")
    assert "no photograph has a score before and after" in show([found], [], "mine").to_markdown()


def test_what_is_not_measured_says_why(mine: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Network(fakes.Brightness):
        info = fakes.info("network", device_bound=True, batching="one")

    reasons = {each.variant.name: each.reason for each in audited(mine, store, Network)["network"].findings}
    assert reasons["batch"] == "it takes photographs one at a time, whatever the batch"
    assert reasons["processes"] == "this machine has one core"
    assert reasons["device"] == "torch finds no CUDA device here"
    monkeypatch.setattr("bench.robustness.audit.has_second_decoder", lambda: False)
    found = audited(mine, store, fakes.Brightness)["brightness"]
    assert "there is no other decoder than Pillow's here" in [each.reason for each in found.findings]
    monkeypatch.setattr("bench.robustness.audit.has_second_decoder", lambda: True)
    (mine / "5.jpg").unlink()
    (mine / "scores.csv").unlink()
    found = audited(mine, store, fakes.Brightness)["brightness"]
    reasons = {each.variant.name: each.reason for each in found.findings}
    assert reasons["jpeg-decoder"] == "no photograph is a JPEG file"
    assert reasons["device"] == "it runs on the CPU alone"


def test_a_second_device_is_compared_where_there_is_one(mine: Path, store: Store) -> None:
    class Network(fakes.Brightness):
        info = fakes.info("network", device_bound=True)

    assert verdicts(audited(mine, store, Network, elsewhere=True)["network"])["device"] == "same"


def test_srcc_by_resolution_is_that_of_a_run(mine: Path, store: Store) -> None:
    photos = read_local(mine)
    auditor = Auditor(load_methods([spec(fakes.Brightness)]), (), photos, photos.samples, 32, store)
    cells = auditor.resolutions()
    assert [str(at[0].protocol) for at in cells] == ["all images, full size"], "photographs are never enlarged"
    means = [decode((mine / s.name).read_bytes(), s.name).pixels.mean() for s in photos.samples]
    assert cells[0][0].correlations.srcc == pytest.approx(spearmanr(means, range(6))[0])
    shown = show([], cells, "mine")
    assert "too few to draw conclusions" in shown.to_markdown()
    (record,) = shown.records
    assert (record["variant"], record["srcc"]) == ("full size", cells[0][0].correlations.srcc)


def test_larger_photographs_have_a_curve(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "set"
    for i in range(4):
        make_photo(folder / f"{i}.png", i, (400, 390))
    (folder / "scores.csv").write_text("image,score\n" + "".join(f"{i}.png,{i}\n" for i in range(4)))
    photos = read_local(folder)
    auditor = Auditor(load_methods([spec(fakes.Brightness)]), (), photos, photos.samples, 32, store)
    assert [at[0].protocol.resize for at in auditor.resolutions()] == ["short:224", "short:384", "none"]


def test_the_command_keeps_variants_out_of_tables_and_can_be_strict(store: Store, bench: Bench, mine: Path) -> None:
    call = ("invariance", "--method", "bytes-per-pixel", "--dataset", "mine", "--size", "32")
    done = bench(*call)
    assert done.code == 0, done.err
    assert "| webp " in done.out
    assert "**defect**" in done.out
    assert "bytes-per-pixel: defects: webp" in done.out
    assert bench("table").code == 2, "no result of a dataset"
    entries = Store(store.root / "invariance").entries()[0]
    assert {cell.dataset.id for cell in evaluate(entries, draws=0)} >= {"original:mine", "webp:mine", "flip:mine"}
    strict = bench(*call, "--strict", "--format", "json")
    assert strict.code == 1
    assert "--strict: scores differ although the pixels are the same: bytes-per-pixel (webp)" in strict.err
    found = {record["variant"]: record for record in json.loads(strict.out)}
    assert found["webp"]["verdict"] == "defect"
    assert found["full size"]["n"] == 6
    lines = bench(*call, "--format", "csv").out.splitlines()
    assert len(lines) == 1 + len(VARIANTS) + 1
    assert r"& \textbf{defect} \\" in bench(*call, "--format", "latex").out
    assert "<td><strong>defect</strong></td>" in bench(*call, "--format", "html").out


@needs_pdflatex
def test_the_tables_compile(mine: Path, store: Store, tmp_path: Path) -> None:
    photos = read_local(mine)
    auditor = Auditor(load_methods([spec(Bytes), spec(Large)]), (), photos, photos.samples, 32, store)
    assert_compiles(show(auditor.audit(), auditor.resolutions(), r"50%_of \mine").to_latex(), tmp_path)


def test_without_mos_a_sentence_says_that_there_is_no_srcc(mine: Path, store: Store) -> None:
    found = audited(mine, store, fakes.Brightness)["brightness"]
    shown = show([found], [], "mine")
    assert shown.to_markdown().endswith("No SRCC by resolution: the photographs have no MOS.\n\n")
    assert {record["srcc"] for record in shown.records} == {None}


def test_mistakes_get_a_sentence(bench: Bench) -> None:
    done = bench("invariance", "--method", "bytes-per-pixel", "--dataset", "nothing")
    assert (done.code, "--dataset got 'nothing', which is neither" in done.err) == (2, True)
