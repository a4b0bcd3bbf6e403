"""A running service for tests: the real command in a process of its own, on loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

_COMMAND = [sys.executable, "-c", "from vidkind.cli import main; main()"]
_BOUNDARY = "----vidkind-test"


@dataclass
class Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Running:
    """A started ``vidkind serve``, and ways to talk to it."""

    url: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    data: Path
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            self.url + path, data=body, method=method, headers={**self.headers, **named}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post_json(self, path: str, content: object, **headers: str) -> Answer:
        body = json.dumps(content).encode()
        return self.ask("POST", path, body, Content_Type="application/json", **headers)

    def post_file(
        self, path: str, file: Path | bytes, name: str | None = None, **fields: str
    ) -> Answer:
        content = file if isinstance(file, bytes) else file.read_bytes()
        name = name or (file.name if isinstance(file, Path) else "clip.mp4")
        body, kind = form(content, name, fields)
        return self.ask("POST", path, body, Content_Type=kind)

    def wait(self, job_id: str, seconds: float = 120, *, pause: float = 0.1) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            job = self.get(f"/api/v1/jobs/{job_id}").json
            if job["state"] in ("done", "failed"):
                return job
            time.sleep(pause)
        raise AssertionError(f"job {job_id} did not end: {job}\n{self.log.read_text()}")

    def workers(self) -> list[int]:
        """Process ids of the worker processes."""
        listing = Path("/proc") / str(self.process.pid) / "task"
        children = [
            int(pid)
            for task in listing.iterdir()
            for pid in (task / "children").read_text().split()
        ]
        return [pid for pid in children if b"-m\0vidkind.service\0" in _command_line(pid)]


def form(content: bytes, name: str, fields: dict[str, str]) -> tuple[bytes, str]:
    """A multipart form with one file, and its content type."""
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    escaped = name.replace("\\", "\\\\").replace('"', "%22")
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{escaped}"'
    parts += [head.encode(), b"\r\nContent-Type: video/mp4\r\n\r\n", content]
    parts.append(f"\r\n--{_BOUNDARY}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={_BOUNDARY}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def launch(data: Path, *options: str, port: int | None = None) -> Running:
    """Starts a server and waits until it answers and has a worker."""
    port = port or free_port()
    data.mkdir(parents=True, exist_ok=True)
    log = data / f"serve-{time.time_ns()}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_COMMAND, "serve", "--port", str(port), "--data", str(data), *options],
            stdout=output,
            stderr=output,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    running = Running(f"http://127.0.0.1:{port}", port, process, log, data)
    # Two seconds on a free machine; tests run on busy ones.
    end = time.monotonic() + 180
    while time.monotonic() < end:
        try:
            if running.get("/readyz").status == 200 or "--workers=0" in options:
                return running
        except OSError:
            assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    stop(running)
    raise AssertionError(f"the service did not start:\n{log.read_text()}")


def stop(running: Running) -> int:
    """Stops a server as a service manager would; its exit code."""
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGTERM)
    try:
        return running.process.wait(60)
    finally:
        running.process.kill()


@contextmanager
def service(data: Path, *options: str) -> Iterator[Running]:
    running = launch(data, *options)
    try:
        yield running
    finally:
        stop(running)


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""
