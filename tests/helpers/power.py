"""A disk that loses power: what may be left of a folder at every system call that changes names or syncs."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CALLS = ("replace", "rename", "unlink", "remove", "mkdir", "fsync")

Tree = dict[str, bytes | None]
"""Relative path to content; None for a folder."""


@dataclass
class Cut:
    """The moment before a system call, with what a power cut may leave there.

    Attributes:
        call: name of the call and of the file.
        left: nothing that was not synced; all names but no content that was not synced; everything.
    """

    call: str
    left: tuple[Tree, Tree, Tree]


@dataclass
class Disk:
    """Watches a folder from outside: what is not seen to be synced counts as lost.

    Attributes:
        root: the folder.
        cuts: one a call, in order.
    """

    root: Path
    cuts: list[Cut] = field(default_factory=list)
    _content: dict[int, bytes] = field(default_factory=dict)
    _names: dict[str, dict[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take what is there for synced."""
        self._names = self._list()
        self._content = {inode: path.read_bytes() for inode, path in self._files().items()}

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """See every call that changes names or syncs, in this process."""
        for name in CALLS:
            patch.setattr(os, name, self._seen(name, getattr(os, name)))
        patch.setattr(io, "open", self._opening(io.open))

    def _seen(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def seen(target: Any, *args: Any, **kwargs: Any) -> Any:
            path = Path(f"/proc/self/fd/{target}").readlink() if name == "fsync" else Path(target)
            self._cut(name, path)
            done = call(target, *args, **kwargs)
            if name == "fsync" and self._inside(path):
                if path.is_dir():
                    self._names[self._relative(path)] = self._list()[self._relative(path)]
                else:
                    self._content[path.stat().st_ino] = path.read_bytes()
            return done

        return seen

    def _opening(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def opening(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            fresh = isinstance(file, (str, Path)) and self._inside(Path(file)) and ("w" in mode or "a" in mode)
            if fresh:
                self._cut("open", Path(file))
                fresh = "w" in mode or not Path(file).exists()
            opened = call(file, mode, *args, **kwargs)
            if fresh:
                self._content[Path(file).stat().st_ino] = b""
            return opened

        return opening

    def _inside(self, path: Path) -> bool:
        return path.absolute().is_relative_to(self.root)

    def _relative(self, path: Path) -> str:
        return str(path.absolute().relative_to(self.root))

    def _list(self) -> dict[str, dict[str, int]]:
        return {
            self._relative(Path(folder)): {name: (Path(folder) / name).stat().st_ino for name in (*folders, *files)}
            for folder, folders, files in os.walk(self.root)
        }

    def _files(self) -> dict[int, Path]:
        return {path.stat().st_ino: path for path in self.root.rglob("*") if path.is_file()}

    def _cut(self, name: str, path: Path) -> None:
        if self._inside(path):
            now, written = self._list(), {inode: each.read_bytes() for inode, each in self._files().items()}
            places = {inode: folder for folder, inode in self._inodes(now).items()}
            known = {folder: self._names.get(folder, {}) for folder in now}
            left = (
                self._tree(known, self._content, places),
                self._tree(now, self._content, places),
                self._tree(now, written, places),
            )
            self.cuts.append(Cut(f"{name} {path.name}", left))

    def _inodes(self, names: dict[str, dict[str, int]]) -> dict[str, int]:
        return {folder: (self.root / folder).stat().st_ino for folder in names}

    def _tree(self, names: dict[str, dict[str, int]], content: dict[int, bytes], folders: dict[int, str]) -> Tree:
        tree: Tree = {}

        def enter(folder: str, at: str) -> None:
            for name, inode in names.get(folder, {}).items():
                path = f"{at}/{name}".removeprefix("./")
                if inode in folders:
                    tree[path] = None
                    enter(folders[inode], path)
                elif name != ".lock":
                    tree[path] = content.get(inode, b"")

        enter(".", ".")
        return tree


def restore(tree: Tree, root: Path) -> Path:
    """Write what a power cut left to a new folder."""
    root.mkdir(parents=True)
    for name, data in sorted(tree.items()):
        if data is None:
            (root / name).mkdir(parents=True, exist_ok=True)
        else:
            (root / name).write_bytes(data)
    return root
