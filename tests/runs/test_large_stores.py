"""What makes large stores cheap changes neither what is stored nor what it is called."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Ran
from hypothesis import given
from hypothesis import strategies as st

from bench.datasets.dataset import Sample
from bench.datasets.readers import text
from bench.io.hashing import NamedValues, short_hash
from bench.runs import checksums
from bench.runs.columns import LabelColumns
from bench.runs.journal import JOURNAL, Outcome
from bench.runs.store import Store
from bench.tables.evaluation import evaluate

Bench = Callable[..., Ran]

OWN = """image,score,b,mos,reference
x/1.png,1e-7,3,2,r1
x/b 2.png,nan,0.1,3.25,r2
A.png,-12.5,100,1,r1
dé.png,123456789.125,1e22,4,r3
"""


@pytest.mark.parametrize("large", [0, 2**40])
def test_imported_scores_keep_the_keys_that_earlier_versions_gave_them(
    bench: Bench, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `bench import own.csv --wide --dataset own` of the version before scores were hashed in bulk.
    monkeypatch.setattr(text, "LARGE", large)
    Path("own.csv").write_text(OWN, encoding="utf-8")
    assert bench("import", "own.csv", "--wide", "--dataset", "own").code == 0
    found = {entry.key: entry for entry in Store.locate(None).entries()[0]}
    assert set(found) == {"f7264925fd24", "232bd24ad96d"}
    entry = found["232bd24ad96d"]
    assert entry.identity.method["scores"] == "6158565de488"
    assert (entry.identity.labels, entry.meta["dataset"]["attributes_hash"]) == ("1d086832e256", "39e208d5665e")
    assert (entry.scored, entry.failures) == (3, [("x/b 2.png", "no score in the imported file")])


@given(st.dictionaries(st.text(), st.floats(allow_infinity=False)))
def test_values_are_hashed_together_as_one_by_one(values: dict[str, float]) -> None:
    pairs = sorted((name, None if np.isnan(value) else value) for name, value in values.items())
    assert NamedValues(list(values)).hash(np.array(list(values.values()))) == short_hash(pairs)


def test_columns_that_are_shared_give_the_file_of_a_table_made_whole() -> None:
    samples = [
        Sample("b.png", None, 1.0, {"type": "blur", "std": 0.5}),
        Sample("a.png", None, None, {"std": 1.5}),
        Sample("c.png", None, 3.0, {"type": "noise"}),
    ]
    outcomes = [Outcome("b.png", 0.25), Outcome("a.png", None, "torn"), Outcome("c.png", -1.0)]
    frame = pd.DataFrame(
        {
            "image": ["b.png", "a.png", "c.png"],
            "score": [0.25, np.nan, -1.0],
            "error": pd.array([None, "torn", None], dtype="string"),
            "mos": [1.0, np.nan, 3.0],
            "type": ["blur", np.nan, "noise"],
            "std": [0.5, 1.5, np.nan],
        }
    )
    data = LabelColumns(samples).outcomes_to_parquet(outcomes)
    pd.testing.assert_frame_equal(checksums.read_parquet(data, None), frame)


def test_an_import_keeps_no_journal_and_a_second_one_changes_no_score(bench: Bench) -> None:
    Path("own.csv").write_text(OWN, encoding="utf-8")
    for _ in range(2):
        assert bench("import", "own.csv", "--method", "m", "--dataset", "own").code == 0
        (entry,) = Store.locate(None).entries()[0]
        assert not (entry.folder / JOURNAL).exists()
    assert [outcome.score for outcome in entry.outcomes()] == [1e-7, None, -12.5, 123456789.125]
    # What says more of the images is stored with them, and the key stays.
    Path("own.csv").write_text(OWN.replace("r3", "r4"), encoding="utf-8")
    assert bench("import", "own.csv", "--method", "m", "--dataset", "own").code == 0
    (again,) = Store.locate(None).entries()[0]
    assert (again.key, again.scores()["reference"].tolist()) == (entry.key, ["r1", "r2", "r1", "r4"])
    assert [each.state for each in Store.locate(None).verify()] == ["ok"]


def test_a_table_reads_only_the_columns_that_it_needs(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("own.csv").write_text(OWN.replace("mos,reference", "mos,type"), encoding="utf-8")
    assert bench("import", "own.csv", "--wide", "--dataset", "own").code == 0
    read: list[Collection[str] | None] = []
    plain = checksums.read_parquet

    def watched(data: bytes, expected: str | None, columns: Collection[str] | None = None) -> Any:
        frame = plain(data, expected, columns)
        read.append(set(frame.columns))
        return frame

    monkeypatch.setattr(checksums, "read_parquet", watched)
    first, second = evaluate(Store.locate(None).entries()[0], draws=10)
    assert read == [{"image", "score", "mos"}] * 2
    assert (first.correlations.n, second.correlations.n) == (4, 3)
