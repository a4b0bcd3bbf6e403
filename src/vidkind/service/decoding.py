"""From an untrusted file to sampled frames, in a child process that has limits."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from vidkind.config import SamplingOptions
from vidkind.errors import VideoLimitError
from vidkind.records import Content, FrameBatch, VideoInfo
from vidkind.service.options import ServiceOptions
from vidkind.service.sandbox import Limits, Outbox, run_limited
from vidkind.video import frame_size, probe, sample_frames


@dataclass(frozen=True, kw_only=True)
class DecodeRequest:
    """What a child is to decode.

    Attributes:
        path: The file.
        height: Height of the pictures in pixels.
        width: Width of the pictures in pixels.
        sampling: How frames are picked.
        max_side: Largest width and height of the video.
        max_duration_seconds: Longest video.
    """

    path: str
    height: int
    width: int
    sampling: SamplingOptions
    max_side: int
    max_duration_seconds: int


def decode_in_child(
    path: Path,
    *,
    height: int,
    width: int,
    sampling: SamplingOptions,
    options: ServiceOptions,
    on_progress: Callable[[float | None], None],
) -> tuple[VideoInfo, FrameBatch]:
    """Probes, checks and samples a file in a child process.

    Returns:
        What the file says about itself, and its frames.

    Raises:
        ChildError: The file is no video that can be used, or larger than allowed.
        VideoLimitError: Decoding it took more time or memory than allowed.
        DecodeError: The decoder crashed.
    """
    request = DecodeRequest(
        path=os.fspath(path),
        height=height,
        width=width,
        sampling=sampling,
        max_side=options.max_side,
        max_duration_seconds=options.max_duration_seconds,
    )
    limits = Limits(seconds=options.decode_seconds, memory_mb=options.decode_memory_mb)
    header, body = run_limited(decode, request, limits=limits, on_progress=on_progress)
    frames = np.frombuffer(body, np.uint8).reshape(-1, height, width, 3)
    batch = FrameBatch(
        frames=frames,
        times=np.array(header["times"], np.float64),
        sharpness=np.array(header["sharpness"], np.float32),
        numbers=np.array(header["numbers"], np.int64),
        duration_seconds=header["duration_seconds"],
        num_black=header["num_black"],
        frames_decoded=header["frames_decoded"],
        content=Content(**header["content"]),
    )
    return VideoInfo(**header["info"]), batch


def decode(outbox: Outbox, request: DecodeRequest) -> None:
    """What the child does."""
    info = check_video(request)
    wanted = request.sampling.num_frames
    batch = sample_frames(
        request.path,
        height=request.height,
        width=request.width,
        options=request.sampling,
        num_threads=1,
        on_frame=lambda number, _picture: outbox.progress((number + 1) / wanted),
    )
    header = {
        "info": asdict(info),
        "times": batch.times.tolist(),
        "sharpness": batch.sharpness.tolist(),
        "numbers": batch.numbers.tolist(),
        "duration_seconds": batch.duration_seconds,
        "num_black": batch.num_black,
        "frames_decoded": batch.frames_decoded,
        "content": asdict(batch.content),
    }
    outbox.answer(header, batch.frames.tobytes())


def check_video(request: DecodeRequest) -> VideoInfo:
    """Checks size and length by what the header says, before a picture is decoded.

    Raises:
        VideoError: No video, or one that is larger or longer than allowed.
    """
    width, height = frame_size(request.path)
    if max(width, height) > request.max_side:
        raise VideoLimitError(
            f"the video is {width}x{height} pixels; expected at most {request.max_side} a side: "
            "scale it down"
        )
    info = probe(request.path)
    if info.duration_seconds is not None and info.duration_seconds > request.max_duration_seconds:
        raise VideoLimitError(
            f"the video is {info.duration_seconds:.0f} s long; expected at most "
            f"{request.max_duration_seconds} s: cut it"
        )
    return info
