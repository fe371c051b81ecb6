from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from served_file import CONTENT, SHA256, download_of, served_file
from serving import Server, make_certificate, serving

from bench.api import Download
from bench.errors import BenchError, MissingRequirementError, UsageError
from bench.io import download as fetching
from bench.io import web


@pytest.fixture
def server() -> Iterator[tuple[Server, str]]:
    with served_file() as served:
        yield served


@pytest.fixture
def download(server: tuple[Server, str], tmp_path: Path) -> Download:
    return download_of(server[1], tmp_path)


def left(download: Download) -> set[str]:
    return {path.name for path in download.path.parent.iterdir()} - {"w.pt.lock"}


def test_a_file_arrives_whole(server: tuple[Server, str], download: Download) -> None:
    fetching.fetch(download)
    assert download.path.read_bytes() == CONTENT
    assert left(download) == {"w.pt"}
    assert fetching.is_whole(download)
    fetching.fetch(download)
    assert server[0].asked == [None], "what is here is not asked for again"


@pytest.mark.parametrize("sha256", [SHA256, ""])
def test_a_cut_connection_goes_on_where_it_ended(server: tuple[Server, str], download: Download, sha256: str) -> None:
    server[0].cut, server[0].cuts = 300_000, 2
    fetching.fetch(replace(download, sha256=sha256))
    assert download.path.read_bytes() == CONTENT
    assert server[0].asked == [None, "bytes=300000-", "bytes=600000-"]


def test_a_later_call_goes_on_too(server: tuple[Server, str], download: Download) -> None:
    server[0].cut, server[0].cuts = 1000, fetching._ATTEMPTS
    with pytest.raises(BenchError, match=r"failed 5 times; 5,000 bytes are kept in .*w\.pt\.part"):
        fetching.fetch(download)
    assert not download.path.exists()
    fetching.fetch(download)
    assert server[0].asked[-1] == "bytes=5000-"
    assert download.path.read_bytes() == CONTENT


@pytest.mark.parametrize("sha256", [SHA256, ""])
def test_a_server_without_ranges_begins_again(server: tuple[Server, str], download: Download, sha256: str) -> None:
    server[0].ranges, server[0].cut, server[0].cuts = False, 300_000, 1
    fetching.fetch(replace(download, sha256=sha256))
    assert download.path.read_bytes() == CONTENT
    assert len(server[0].asked) == 2


def test_halves_of_two_files_are_not_joined(server: tuple[Server, str], download: Download) -> None:
    server[0].cut, server[0].cuts = 1000, fetching._ATTEMPTS
    unhashed = replace(download, sha256="")
    with pytest.raises(BenchError, match="failed 5 times"):
        fetching.fetch(unhashed)
    server[0].content, server[0].etag = CONTENT[::-1], '"2"'
    fetching.fetch(unhashed)
    assert download.path.read_bytes() == CONTENT[::-1]


def test_without_hash_and_version_nothing_is_joined(server: tuple[Server, str], download: Download) -> None:
    server[0].etag, server[0].cut, server[0].cuts = "", 1000, 1
    fetching.fetch(replace(download, sha256=""))
    assert server[0].asked == [None, None]
    assert download.path.read_bytes() == CONTENT


def test_a_wrong_hash_leaves_nothing(server: tuple[Server, str], download: Download) -> None:
    server[0].content = CONTENT[:-1] + b"x"
    with pytest.raises(BenchError, match=f"begins [0-9a-f]{{12}} and should begin {SHA256[:12]}; it was deleted"):
        fetching.fetch(download)
    assert left(download) == set()


def test_where_only_an_md5_is_published_it_is_checked(server: tuple[Server, str], download: Download) -> None:
    md5 = hashlib.md5(CONTENT).hexdigest()
    by_md5 = replace(download, sha256="", md5=md5)
    assert "checked by its MD5" in fetching.describe_download(by_md5)
    server[0].content = CONTENT[::-1]
    with pytest.raises(BenchError, match=f"the MD5 begins [0-9a-f]{{12}} and should begin {md5[:12]}; it was deleted"):
        fetching.fetch(by_md5)
    assert left(download) == set()
    server[0].content = CONTENT
    fetching.fetch(by_md5)
    assert fetching.is_whole(by_md5)


@pytest.mark.parametrize(("kept", "asked"), [(CONTENT, 1), (CONTENT + b"more", 2)])
def test_a_part_that_is_all_or_too_much(
    server: tuple[Server, str], download: Download, kept: bytes, asked: int
) -> None:
    download.path.parent.mkdir()
    download.path.with_name("w.pt.part").write_bytes(kept)
    fetching.fetch(download)
    assert download.path.read_bytes() == CONTENT
    assert len(server[0].asked) == asked


def test_a_file_without_a_stated_length(server: tuple[Server, str], download: Download) -> None:
    server[0].length = False
    fetching.fetch(download)
    assert download.path.read_bytes() == CONTENT


def test_another_part_than_asked_for_is_refused(server: tuple[Server, str], download: Download) -> None:
    server[0].cut, server[0].cuts, server[0].shift = 1000, 1, 7
    with pytest.raises(MissingRequirementError, match="asked to go on at byte 1000, the server sent another part"):
        fetching.fetch(download)


def test_an_endless_file_is_given_up(server: tuple[Server, str], download: Download) -> None:
    with pytest.raises(BenchError, match="w: the server sends more than 1,000 bytes, too many for this file"):
        fetching.fetch(download, most=1000)


@pytest.mark.parametrize("length", [True, False])
def test_what_is_too_large_by_its_own_word_is_not_begun(
    server: tuple[Server, str], download: Download, length: bool
) -> None:
    server[0].length = length
    with pytest.raises(BenchError, match="w: the server sends more than 1,000,000 bytes"):
        fetching.fetch(download, most=1_000_000)
    assert left(download) == (set() if length else {"w.pt.part", "w.pt.part.etag"})


PAGE = b"\n<!DOCTYPE html><html><body>Please log in.</body></html>"


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("set.zip", PAGE, r"a web page \(to log in, to accept terms, or an error\)"),
        ("set.tgz", PAGE, "a web page"),
        ("labels.csv", PAGE, "a web page"),
        ("labels.mat", PAGE, "a web page"),
        ("set.zip", b"image,score\n" * 500, "no zip archive"),
        ("set.tar", b"image,score\n" * 500, "no tar archive"),
        ("set.tar.gz", b"PK\x03\x04" + bytes(5000), "no tar archive"),
    ],
)
def test_another_kind_of_file_is_refused_by_its_first_bytes(
    server: tuple[Server, str], download: Download, name: str, content: bytes, what: str
) -> None:
    server[0].content, server[0].endless, server[0].length = content, True, False
    path = download.path.with_name(name)
    with pytest.raises(
        MissingRequirementError,
        match=rf"^w: http.* sent {what}.* in place of the file: download it in a browser and copy it to {path}$",
    ):
        fetching.fetch(replace(download, path=path, sha256=""))
    assert server[0].sent < 10**8, "it was refused before the rest was here"
    assert {each.name for each in path.parent.iterdir()} <= {f"{name}.lock"}


def test_a_short_file_of_another_kind_is_refused_too(server: tuple[Server, str], download: Download) -> None:
    server[0].content = PAGE
    path = download.path.with_name("set.zip")
    path.parent.mkdir()
    path.with_name("set.zip.part").write_bytes(PAGE[:10])
    with pytest.raises(MissingRequirementError, match="sent a web page"):
        fetching.fetch(replace(download, path=path))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "WINDOW", 0.5)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("begun", [0, 5000])
def test_a_slow_server_is_given_up(server: tuple[Server, str], download: Download, begun: int) -> None:
    server[0].drip = 0
    download.path.parent.mkdir()
    download.path.with_name("w.pt.part").write_bytes(CONTENT[:begun])
    with pytest.raises(
        BenchError,
        match=r"^w: http.* is too slow, as the server sent \d+ bytes in 1 s \(the least is 1,000 bytes a second\); "
        r"([\d,]+ bytes are kept in .*w\.pt\.part|nothing of it is kept yet): run the same command again( to resume)?$",
    ):
        fetching.fetch(download)
    assert len(server[0].asked) == 1
    server[0].drip = None
    fetching.fetch(download)
    assert download.path.read_bytes() == CONTENT


@pytest.mark.usefixtures("impatient")
def test_slow_headers_are_given_up(server: tuple[Server, str], download: Download) -> None:
    server[0].drip_headers = True
    with pytest.raises(BenchError, match=r"w: .* is too slow"):
        fetching.fetch(download)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_was_fast_before_is_asked_again(server: tuple[Server, str], download: Download) -> None:
    server[0].drip = 600_000
    fetching.fetch(download)
    assert download.path.read_bytes() == CONTENT
    assert server[0].asked[0] is None
    assert len(server[0].asked) == 2


def test_a_download_that_takes_a_day_ends(
    server: tuple[Server, str], download: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_MOST_SECONDS", -1.0)
    with pytest.raises(BenchError, match=r"hours have passed; [\d,]+ bytes are kept in .* to resume"):
        fetching.fetch(download)


def test_a_full_disk_is_no_failed_connection(
    server: tuple[Server, str], download: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*rest: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetching, "_remember_version", full)
    with pytest.raises(OSError, match="No space left"):
        fetching.fetch(download)


def test_a_redirect_that_leads_to_itself_is_told(server: tuple[Server, str], download: Download) -> None:
    server[0].redirect = download.url
    with pytest.raises(MissingRequirementError, match=r"cannot be downloaded \(HTTP 30\d"):
        fetching.fetch(download)


def test_an_endless_redirect_is_not_read(server: tuple[Server, str], download: Download) -> None:
    leading = Server()
    leading.redirect, leading.endless = server[1], True
    with serving(leading) as address:
        fetching.fetch(replace(download, url=f"{address}/w.pt"))
    assert download.path.read_bytes() == CONTENT
    assert leading.sent < 10**8


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, str]]:
    """A server with a certificate that this process trusts, and its address."""
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    web._opener.cache_clear()
    faults = Server(CONTENT)
    with serving(faults, certificate) as address:
        yield faults, address
    web._opener.cache_clear()


def over(address: str) -> Callable[[str], str]:
    """Return what stands in for the https address of an http one."""
    return lambda _: f"{address}/dir/w.pt"


def test_https_is_taken_where_it_answers(
    server: tuple[Server, str],
    secure: tuple[Server, str],
    download: Download,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(web, "over_https", over(secure[1]))
    fetching.fetch(replace(download, sha256=""))
    assert download.path.read_bytes() == CONTENT
    assert server[0].asked == []
    assert "plain http" not in capsys.readouterr().err


@pytest.mark.parametrize("fault", ["closed", "not found", "leads back"])
@pytest.mark.parametrize("sha256", [SHA256, ""])
def test_plain_http_is_said(
    server: tuple[Server, str],
    secure: tuple[Server, str],
    download: Download,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: str,
    sha256: str,
) -> None:
    secure[0].status = 404 if fault == "not found" else 200
    secure[0].redirect = server[1] if fault == "leads back" else ""
    monkeypatch.setattr(web, "over_https", over("https://127.0.0.1:9" if fault == "closed" else secure[1]))
    fetching.fetch(replace(download, sha256=sha256))
    assert download.path.read_bytes() == CONTENT
    said = capsys.readouterr().err
    why = {"closed": "Connection refused", "not found": "HTTP 404 Not Found", "leads back": "the server leads from"}
    assert f"note: w: 127.0.0.1 does not send it over https ({why[fault]}" in said
    how = "its hash is checked" if sha256 else "where others could change it on its way"
    assert f"so it comes over plain http, {how}\n" in said


def test_a_certificate_that_nobody_vouches_for(
    server: tuple[Server, str],
    tmp_path: Path,
    download: Download,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(Server(CONTENT), make_certificate(tmp_path)) as address:
        monkeypatch.setattr(web, "over_https", over(address))
        with pytest.raises(
            MissingRequirementError, match=r"over https, but its certificate is not valid.*no hash is published"
        ):
            fetching.fetch(replace(download, sha256=""))
        assert server[0].asked == []
        fetching.fetch(download)
    assert download.path.read_bytes() == CONTENT
    assert "its certificate is not valid: self" in capsys.readouterr().err


def test_https_does_not_lead_to_http(
    server: tuple[Server, str], secure: tuple[Server, str], download: Download
) -> None:
    secure[0].redirect = server[1]
    with pytest.raises(MissingRequirementError, match=r"\(the server leads from https to http://.* is not followed\)"):
        fetching.fetch(replace(download, url=f"{secure[1]}/w.pt"))
    assert server[0].asked == []


@pytest.mark.parametrize("where", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_a_redirect_stays_on_http(server: tuple[Server, str], download: Download, where: str) -> None:
    server[0].redirect = where
    with pytest.raises(MissingRequirementError, match="cannot be downloaded"):
        fetching.fetch(download)


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_server_that_refuses_is_one_sentence(server: tuple[Server, str], download: Download, status: int) -> None:
    server[0].status = status
    pattern = rf"^w: {re.escape(download.url)} cannot be downloaded \(HTTP {status} .*copy it to .*w\.pt$"
    with pytest.raises(MissingRequirementError, match=pattern):
        fetching.fetch(download)


def test_no_network_is_one_sentence(download: Download) -> None:
    with pytest.raises(
        MissingRequirementError, match=r"cannot be downloaded \(.*refused\); download it on another machine"
    ):
        fetching.fetch(replace(download, url="http://127.0.0.1:9/w.pt"))


def test_a_wrong_file_in_place_is_not_taken(download: Download) -> None:
    download.path.parent.mkdir()
    download.path.write_bytes(b"other")
    with pytest.raises(
        UsageError, match=r"exists but is not w: the SHA-256 begins .*; delete it and run the command again"
    ):
        fetching.is_whole(download)
