"""Tables in LaTeX as documents, compiled by pdflatex where it is installed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import lacking
import pytest

PACKAGES = r"\usepackage[T1]{fontenc}\usepackage{booktabs}\usepackage{graphicx}"
DOCUMENT = r"\documentclass{article}" + PACKAGES + r"\begin{document}%s\end{document}"

needs_pdflatex = pytest.mark.skipif(lacking.PDFLATEX.path is None, reason=lacking.PDFLATEX.reason)


def assert_compiles(text: str, folder: Path) -> None:
    """Fail where a text stops pdflatex or runs off the page."""
    (folder / "t.tex").write_text(DOCUMENT % text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert not re.search(r"Overfull \\hbox", done.stdout), "something runs off the page"
