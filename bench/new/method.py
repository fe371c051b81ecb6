"""``bench new method``: a package with a method, its test, and a workflow that guards its scores."""

from __future__ import annotations

import importlib.util
import keyword
import re
from pathlib import Path

from bench.errors import UsageError
from bench.io.atomic import make_folder, write_output
from bench.plugins.registry import catalogue

TEMPLATE = Path(__file__).with_name("template")
# File of the template → path in the package. Their names end in .txt so that no tool of this project reads them.
FILES = {
    "pyproject.toml.txt": "pyproject.toml",
    "method.py.txt": "{module}/__init__.py",
    "test.py.txt": "tests/test_{module}.py",
    "workflow.yml.txt": ".github/workflows/scores.yml",
    "readme.md.txt": "README.md",
    "gitignore.txt": ".gitignore",
}


def write_package(name: str, folder: Path | None = None) -> list[Path]:
    """Write a package that offers a method, which runs and passes its own test as it is.

    Args:
        name: of the method, such as ``sharpness`` or ``my-metric``.
        folder: where to; None: a folder of that name in the working directory. It must not be there, or be empty.

    Returns:
        The files.

    Raises:
        UsageError: the name is none that a method and a module can have, another method has it, or the folder is
            taken.
    """
    module = name.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise UsageError(f"NAME got {name!r}: use lower-case letters, digits and hyphens, such as my-metric")
    if keyword.iskeyword(module):
        raise UsageError(f"NAME got {name!r}, which is a word of Python: choose another")
    if importlib.util.find_spec(module):
        raise UsageError(f"NAME got {name!r}, and a module {module} is installed, which it would hide: choose another")
    known = catalogue()
    if name in known.methods or name in known.aliases:
        raise UsageError(f"NAME got {name!r}, which another method has: choose another")
    folder = Path(name) if folder is None else folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"--output got {folder}, where there is something already: give a folder that is new or empty")
    words = {"NAME": name, "MODULE": module, "CLASS": "".join(part.title() for part in name.split("-"))}
    written = []
    for file, place in FILES.items():
        text = (TEMPLATE / file).read_text(encoding="utf-8")
        for word, value in words.items():
            text = text.replace(f"__{word}__", value)
        path = folder / place.format(module=module)
        try:
            make_folder(path.parent)
        except OSError as error:
            raise UsageError(f"--output got {folder}, which cannot be written: {error.strerror}") from None
        write_output(path, text)
        written.append(path)
    return written
