"""A local HTTP server with the faults that a test asks for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server:
    """What it serves, and what it was asked for."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = content
        self.files: dict[str, bytes] = {}  # by path, where there are several; else `content` answers all
        self.etag = '"1"'
        self.ranges = True
        self.cut: int | None = None  # bytes after which a connection breaks off, as often as `cuts` says
        self.cuts = 0
        self.length = True
        self.status = 200
        self.shift = 0
        self.asked: list[str | None] = []

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        self.asked.append(wanted)
        content = self.files.get(handler.path) if self.files else self.content
        if self.status != 200 or content is None:
            return handler.send_error(self.status if content is not None else 404)
        start = 0
        if wanted and self.ranges and handler.headers.get("If-Range", self.etag) == self.etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start and start >= len(content):
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{len(content)}")
            return handler.end_headers()
        self.send(handler, content, start)
        return None

    def send(self, handler: BaseHTTPRequestHandler, content: bytes, start: int) -> None:
        body = content[start:]
        handler.send_response(206 if start else 200)
        if start:
            last = len(content) - 1
            handler.send_header("Content-Range", f"bytes {start + self.shift}-{last}/{last + 1}")
        if self.etag:
            handler.send_header("ETag", self.etag)
        if self.length:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if self.cut is not None and self.cuts:
            self.cuts -= 1
            body = body[: self.cut]
        handler.wfile.write(body)


@contextmanager
def serving(faults: Server) -> Iterator[str]:
    """Serve and yield the address, without a path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            faults.answer(self)

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}"
        finally:
            listening.shutdown()
            thread.join()
