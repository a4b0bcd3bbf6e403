"""The service as a client meets it: a real server and worker, real clips, a tiny bundle."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.clips import render
from tests.service import Running, service
from tests.tiny import tiny_bundle
from vidkind import SingleVideoClassifier


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="module")
def bundle(folder: Path) -> Path:
    return tiny_bundle(folder / "tiny").path


@pytest.fixture(scope="module")
def running(folder: Path, bundle: Path) -> Iterator[Running]:
    library = folder / "library"
    (library / "deep").mkdir(parents=True)
    render(library / "deep" / "Clip ü.mp4", 12)
    with service(
        folder / "data", "--bundle", str(bundle), "--library", str(library), "--max-upload-mb", "4"
    ) as started:
        yield started


def clip(folder: Path, frames: int) -> Path:
    """A clip that no other test sends."""
    path = folder / f"clip{frames}.mp4"
    return path if path.exists() else render(path, frames)


def test_it_is_healthy_and_ready(running: Running) -> None:
    assert running.get("/healthz").json == {"status": "ok"}
    assert running.get("/readyz").json["workers"] >= 1


def test_an_upload_becomes_a_job_and_the_job_an_answer(running: Running, folder, bundle) -> None:
    path = clip(folder, 20)
    posted = running.post_file("/api/v1/jobs", path, use_tta="true")
    assert posted.status == 202
    assert posted.headers["Location"] == posted.json["links"]["self"]
    job = running.wait(posted.json["id"])
    expected = SingleVideoClassifier(bundle).classify_video(path, use_tta=True)
    row = json.loads(json.dumps(expected.to_row()))
    result = job["result"]
    assert {key: result[key] for key in row} == {**row, "path": path.name}
    assert result["member_scores"] == [dict(scores) for scores in expected.member_scores]
    assert result["attention"] == pytest.approx(expected.attention.tolist(), abs=1e-6)
    assert len(result["frame_times"]) == len(result["attention"])
    assert sum(m["attention"] for m in result["moments"]) == pytest.approx(1, abs=1e-4)
    assert all(m["thumbnail"].startswith("data:image/jpeg;base64,/9j/") for m in result["moments"])
    assert result["tta"] is True


def test_the_same_file_is_answered_at_once(running: Running, folder: Path) -> None:
    first = running.wait(running.post_file("/api/v1/jobs", clip(folder, 21)).json["id"])
    again = running.post_file("/api/v1/jobs", clip(folder, 21), "other.mp4")
    assert again.status == 200
    assert again.json["cached"]
    assert again.json["result"] == {**first["result"], "path": "other.mp4"}
    for choice in ({"use_tta": "true"}, {"effort": "full"}):
        other = running.post_file("/api/v1/jobs", clip(folder, 21), **choice)
        assert not other.json["cached"]
        assert running.wait(other.json["id"])["state"] == "done"


def test_a_small_file_is_answered_while_the_caller_waits(running: Running, folder: Path) -> None:
    answer = running.post_file("/api/v1/classify", clip(folder, 22))
    assert answer.status == 200
    assert answer.json["result"]["category"] in running.get("/api/v1/categories").json["categories"]


def test_a_library_video_is_classified(running: Running) -> None:
    assert running.get("/api/v1/library").json == {"videos": ["deep/Clip ü.mp4"]}
    posted = running.post_json("/api/v1/jobs", {"library_path": "deep/Clip ü.mp4"})
    assert running.wait(posted.json["id"])["result"]["path"] == "deep/Clip ü.mp4"


def test_events_tell_every_stage_and_end_with_the_result(running: Running, folder: Path) -> None:
    job_id = running.post_file("/api/v1/jobs", clip(folder, 200)).json["id"]
    stream = running.get(f"/api/v1/jobs/{job_id}/events")
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    events = [block for block in stream.body.decode().split("\n\n") if "event:" in block]
    kinds = [block.split("\n")[0] for block in events]
    assert kinds[-1] == "event: end"
    assert set(kinds[:-1]) <= {"event: progress"}
    jobs = [json.loads(block.split("data: ", 1)[1]) for block in events]
    percents = [job["percent"] for job in jobs]
    assert percents == sorted(percents)
    assert jobs[-1]["result"]["num_frames"] == 16


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_decodes_strangers_files_has_loaded_little_else(running: Running, folder) -> None:
    """Less to take over, and no half second of imports for each video."""
    [worker] = running.workers()
    loaded: set[str] = set()
    for number in range(5):
        running.post_file("/api/v1/jobs", clip(folder, 240 + number))
    end = time.monotonic() + 60
    while not any("libavcodec" in name for name in loaded) and time.monotonic() < end:
        loaded = {name for pid in descendants(worker) for name in libraries(pid)}
    assert any("libavcodec" in name for name in loaded)
    assert not [name for name in loaded if "onnxruntime" in name or "sqlalchemy" in name]


def descendants(pid: int) -> list[int]:
    found = []
    with suppress(OSError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *descendants(child)]
    return found


def libraries(pid: int) -> set[str]:
    try:
        lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    except OSError:
        return set()
    return {line.split()[-1] for line in lines if ".so" in line}


def test_a_deleted_job_is_gone_with_its_upload(running: Running, folder: Path) -> None:
    before = set((running.data / "uploads").iterdir())
    job_id = running.post_file("/api/v1/jobs", clip(folder, 23)).json["id"]
    running.wait(job_id)
    assert len(set((running.data / "uploads").iterdir()) - before) == 1
    assert running.ask("DELETE", f"/api/v1/jobs/{job_id}").status == 204
    assert running.get(f"/api/v1/jobs/{job_id}").status == 404
    assert running.ask("DELETE", f"/api/v1/jobs/{job_id}").status == 404
    assert set((running.data / "uploads").iterdir()) == before


def test_a_file_that_is_no_video_fails_with_its_type(running: Running) -> None:
    job = running.wait(running.post_file("/api/v1/jobs", b"just text", "text.mp4").json["id"])
    assert job["error"]["type"] == "NotAVideoError"
    assert "'text.mp4'" in job["error"]["message"]
    assert str(running.data) not in json.dumps(job)
    waited = running.post_file("/api/v1/classify", b"other text", "text.mp4")
    assert waited.status == 422
    assert waited.json["type"] == "urn:vidkind:NotAVideoError"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ({"url": "https://example.org/x.mp4", "library_path": "x"}, 400),
        ({}, 400),
        ([], 400),
        ({"url": 5}, 400),
        ({"url": "https://example.org/x.mp4", "use_tta": "yes"}, 400),
        ({"url": "https://example.org/x.mp4", "more": 1}, 400),
        ({"url": "https://example.org/x.mp4", "effort": "most"}, 400),
        ({"url": "https://example.org/x.mp4", "effort": 3}, 400),
        ({"url": "ftp://example.org/x.mp4"}, 422),
        ({"library_path": "nothing.mp4"}, 404),
        ({"library_path": "../data/jobs.db"}, 404),
    ],
)
def test_bad_json_is_a_problem(running: Running, content, status: int) -> None:
    answer = running.post_json("/api/v1/jobs", content)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["detail"]


def test_other_bodies_and_methods_are_problems(running: Running) -> None:
    cases = [
        (running.ask("POST", "/api/v1/jobs", b"x", Content_Type="text/plain"), 415),
        (running.ask("POST", "/api/v1/jobs", b"{", Content_Type="application/json"), 400),
        (running.ask("POST", "/api/v1/classify", b"{}", Content_Type="application/json"), 415),
        (running.post_file("/api/v1/jobs", b"x", "clip.exe"), 415),
        (running.post_file("/api/v1/jobs", b"", "clip.mp4"), 422),
        (running.post_file("/api/v1/jobs", b"x", "clip.mp4", use_tta="perhaps"), 400),
        (running.post_file("/api/v1/jobs", b"x", "clip.mp4", effort="most"), 400),
        (running.post_file("/api/v1/jobs", b"x", "clip.mp4", other="1"), 400),
        (running.ask("PUT", "/api/v1/jobs"), 405),
        (running.get("/api/v1/jobs/" + "0" * 32), 404),
        (running.get("/nowhere"), 404),
        (
            running.post_json("/api/v1/jobs", {"url": "http://127.0.0.1/"}, Origin="http://e.org"),
            403,
        ),
        (running.post_json("/api/v1/jobs", {}, Sec_Fetch_Site="cross-site"), 403),
    ]
    for number, (answer, status) in enumerate(cases):
        assert answer.status == status, f"case {number}: {answer.body!r}"
        assert answer.headers["Content-Type"] == "application/problem+json", f"case {number}"


def test_the_published_routes_answer(running: Running, folder: Path) -> None:
    assert running.get("/api/videos").json == {"videos": ["deep/Clip ü.mp4"]}
    form = b"selected_video=deep%2FClip%20%C3%BC.mp4&use_tta=true"
    kind = "application/x-www-form-urlencoded"
    assert running.ask("POST", "/api/classify", form, Content_Type=kind).json["result"]["tta"]
    assert running.ask("POST", "/api/classify", b"", Content_Type=kind).status == 400
    sent = running.post_file("/api/classify_external", clip(folder, 24), use_tta="false")
    assert sent.json["state"] == "done"
    progress = running.get(f"/api/progress/{sent.json['id']}")
    assert "event: end" in progress.body.decode()
    refused = running.post_json("/api/download_url", {"url": "http://127.0.0.1:1/clip.mp4"})
    assert refused.status == 202
    assert running.wait(refused.json["id"])["error"]["type"] == "AddressError"
    assert running.post_json("/api/download_url", {}).status == 400


def test_metrics_count_jobs_and_requests(running: Running, folder: Path) -> None:
    running.wait(running.post_file("/api/v1/jobs", clip(folder, 25)).json["id"])
    text = running.get("/metrics").body.decode()
    assert 'vidkind_jobs{state="queued"} 0.0' in text
    assert "vidkind_workers 1.0" in text
    done = next(line for line in text.splitlines() if line.startswith("vidkind_jobs_done_total"))
    assert float(done.split()[1]) >= 1
    assert 'vidkind_requests_total{method="POST",route="/api/v1/jobs",status="202"}' in text


def test_every_answer_carries_the_security_headers(running: Running) -> None:
    for path in ("/", "/api/v1/categories", "/static/app.js", "/nowhere"):
        headers = running.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
    assert "Server" not in running.get("/").headers


def test_the_page_loads_nothing_from_elsewhere(running: Running) -> None:
    for path in ("/", "/static/app.js", "/static/api.js", "/static/result.js", "/static/style.css"):
        text = running.get(path).body.decode()
        assert "//cdn" not in text
        assert "<script>" not in text
        assert 'src="http' not in text


def test_another_name_for_this_machine_is_refused(running: Running) -> None:
    """A page elsewhere may let its own name resolve to 127.0.0.1."""
    assert running.get("/api/v1/library", Host="evil.example").status == 400


def test_a_stop_ends_running_jobs_and_loses_none(folder: Path, bundle: Path) -> None:
    from tests.service import launch, stop

    first = launch(folder / "stopped", "--bundle", str(bundle))
    ids = [first.post_file("/api/v1/jobs", clip(folder, 30 + i)).json["id"] for i in range(6)]
    assert stop(first) == 0, first.log.read_text()
    with service(folder / "stopped", "--bundle", str(bundle)) as second:
        assert [second.wait(i)["state"] for i in ids] == ["done"] * 6
        assert "vidkind_jobs_done_total 6.0" in second.get("/metrics").body.decode()


def test_a_full_queue_says_when_to_come_back(folder: Path, bundle: Path) -> None:
    options = ("--bundle", str(bundle), "--workers=0", "--max-queue=2")
    with service(folder / "full", *options) as running:
        for number in range(2):
            assert running.post_file("/api/v1/jobs", clip(folder, 40 + number)).status == 202
        refused = running.post_file("/api/v1/jobs", clip(folder, 42))
        assert refused.status == 503
        assert 1 <= int(refused.headers["Retry-After"]) <= 30
        assert running.get("/readyz").status == 503, "it has no worker"


def test_keys_and_rates_are_kept(folder: Path, bundle: Path) -> None:
    keys = folder / "keys.txt"
    keys.write_text("a-key-of-twenty-characters\n")
    options = ("--bundle", str(bundle), "--api-keys", str(keys), "--rate-limit", "3 per minute")
    with service(folder / "keyed", *options) as running:
        assert running.get("/healthz").status == 200
        for path in ("/api/v1/library", "/metrics", "/api/videos"):
            refused = running.get(path)
            assert refused.status == 401
            assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert running.get("/api/v1/library", Authorization="Bearer wrong").status == 401
        running.headers = {"Authorization": "Bearer a-key-of-twenty-characters"}
        assert running.get("/api/v1/library").status == 200
        assert running.get("/api/v1/library", Authorization="", X_API_Key="no").status == 401
        statuses = [running.post_json("/api/v1/jobs", {}).status for _ in range(5)]
        assert statuses == [400, 400, 400, 429, 429]
        limited = running.post_json("/api/v1/jobs", {})
        assert int(limited.headers["Retry-After"]) >= 1


def test_a_slow_client_keeps_nobody_waiting_and_is_cut_off(folder: Path, bundle: Path) -> None:
    options = ("--bundle", str(bundle), "--upload-seconds", "3", "--threads", "4")
    with service(folder / "slow", *options) as running:
        slow = [http.client.HTTPConnection("127.0.0.1", running.port) for _ in range(20)]
        for connection in slow:
            connection.putrequest("POST", "/api/v1/jobs")
            connection.putheader("Content-Type", "multipart/form-data; boundary=b")
            connection.putheader("Content-Length", "100000")
            connection.endheaders()
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.2):
                for connection in slow:
                    try:
                        connection.sock.sendall(b"x")
                    except (OSError, AttributeError):
                        continue

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            begun = time.monotonic()
            assert running.post_file("/api/v1/classify", clip(folder, 50)).status in (200, 202)
            assert time.monotonic() - begun < 20
            time.sleep(max(0.0, 8 - (time.monotonic() - begun)))
        finally:
            stop.set()
            thread.join()
        for connection in slow:
            connection.sock.settimeout(5)
            with pytest.raises(OSError):
                # Closed by the server: the end of the stream, or a reset.
                connection.sock.sendall(b"x" * 10)
                if connection.sock.recv(10) == b"":
                    raise ConnectionResetError
            connection.close()


@pytest.mark.parametrize("path", ["/api/v1/jobs", "/api/v1/classify"])
def test_five_gigabytes_are_refused_before_they_are_sent(running: Running, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    connection.putrequest("POST", path)
    connection.putheader("Content-Type", "multipart/form-data; boundary=b")
    connection.putheader("Content-Length", str(5 << 30))
    connection.endheaders()
    response = connection.getresponse()
    assert response.status == 413
    assert response.getheader("Content-Type") == "application/problem+json"
    assert json.loads(response.read())["status"] == 413
    connection.close()


def test_an_upload_without_end_is_cut_off(running: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
    connection.putrequest("POST", "/api/v1/jobs")
    connection.putheader("Content-Type", "multipart/form-data; boundary=b")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    sent = 0
    try:
        for _ in range(400):
            connection.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            sent += 0x10000
    except OSError:
        pass
    assert sent < 400 * 0x10000, "26 MB went in where 4 MiB are allowed"
    assert connection.getresponse().status == 413
    connection.close()
