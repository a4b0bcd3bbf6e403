"""Videos of pages: found by yt-dlp, in a child whose connections are checked."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clips import render
from vidkind.errors import DownloadError
from vidkind.service import ServiceOptions
from vidkind.service.fetch import download
from vidkind.service.sandbox import ChildError

pytest.importorskip("yt_dlp")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """A page with a video, and one whose video lies on an address that may not be fetched."""
    root = tmp_path / "site"
    root.mkdir()
    render(root / "clip.mp4", 10)
    (root / "empty.html").write_text("<html><body>nothing</body></html>")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments, **named) -> None:
            super().__init__(*arguments, directory=str(root), **named)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = '<html><title>A clip</title><video src="http://{}:{}/clip.mp4"></video></html>'
    for name, host in (("page", "127.0.0.1"), ("inside", "127.0.0.2")):
        (root / f"{name}.html").write_text(page.format(host, server.server_port))
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def fetch(url: str, tmp_path: Path, **changes: object) -> Path:
    options = ServiceOptions(
        data=tmp_path, fetch_allow=("127.0.0.1/32",), **{"page_urls": True, **changes}
    )
    target = tmp_path / "got"
    download(url, target, options, lambda _share: None)
    return target


def test_the_video_of_a_page_is_fetched(site: str, tmp_path: Path) -> None:
    got = fetch(f"{site}/page.html", tmp_path)
    assert got.read_bytes() == (tmp_path / "site" / "clip.mp4").read_bytes()


def test_pages_are_refused_unless_allowed(site: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="a page, not a video"):
        fetch(f"{site}/page.html", tmp_path, page_urls=False)


def test_a_page_cannot_lead_inside(site: str, tmp_path: Path) -> None:
    with pytest.raises(ChildError, match="public network") as caught:
        fetch(f"{site}/inside.html", tmp_path)
    assert caught.value.type == "AddressError"


def test_a_page_without_a_video_is_said_to_be_one(site: str, tmp_path: Path) -> None:
    with pytest.raises(ChildError, match="no video was found"):
        fetch(f"{site}/empty.html", tmp_path)


def test_the_watch_cannot_be_passed_by_name_or_program() -> None:
    code = (
        "import sys, socket, subprocess\n"
        "from vidkind.service.fetch_page import _watch\n"
        "refused = []\n"
        "sys.addaudithook(lambda e, a: _watch(e, a, (), refused))\n"
        "for act in (lambda: socket.create_connection(('localhost', 9)),\n"
        "            lambda: socket.socket().connect(('localhost', 9)),\n"
        "            lambda: subprocess.run(['true']), lambda: __import__('os').system('true')):\n"
        "    try: act()\n"
        "    except PermissionError: continue\n"
        "    sys.exit('it passed')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
