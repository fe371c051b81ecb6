"""Runs tutorial.ipynb from top to bottom and keeps what it shows: python docs/tutorial.py."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import nbclient
import nbformat

NOTEBOOK = Path(__file__).with_name("tutorial.ipynb")


def execute(notebook: Any, folder: Path) -> None:
    """Run a notebook in a folder, in place; progress bars are left out, and so are the times of cells."""
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]


if __name__ == "__main__":
    tutorial = nbformat.read(NOTEBOOK, as_version=4)
    with tempfile.TemporaryDirectory() as empty:
        execute(tutorial, Path(empty))
    nbformat.write(tutorial, NOTEBOOK)
