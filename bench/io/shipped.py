"""Data files that come with bench: inside the package once installed, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from bench.errors import UsageError


def shipped_folder(packaged: str, in_checkout: str, pattern: str) -> Path:
    """Return the folder in which some file matches.

    Args:
        packaged: its name inside the installed package.
        in_checkout: its name in a checkout of the repository.
        pattern: of the files that it is for, as ``*.toml``.

    Raises:
        UsageError: this installation has none.
    """
    package = Path(__file__).parents[1]
    candidates = [package / packaged]
    # Beside an installed `bench`, a folder named datasets is somebody else's package.
    if (package.parent / "pyproject.toml").is_file():
        candidates.append(package.parent / in_checkout)
    for folder in candidates:
        if any(folder.glob(pattern)):
            return folder
    raise UsageError(f"no {pattern} in {package / packaged}: the installation is incomplete, install it again")
