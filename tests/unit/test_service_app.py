"""The application without a server: what it keeps from whom, and what it says when in trouble."""

from __future__ import annotations

import io
import re
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
from tests.trust import drawn_trust
from vidkind.errors import BundleError, ConfigError
from vidkind.service import ServiceOptions, create_app, problems
from vidkind.service.problems import KINDS, MEDIA_TYPE, RequestError


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


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"max_error": 0.0001}, r"max_error is 0.0001, but .* can promise"),
        ({"coverage": 95.0}, "coverage is 95.0; expected a share between 0 and 1"),
        ({"coverage": 0.99999}, r"coverage is 0.99999, but .* carry at most"),
        ({"rate_limit": "foo"}, "rate_limit is 'foo'; expected .*'60 per minute'"),
        ({"rate_limit": ""}, "rate_limit is ''"),
        ({"rate_limit": "0 per minute"}, "rate_limit is '0 per minute'"),
    ],
)
def test_what_cannot_be_kept_is_refused_before_anything_starts(
    tmp_path: Path, changes, match: str
) -> None:
    bundle = tiny_bundle(tmp_path / "tiny", trust=drawn_trust()).path
    with pytest.raises(ConfigError, match=match):
        create_app(ServiceOptions(data=tmp_path / "data", bundle=bundle, **changes))


@pytest.mark.parametrize("name", ["max_error", "coverage"])
def test_a_promise_needs_trust_statistics(tmp_path: Path, name: str) -> None:
    bundle = tiny_bundle(tmp_path / "tiny").path
    with pytest.raises(BundleError, match=f"no trust statistics, which {name} needs"):
        create_app(ServiceOptions(data=tmp_path / "data", bundle=bundle, **{name: 0.5}))


def test_promises_and_rates_that_can_be_kept_are_taken(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "tiny", trust=drawn_trust()).path
    kept = {"max_error": 0.5, "coverage": 0.5, "rate_limit": "5 per second; 60 per minute"}
    app = create_app(ServiceOptions(data=tmp_path / "data", bundle=bundle, **kept))
    assert app.test_client().get("/healthz", base_url="http://localhost").status_code == 200


@pytest.mark.parametrize(
    ("path", "request_options", "kind"),
    [
        ("/nowhere", {"method": "GET"}, "NotFound"),
        ("/api/v1/jobs/" + "0" * 32, {"method": "GET"}, "JobNotFoundError"),
        ("/api/v1/jobs", {"method": "PUT"}, "MethodNotAllowed"),
        ("/api/v1/jobs", {"data": b"x"}, "UnsupportedMediaType"),
        ("/api/v1/jobs", {"data": b"{", "content_type": "application/json"}, "BadRequest"),
        ("/api/v1/jobs", {"json": []}, "BadRequest"),
        ("/api/v1/jobs", {"json": {}}, "InvalidFieldError"),
        ("/api/v1/jobs", {"json": {"url": "https://e.org/a.mp4", "x": 1}}, "InvalidFieldError"),
        (
            "/api/v1/jobs",
            {"json": {"url": "https://e.org/a.mp4", "use_tta": "yes"}},
            "InvalidFieldError",
        ),
        ("/api/v1/jobs", {"json": {"url": "ftp://e.org/a.mp4"}}, "AddressError"),
        ("/api/v1/jobs", {"json": {"library_path": "no.mp4"}}, "VideoNotFoundError"),
        (
            "/api/v1/jobs",
            {"data": rb'{"library_path": "a\udcff.mp4"}', "content_type": "application/json"},
            "VideoNotFoundError",
        ),
        (
            "/api/v1/jobs",
            {"data": rb'{"url": "https://e.org/\udcff.mp4"}', "content_type": "application/json"},
            "AddressError",
        ),
        ("/api/v1/jobs", {"json": {}, "headers": {"Origin": "http://e.org"}}, "Forbidden"),
        ("/api/v1/jobs", {"data": {"file": (io.BytesIO(b""), "a.mp4")}}, "EmptyFileError"),
        ("/api/v1/jobs", {"data": {"file": (io.BytesIO(b"x"), "a.exe")}}, "UnsupportedMediaType"),
        (
            "/api/v1/jobs",
            {"data": {"file": (io.BytesIO(b"x"), "a.mp4"), "effort": "most"}},
            "InvalidFieldError",
        ),
        (
            "/api/v1/jobs",
            {"data": {"file": (io.BytesIO(b"x"), "a.mp4"), "more": "1"}},
            "InvalidFieldError",
        ),
        ("/api/v1/classify", {"json": {}}, "UnsupportedMediaType"),
        (
            "/api/v1/classify",
            {"data": {"file": (io.BytesIO(b"x" * (1 << 21)), "a.mp4")}},
            "RequestEntityTooLarge",
        ),
        (
            "/api/v1/jobs",
            {"data": {"file": (io.BytesIO(b"x" * (3 << 20)), "a.mp4")}},
            "RequestEntityTooLarge",
        ),
        ("/api/classify", {"data": {"other": "1"}}, "InvalidFieldError"),
    ],
)
def test_each_refusal_has_a_name_of_its_own(
    tmp_path: Path, path: str, request_options, kind: str
) -> None:
    bundle = tiny_bundle(tmp_path / "tiny").path
    small = {"max_upload_mb": 1, "max_sync_mb": 1}
    app = create_app(ServiceOptions(data=tmp_path / "data", bundle=bundle, **small))
    asked = {"method": "POST", "base_url": "http://localhost", **request_options}
    answer = app.test_client().open(path, **asked)
    assert answer.json["type"] == f"urn:vidkind:{kind}"
    assert answer.status_code == answer.json["status"] == KINDS[kind]


def test_keys_rates_and_a_full_queue_have_names_of_their_own(tmp_path: Path) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text("a-key-of-twenty-characters\n")
    bundle = tiny_bundle(tmp_path / "tiny").path
    limits = {"api_keys": keys, "rate_limit": "2 per minute", "max_queue": 1}
    client = create_app(
        ServiceOptions(data=tmp_path / "data", bundle=bundle, **limits)
    ).test_client()

    def kind(**headers: str) -> str:
        body = {"url": "https://example.org/a.mp4"}
        answer = client.post(
            "/api/v1/jobs", json=body, base_url="http://localhost", headers=headers
        )
        return answer.json.get("type", answer.json.get("state"))

    key = {"Authorization": "Bearer a-key-of-twenty-characters"}
    assert kind() == "urn:vidkind:Unauthorized"
    assert [kind(**key) for _ in range(3)] == [
        "queued",
        "urn:vidkind:QueueFullError",
        "urn:vidkind:RateLimitExceeded",
    ]


def test_a_refusal_of_an_unknown_kind_cannot_be_written() -> None:
    with pytest.raises(KeyError):
        RequestError("NoSuchKind", "x")


def test_the_names_of_errors_are_described(app: Flask) -> None:
    """In the OpenAPI document and in docs/service.md, all of them and no others."""
    schemas = app.test_client().get("/api/v1/openapi.json", base_url="http://localhost").json
    described = schemas["components"]["schemas"]["Problem"]["properties"]["type"]["examples"]
    assert described == [f"urn:vidkind:{kind}" for kind in KINDS]
    page = (Path(__file__).parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d{3}) \| (.+?) \|", page, re.MULTILINE)
    documented = {
        name: int(status) for status, names in rows for name in re.findall("`(.+?)`", names)
    }
    assert documented == KINDS


def test_every_raised_kind_is_known() -> None:
    source = Path(problems.__file__).parent
    raised = {
        kind
        for file in source.glob("*.py")
        for kind in re.findall(r'RequestError\(\s*"(\w+)"', file.read_text(encoding="utf-8"))
    }
    assert raised
    assert raised <= set(KINDS)
