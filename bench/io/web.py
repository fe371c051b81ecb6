"""HTTP within limits: every answer of a server that this package reads comes through here.

A server may be slow, endless or false. Below ``SLOWEST`` bytes a second over ``WINDOW`` seconds of waiting, headers
and all, a connection has failed (:class:`TooSlowError`), so that one byte a second ends within a minute. Callers bound
the bytes, and the seconds where many answers make one. A redirect never leads from https to http, nor off HTTP.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import http.client
import io
import math
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import IO, Any
from urllib.parse import quote, unquote, urlsplit

from bench.io.visible import one_line

SLOWEST = 1000
"""Bytes a second below which a server is too slow."""
WINDOW = 20.0
"""Seconds of waiting over which that is measured, and for which a server may be silent."""
_PIECE = 2**18
_PROBE_SECONDS = 5.0
_DEFAULT_PORTS = (None, 80)


class WebError(Exception):
    """A server does what is not put up with. No OSError, which readers of archives take for damage."""


class TooSlowError(WebError):
    """It sends nothing, or next to nothing."""


class BrokenOffError(WebError):
    """The connection ended before the answer did."""


class TooMuchError(WebError):
    """It sends more than there can be, or takes longer."""


class RefusedRedirectError(WebError):
    """It leads to where nothing is taken from."""


FAILURES = (WebError, OSError, http.client.HTTPException, ValueError)
"""What a request that fails raises: ``urllib.error.HTTPError``, an OSError, where the server refuses."""


class Budget:
    """Bytes and seconds that one answer, or several together, may cost.

    Example:
        >>> budget = Budget(10)
        >>> budget.spend(10)
        >>> budget.spend(1)
        Traceback (most recent call last):
        bench.io.web.TooMuchError: there are more than 10 bytes
    """

    def __init__(self, most: int, seconds: float = math.inf) -> None:
        self._most = self.left = most
        self._seconds = seconds
        self._until = time.monotonic() + seconds

    def spend(self, size: int) -> None:
        """Count bytes; raises TooMuchError where they are too many or the time is over."""
        self.left -= size
        if self.left < 0:
            raise TooMuchError(f"there are more than {self._most:,} bytes")
        if time.monotonic() > self._until:
            raise TooMuchError(f"it takes longer than {self._seconds:,.0f} s")


class _Paced(io.RawIOBase):
    """The bytes of a connection, which fail where they come too slowly."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw, self._waited, self._came = raw, 0.0, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        began = time.monotonic()
        try:
            size = self._raw.readinto(buffer)
        except TimeoutError:
            raise TooSlowError("the server stopped sending") from None
        # The time of waiting alone: what this process does meanwhile is not the server's fault.
        self._waited += time.monotonic() - began
        self._came += size or 0
        if size and self._waited > WINDOW:
            if self._came < SLOWEST * self._waited:
                raise TooSlowError(f"the server sent {self._came:,} bytes in {self._waited:.0f} s")
            self._waited, self._came = 0.0, 0
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fp = io.BufferedReader(_Paced(self.fp.detach()))


class _Plain(http.client.HTTPConnection):
    response_class = _Answer


class _Secure(http.client.HTTPSConnection):
    response_class = _Answer


class _PlainHandler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Plain, req)


class _SecureHandler(urllib.request.HTTPSHandler):
    def __init__(self) -> None:
        self._trusted = ssl.create_default_context()
        super().__init__(context=self._trusted)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Secure, req, context=self._trusted)


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        fp.close()  # what comes with a redirect would be read whole, however much it is
        scheme = urlsplit(newurl).scheme
        if scheme not in ("http", "https") or (req.type == "https" and scheme == "http"):
            raise RefusedRedirectError(f"the server leads from {req.type} to {newurl}, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@functools.cache
def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_PlainHandler, _SecureHandler, _Redirects)


def open_url(url: str, headers: Mapping[str, str] | None = None, silence: float | None = None) -> Any:
    """Send a GET request and return the answer, an ``http.client.HTTPResponse``, once its headers are here.

    Args:
        url: an address of http or https; a name and a password in it are sent to that server alone.
        headers: further ones.
        silence: seconds without any byte after which it is given up; None: ``WINDOW``.

    Raises:
        urllib.error.HTTPError: the server refuses; to be closed by the caller.
        TooSlowError: it does not answer in time.
        RefusedRedirectError: it leads to where nothing is taken from.
        OSError: it cannot be reached.
        http.client.HTTPException: it does not speak HTTP.
        ValueError: this is no address.
    """
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    plain = quote(parts._replace(netloc=host, fragment="").geturl(), safe="%/:=&?~#+!$,;'@()*[]")
    request = urllib.request.Request(plain, headers={"User-Agent": "iqa-bench", "Accept-Encoding": "identity"})
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    if user:
        token = base64.b64encode(unquote(user).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return _opener().open(request, timeout=WINDOW if silence is None else silence)


def pieces(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield what an answer brings, as it comes: a large request would be silent for as long as a slow server likes.

    Raises:
        TooSlowError: it comes too slowly.
        BrokenOffError: the connection failed.
    """
    while True:
        try:
            piece = answer.read1(_PIECE)
        except TooSlowError:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise BrokenOffError(reason(error)) from None
        if not piece:
            return
        yield piece


def read(url: str, budget: Budget) -> tuple[bytes, str]:
    """Read an answer whole.

    Args:
        url: its address.
        budget: what it may cost.

    Returns:
        The bytes, and the address that redirects led to.

    Raises:
        TooMuchError: it costs more.
        BrokenOffError: a part is lacking.
        OSError and others of ``FAILURES``: as of :func:`open_url`.
    """
    with open_url(url) as answer:
        claimed = answer.length or 0
        if claimed > budget.left:
            budget.spend(claimed)
        parts = []
        for piece in pieces(answer):
            budget.spend(len(piece))
            parts.append(piece)
        found = b"".join(parts)
        if len(found) < claimed:
            raise BrokenOffError(f"only {len(found):,} of {claimed:,} bytes came")
        return found, answer.url


def reason(error: BaseException) -> str:
    """Say in a few words why a request failed.

    Example:
        >>> reason(urllib.error.URLError(ConnectionRefusedError(111, "Connection refused")))
        'Connection refused'
    """
    if isinstance(error, urllib.error.HTTPError):
        return one_line(f"HTTP {error.code} {error.reason}")  # servers write it, and urllib in several lines
    cause = getattr(error, "reason", error)
    return one_line(getattr(cause, "strerror", None) or str(cause) or type(error).__name__)


def over_https(url: str) -> str:
    """Return the https address of what is at an http one; empty where there is no telling its port.

    Example:
        >>> over_https("http://example.org/set.zip"), over_https("http://example.org:8080/set.zip")
        ('https://example.org/set.zip', '')
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.port not in _DEFAULT_PORTS:
        return ""
    return parts._replace(scheme="https", netloc=parts.netloc.removesuffix(":80")).geturl()


def why_not(url: str) -> str:
    """Try whether a server has something at an address; say why it has not, or nothing where it has.

    Raises:
        ssl.SSLCertVerificationError: it has a certificate that nobody vouches for.
    """
    try:
        with open_url(url, {"Range": "bytes=0-0"}, _PROBE_SECONDS):
            return ""
    except urllib.error.HTTPError as error:
        with contextlib.closing(error):
            return "" if error.code == 416 else reason(error)
    except FAILURES as error:
        cause = getattr(error, "reason", error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise cause from None
        return reason(error)
