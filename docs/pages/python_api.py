"""A page for every public name of ``import bench``, filled from its docstring."""

from __future__ import annotations

import inspect

import bench

from . import text

NAMES = [name for name in bench.__all__ if name != "__version__"]


def pages() -> dict[str, str]:
    """Return file name → page of every public name, and the page that lists them."""
    return {"index": _index(), **{file_name(name): _page(name) for name in NAMES}}


def file_name(name: str) -> str:
    """Return the name of a public name's page; Method and method are two, also where file names have no case."""
    return f"{name.lower()}-class" if inspect.isclass(getattr(bench, name)) else name


def _index() -> str:
    functions = [name for name in NAMES if not inspect.isclass(getattr(bench, name))]
    classes = [name for name in NAMES if name not in functions]
    tables = [
        text.section(heading, text.table(["", ""], map(_row, names)))
        for heading, names in {"Functions": functions, "Classes": classes}.items()
    ]
    hidden = "\n".join(["```{toctree}", ":hidden:", "", *map(file_name, (*functions, *classes)), "```"])
    about = (
        "[The Python API](../../reference/api.md) says how they work together, and lists every command beside its "
        "function."
    )
    return text.page("Python", about, *tables, hidden)


def _row(name: str) -> list[str]:
    first = (inspect.getdoc(getattr(bench, name)) or "").split("\n\n")[0]
    return [f"[bench.{name}]({file_name(name)}.md)", text.prose(first.replace("``", "`"))]


def _page(name: str) -> str:
    value = getattr(bench, name)
    if not inspect.isclass(value):
        return text.page(f"bench.{name}", _directive("autofunction", name))
    kind = "autoexception" if issubclass(value, BaseException) else "autoclass"
    return text.page(
        f"bench.{name}",
        _directive(kind, name, ":members:", *([":inherited-members:"] if value is bench.Results else [])),
    )


def _directive(kind: str, name: str, *settings: str) -> str:
    lines = [f".. {kind}:: bench.{name}", *(f"   {each}" for each in settings)]
    return "\n".join(["```{eval-rst}", *lines, "```"])
