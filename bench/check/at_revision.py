"""Run the command line with the code of another revision: ``python -P at_revision.py REPOSITORY WORKTREE ARGUMENTS``.

Every module whose file is in the repository is taken from the worktree instead, however the package was installed. Run
by path and in a process of its own, so that nothing of ``bench`` is imported before.
"""

from __future__ import annotations

import importlib
import runpy
import subprocess
import sys
from contextlib import suppress
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any


class Rerouting:
    """Finder of modules that takes those of a repository from a worktree."""

    def __init__(self, repository: Path, tree: Path) -> None:
        self.repository, self.tree = repository, tree
        listed = subprocess.run(["git", "-C", repository, "ls-files", "-z"], capture_output=True, check=True, text=True)
        self.tracked = set(listed.stdout.split("\0"))

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Find a module as the other finders do, then move its file; None where the revision has no such file."""
        for finder in sys.meta_path:
            if finder is not self:
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    return self._moved(spec)
        return None

    def _moved(self, spec: ModuleSpec) -> ModuleSpec | None:
        place = self.place(spec.origin)
        if place is None:
            return spec
        file = self.tree / place
        folders = [str(file.parent)] if spec.submodule_search_locations is not None else None
        return spec_from_file_location(spec.name, file, submodule_search_locations=folders) if file.is_file() else None

    def place(self, file: str | None) -> Path | None:
        """Return where in the repository a file is that git tracks; None for any other."""
        path = Path(file or "").resolve()
        if not path.is_relative_to(self.repository):
            return None
        place = path.relative_to(self.repository)
        return place if place.as_posix() in self.tracked else None


def _score_in_this_process() -> None:
    """Keep a run with one worker here: a process of its own would import the present code."""
    with suppress(ImportError):  # of revisions that know nothing else
        importlib.import_module("bench.runs.scoring").FEW = sys.maxsize  # type: ignore[attr-defined]


def main() -> None:
    """Install the finder, call the command line, and make sure that no module of the present code took part."""
    repository, tree = (Path(word).resolve() for word in sys.argv[1:3])
    rerouting = Rerouting(repository, tree)
    sys.meta_path.insert(0, rerouting)
    _score_in_this_process()
    sys.argv = ["bench", *sys.argv[3:]]
    try:
        runpy.run_module("bench", run_name="__main__")
    finally:
        # multiprocessing knows this script, the one that began, by a second name.
        others = {name: module for name, module in sys.modules.items() if name not in ("__main__", "__mp_main__")}
        files = [getattr(module, "__file__", None) for module in others.values()]
        if present := [file for file in files if rerouting.place(file)]:
            sys.exit(f"bench: error: --against: {present[0]} was not taken from the revision")


if __name__ == "__main__":
    main()
