"""Downloads: what may be fetched, from real servers on loopback."""

from __future__ import annotations

import http.server
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidkind.errors import AddressError, DownloadError, VideoLimitError
from vidkind.service import ServiceOptions
from vidkind.service.addresses import check_address, is_public, resolve
from vidkind.service.fetch import check_url, download

LOOPBACK = ("127.0.0.0/8",)


class Handler(http.server.BaseHTTPRequestHandler):
    """Each path misbehaves in its own way."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        Handler.asked.append(self.path)
        getattr(self, "give_" + self.path.strip("/").partition(".")[0])()

    def _send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def give_clip(self) -> None:
        self._send(200, b"v" * 5000, Content_Type="video/mp4")

    def give_page(self) -> None:
        self._send(200, b"<html>", Content_Type="text/html; charset=utf-8")

    def give_missing(self) -> None:
        self._send(404)

    def give_hop(self) -> None:
        self._send(302, Location="/clip.mp4")

    def give_loop(self) -> None:
        self._send(302, Location="/loop")

    def give_inside(self) -> None:
        self._send(302, Location="http://169.254.169.254/latest/meta-data/")

    def give_file(self) -> None:
        self._send(302, Location="file:///etc/passwd")

    def give_huge(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(5 << 30))
        self.end_headers()

    def give_endless(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self._until_closed(b"x" * 65536, 0.0)

    def give_drip(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self._until_closed(b"x", 0.2)

    def give_slowhead(self) -> None:
        self._until_closed(b"H", 0.2)

    def give_short(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5000")
        self.end_headers()
        self.wfile.write(b"v" * 100)
        self.close_connection = True

    def _until_closed(self, piece: bytes, pause: float) -> None:
        self.close_connection = True
        end = time.monotonic() + 15
        try:
            while time.monotonic() < end:
                self.wfile.write(piece)
                time.sleep(pause)
        except OSError:
            pass

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def listening(host: str = "127.0.0.1") -> Iterator[int]:
    server = http.server.ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def port() -> Iterator[int]:
    with listening() as number:
        yield number


def fetch(url: str, tmp_path: Path, *, allow: tuple[str, ...] = LOOPBACK, **changes: int) -> bytes:
    options = ServiceOptions(
        data=tmp_path, fetch_allow=allow, **{"max_upload_mb": 1, "fetch_seconds": 5, **changes}
    )
    target = tmp_path / "got"
    download(url, target, options, lambda _share: None)
    return target.read_bytes()


def test_a_file_is_fetched_over_redirects(port: int, tmp_path: Path) -> None:
    assert fetch(f"http://127.0.0.1:{port}/hop#part", tmp_path) == b"v" * 5000


def test_progress_is_told(port: int, tmp_path: Path) -> None:
    told: list[float | None] = []
    options = ServiceOptions(data=tmp_path, fetch_allow=LOOPBACK)
    download(f"http://127.0.0.1:{port}/clip.mp4", tmp_path / "got", options, told.append)
    assert told[-1] == 1.0


@pytest.mark.parametrize(
    ("path", "error", "match"),
    [
        ("page", DownloadError, "page"),
        ("missing", DownloadError, "404"),
        ("loop", DownloadError, "redirects more than"),
        ("short", DownloadError, "failed"),
        ("huge", VideoLimitError, "1 MiB"),
        ("endless", VideoLimitError, "1 MiB"),
        ("file", AddressError, "http or https"),
        ("inside", AddressError, "public"),
    ],
)
def test_bad_answers_have_typed_errors(port, tmp_path, path: str, error, match: str) -> None:
    with pytest.raises(error, match=match):
        fetch(f"http://127.0.0.1:{port}/{path}", tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_a_failed_download(port: int, tmp_path: Path) -> None:
    options = ServiceOptions(data=tmp_path, fetch_allow=LOOPBACK)
    with pytest.raises(DownloadError, match="No space left"):
        url = f"http://127.0.0.1:{port}/clip.mp4"
        download(url, Path("/dev/full"), options, lambda _share: None)


@pytest.mark.parametrize("path", ["drip", "slowhead"])
def test_a_server_that_drips_is_left_at_the_deadline(port: int, tmp_path: Path, path: str) -> None:
    begun = time.monotonic()
    with pytest.raises(DownloadError, match="within 1 s"):
        fetch(f"http://127.0.0.1:{port}/{path}", tmp_path, fetch_seconds=1)
    assert time.monotonic() - begun < 4


def test_nothing_listens(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        number = taken.getsockname()[1]
    with pytest.raises(DownloadError, match="failed"):
        fetch(f"http://127.0.0.1:{number}/clip.mp4", tmp_path)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",  # 127.0.0.1 as one decimal number
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
    ],
)
def test_loopback_is_not_fetched_however_it_is_written(port: int, tmp_path, host: str) -> None:
    Handler.asked.clear()
    # Some systems know a form, and it is refused; others do not, and it is not found.
    with pytest.raises((AddressError, DownloadError), match=r"public|not known"):
        fetch(f"http://{host}:{port}/clip.mp4", tmp_path, allow=())
    assert Handler.asked == [], "no request may have left"


def test_a_name_is_resolved_once_and_that_address_is_used(port, tmp_path, monkeypatch) -> None:
    """DNS rebinding: the second answer, an inner address, is never asked for."""
    answers = iter(["127.0.0.1", "169.254.169.254"])
    asked = []
    original = socket.getaddrinfo

    def rebinding(host, *arguments, **named):
        if host != "rebind.test":
            return original(host, *arguments, **named)
        asked.append(host)
        return original(next(answers), *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    assert fetch(f"http://rebind.test:{port}/clip.mp4", tmp_path) == b"v" * 5000
    assert len(asked) == 1
    with pytest.raises(AddressError):
        fetch(f"http://rebind.test:{port}/clip.mp4", tmp_path)


def test_one_inner_address_among_several_is_enough_to_refuse(monkeypatch) -> None:
    def both(host, port, **_):
        return [(2, 1, 6, "", (a, port)) for a in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(AddressError):
        resolve("mixed.test", 80)


def test_a_redirect_is_checked_anew(tmp_path: Path) -> None:
    """From an allowed address to one that is not: 127.0.0.1 may be fetched, 127.0.0.2 not."""
    with listening("127.0.0.1") as first, listening("127.0.0.2") as second:
        target = f"http://127.0.0.2:{second}/clip.mp4"

        def give_out(handler: Handler) -> None:
            handler._send(302, Location=target)

        Handler.give_out = give_out
        with pytest.raises(AddressError):
            fetch(f"http://127.0.0.1:{first}/out", tmp_path, allow=("127.0.0.1/32",))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/clip.mp4",
        "file:///etc/passwd",
        "gopher://example.org/",
        "//example.org/clip.mp4",
        "clip.mp4",
        "",
        "http://",
        "http://user:word@example.org/clip.mp4",
        "http://example.org:port/",
        "http://[::1/",
        "http://example.org/a b.mp4",
        "http://example.org/\r\nHost: inside",
        "http://example.org/" + "a" * 3000,
    ],
)
def test_addresses_of_other_forms_are_refused(url: str) -> None:
    with pytest.raises(AddressError):
        check_url(url)


def test_the_name_of_a_download_is_the_end_of_its_address() -> None:
    assert check_url("https://example.org/a/my%20clip.mp4?x=1") == "my clip.mp4"
    assert check_url("https://example.org/") == "example.org"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "240.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "fec0::1",
        "2001:db8::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2001:0:1::1",
        "::10.0.0.1",
    ],
)
def test_special_networks_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(AddressError):
        check_address(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"]
)
def test_public_addresses_are_public(address: str) -> None:
    check_address(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_every_ipv6_form(address) -> None:
    number = int(address)
    for form in (0xFFFF << 32 | number, 0x64FF9B << 96 | number):
        assert is_public(ipaddress.IPv6Address(form)) == is_public(address)


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_public(address) -> None:
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        mapped = getattr(address, "ipv4_mapped", None)
        assert not is_public(address) or mapped is not None
