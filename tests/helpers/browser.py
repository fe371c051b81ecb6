"""Pages in a real browser that must log no error, run nothing foreign and ask the network for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lacking
import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[dev]'")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

Open = Callable[..., Any]


@contextmanager
def chromium() -> Iterator[Any]:
    """Start the browser of this machine."""
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=lacking.CHROMIUM.path, args=FLAGS)
        yield opened
        opened.close()


@contextmanager
def opener(browser: Any, file: Path) -> Iterator[Open]:
    """Open a page as often as asked; fail if it logs an error, runs what it should not, or asks for anything."""
    wrong: list[str] = []

    def open_page(width: int = 1280, scheme: str = "light", target: str = "") -> Any:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        opened.append(context)
        one = context.new_page()
        one.on("console", lambda message: wrong.append(f"console {message.type}: {message.text}"))
        one.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        one.on("dialog", lambda dialog: (wrong.append(f"alert: {dialog.message}"), dialog.dismiss()))
        one.on("request", lambda request: asked(request.url))
        one.route(lambda url: not url.startswith(("file:", "data:")), lambda route: route.abort())
        one.goto(file.as_uri() + target)
        return one

    def asked(url: str) -> None:
        if not url.startswith((file.as_uri(), "data:", "blob:")):
            wrong.append(f"request: {url}")

    opened: list[Any] = []
    yield open_page
    for context in opened:
        context.close()
    assert not wrong
