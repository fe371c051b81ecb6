"""A local HTTP server with the faults that a test asks for."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest


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
        self.drip: int | None = None  # bytes after which it sends one every 20 ms
        self.drip_headers = False
        self.endless = False  # sends the content again and again
        self.redirect = ""  # where all requests are led to, with an answer that may be endless too
        self.asked: list[str | None] = []
        self.sent = 0  # bytes of endless answers
        self.stopped = False

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        self.asked.append(wanted)
        if self.drip_headers:
            return self.dribble(handler, b"HTTP/1.0 200 OK\r\nX-Long: " + bytes(10**6))
        if self.redirect:
            handler.send_response(302)
            handler.send_header("Location", self.redirect)
            handler.end_headers()
            return self.repeat(handler, b"x" * 2**16) if self.endless else None
        content = self.files.get(handler.path) if self.files else self.content
        if self.status != 200 or content is None:
            return handler.send_error(self.status if content is not None else 404)
        start, end = 0, 0
        if wanted and self.ranges and handler.headers.get("If-Range", self.etag) == self.etag:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, end = int(first), int(last or len(content)) + 1
        if start and start >= len(content):
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{len(content)}")
            return handler.end_headers()
        place = (start, len(content)) if end else None
        return self.send(handler, content[start : end or None], place)

    def send(self, handler: BaseHTTPRequestHandler, body: bytes, place: tuple[int, int] | None) -> None:
        """Send a part of a file that begins at a byte of so many, or the whole."""
        handler.send_response(206 if place else 200)
        if place:
            start, size = place
            handler.send_header("Content-Range", f"bytes {start + self.shift}-{start + len(body) - 1}/{size}")
        if self.etag:
            handler.send_header("ETag", self.etag)
        if self.length:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if self.cut is not None and self.cuts:
            self.cuts -= 1
            body = body[: self.cut]
        if self.endless:
            return self.repeat(handler, body)
        drip = len(body) if self.drip is None else self.drip
        handler.wfile.write(body[:drip])
        return self.dribble(handler, body[drip:])

    def dribble(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        for byte in body:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.02)

    def repeat(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        while not self.stopped:
            self.sent += handler.wfile.write(body)


@contextmanager
def serving(faults: Server, certificate: Path | None = None) -> Iterator[str]:
    """Serve and yield the address, without a path; over https with a certificate (and its key in the same file)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                faults.answer(self)
            except OSError:  # the client has had enough
                self.close_connection = True

        def log_message(self, *args: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *args: Any) -> None:
            pass

    with Quiet(("127.0.0.1", 0), Handler) as listening:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            listening.socket = context.wrap_socket(listening.socket, server_side=True)
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http{'s' if certificate else ''}://127.0.0.1:{listening.server_port}"
        finally:
            faults.stopped = True
            listening.shutdown()
            thread.join()


def make_certificate(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1 that nobody vouches for, and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the command openssl")
    key, made = folder / "key.pem", folder / "certificate.pem"
    about = ["-subj", "/CN=local", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command = [openssl, "req", "-x509", *kind, *about, "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    made.write_bytes(made.read_bytes() + key.read_bytes())
    return made
