from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import fakes
import numpy as np
import pytest
from conftest import make_photo

from bench.api import InputPolicy, Method, Photo, Resize
from bench.errors import BenchError, UsageError
from bench.io.files import file_at
from bench.io.hashing import hash_files
from bench.plugins import options
from bench.runs import decoding, jobs, scoring
from bench.runs.batches import BREACH
from bench.runs.devices import resolve_devices
from bench.runs.jobs import ImageToScore, MethodSpec, Settings
from bench.runs.journal import Outcome
from bench.runs.scoring import score_items


def spec(method: type[Method], **given: str) -> MethodSpec:
    return MethodSpec(method, options.build(method, given))


@pytest.fixture
def items(tmp_path: Path) -> list[ImageToScore]:
    paths = [make_photo(tmp_path / f"{i}.png", i, (40 + 8 * (i % 2), 40)) for i in range(12)]
    return [ImageToScore(path.name, file_at(path), (0,)) for path in paths]


def outcomes(method: MethodSpec, items: list[ImageToScore], settings: Settings) -> dict[str, Outcome]:
    return {
        o.image: o for scored in score_items(jobs.load_methods([method]), items, settings) for o in scored.outcomes[0]
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
    original = decoding.decode
    monkeypatch.setattr(decoding, "decode", lambda data, name: (decoded.append(name), original(data, name))[1])
    both = [ImageToScore(item.name, item.file, (0, 1)) for item in items]
    list(score_items(jobs.load_methods([spec(fakes.Brightness), spec(fakes.Darkness)]), both, Settings()))
    assert sorted(decoded) == sorted(item.name for item in items)


def test_an_image_goes_only_to_the_methods_that_need_it(items: list[ImageToScore]) -> None:
    wanted = [ImageToScore(item.name, item.file, (1,) if i else (0, 1)) for i, item in enumerate(items)]
    found: dict[int, int] = {0: 0, 1: 0}
    for scored in score_items(jobs.load_methods([spec(fakes.Brightness), spec(fakes.Darkness)]), wanted, Settings()):
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
    network = MethodSpec(NETWORK, None)
    assert scoring.plan_processes([light], 1000, Settings()) == jobs.ProcessPlan(8, 1)
    assert scoring.plan_processes([light, network], 1000, Settings()) == jobs.ProcessPlan(1, 8)
    assert scoring.plan_processes([light], 1000, Settings(workers=4)) == jobs.ProcessPlan(4, 2)
    two = replace(network, devices=("cuda:0", "cuda:1"))
    assert scoring.plan_processes([light, two], 1000, Settings()) == jobs.ProcessPlan(2, 4)


def test_methods_of_processors_keep_their_processes_beside_a_network(items: list[ImageToScore]) -> None:
    class Where(fakes.Brightness):
        def score(self, photos):  # type: ignore[no-untyped-def]
            return [float(os.getpid()) for _ in photos]

    light = spec(type("Light", (Where,), {"info": fakes.info("light", score_range=(0, 1e9))}))
    network = spec(type("N", (Where,), {"info": fakes.info("n", device_bound=True, score_range=(0, 1e9))}))
    groups = scoring.scored_together([network, light], None)
    assert [list(group) for group in groups] == [[1], [0]]
    assert [list(group) for group in scoring.scored_together([network, light], 2)] == [[0, 1]]
    many = [replace(item, name=f"{k}/{item.name}", methods=(0, 1)) for k in range(4) for item in items]
    processes: dict[int, set[float | None]] = {0: set(), 1: set()}
    for scored in score_items(jobs.load_methods([network, light]), many, Settings()):
        for index, some in scored.outcomes.items():
            processes[index] |= {outcome.score for outcome in some}
    assert len(processes[0]) == 1
    assert processes[1].isdisjoint(processes[0])
    assert os.getpid() not in processes[0] | processes[1]


NETWORK = type("N", (fakes.Brightness,), {"info": fakes.info("n", device_bound=True)})


def test_cuda_that_is_not_there_is_a_users_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for device in ("cuda", "cuda:1", "mps"):
        with pytest.raises(UsageError, match=f"--device got {device}, but torch finds no"):
            resolve_devices(device, [NETWORK])
    assert resolve_devices("auto", [NETWORK]) == ("cpu",)


def test_devices_are_chosen_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert resolve_devices("cuda:0,3,0", [NETWORK]) == ("cuda:0", "cuda:3")
    assert resolve_devices("auto", [NETWORK]) == ("cuda",)
    with pytest.raises(UsageError, match="--device got cuda:2,4, but there is no CUDA device 4: torch finds 4"):
        resolve_devices("cuda:2,4", [NETWORK])
    for wrong in ("cuda:", "cuda:a", "cuda:0,", "gpu", "CUDA"):
        with pytest.raises(UsageError, match=r"--device got .*: give auto, cpu, cuda, mps"):
            resolve_devices(wrong, [NETWORK])


def test_each_device_has_a_process_of_its_own(items: list[ImageToScore]) -> None:
    class Where(fakes.Brightness):
        info = fakes.info("where", device_bound=True, score_range=(0, 1e9))

        def score(self, photos):  # type: ignore[no-untyped-def]
            return [1000.0 * os.getpid() + int(self.device[-1]) for _ in photos]

    method = MethodSpec(Where, None, ("pretended:0", "pretended:1"))
    many = [replace(item, name=f"{k}/{item.name}") for k in range(4) for item in items]
    scores = {outcome.score or 0 for outcome in outcomes(method, many, Settings()).values()}
    assert sorted(score % 1000 for score in scores) == [0, 1]
    assert len({score // 1000 for score in scores}) == 2


@pytest.mark.parametrize("workers", [1, 2])
def test_an_image_with_too_many_pixels_is_not_decoded(tmp_path: Path, items: list[ImageToScore], workers: int) -> None:
    large = make_photo(tmp_path / "large.png", 0, (60, 50))
    mixed = [*items[:3], ImageToScore("large.png", file_at(large), (0,))]
    found = outcomes(spec(fakes.Brightness), mixed, Settings(max_pixels=2999, workers=workers))
    assert found["large.png"].error == "3,000 pixels are more than the 2,999 allowed (max_pixels)"
    assert sum(o.score is not None for o in found.values()) == 3


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


def test_a_panic_of_compiled_code_fails_its_image_and_not_the_run(items: list[ImageToScore]) -> None:
    class Panic(BaseException):
        pass

    class Panics(fakes.Brightness):
        def score(self, photos):  # type: ignore[no-untyped-def]
            raise Panic("index out of bounds")

    assert {o.error for o in outcomes(spec(Panics), items[:2], Settings()).values()} == {"Panic: index out of bounds"}


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


def test_an_image_that_kills_its_process_is_recorded_and_the_rest_goes_on(
    items: list[ImageToScore], capfd: pytest.CaptureFixture[str]
) -> None:
    found = outcomes(spec(fakes.Poisoned), items, Settings(workers=2))
    killed = "the process that scored it was killed ({})"
    wanted = {"3.png": killed.format("SIGKILL"), "8.png": killed.format("SIGABRT")}
    assert {o.image: o.error for o in found.values() if o.error} == wanted
    assert sum(o.score is not None for o in found.values()) == 10
    told = capfd.readouterr().err
    assert "; the 6 images that it was at are scored again, each alone" in told
    assert "Fatal Python error" not in told


def test_a_method_that_kills_every_process_stops_and_names_the_images(items: list[ImageToScore]) -> None:
    both = [replace(item, methods=(0, 1)) for item in items]
    ready = jobs.load_methods([spec(fakes.Brightness), spec(fakes.Dies)])
    with pytest.raises(BenchError, match=r"3 images in a row ended the process that scored them: \d+.png, .*dies"):
        list(score_items(ready, both, Settings(workers=2)))


@pytest.mark.slow
def test_an_image_that_takes_too_long_is_recorded_and_the_rest_goes_on(items: list[ImageToScore]) -> None:
    found = outcomes(spec(fakes.Sleepy), items, Settings(workers=2, image_timeout=1))
    late = "decoding or scoring took longer than 1 s for an image (image_timeout)"
    assert {o.image: o.error for o in found.values() if o.error} == {"3.png": late}
    assert len(found) == 12


# Memory.


def test_a_batch_that_memory_does_not_hold_is_halved_and_that_is_remembered(
    items: list[ImageToScore], capfd: pytest.CaptureFixture[str]
) -> None:
    sizes = []

    class Hungry(fakes.Brightness):
        info = fakes.info("hungry", batching="any")

        def score(self, photos):  # type: ignore[no-untyped-def]
            sizes.append(len(photos))
            if len(photos) > 3:
                raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
            return super().score(photos)

    found = outcomes(spec(Hungry), items, Settings(workers=1, batch_size=6))
    assert all(o.score is not None for o in found.values())
    assert sizes[0] == 6
    assert max(sizes[1:]) == 3
    assert capfd.readouterr().err.count("memory does not suffice for 6 images") == 1


def test_batches_are_bounded_by_pixels(items: list[ImageToScore]) -> None:
    sizes = []

    class Counted(fakes.Brightness):
        info = fakes.info("counted", batching="any")

        def score(self, photos):  # type: ignore[no-untyped-def]
            sizes.append([p.pixels.shape[1] * p.pixels.shape[0] for p in photos])
            return super().score(photos)

    outcomes(spec(Counted), items, Settings(workers=1, batch_size=8, batch_pixels=5000))
    assert sum(map(len, sizes)) == 12
    assert all(sum(batch) <= 5000 for batch in sizes)
    outcomes(spec(Counted), items, Settings(workers=1, batch_size=8, batch_pixels=10))
    assert sizes[-12:] == [[pixels] for batch in sizes[-12:] for pixels in batch]


# Decoding ahead.


def test_images_are_decoded_in_order_within_the_room_for_pixels(
    items: list[ImageToScore], monkeypatch: pytest.MonkeyPatch
) -> None:
    held, most = 0, 0
    lock = threading.Lock()
    original = decoding.decode

    def counted(data: bytes, name: str) -> Photo:
        nonlocal held, most
        photo = original(data, name)
        with lock:
            held += photo.file_pixels
            most = max(most, held)
        return photo

    monkeypatch.setattr(decoding, "decode", counted)
    room = 3 * 48 * 40
    names = []
    for decoded in decoding.decode_ahead(items * 4, Settings(), threads=4, ahead=20, most=room):
        with lock:
            held -= decoded.pixels
        names.append(decoded.item.name)
    assert names == [item.name for item in items * 4]
    # What is handed over is not held any more, but for the one on its way.
    assert 0 < most <= room + 48 * 40


def test_one_image_larger_than_the_room_and_bad_ones_keep_nobody_waiting(
    tmp_path: Path, items: list[ImageToScore]
) -> None:
    (tmp_path / "bad.png").write_bytes(b"no image")
    bad = ImageToScore("bad.png", file_at(tmp_path / "bad.png"), (0,))
    gone = ImageToScore("gone.png", file_at(tmp_path / "gone.png"), (0,))
    mixed = [bad, *items[:2], gone, *items[2:], bad]
    found = list(decoding.decode_ahead(mixed, Settings(), threads=3, ahead=5, most=1))
    assert [decoded.item.name for decoded in found] == [item.name for item in mixed]
    assert [isinstance(decoded.photo, str) for decoded in found].count(True) == 3


def test_decoding_ahead_ends_when_nobody_takes_more(items: list[ImageToScore]) -> None:
    ahead = decoding.decode_ahead(items, Settings(), threads=2, ahead=8, most=1)
    next(ahead)
    ahead.close()
    assert threading.active_count() < 20


@pytest.mark.parametrize(("given", "kept"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_sleep_while_they_wait_unless_the_user_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, given: str | None, kept: str
) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if given:
        monkeypatch.setenv("OMP_WAIT_POLICY", given)
    jobs.load_methods([spec(fakes.Brightness)])
    assert os.environ["OMP_WAIT_POLICY"] == kept
