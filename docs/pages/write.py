"""Write all generated pages into a folder."""

from __future__ import annotations

from pathlib import Path

from . import commands, datasets, gallery, methods, python_api


def write_pages(folder: Path) -> None:
    """Write the pages; what another state of the code left there is removed, and what did not change is not touched."""
    kinds = {"commands": commands, "python": python_api, "methods": methods, "datasets": datasets}
    pages = {f"{kind}/{name}.md": page for kind, module in kinds.items() for name, page in module.pages().items()}
    pages["gallery.md"] = gallery.page()
    for old in (path for path in folder.rglob("*.md") if path.relative_to(folder).as_posix() not in pages):
        old.unlink()
    for name, page in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != page:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(page, encoding="utf-8")
