"""Run commands as where packages are not installed: python without.py torch,timm < commands.json > outcomes.json."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
from typing import Any


class Without:
    """A finder of modules that finds those of some packages no more."""

    def __init__(self, finder: Any, packages: set[str]) -> None:
        self.finder, self.packages = finder, packages

    def __getattr__(self, name: str) -> Any:
        return getattr(self.finder, name)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        hidden = name.partition(".")[0] in self.packages
        return None if hidden else self.finder.find_spec(name, path, target)


def run(command: list[str]) -> dict[str, Any]:
    main = importlib.import_module("bench.cli").main
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(command)
        except SystemExit as stop:
            return {"code": stop.code or 0, "out": out.getvalue(), "err": err.getvalue()}
    raise AssertionError("a command ends in an exit")


if __name__ == "__main__":
    packages = set(sys.argv[1].split(","))
    sys.meta_path[:] = [Without(finder, packages) for finder in sys.meta_path]
    json.dump([run(command) for command in json.load(sys.stdin)], sys.stdout)
