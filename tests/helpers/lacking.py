"""What some tests need and pip does not bring. Run as a script it says how to get what is not here."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

SHARED = Path(__file__).resolve().parents[3] / "shared"


@dataclass(frozen=True)
class Need:
    """One thing that a machine may lack, what is tested with it, and how to get it."""

    name: str
    path: str | None
    used: str
    how: str

    @property
    def reason(self) -> str:
        """Why a test is skipped where it is not here."""
        return f"no {self.name}"

    def sentence(self) -> str:
        """Say what is skipped for it and how to get it."""
        return f"{self.name} is not here and tests {self.used} are skipped: {self.how}"


def debian(package: str) -> str:
    return f"on Debian and Ubuntu, apt-get install {package}"


CHROMIUM = Need("chromium", shutil.which("chromium"), "of the report in a browser", debian("chromium"))
PDFLATEX = Need("pdflatex", shutil.which("pdflatex"), "that compile LaTeX", debian("texlive-latex-recommended"))
REAL_DATA = Need(
    "../shared",
    str(SHARED) if (SHARED / "data").is_dir() else None,
    "on real photographs and label files",
    f"they are looked for in {SHARED / 'data'}, beside the checkout",
)
NEEDS = (CHROMIUM, PDFLATEX, REAL_DATA)


if __name__ == "__main__":
    for need in NEEDS:
        if need.path is None:
            print(f"{need.sentence()}.")
