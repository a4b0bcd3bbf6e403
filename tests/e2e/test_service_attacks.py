"""What an ill-meaning visitor would try, each once, against a real server."""

from __future__ import annotations

import io
import os
import pickle
import re
import struct
import time
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.clips import render
from tests.service import Running, service
from tests.tiny import tiny_bundle
from vidkind.bundle import load_bundle
from vidkind.errors import BundleError

STORED = re.compile(r"[0-9a-f]{32}\.[a-z0-9]+")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("attacks")
    library = folder / "library"
    library.mkdir()
    render(library / "inside.mp4", 4)
    render(folder / "outside.mp4", 4)
    limits = ("--decode-seconds", "8", "--decode-memory-mb", "1024", "--max-upload-mb", "8")
    bundle = tiny_bundle(folder / "tiny").path
    places = ("--bundle", str(bundle), "--library", str(library))
    with service(folder / "data", *places, *limits) as started:
        yield started


def still_works(running: Running, tmp_path: Path) -> None:
    job = running.post_file("/api/v1/jobs", render(tmp_path / "fine.mp4", 7), f"{time.time()}.mp4")
    assert running.wait(job.json["id"])["state"] == "done"


@pytest.mark.parametrize(
    "name",
    [
        "../outside.mp4",
        "..%2foutside.mp4",
        "....//outside.mp4",
        "..\\outside.mp4",
        "inside.mp4/../../outside.mp4",
        "/etc/passwd",
        "inside.mp4\0.txt",
        "file:///etc/passwd",
    ],
)
def test_no_path_leaves_the_library(running: Running, name: str) -> None:
    assert running.post_json("/api/v1/jobs", {"library_path": name}).status == 404


def test_an_absolute_library_path_is_refused(running: Running) -> None:
    outside = os.fspath(running.data.parent / "outside.mp4")
    assert Path(outside).is_file()
    assert running.post_json("/api/v1/jobs", {"library_path": outside}).status == 404


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.mp4",
        "..\\..\\evil.mp4",
        "/etc/cron.d/evil.mp4",
        "<img src=x onerror=alert(1)>.mp4",
        "evil.mp4\r\nX-Injected: 1.mp4",
        "con.mp4",
        "a" * 5000 + ".mp4",
        "$(reboot);`reboot`.mp4",
        "\u202egpj.mp4",
    ],
)
def test_upload_names_name_nothing(running: Running, name: str, tmp_path: Path) -> None:
    before = {p for p in running.data.parent.rglob("*") if "evil" in p.name}
    content = render(tmp_path / "clip.mp4", 9).read_bytes() + name.encode()[:40]
    answer = running.post_file("/api/v1/jobs", content, name)
    if answer.status in (400, 415):  # no form, or not the name of a video
        return
    assert answer.status in (200, 202), answer.body
    assert "X-Injected" not in answer.headers
    assert answer.json["name"].isprintable()
    assert "/" not in answer.json["name"]
    assert all(STORED.fullmatch(p.name) for p in (running.data / "uploads").iterdir())
    assert {p for p in running.data.parent.rglob("*") if "evil" in p.name} == before
    assert not (running.data.parent.parent / "evil.mp4").exists()


def huge_gif() -> bytes:
    """16384 x 16384 pixels: a gigabyte of canvas from a hundred bytes."""
    side = struct.pack("<H", 16384)
    picture = b"," + bytes(4) + side + side + b"\0" + b"\x02\x02\x4c\x01\x00"
    return b"GIF89a" + side + side + b"\xf0\0\0" + b"\0\0\0\xff\xff\xff" + picture * 3 + b";"


def huge_y4m() -> bytes:
    return b"YUV4MPEG2 W16384 H16384 F25:1 Ip A1:1 C420jpeg\nFRAME\n" + bytes(100000)


def huge_vp8() -> bytes:
    """16383 x 16383 pixels in the header of the file and of its key frame."""
    side = struct.pack("<H", 16383)
    frame = b"\x10\x02\x00\x9d\x01\x2a" + side + side + bytes(200)
    head = b"DKIF\0\0\x20\0VP80" + side + side + struct.pack("<IIII", 25, 1, 3, 0)
    return head + (struct.pack("<IQ", len(frame), 0) + frame) * 3


def billion_frames(clip: bytes) -> bytes:
    """An MP4 whose tables claim 10^9 samples."""
    changed = bytearray(clip)
    for box, offset in ((b"stts", 12), (b"stsz", 12)):
        at = clip.index(box)
        changed[at + offset : at + offset + 4] = struct.pack(">I", 10**9)
    return bytes(changed)


def endless_duration(clip: bytes) -> bytes:
    changed = bytearray(clip)
    for box, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        at = clip.index(box)
        changed[at + offset : at + offset + 4] = struct.pack(">I", 0x7FFFFFFF)
    at = clip.index(b"stts") + 16
    changed[at : at + 4] = struct.pack(">I", 0x7FFFFFF)
    return bytes(changed)


def playlist() -> bytes:
    """A playlist would make FFmpeg open other files or addresses."""
    return b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"


class Exploit:
    def __reduce__(self):
        return (os.mkdir, (os.fspath(Exploit.target),))

    target = Path("unset")


@pytest.mark.parametrize(
    ("make", "name", "errors"),
    [
        (huge_vp8, "bomb.ivf", {"VideoLimitError"}),
        (huge_gif, "bomb.gif", {"VideoLimitError", "DecodeError"}),
        (huge_y4m, "bomb.y4m", {"VideoLimitError", "NotAVideoError"}),
        (playlist, "list.mp4", {"NotAVideoError"}),
        (playlist, "list.ts", {"NotAVideoError"}),
    ],
)
def test_crafted_files_end_as_typed_errors(running, tmp_path, make, name, errors) -> None:
    workers = running.workers()
    job = running.wait(running.post_file("/api/v1/jobs", make(), name).json["id"])
    assert job["state"] == "failed"
    assert job["error"]["type"] in errors, job["error"]
    begun, ended = (datetime.fromisoformat(job[key]) for key in ("started_at", "finished_at"))
    assert (ended - begun).total_seconds() < 20
    assert running.workers() == workers, "the worker had to be restarted"
    still_works(running, tmp_path)


@pytest.mark.parametrize("make", [billion_frames, endless_duration])
def test_claims_beyond_measure_end_in_time(running: Running, tmp_path: Path, make) -> None:
    workers = running.workers()
    crafted = make(render(tmp_path / "clip.mp4", 20).read_bytes())
    job = running.wait(running.post_file("/api/v1/jobs", crafted, "claim.mp4").json["id"])
    # Either it is refused, or what is really there is classified; in bounded time and memory.
    if job["state"] == "failed":
        assert job["error"]["type"] in {"VideoLimitError", "NotAVideoError", "DecodeError"}
    assert running.workers() == workers
    still_works(running, tmp_path)


def test_a_pickle_is_not_a_video(running: Running, tmp_path: Path) -> None:
    Exploit.target = tmp_path / "owned"
    content = pickle.dumps(Exploit())
    assert running.post_file("/api/v1/jobs", content, "model.pt").status == 415
    job = running.wait(running.post_file("/api/v1/jobs", content, "model.mp4").json["id"])
    assert job["error"]["type"] == "NotAVideoError"
    assert not Exploit.target.exists()


def test_a_pickled_bundle_is_refused_unread(tmp_path: Path) -> None:
    Exploit.target = tmp_path / "owned"
    payload = io.BytesIO()
    with zipfile.ZipFile(payload, "w") as archive:
        for name in ("bundle.json", "backbone.onnx", "temporal.onnx"):
            archive.writestr(name, pickle.dumps(Exploit()))
    path = tmp_path / "bundle.zip"
    path.write_bytes(payload.getvalue())
    with pytest.raises(BundleError):
        load_bundle(path)
    assert not Exploit.target.exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/healthz",
        "http://2130706433:{port}/healthz",
        "http://[::ffff:127.0.0.1]:{port}/healthz",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://10.0.0.1/",
        "http://0.0.0.0:{port}/",
    ],
)
def test_the_service_fetches_nothing_from_inside(running: Running, url: str) -> None:
    posted = running.post_json("/api/v1/jobs", {"url": url.format(port=running.port)})
    assert posted.status == 202
    job = running.wait(posted.json["id"])
    assert job["error"]["type"] in {"AddressError", "DownloadError"}
    assert job["error"]["type"] == "AddressError" or "not known" in job["error"]["message"]


def test_no_stack_trace_and_no_path_of_this_machine_leaves(running: Running) -> None:
    answers = [
        running.ask("POST", "/api/v1/jobs", b"\0" * 100, Content_Type="multipart/form-data"),
        running.ask("POST", "/api/v1/jobs", b"\xff", Content_Type="application/json"),
        running.get("/api/v1/jobs/%00"),
        running.get("/static/../app.py"),
        running.get("/static/%2e%2e/%2e%2e/app.py"),
        running.post_file("/api/v1/classify", b"GIF89a", "x.gif"),
    ]
    for number, answer in enumerate(answers):
        assert 400 <= answer.status < 500, f"case {number}"
        assert b"Traceback" not in answer.body
        assert os.fsencode(running.data) not in answer.body
