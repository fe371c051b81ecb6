from __future__ import annotations

from pathlib import Path

import fakes
import numpy as np
import pytest
from conftest import make_photo

from bench.api import InputPolicy, Method, Resize
from bench.errors import BenchError, UsageError
from bench.io.files import file_at
from bench.io.hashing import hash_files
from bench.plugins import options
from bench.runs import scoring
from bench.runs.journal import Outcome
from bench.runs.scoring import BREACH, ImageToScore, MethodSpec, Settings, score_items


def spec(method: type[Method], **given: str) -> MethodSpec:
    return MethodSpec(method, options.build(method, given))


@pytest.fixture
def items(tmp_path: Path) -> list[ImageToScore]:
    paths = [make_photo(tmp_path / f"{i}.png", i, (40 + 8 * (i % 2), 40)) for i in range(12)]
    return [ImageToScore(path.name, file_at(path), (0,)) for path in paths]


def outcomes(method: MethodSpec, items: list[ImageToScore], settings: Settings) -> dict[str, Outcome]:
    return {
        o.image: o
        for scored in score_items(scoring.load_methods([method]), items, settings)
        for o in scored.outcomes[0]
    }


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("batch_size", [1, 5])
def test_scores_do_not_depend_on_batches_or_processes(items: list[ImageToScore], workers: int, batch_size: int) -> None:
    reference = outcomes(spec(fakes.Brightness), items, Settings(workers=1))
    assert outcomes(spec(fakes.Brightness), items, Settings(batch_size=batch_size, workers=workers)) == reference
    assert len(reference) == 12


def test_one_bad_image_takes_no_other_of_its_batch_along(items: list[ImageToScore]) -> None:
    found = outcomes(spec(fakes.Picky), items, Settings(batch_size=12))
    assert found["3.png"] == Outcome("3.png", None, "I do not like it")
    assert sum(o.score is not None for o in found.values()) == 11


def test_undecodable_images_are_failures_with_their_reason(tmp_path: Path, items: list[ImageToScore]) -> None:
    (tmp_path / "zero.png").touch()
    bad = [
        ImageToScore("zero.png", file_at(tmp_path / "zero.png"), (0,)),
        ImageToScore("gone.png", file_at(tmp_path / "gone.png"), (0,)),
    ]
    found = outcomes(spec(fakes.Brightness), [*items, *bad], Settings())
    assert found["zero.png"].error == "the file is empty (0 bytes)"
    assert found["gone.png"].error == "no such file"
    assert sum(o.score is not None for o in found.values()) == 12


def test_a_method_that_stacks_is_never_handed_two_sizes(items: list[ImageToScore]) -> None:
    found = outcomes(spec(fakes.SameSize), items, Settings(batch_size=12))
    assert all(o.error is None for o in found.values())


def test_what_draws_repeats_under_a_seed_whatever_the_order_and_batch(items: list[ImageToScore]) -> None:
    first = outcomes(spec(fakes.Random), items, Settings(seed=1, batch_size=3))
    assert outcomes(spec(fakes.Random), items[::-1], Settings(seed=1, batch_size=8)) == first
    other = outcomes(spec(fakes.Random), items, Settings(seed=2))
    assert all(other[name].score != o.score for name, o in first.items())


def test_scores_that_are_not_finite_are_failures(items: list[ImageToScore]) -> None:
    found = outcomes(spec(fakes.NotFinite), items, Settings())
    assert {o.error for o in found.values()} == {"the method's score is nan, not a finite number"}


@pytest.mark.parametrize(("batch", "given", "images"), [(1, 0, 1), (4, 1, 4)])
def test_a_wrong_number_of_scores_fails_its_images_and_names_the_method_once(
    items: list[ImageToScore], capsys: pytest.CaptureFixture[str], batch: int, given: int, images: int
) -> None:
    found = outcomes(spec(fakes.TooFew), items, Settings(batch_size=batch))
    assert {o.error for o in found.values()} == {f"{BREACH}{given} scores for {images} images"}
    assert capsys.readouterr().err.count("warning: too-few: the method does not keep to what it declares") == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_a_score_outside_the_declared_range_fails_its_image(
    items: list[ImageToScore], capsys: pytest.CaptureFixture[str], workers: int
) -> None:
    usual = {name: o.score for name, o in outcomes(spec(fakes.Brightness), items, Settings()).items()}
    found = outcomes(spec(fakes.Narrow), items, Settings(workers=workers))
    high = fakes.Narrow.info.score_range[1]
    beyond = {name for name, score in usual.items() if score and score > high}
    assert 0 < len(beyond) < 12
    assert {name for name, o in found.items() if o.score is None} == beyond
    assert all((found[name].error or "").startswith(f"{BREACH}score 1") for name in beyond)
    assert capsys.readouterr().err.count("warning: narrow: the method does not keep to what it declares: score 1") == 1


def test_rounding_beyond_a_bound_is_no_breach(items: list[ImageToScore]) -> None:
    class Rounded(fakes.Brightness):
        info = fakes.info("rounded", score_range=(0.0, 1.0))

        def score(self, photos):  # type: ignore[no-untyped-def]
            return [1.0000002 for _ in photos]

    assert {o.score for o in outcomes(spec(Rounded), items[:2], Settings()).values()} == {1.0000002}


def test_each_image_is_decoded_once_for_all_methods(items: list[ImageToScore], monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []
    original = scoring.decode
    monkeypatch.setattr(scoring, "decode", lambda data, name: (decoded.append(name), original(data, name))[1])
    both = [ImageToScore(item.name, item.file, (0, 1)) for item in items]
    list(score_items(scoring.load_methods([spec(fakes.Brightness), spec(fakes.Darkness)]), both, Settings()))
    assert sorted(decoded) == sorted(item.name for item in items)


def test_an_image_goes_only_to_the_methods_that_need_it(items: list[ImageToScore]) -> None:
    wanted = [ImageToScore(item.name, item.file, (1,) if i else (0, 1)) for i, item in enumerate(items)]
    found: dict[int, int] = {0: 0, 1: 0}
    for scored in score_items(scoring.load_methods([spec(fakes.Brightness), spec(fakes.Darkness)]), wanted, Settings()):
        for index, some in scored.outcomes.items():
            found[index] += len(some)
    assert found == {0: 1, 1: 12}


def test_the_protocols_resize_comes_before_the_method(tmp_path: Path) -> None:
    path = make_photo(tmp_path / "a.png", 1, (64, 32))
    shapes = []

    class Shape(fakes.Brightness):
        def score(self, photos):  # type: ignore[no-untyped-def]
            shapes.extend(p.pixels.shape for p in photos)
            return [1.0 for _ in photos]

    outcomes(spec(Shape), [ImageToScore("a.png", file_at(path), (0,))], Settings(resize=Resize(short=16)))
    assert shapes == [(16, 32, 3)]


def test_processes_times_threads_is_the_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joblib.cpu_count", lambda: 8)
    light = spec(fakes.Brightness)
    network = MethodSpec(type("N", (fakes.Brightness,), {"info": fakes.info("n", device_bound=True)}), None)
    assert scoring.plan_processes([light], 1000, None) == scoring.ProcessPlan(8, 1)
    assert scoring.plan_processes([light, network], 1000, None) == scoring.ProcessPlan(1, 8)
    assert scoring.plan_processes([light], 1000, 4) == scoring.ProcessPlan(4, 2)


def test_cuda_that_is_not_there_is_a_users_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    network = type("N", (fakes.Brightness,), {"info": fakes.info("n", device_bound=True)})
    with pytest.raises(UsageError, match="--device got cuda, but torch finds no CUDA device"):
        scoring.resolve_device("cuda", [network])
    assert scoring.resolve_device("auto", [network]) == "cpu"


def test_hashes_follow_the_content(tmp_path: Path) -> None:
    one, two = make_photo(tmp_path / "1.png", 1), make_photo(tmp_path / "2.png", 1)
    same = list(hash_files(map(file_at, [one, two, tmp_path / "gone.png"])))
    assert same[0] == same[1] != same[2] == "unreadable"
    make_photo(two, 2)
    assert list(hash_files([file_at(two)])) != same[1:2]
    assert np.array_equal(same[:1], list(hash_files([file_at(one)])))


def test_a_methods_own_resize_that_cannot_be_done_is_that_images_failure(
    tmp_path: Path, items: list[ImageToScore]
) -> None:
    strip = make_photo(tmp_path / "strip.png", 1, (20000, 1))
    big = type("Big", (fakes.Brightness,), {"info": fakes.info("big", input=InputPolicy(resize=Resize(short=384)))})
    found = outcomes(spec(big), [*items[:3], ImageToScore("strip.png", file_at(strip), (0,))], Settings())
    assert found["strip.png"].score is None
    assert found["strip.png"].error
    assert sum(o.score is not None for o in found.values()) == 3


def test_a_method_that_exits_fails_its_image_and_not_the_run(items: list[ImageToScore]) -> None:
    class Exits(fakes.Brightness):
        def score(self, photos):  # type: ignore[no-untyped-def]
            raise SystemExit(3)

    assert {o.error for o in outcomes(spec(Exits), items[:2], Settings()).values()} == {"SystemExit: 3"}


def test_torch_is_deterministic_and_has_the_planned_threads(
    items: list[ImageToScore], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    monkeypatch.setattr("joblib.cpu_count", lambda: 3)
    try:
        torch.use_deterministic_algorithms(False)
        outcomes(spec(fakes.Brightness), items[:2], Settings(workers=1))
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.backends.cuda.matmul.allow_tf32
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)


@pytest.mark.slow
def test_workers_get_their_share_of_threads(items: list[ImageToScore], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joblib.cpu_count", lambda: 6)
    found = outcomes(spec(fakes.Threads), items, Settings(workers=2, batch_size=3))
    assert {o.score for o in found.values()} == {3.0}


def test_a_killed_worker_is_one_sentence(items: list[ImageToScore]) -> None:
    with pytest.raises(BenchError, match=r"a worker process was killed.*--workers 1"):
        outcomes(spec(fakes.Dies), items, Settings(workers=2))
