"""The application without a server: what it keeps from whom, and what it says when in trouble."""

from __future__ import annotations

import io
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from flask import Flask

from tests.clips import render
from tests.tiny import tiny_bundle
from vidkind.service import ServiceOptions, create_app, problems
from vidkind.service.problems import MEDIA_TYPE


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    bundle = tiny_bundle(tmp_path / "tiny").path
    return create_app(ServiceOptions(data=tmp_path / "data", bundle=bundle, max_sync_seconds=20))


def post(app: Flask, path: str, clip: Path):
    form = {"file": (io.BytesIO(clip.read_bytes()), clip.name)}
    return app.test_client().post(path, data=form, base_url="http://localhost")


@pytest.mark.skipif(sys.platform == "win32", reason="rights of POSIX")
def test_uploads_and_jobs_are_nobody_elses_to_read(app: Flask) -> None:
    options = app.extensions["vidkind"].options
    for folder in (options.data, options.uploads):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("path", ["/api/v1/classify", "/api/classify_external"])
def test_who_waits_leaves_threads_for_others(app: Flask, tmp_path: Path, path: str) -> None:
    """Where too many wait already, the answer is the job, at once."""
    held = app.extensions["vidkind"].held
    while held.acquire(blocking=False):
        pass
    begun = time.monotonic()
    answer = post(app, path, render(tmp_path / "clip.mp4", 3))
    assert answer.status_code == 202
    assert answer.json["state"] == "queued"
    assert time.monotonic() - begun < 10
    stream = app.test_client().get(answer.json["links"]["events"], base_url="http://localhost")
    assert stream.status_code == 503
    assert stream.headers["Retry-After"]


def test_a_place_that_was_waited_in_is_given_back(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "tiny").path
    options = ServiceOptions(data=tmp_path / "data", bundle=bundle, max_sync_seconds=1, threads=4)
    app, clip = create_app(options), render(tmp_path / "clip.mp4", 3)
    for _ in range(5):  # of three places
        begun = time.monotonic()
        assert post(app, "/api/v1/classify", clip).status_code == 202
        assert time.monotonic() - begun > 0.9


def test_the_server_loads_nothing_that_answers() -> None:
    code = "import sys, vidkind.service.server as _; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"onnxruntime", "PIL", "vidkind.inference"} & set(run.stdout.split())


def test_a_database_in_trouble_is_said_and_not_shown(app: Flask) -> None:
    options = app.extensions["vidkind"].options
    with sqlite3.connect(options.data / "jobs.db") as connection:
        connection.execute("DROP TABLE jobs")
    connection.close()
    answer = app.test_client().get("/api/v1/jobs/" + "0" * 32, base_url="http://localhost")
    assert answer.status_code == 503
    assert answer.content_type == MEDIA_TYPE
    assert answer.headers["Retry-After"]
    assert "table" not in answer.text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_said(tmp_path: Path) -> None:
    app = Flask(__name__)
    problems.register(app)

    @app.get("/")
    def write() -> str:
        with Path("/dev/full").open("wb") as full:
            full.write(b"x" * 100_000)
        return "written"

    answer = app.test_client().get("/")
    assert answer.status_code == 503
    assert answer.json["detail"].startswith("there is no room")
    assert int(answer.headers["Retry-After"]) > 0
