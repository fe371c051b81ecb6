from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.io.first_hashes import FirstHash, read_hashes, record_hashes

ANY = st.text(st.characters(exclude_categories=["Cs"]))
HASHES = st.builds(FirstHash, st.from_regex("[0-9a-f]{64}", fullmatch=True), st.integers(0, 2**60), ANY, ANY)


@given(st.dictionaries(ANY, HASHES, max_size=4))
@pytest.mark.slow
def test_what_is_recorded_is_read(tmp_path_factory: pytest.TempPathFactory, found: dict[str, FirstHash]) -> None:
    path = tmp_path_factory.mktemp("lock") / "bench.lock"
    record_hashes(path, found)
    assert read_hashes(path) == found
    assert len(path.read_text().splitlines() if found else []) >= len(found)


def test_what_was_recorded_stays(tmp_path: Path) -> None:
    path = tmp_path / "bench.lock"
    first, second = (FirstHash(digit * 64, 1, "2026-01-31", "set.zip") for digit in "12")
    record_hashes(path, {"b": first})
    record_hashes(path, {"b": second, "a": second})
    assert read_hashes(path) == {"a": second, "b": first}
    assert [line[:3] for line in path.read_text().splitlines()[2:]] == ['"a"', '"b"']
