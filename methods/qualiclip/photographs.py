"""Folder of pristine photographs: its files, their identity, and those held out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import UsageError
from bench.io.files import file_at, is_hidden
from bench.io.hashing import hash_files
from bench.io.images import SUFFIXES, is_image_name
from bench.io.progress import bar

KADIS = "kadis700k"


@dataclass(frozen=True)
class TrainingPhotographs:
    """Files below a folder.

    Attributes:
        root: the folder.
        names: relative paths with ``/``, sorted.
        sources: what they are, as ``trained_on`` names it.
        digest: 12 hex digits over names and contents.
        note: a sentence where files were left out by a rule; else empty.
    """

    root: Path
    names: tuple[str, ...]
    sources: tuple[str, ...]
    digest: str
    note: str = ""

    def split(self, share: float) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return positions in ``names`` to train on and to hold out, about a share of them.

        A photograph's path up to the first dot of the file's name alone decides, so that it stays held out
        when others are added, and several sizes of one, x.320.png and x.640.png, share its fate.
        """
        held = [_fraction(name) < share for name in self.names]
        return tuple(i for i, h in enumerate(held) if not h), tuple(i for i, h in enumerate(held) if h)


def find_photographs(folder: Path, source: str = "") -> TrainingPhotographs:
    """Find the images below a folder.

    Where a folder has ``ref_imgs`` beside ``dist_imgs``, as KADIS-700k, its pristine images alone are taken.

    Args:
        folder: where to look, sub-folders included; links to folders are not followed, hidden files and folders left
            out.
        source: what the photographs are, several by commas; default: KADIS-700k where that is seen, else the
            folder's name.

    Raises:
        UsageError: there is no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise UsageError(f"--pristine got {folder}, which is not a folder")
    names, kadis = _walk(folder)
    if not names:
        raise UsageError(f"--pristine got {folder}, which has no images ({', '.join(sorted(SUFFIXES)[:4])}, ...)")
    known = KADIS if kadis else folder.resolve().name
    note = "the layout of KADIS-700k: ref_imgs alone is used, dist_imgs is left out" if kadis else ""
    sources = tuple(filter(None, (part.strip() for part in source.split(",")))) or (known,)
    return TrainingPhotographs(folder, tuple(names), sources, _digest(folder, names), note)


def _digest(folder: Path, names: Sequence[str]) -> str:
    """Read every file once: less than one of the epochs that follow, which decode them as well."""
    digest = hashlib.sha256()
    # Of several processes one shows it.
    with bar(len(names) if os.environ.get("RANK", "0") == "0" else 0, "reading --pristine") as shown:
        for name, content in zip(names, hash_files(file_at(folder / name) for name in names), strict=True):
            digest.update(f"{name}\0{content}\n".encode(errors="surrogateescape"))
            shown.update()
    return digest.hexdigest()[:12]


def _walk(folder: Path) -> tuple[list[str], bool]:
    names, kadis = [], False
    for place, folders, files in os.walk(folder):
        if {"ref_imgs", "dist_imgs"} <= set(folders):
            kadis, files = True, []
            folders[:] = ["ref_imgs"]
        folders[:] = [name for name in folders if not is_hidden(name)]
        paths = (Path(place, name) for name in files if not is_hidden(name))
        names += [p.relative_to(folder).as_posix() for p in paths if is_image_name(p.name) and p.is_file()]
    return sorted(names), kadis


def _fraction(name: str) -> float:
    """Return a number in [0, 1) that a name alone decides."""
    folder, slash, file = name.rpartition("/")
    digest = hashlib.sha256(f"{folder}{slash}{file.partition('.')[0]}".encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
