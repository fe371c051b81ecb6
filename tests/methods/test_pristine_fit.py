"""What methods with a pristine model say of the photographs that it is fitted on."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from grey_photos import as_photo, grey_photo

from bench.api import Method
from bench.methods.ilniqe import Ilniqe
from bench.methods.mdfs import MdfsLite
from bench.methods.niqe import Niqe
from bench.plugins.gaussian import PristineFeatures
from bench.plugins.pristine_distance import derive


@pytest.mark.parametrize(
    ("method", "given", "needed"),
    [
        (Niqe, "niqe is fitted on 50 blocks of 2 photographs, .* of 36 features", "180 blocks or 40 photographs"),
        (
            Ilniqe,
            r"ilniqe is fitted on \d+ blocks of 2 photographs, .* of 468 features",
            "2,340 blocks or 40 photographs",
        ),
        (
            MdfsLite,
            r"mdfs-lite is fitted on \d+ patches of 2 photographs, .* of 304 features",
            "1,520 patches or 40 photo",
        ),
        (
            derive(Niqe),
            "ou:niqe is fitted on 50 rows of features of 2 photographs, .* of 36 features",
            "180 rows of features",
        ),
    ],
)
def test_a_fit_on_few_photographs_warns_of_what_is_needed(
    method: type[Method], given: str, needed: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    photos = [as_photo(grey_photo(480, 480, seed)) for seed in range(2)]
    said = method.fit(photos, tmp_path / "model.npz")
    assert said.startswith(f"fitted {method.info.name} on ")
    warned = capfd.readouterr().err
    assert warned.count("\n") == 1
    for words in (f"bench: warning: {given} and its inverse: ", f"fewer than {needed}", "; add photographs"):
        assert re.search(words, warned), warned


@pytest.mark.parametrize(("photos", "rows", "enough"), [(40, 5, True), (39, 6, False), (100, 1, False)])
def test_five_rows_a_feature_and_forty_photographs_are_enough(photos: int, rows: int, enough: bool) -> None:
    features = PristineFeatures([np.zeros((rows, 40))] * photos, "", 0)
    assert (features.doubt("x", "rows") == "") is enough


def test_a_fit_on_many_photographs_warns_of_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Niqe.fit((as_photo(grey_photo(288, 192, seed)) for seed in range(40)), tmp_path / "model.npz")
    assert capfd.readouterr().err == ""
