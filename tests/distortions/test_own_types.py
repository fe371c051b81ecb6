"""Distortions that other packages declare."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import torch
from conftest import Ran, make_photo
from crops import seeded
from torch import Tensor

from bench.distortions import DISTORTIONS, PRESETS, catalogue, distort, distort_levels, distortion, find, select
from bench.distortions.declaration import registered
from bench.errors import BenchError

DECLARED = {"group": "own", "values": (0.1, 0.2, 0.3, 0.4, 0.5), "unit": "", "summary": "", "monotone": True}
DIM = """
from bench.distortions import distortion

@distortion(name="dim", group="own", values=(0.9, 0.8, 0.7, 0.6, 0.5), unit="factor", summary="dimmed", monotone=True)
def dim(images, factor, generator):
    return images * factor
"""


@pytest.fixture(autouse=True)
def no_type_stays() -> Iterator[None]:
    before = dict(registered)
    catalogue._load_plugins.cache_clear()
    yield
    registered.clear()
    registered.update(before)
    catalogue._load_plugins.cache_clear()


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Offer a module as the plugin ``own``."""

    def offer(code: str) -> None:
        (tmp_path / "own_types.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(__import__("sys").modules, "own_types", raising=False)
        point = EntryPoint("own", "own_types", catalogue.GROUP)
        monkeypatch.setattr(catalogue, "entry_points", lambda group: [point] if group == catalogue.GROUP else [])

    return offer


def declare(function: Callable[[Tensor, float, torch.Generator], Tensor], name: str = "own", **changes: object) -> None:
    distortion(name=name, **{**DECLARED, **changes})(function)  # type: ignore[arg-type]


def half(images: Tensor, value: float, generator: torch.Generator) -> Tensor:
    return images * value


def test_a_type_that_is_declared_is_known_by_its_name_and_stays_a_function() -> None:
    declare(half)
    image = torch.rand(3, 8, 8, generator=seeded())
    assert torch.equal(distort(image, "own", 5, seeded()), image * 0.5)
    assert distort_levels(image[None], "own", seeded()).shape == (5, 1, 3, 8, 8)
    assert select("own,jpeg,own") == ("own", "jpeg", "own")
    assert half(image, 0.25, seeded()).equal(image * 0.25)


def test_a_plugin_is_imported_when_its_type_is_named(plugin: Callable[[str], None]) -> None:
    plugin(DIM)
    assert select("jpeg") == ("jpeg",)
    assert "dim" not in registered
    assert find("dim").group == "own"


def test_presets_and_the_types_of_this_package_do_not_change_with_what_is_installed(
    plugin: Callable[[str], None],
) -> None:
    before = list(DISTORTIONS), dict(PRESETS), select("kadid,authentic,compositions")
    plugin(DIM)
    find("dim")
    assert (list(DISTORTIONS), dict(PRESETS), select("kadid,authentic,compositions")) == before


def test_every_type_of_this_package_is_in_a_preset() -> None:
    assert {name for preset in PRESETS.values() for name in preset} == set(DISTORTIONS) == set(registered)


def test_a_plugin_that_fails_is_named_where_its_type_is_missed(plugin: Callable[[str], None]) -> None:
    plugin("raise RuntimeError('no such luck')")
    with pytest.raises(
        ValueError, match=r"'dim' is no type .* plugin 'own' \(own_types\) .* RuntimeError: no such luck"
    ):
        find("dim")
    assert find("jpeg").name == "jpeg"


def test_a_name_is_one_functions_and_a_function_may_be_declared_again() -> None:
    declare(half)
    declare(half, values=(0.5, 0.4, 0.3, 0.2, 0.1))
    assert find("own").values[0] == 0.5
    with pytest.raises(ValueError, match=r"'own' is claimed by .*half and .*lambda.*: rename one"):
        declare(lambda images, value, generator: images)
    with pytest.raises(ValueError, match=r"'jpeg' is claimed by bench.distortions.compression.jpeg and"):
        declare(half, "jpeg")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Fog"}, "distortion name 'Fog': use lower-case letters"),
        ({"name": "a,b"}, "distortion name 'a,b': use"),
        ({"name": "../a"}, "distortion name '../a': use"),
        ({"values": (1, 2, 3)}, r"'own' has the values \(1, 2, 3\): give five numbers"),
        ({"values": (1, 2, 3, 4, float("nan"))}, "give five numbers"),
    ],
)
def test_what_cannot_be_declared_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        declare(half, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda images, value, generator: images + 2, "'own' made values from 2 to 2: its function must return"),
        (lambda images, value, generator: images * float("nan"), "'own' made values from nan to nan"),
        (lambda images, value, generator: images[..., 1:], r"'own' made \(1, 3, 8, 7\) .* of \(1, 3, 8, 8\)"),
        (lambda images, value, generator: images.double(), r"'own' made .*float64 of .*float32"),
    ],
)
def test_a_type_that_breaks_its_promise_is_named(
    function: Callable[[Tensor, float, torch.Generator], Tensor], message: str
) -> None:
    declare(function)
    with pytest.raises(BenchError, match=message):
        distort(torch.zeros(3, 8, 8), "own", 1, seeded())


def test_a_stamp_changes_with_the_values_and_the_file(plugin: Callable[[str], None], tmp_path: Path) -> None:
    plugin(DIM)
    first = find("dim").stamp
    assert find("dim").stamp == first
    (tmp_path / "own_types.py").write_text(DIM + "# changed\n")
    assert find("dim").stamp != first
    declare(half)
    before = find("own").stamp
    declare(half, values=(0.5, 0.4, 0.3, 0.2, 0.1))
    assert find("own").stamp != before


def test_a_broken_promise_is_one_line_on_the_command_line(
    bench: Callable[..., Ran], plugin: Callable[[str], None], tmp_path: Path
) -> None:
    plugin(DIM.replace("images * factor", "images + factor"))
    done = bench("distort", make_photo(tmp_path / "cat.png", 1), "--types", "dim")
    assert done.code == 1
    sentence = "the distortion 'dim' made values from .* to 1.[0-9]*: its function must return images in \\[0, 1\\]"
    assert re.fullmatch(f"bench: error: {sentence}\n", done.err)
    assert not (tmp_path / "cat-distortions.png").exists()


def test_images_of_another_state_of_the_file_are_not_taken_for_its_own(
    plugin: Callable[[str], None], tmp_path: Path
) -> None:
    plugin(DIM)
    dim = find("dim")
    before = dim.stamp
    assert dim.stamp == before
    (tmp_path / "own_types.py").write_text(DIM.replace("images * factor", "images / factor"))
    assert dim.stamp != before
