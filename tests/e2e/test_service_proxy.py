"""Behind nginx, with the configuration that is shipped: TLS, uploads, events, who asks."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clips import render
from tests.service import Running, form, free_port, service
from tests.tiny import tiny_bundle

pytestmark = pytest.mark.slow
NAME = "kinds.example.org"
SHIPPED = Path(__file__).parents[2] / "deploy" / "nginx.conf"
UPLOAD_MB = 4
REPLIES = (200, 202)


@dataclass
class Proxy:
    """A running nginx, and how a browser would talk to it."""

    port: int
    running: Running

    def open(self, source: str = "127.0.0.1") -> http.client.HTTPSConnection:
        context = ssl._create_unverified_context()
        return http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=60, context=context, source_address=(source, 0)
        )

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        source: str = "127.0.0.1",
        **headers: str,
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = self.open(source)
        named = {"Host": f"{NAME}:{self.port}"}
        named.update({name.replace("_", "-"): value for name, value in headers.items()})
        connection.request(method, path, body, named)
        response = connection.getresponse()
        answer = response.status, response.headers, response.read()
        connection.close()
        return answer

    def upload(self, content: bytes, name: str = "clip.mp4", **headers: str):
        body, kind = form(content, name, {})
        return self.ask("POST", "/api/v1/jobs", body, Content_Type=kind, **headers)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if nginx is None or shutil.which("openssl") is None:
        message = "nginx or openssl is not installed; on Debian: apt install nginx-light openssl"
        if os.environ.get("VIDKIND_REQUIRE_NGINX"):
            pytest.fail(message)
        pytest.skip(message)
    folder = tmp_path_factory.mktemp("proxy")
    bundle = tiny_bundle(folder / "tiny").path
    options = ("--proxies=1", f"--public-hosts={NAME}", "--rate-limit=20 per minute")
    limit = f"--max-upload-mb={UPLOAD_MB}"
    # Below the system's folder for it: nginx's own user must get through.
    with (
        tempfile.TemporaryDirectory(prefix="vidkind-nginx-") as place,
        service(folder / "data", "--bundle", str(bundle), *options, limit) as running,
    ):
        port = free_port()
        file = _configuration(Path(place), port, running.port)
        subprocess.run([nginx, "-t", "-q", "-p", place, "-c", file], check=True)
        process = subprocess.Popen([nginx, "-p", place, "-c", file, "-g", "daemon off;"])
        try:
            started = Proxy(port, running)
            _wait_for(started)
            yield started
        finally:
            process.terminate()
            process.wait(30)


def _configuration(folder: Path, port: int, behind: int) -> Path:
    """The shipped text on free ports, with a certificate of its own and a frame around it."""
    folder.chmod(0o755)
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ["-subj", f"/CN={NAME}", "-days", "1", "-nodes"]
    files = ["-keyout", key, "-out", certificate]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", *subject, *files],
        check=True,
        capture_output=True,
    )
    text = SHIPPED.read_text()
    for old, new in {
        "listen 443": f"listen 127.0.0.1:{port}",
        "127.0.0.1:8000": f"127.0.0.1:{behind}",
        f"/etc/ssl/certs/{NAME}.pem": str(certificate),
        f"/etc/ssl/private/{NAME}.key": str(key),
        "client_max_body_size 513m": f"client_max_body_size {UPLOAD_MB + 1}m",
    }.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    site = folder / "site.conf"
    site.write_text(text)
    frame = folder / "nginx.conf"
    kept = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    frame.write_text(
        f"pid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{kept}include {site};\n}}\n"
    )
    return frame


def _wait_for(proxy: Proxy) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            if proxy.ask("GET", "/readyz")[0] == 200:
                return
        except OSError:
            pass
        assert time.monotonic() < end, "nginx does not answer"
        time.sleep(0.1)


def test_the_page_and_an_answer_come_through(proxy: Proxy, tmp_path: Path) -> None:
    status, headers, page = proxy.ask("GET", "/")
    assert status == 200
    assert b"vidkind" in page
    assert "max-age" in headers["Strict-Transport-Security"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    clip = render(tmp_path / "clip.mp4", 12)
    # As a browser sends it: with the port in its origin.
    origin = {"Origin": f"https://{NAME}:{proxy.port}", "Sec_Fetch_Site": "same-origin"}
    status, headers, body = proxy.upload(clip.read_bytes(), **origin)
    assert status in REPLIES, body
    assert headers["Location"].startswith("/api/v1/jobs/")
    assert proxy.running.wait(json.loads(body)["id"])["state"] == "done"
    other = proxy.upload(clip.read_bytes(), Origin="https://evil.example")
    assert other[0] == 403


def test_the_largest_upload_passes_and_a_larger_one_does_not(proxy: Proxy) -> None:
    largest = b"\0" * (UPLOAD_MB << 20)
    status, _, body = proxy.upload(largest)
    assert status in REPLIES, body
    status, headers, body = proxy.upload(largest + b"\0" * (1 << 20))
    assert status == 413
    assert headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["status"] == 413


def test_events_come_as_they_happen(proxy: Proxy, tmp_path: Path) -> None:
    """Nothing on the way gathers them: several arrive, one after another, before the end."""
    clips = [render(tmp_path / f"{i}.mp4", 150 + i) for i in range(10)]
    sent = [proxy.upload(clip.read_bytes(), source="127.0.0.9") for clip in clips]
    ids = [json.loads(body)["id"] for _, _, body in sent]
    connection = proxy.open()
    connection.request("GET", f"/api/v1/jobs/{ids[-1]}/events", headers={"Host": NAME})
    response = connection.getresponse()
    assert response.status == 200
    times = []
    while line := response.readline():
        if line.startswith(b"event:"):
            times.append(time.monotonic())
    connection.close()
    assert len(times) >= 3
    assert times[-1] - times[0] > 0.25, "they all came at the end"


def test_who_asks_is_who_reached_the_proxy(proxy: Proxy) -> None:
    """Limits count by the address that nginx saw; a header of the client changes nothing."""

    def post(source: str, number: int) -> int:
        forged = {"X_Forwarded_For": f"198.51.100.{number}", "Content_Type": "application/json"}
        return proxy.ask("POST", "/api/v1/jobs", b"{}", source, **forged)[0]

    assert [post("127.0.0.2", number) for number in range(22)].count(429) == 2
    assert post("127.0.0.3", 1) == 400


def test_other_names_are_refused(proxy: Proxy) -> None:
    assert proxy.ask("GET", "/api/v1/categories", Host="evil.example")[0] == 400
    assert proxy.ask("GET", "/api/v1/categories", X_Forwarded_Host="evil.example")[0] == 200
    assert proxy.running.get("/readyz").status == 200, "its own machine may ask without a proxy"
