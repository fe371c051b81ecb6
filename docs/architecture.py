"""Draws architecture.svg from the imports of ``bench``: python docs/architecture.py > docs/architecture.svg.

What a room is for is the first sentence of its docstring; who may import whom is in tests/test_architecture.py.
"""

from __future__ import annotations

import ast
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from test_architecture import FILES, LINES, ROOT, imports  # noqa: E402

METHODS = ROOT.parent / "methods"
# Rows are the lines of imports; these rooms stand beside the others.
LEFT = {"errors", "plugins", "methods", "new", "cite", "gmad", "report"}
RIGHT = {"defaults", "stats", "overlap", "fit", "check", "robustness"}
ADDED = {
    "methods": "a method",
    "distortions": "a distortion",
    "datasets": "a dataset, a label format",
    "stats": "a statistic",
    "views": "a view of the table",
    "cli": "a command",
}
CARRIED = {
    ("datasets", "runs"): "Dataset",
    ("runs", "tables"): "Entry",
    ("tables", "views"): "Table",
}
WIDTH, HEIGHT, LANE, GAP, TOP = 300, 66, 44, 34, 74
STYLE = """
.room { fill: #fff; stroke: #30506f; stroke-width: 1.4 } .name { font-weight: bold; font-size: 15px; fill: #16222e }
.what { font-size: 11.5px; fill: #33414f } .add { font-size: 11.5px; font-weight: bold; fill: #8a4b00 }
.uses { fill: none; stroke: #6d879f; stroke-width: 1.5; marker-end: url(#tip) }
.carried { font-size: 11.5px; font-style: italic; fill: #30506f }
"""


def places() -> dict[str, tuple[int, int]]:
    """Return the row and column of every room that there is."""
    rows = [[name for name in line.split() if home(name).exists()] for line in LINES]
    return {
        name: (row, 1 - (name in LEFT) + (name in RIGHT))
        for row, names in enumerate(filter(None, rows))
        for name in names
    }


def home(name: str) -> Path:
    """Return the file whose docstring says what a room is for."""
    folder = METHODS if name == "methods" else ROOT / name
    return folder / "__init__.py" if folder.is_dir() else ROOT / f"{name}.py"


def uses() -> dict[str, set[str]]:
    """Return for each room the rooms that it imports."""
    files = [(path.relative_to(ROOT).parts[0].removesuffix(".py"), path) for path in FILES]
    found: dict[str, set[str]] = {name: set() for name in places()}
    for name, path in [*files, *(("methods", path) for path in METHODS.rglob("*.py"))]:
        found[name] |= {other.split(".")[0] for other in imports(path)} - {name}
    return found


def arrows() -> Iterator[tuple[str, str]]:
    """Yield who is used by whom, without what follows from other arrows."""
    direct = uses()

    @cache
    def all_of(name: str) -> frozenset[str]:
        return frozenset(direct[name]).union(*map(all_of, direct[name]))

    for name, others in direct.items():
        for other in sorted(others):
            if not any(other in all_of(between) for between in others - {other}):
                yield other, name


def corner(place: tuple[int, int]) -> tuple[int, int]:
    """Return the left upper corner of a room."""
    row, column = place
    return LANE + column * (WIDTH + LANE), TOP + row * (HEIGHT + GAP)


def room(name: str, place: tuple[int, int]) -> str:
    """Return a box with the room's name, what it is for, and what is added there."""
    x, y = corner(place)
    words = (ast.get_docstring(ast.parse(home(name).read_text(encoding="utf-8"))) or "").partition("\n")[0]
    first = words.replace("`", "").partition(". ")[0]
    lines = textwrap.wrap(first, 42, max_lines=2, placeholder=" ...")
    texts = [f'<text class="name" x="{x + 10}" y="{y + 20}">{name}</text>']
    if name in ADDED:
        texts.append(f'<text class="add" x="{x + WIDTH - 10}" y="{y + 20}" text-anchor="end">+ {ADDED[name]}</text>')
    texts += [f'<text class="what" x="{x + 10}" y="{y + 38 + 15 * i}">{escape(t)}</text>' for i, t in enumerate(lines)]
    return f'<rect class="room" x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>' + "".join(texts)


def arrow(start: tuple[int, int], end: tuple[int, int], taken: set[tuple[int, int]]) -> str:
    """Return the path of an arrow: straight where nothing stands between, else down the lane beside the room."""
    (x, y), (x_end, y_end) = corner(start), corner(end)
    (row, column), (last, where) = start, end
    middle, middle_end = x + WIDTH // 2, x_end + WIDTH // 2
    alone = column == where and not any((r, column) in taken for r in range(row + 1, last))
    if last == row + 1 or alone:
        # Arrows between neighbours that change columns leave and arrive on the side where they come from.
        lean = 60 * (where - column)
        return f"M{middle + lean},{y + HEIGHT} L{middle_end - lean},{y_end - 3}"
    side = 1 if where >= column else -1
    lane = x + WIDTH + LANE // 2 if side > 0 else x - LANE // 2
    out = x + WIDTH if side > 0 else x
    into = x_end - 3 if x_end > lane else x_end + WIDTH + 3
    return f"M{out},{y + HEIGHT - 18} H{lane} V{y_end + 18} H{into}"


def drawing() -> str:
    """Return the picture."""
    rooms = places()
    taken = set(rooms.values())
    width, height = LANE + 3 * (WIDTH + LANE), TOP + (max(row for row, _ in taken) + 1) * (HEIGHT + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="Helvetica, Arial, '
        'sans-serif" role="img" aria-label="The packages of bench and who uses whom">',
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="6" refY="4" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#6d879f"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#fbfcfd"/>',
        f'<text class="name" x="{LANE}" y="28">bench/, and methods/ beside it: which room for which question</text>',
        f'<text class="what" x="{LANE}" y="48">An arrow from A to B: B imports A. A room may import whatever stands in '
        "a row above its own; arrows that follow from others are left out.</text>",
    ]
    parts += [room(name, place) for name, place in rooms.items()]
    for pair in arrows():
        start, end = (rooms[name] for name in pair)
        parts.append(f'<path class="uses" d="{arrow(start, end, taken)}"/>')
        if pair in CARRIED:
            x, y = corner(end)
            parts.append(f'<text class="carried" x="{x + WIDTH // 2 + 8}" y="{y - 13}">{CARRIED[pair]}</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    sys.stdout.write(drawing())
