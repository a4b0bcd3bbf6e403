"""What the child process that decodes may do, and what becomes of it."""

from __future__ import annotations

import os
import signal
import struct
import sys
import time
from pathlib import Path

import pytest

from tests.clips import render
from vidkind.config import SamplingOptions
from vidkind.errors import DecodeError, VideoError, VideoLimitError
from vidkind.service import ServiceOptions
from vidkind.service.decoding import decode_in_child
from vidkind.service.sandbox import ChildError, Limits, Outbox, run_limited
from vidkind.video import sample_frames

LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
LIMITS = Limits(seconds=20, memory_mb=1024)


def answer(outbox: Outbox, text: str) -> None:
    outbox.progress(0.5)
    outbox.answer({"text": text}, b"bytes")


def eat_memory(_outbox: Outbox) -> None:
    bytearray(2 << 30)


def spin(_outbox: Outbox) -> None:
    while True:
        pass


def sleep(_outbox: Outbox) -> None:
    time.sleep(60)


def crash(_outbox: Outbox) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def complain(_outbox: Outbox) -> None:
    raise VideoLimitError("too much")


def stumble(_outbox: Outbox) -> None:
    raise RuntimeError("what\nis this")


def hang_up(outbox: Outbox) -> None:
    outbox._connection.close()
    time.sleep(60)


def stop_in_mid_message(outbox: Outbox) -> None:
    os.write(outbox._connection.fileno(), struct.pack("!i", 1000) + b"{")
    time.sleep(60)


def threaten(outbox: Outbox) -> None:
    os.write(outbox._connection.fileno(), struct.pack("!i", 2**31 - 1) + b"{")
    time.sleep(60)


def write_file(_outbox: Outbox, path: str) -> None:
    Path(path).write_bytes(b"x" * 10000)


def run(work, *arguments, limits: Limits = LIMITS):
    return run_limited(work, *arguments, limits=limits, on_progress=lambda _share: None)


def test_an_answer_and_progress_come_back() -> None:
    told: list[float | None] = []
    got = run_limited(answer, "hello", limits=LIMITS, on_progress=told.append)
    assert got == ({"text": "hello"}, b"bytes")
    assert 0.5 in told


@LINUX_ONLY
def test_memory_is_limited() -> None:
    with pytest.raises(ChildError, match="1024 MiB") as caught:
        run(eat_memory)
    assert caught.value.type == "VideoLimitError"


@LINUX_ONLY
def test_no_file_can_be_written(tmp_path: Path) -> None:
    with pytest.raises((ChildError, DecodeError)):
        run(write_file, str(tmp_path / "f"))
    assert not (tmp_path / "f").exists() or (tmp_path / "f").stat().st_size == 0


@pytest.mark.parametrize("work", [spin, sleep])
def test_time_is_limited(work) -> None:
    begun = time.monotonic()
    with pytest.raises(VideoLimitError, match="more than 1 s"):
        run(work, limits=Limits(seconds=1, memory_mb=1024))
    assert time.monotonic() - begun < 10


@LINUX_ONLY
def test_a_crash_is_an_error_of_this_video() -> None:
    with pytest.raises(DecodeError, match=f"exit code -{int(signal.SIGSEGV)}"):
        run(crash)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
@pytest.mark.parametrize("work", [hang_up, stop_in_mid_message, threaten])
def test_a_child_that_was_taken_over_holds_nobody_up(work) -> None:
    """It may say nothing more, half of something, or that two gigabytes will come."""
    begun = time.monotonic()
    with pytest.raises(DecodeError, match="ended without an answer"):
        run(work, limits=Limits(seconds=1, memory_mb=1024))
    assert time.monotonic() - begun < 15


@pytest.mark.parametrize(
    ("work", "kind", "message"),
    [(complain, "VideoLimitError", "too much"), (stumble, "DecodeError", "what is this")],
)
def test_errors_of_the_child_keep_name_and_message(work, kind: str, message: str) -> None:
    with pytest.raises(ChildError, match=message) as caught:
        run(work)
    assert caught.value.type == kind


def test_what_the_listener_raises_ends_the_child() -> None:
    class EnoughError(Exception):
        pass

    def stop(_share: float | None) -> None:
        raise EnoughError

    begun = time.monotonic()
    with pytest.raises(EnoughError):
        run_limited(sleep, limits=LIMITS, on_progress=stop)
    assert time.monotonic() - begun < 10


def decode(path: Path, tmp_path: Path, **changes: int):
    return decode_in_child(
        path,
        height=32,
        width=32,
        sampling=SamplingOptions(num_frames=16),
        options=ServiceOptions(data=tmp_path, **changes),
        on_progress=lambda _share: None,
    )


def test_frames_are_those_of_the_video_room(tmp_path: Path) -> None:
    clip = render(tmp_path / "clip.mp4")
    info, batch = decode(clip, tmp_path)
    direct = sample_frames(clip, height=32, width=32, options=SamplingOptions(num_frames=16))
    assert (batch.frames == direct.frames).all()
    assert batch.times.tolist() == direct.times.tolist()
    assert (info.width, info.height) == (64, 48)


@pytest.mark.parametrize(
    ("changes", "match"),
    [({"max_side": 50}, "64x48 pixels"), ({"max_duration_seconds": 1}, "2 s long")],
)
def test_size_and_length_are_limited(tmp_path: Path, changes, match: str) -> None:
    with pytest.raises(ChildError, match=match) as caught:
        decode(render(tmp_path / "clip.mp4"), tmp_path, **changes)
    assert caught.value.type == "VideoLimitError"


def test_a_text_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("no video at all")
    with pytest.raises(ChildError) as caught:
        decode(path, tmp_path)
    assert caught.value.type == "NotAVideoError"
    assert issubclass(VideoLimitError, VideoError)
