from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_training
import torch
from PIL import Image

from bench.distortions import PRESETS, distort_levels
from bench.distortions.severity import gradient_distance
from bench.errors import ImageError, UsageError
from bench.methods.qualiclip.config import TrainingConfig
from bench.methods.qualiclip.photographs import find_photographs
from bench.methods.qualiclip.plan import TrainingPlan, make_plan, recipe_of, type_names
from bench.methods.qualiclip.series import (
    SeriesRecipe,
    TrainingSeries,
    ValidationSeries,
    collate,
    draw_crops,
    generator_of,
    read_photograph,
)

RECIPE = SeriesRecipe(seed=0, crop=32, overlap=0.25, short_side=0, types=("gaussian-blur", "white-noise"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_training.photographs(tmp_path / "pristine", 6)


# --- which photographs ---


def test_photographs_are_found_in_folders_and_sorted(folder: Path) -> None:
    (folder / "b").mkdir()
    (folder / "001.png").rename(folder / "b" / "0.PNG")
    (folder / "notes.txt").write_text("none")
    found = find_photographs(folder)
    assert found.names == ("000.png", "002.png", "003.png", "004.png", "005.png", "b/0.PNG")
    assert (found.sources, found.note) == (("pristine",), "")
    assert find_photographs(folder, " live, bid,").sources == ("live", "bid")


def test_hidden_files_and_folders_are_no_photographs(folder: Path) -> None:
    for hidden in (".thumbnails/x.png", ".ipynb_checkpoints/a-checkpoint.png", "._000.png", "__MACOSX/000.png"):
        (folder / hidden).parent.mkdir(exist_ok=True)
        (folder / hidden).write_bytes((folder / "000.png").read_bytes())
    assert find_photographs(folder).names == tuple(f"00{i}.png" for i in range(6))


def test_in_the_layout_of_kadis_only_the_pristine_images_are_taken(tmp_path: Path) -> None:
    root = tmp_path / "set"
    tiny_training.photographs(root / "kadis" / "ref_imgs", 2)
    tiny_training.photographs(root / "kadis" / "dist_imgs", 4)
    tiny_training.photographs(root / "kadis" / "previews", 1)
    found = find_photographs(root)
    assert found.names == ("kadis/ref_imgs/000.png", "kadis/ref_imgs/001.png")
    assert found.sources == ("kadis700k",)
    assert "dist_imgs is left out" in found.note


def test_a_digest_changes_with_names_and_contents(folder: Path) -> None:
    first = find_photographs(folder).digest
    assert find_photographs(folder).digest == first
    (folder / "000.png").rename(folder / "x.png")
    renamed = find_photographs(folder).digest
    (folder / "x.png").write_bytes((folder / "x.png").read_bytes() + b" ")
    assert len({first, renamed, find_photographs(folder).digest}) == 3


def test_what_is_held_out_stays_so_when_photographs_are_added(tmp_path: Path) -> None:
    few = tiny_training.photographs(tmp_path / "few", 40)
    found = find_photographs(few)
    training, held = found.split(0.25)
    assert sorted(training + held) == list(range(40))
    assert 3 <= len(held) <= 20
    names = {found.names[i] for i in held}
    tiny_training.photographs(few / "000_more", 20)
    more = find_photographs(few)
    assert {more.names[i] for i in more.split(0.25)[1] if "/" not in more.names[i]} == names
    assert found.split(0.0) == (tuple(range(40)), ())


def test_a_folder_without_photographs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="which has no images"):
        find_photographs(tmp_path)
    with pytest.raises(UsageError, match="which is not a folder"):
        find_photographs(tmp_path / "none")


def test_types_and_presets_are_named_together() -> None:
    assert type_names("kadid", False) == PRESETS["kadid"]
    assert type_names("white-noise, kadid,white-noise", False)[0] == "white-noise"
    assert "mean-shift" in type_names("kadid", False)
    assert "mean-shift" not in type_names("kadid", True)
    with pytest.raises(
        UsageError, match=r"--types got 'white-nose': 'white-nose' is no type of .* Did you mean 'white-noise'"
    ):
        type_names("white-nose", False)
    with pytest.raises(UsageError, match="--monotone-only leaves no type"):
        type_names("mean-shift", True)


# --- crops ---


@pytest.mark.parametrize(("overlap", "size"), [(0.0, (90, 300)), (0.25, (80, 80)), (0.9, (200, 64)), (0.5, (32, 32))])
def test_crops_share_at_least_what_was_asked_for(overlap: float, size: tuple[int, int]) -> None:
    rows, columns = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
    image = torch.stack([rows, columns, (rows + columns) % 256])
    recipe = SeriesRecipe(0, 32, overlap, 0, ("jpeg",))
    shares = []
    for seed in range(60):
        crops = draw_crops(image, recipe, generator_of(seed))
        assert crops.shape == (2, 3, 32, 32)
        corners = crops[:, :2, 0, 0]
        away = (corners[0] - corners[1]).abs()
        shares.append(float((32 - away).clamp(min=0).prod()) / 32**2)
    assert min(shares) >= overlap
    assert min(shares) > 0
    if size != (32, 32):
        assert min(shares) < overlap + 0.15, "the second crop is not free to lie as far off as allowed"
        assert len(set(shares)) > 5


def test_crops_that_show_nothing_are_refused() -> None:
    with pytest.raises(ImageError, match="random crops are flat"):
        draw_crops(torch.full((3, 64, 64), 128, dtype=torch.uint8), RECIPE, generator_of(0))


# --- series ---


def test_both_crops_are_degraded_by_the_same_draw_at_rising_levels(folder: Path) -> None:
    found = find_photographs(folder)
    later = TrainingSeries(found, range(6), SeriesRecipe(0, 32, 0.25, 0, ("white-noise",), degrade=False))
    item = later[0, 3]
    assert item.images.shape == (2, 3, 32, 32)
    expected = distort_levels(item.images / 255, "white-noise", torch.Generator().manual_seed(item.draw))
    expected = (expected * 255).round().byte()
    at_once = TrainingSeries(found, range(6), SeriesRecipe(0, 32, 0.25, 0, ("white-noise",)))[0, 3]
    assert at_once.images.shape == (5, 2, 3, 32, 32)
    assert torch.equal(at_once.images, expected)
    # Degraded later, on a device, it is the same.
    assert torch.equal(collate([item]).degraded(torch.device("cpu"), RECIPE)[0][0], expected)


def test_draws_can_be_one_for_each_image_of_a_series(folder: Path) -> None:
    found = find_photographs(folder)
    recipe = replace(RECIPE, types=("white-noise",), draws="independent")
    item = TrainingSeries(found, range(6), recipe)[0, 3]
    later = TrainingSeries(found, range(6), replace(recipe, degrade=False))[0, 3]
    noise = (item.images - later.images).flatten(2)
    # One draw for all would be one noise, but for its strength and clipping: a correlation near 1.
    among = torch.corrcoef(noise.flatten(0, 1)).fill_diagonal_(0)
    assert among.abs().max() < 0.1
    shared = TrainingSeries(found, range(6), replace(recipe, draws="shared"))[0, 3]
    alike = torch.corrcoef((shared.images - later.images).flatten(2).flatten(0, 1))
    assert alike.min() > 0.8
    # Degraded later, on a device, or by another worker it is the same.
    assert torch.equal(collate([later]).degraded(torch.device("cpu"), recipe)[0][0], item.images)
    assert torch.equal(TrainingSeries(found, [3], recipe)[0, 3].images, item.images)
    assert not torch.equal(TrainingSeries(found, range(6), recipe)[1, 3].images, item.images)


def test_validation_is_the_same_whatever_draws_training_has(folder: Path) -> None:
    found, recipe = find_photographs(folder), replace(RECIPE, types=("white-noise",))
    first, second = (
        ValidationSeries(found, [1], replace(recipe, draws=draws))[0].images for draws in ("shared", "independent")
    )
    assert torch.equal(first, second)


def test_two_types_that_are_drawn_need_one_draw_for_a_series() -> None:
    config = TrainingConfig(types="compositions", draws="shared")
    assert "any-two" in recipe_of(config).types
    with pytest.raises(UsageError, match=r"--types got any-two, which draws two types: .* use --draws shared"):
        recipe_of(replace(config, draws="independent"))


def test_an_items_draws_hang_on_seed_epoch_and_photograph_alone(folder: Path) -> None:
    found = find_photographs(folder)
    series = TrainingSeries(found, range(6), RECIPE)
    first = series[2, 1]
    for _ in range(3):
        series[0, 0]
    again = TrainingSeries(found, [1], RECIPE)[2, 1]
    assert torch.equal(first.images, again.images)
    for other in (series[3, 1], TrainingSeries(found, range(6), SeriesRecipe(1, 32, 0.25, 0, RECIPE.types))[2, 1]):
        assert not torch.equal(first.images, other.images)


def test_types_are_drawn_evenly(folder: Path) -> None:
    series = TrainingSeries(find_photographs(folder), range(6), SeriesRecipe(0, 32, 0.25, 0, ("brighten", "darken")))
    counts = Counter(series[epoch, i].type for epoch in range(10) for i in range(6))
    assert 18 <= counts["brighten"] <= 42


def test_severity_is_the_root_of_the_distance_to_the_crops(folder: Path) -> None:
    series = TrainingSeries(
        find_photographs(folder), range(6), SeriesRecipe(0, 32, 0.25, 0, ("gaussian-blur",), "gradient-distance")
    )
    plain = TrainingSeries(
        find_photographs(folder), range(6), SeriesRecipe(0, 32, 0.25, 0, ("gaussian-blur",), None, degrade=False)
    )
    item, crops = series[0, 0], plain[0, 0].images
    for level, severity in zip(item.images, item.severity, strict=True):
        distance = gradient_distance(level / 255, crops / 255)
        assert severity == pytest.approx(distance.sqrt().mean().item(), abs=1e-6)
    assert item.severity.diff().min() >= 0
    assert item.severity[-1] > 0.2


def spoil(folder: Path) -> None:
    (folder / "001.png").write_bytes(b"no image")
    Image.new("RGB", (20, 90), "white").save(folder / "002.png")
    Image.new("RGB", (64, 64), "grey").save(folder / "003.png")


def test_photographs_that_cannot_be_used_are_replaced_and_named(folder: Path) -> None:
    spoil(folder)
    series = TrainingSeries(find_photographs(folder), range(6), RECIPE)
    batch = collate([series[0, i] for i in range(6)])
    assert batch.levels.shape == (6, 5, 2, 3, 32, 32)
    assert set(batch.names) <= {"000.png", "004.png", "005.png"}
    reasons = dict(batch.skipped)
    assert "not an image" in reasons["001.png"]
    hint = "lower --crop, or enlarge photographs by --short-side 32 or more"
    assert reasons["002.png"] == f"20x90 pixels are fewer than a crop of 32x32: {hint}"
    assert "flat" in reasons["003.png"]
    validation = ValidationSeries(find_photographs(folder), (0, 1, 2, 3), RECIPE)
    held = collate([validation[i] for i in range(len(validation))])
    assert set(held.names) == {"000.png"}
    assert set(dict(held.skipped)) == {"001.png", "002.png", "003.png"}


def test_a_photograph_can_be_brought_to_a_short_side(folder: Path) -> None:
    image = read_photograph(find_photographs(folder), "000.png", SeriesRecipe(0, 32, 0.25, 36, ("jpeg",)))
    assert image.shape == (3, 36, 42)
    assert image.dtype == torch.uint8


# --- plan ---


def test_an_epoch_takes_every_photograph_once_and_in_another_order_each_time() -> None:
    plan = make_plan(TrainingConfig(batch=2, accumulate=2, epochs=3), tuple(range(9)), 0, 1)
    assert (plan.per_epoch, plan.total) == (2, 6)
    batches = list(plan)
    assert len(batches) == 12
    epochs = [[key for batch in batches[i : i + 4] for key in batch] for i in (0, 4, 8)]
    for epoch, keys in enumerate(epochs):
        assert {e for e, _ in keys} == {epoch}
        assert len({position for _, position in keys}) == 8
    assert [p for _, p in epochs[0]] != [p for _, p in epochs[1]]


def test_processes_share_out_what_one_process_with_their_batches_together_takes() -> None:
    positions = tuple(range(20, 37))
    config = TrainingConfig(batch=2, accumulate=2)
    one = list(make_plan(TrainingConfig(batch=4, accumulate=2), positions, 0, 1))
    two = [list(make_plan(config, positions, process, 2)) for process in (0, 1)]
    assert [a + b for a, b in zip(*two, strict=True)] == one


def test_a_resumed_plan_is_the_rest_of_the_whole_one() -> None:
    whole = TrainingPlan(tuple(range(7)), 1, 2, 0, 1, seed=5, per_epoch=3, total=8)
    for done in range(9):
        rest = TrainingPlan(tuple(range(7)), 1, 2, 0, 1, seed=5, per_epoch=3, total=8, done=done)
        assert list(rest) == list(whole)[2 * done :]


def test_too_few_photographs_for_a_step_are_refused() -> None:
    with pytest.raises(UsageError, match=r"--pristine has 3 photographs to train on .* a step needs 4: lower --batch"):
        make_plan(TrainingConfig(batch=2), (0, 1, 2), 0, 2)


def test_pixels_are_those_of_the_file(folder: Path) -> None:
    image = read_photograph(find_photographs(folder), "000.png", RECIPE)
    stored = np.asarray(Image.open(folder / "000.png"))
    assert torch.equal(image.permute(1, 2, 0), torch.from_numpy(stored.copy()))


# --- the pristine level, types drawn more often ---


def test_the_pristine_crops_are_a_level_before_the_first_with_no_severity(folder: Path) -> None:
    recipe = SeriesRecipe(0, 32, 0.25, 0, ("white-noise",), "gradient-distance", pristine=True)
    found = find_photographs(folder)
    item, plain = TrainingSeries(found, range(6), recipe)[0, 2], TrainingSeries(found, range(6), RECIPE)[0, 2]
    later = TrainingSeries(found, range(6), SeriesRecipe(0, 32, 0.25, 0, ("white-noise",), degrade=False))[0, 2]
    assert item.images.shape == (6, 2, 3, 32, 32)
    assert recipe.views == 12
    assert torch.equal(item.images[0], later.images)
    assert item.severity[0] == 0 < item.severity[1]
    assert plain.images.shape == (5, 2, 3, 32, 32)
    assert RECIPE.views == 10


def test_validation_ranks_five_levels_of_each_type_once(folder: Path) -> None:
    recipe = SeriesRecipe(0, 32, 0.25, 0, ("jpeg", "jpeg", "brighten"), "gradient-distance", pristine=True)
    series = ValidationSeries(find_photographs(folder), [1, 4], recipe)
    assert len(series) == 4
    assert series[0].images.shape == (5, 1, 3, 32, 32)
    assert not series[0].severity.any()


def test_a_type_named_twice_is_drawn_twice_as_often(folder: Path) -> None:
    assert type_names("jpeg,brighten,jpeg", False) == ("jpeg", "brighten", "jpeg")
    series = TrainingSeries(
        find_photographs(folder),
        range(6),
        SeriesRecipe(0, 32, 0.25, 0, ("jpeg", "jpeg", "jpeg", "brighten"), degrade=False),
    )
    drawn = Counter(series[epoch, 0].type for epoch in range(200))
    assert 130 < drawn["jpeg"] < 170
