"""docs/tutorial.ipynb runs as it stands, and shows what it showed when it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "tutorial.ipynb"


def shown(notebook: Any, kind: str) -> list[Any]:
    """Return what the cells show of a MIME type."""
    return [
        output["data"][kind]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if kind in output.get("data", {})
    ]


@pytest.mark.slow
def test_it_runs_and_shows_the_same_tables(tmp_path: Path) -> None:
    written = nbformat.read(NOTEBOOK, as_version=4)
    fresh = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(fresh, timeout=280, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert shown(fresh, "text/markdown") == shown(written, "text/markdown")
    assert len(shown(fresh, "image/png")) == len(shown(written, "image/png")) >= 3


def test_it_was_committed_as_it_ran() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert len(shown(notebook, "text/markdown")) >= 5
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]


@pytest.mark.slow
def test_its_short_cells_run(tmp_path: Path) -> None:
    # What scores nothing: imports, scoring two images, a loaded method, the error.
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    chosen = ("import numpy", "dataset = bench.load_dataset", "metric =", "try:")
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.startswith(chosen)]
    assert len(notebook.cells) == len(chosen)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    said = [output.get("text", "") for cell in notebook.cells for output in cell.outputs]
    assert any("methods got 'niqq', which is not a known method" in text for text in said)
