"""What a video file says about itself, read cheaply.

In: a path. Out: ``VideoInfo``. Reads the header, the index or a bounded number of
packets, and decodes one frame for the rotation flag that only frames carry.
"""

from __future__ import annotations

import itertools
import os
from fractions import Fraction
from typing import Literal

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from vidkind.records import VideoInfo
from vidkind.video.container import check_file, open_video
from vidkind.video.index import (
    Ticks,
    average_fps,
    index_times,
    is_indexed,
    read_packet_times,
    read_tail,
)
from vidkind.video.picture import rotation_degrees

# Packets read where there is no index: half a minute at 30 fps shows the frame rate's kind.
MAX_PACKETS = 900


def probe(path: str | os.PathLike[str]) -> VideoInfo:
    """Say what a video file is; one frame at most is decoded.

    Args:
        path: A local video file.

    Raises:
        VideoNotFoundError: Nothing is there, or it is not a regular file.
        VideoPermissionError: The file may not be read.
        EmptyFileError: The file has zero bytes.
        NotAVideoError: FFmpeg recognises no container.
        NoVideoStreamError: The container holds no video stream.
        DecodeError: This FFmpeg has no decoder for the stream.
    """
    size_bytes = check_file(path)
    container, stream = open_video(path)
    with container:
        frame_times, key_times = _times(container, stream)
        context, fps = stream.codec_context, average_fps(stream)
        return VideoInfo(
            path=os.fspath(path),
            codec=context.name,
            pixel_format=context.pix_fmt or "unknown",
            width=context.width,
            height=context.height,
            rotation_degrees=_rotation(path),
            duration_seconds=_duration(container, stream),
            fps=None if fps is None else float(fps),
            frame_rate_kind=_frame_rate_kind(frame_times),
            num_frames=stream.frames or None,
            keyframe_interval_seconds=_interval(key_times, stream.time_base),
            size_bytes=size_bytes,
        )


def frame_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Width and height in pixels as the header says, before any frame is decoded.

    Raises:
        VideoError: As ``probe``.
    """
    container, stream = open_video(path)
    with container:
        return stream.codec_context.width, stream.codec_context.height


def _rotation(path: str | os.PathLike[str]) -> int:
    container, stream = open_video(path)
    with container:
        try:
            frame = next(container.decode(stream), None)
        except (av.FFmpegError, EOFError):
            frame = None
        return 0 if frame is None else rotation_degrees(frame)


def _times(container: InputContainer, stream: VideoStream) -> tuple[Ticks, Ticks]:
    """Sorted times of frames and of key frames; of the first ones where there is no index."""
    frame_times, key_times = index_times(stream)
    if is_indexed(container) and len(frame_times) > 1:
        return frame_times, key_times
    packets = read_packet_times(itertools.islice(container.demux(stream), MAX_PACKETS))
    key_times = packets.sorted_key_times()
    if is_indexed(container) and read_tail(container, stream) is not None:
        # Matroska loads its cues, one per key frame, with the first seek.
        _, key_times = index_times(stream)
    return packets.sorted_pts(), key_times


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration:
        seconds = float(Fraction(container.duration, av.time_base))
    else:
        return None
    # Of Matroska, FFmpeg gives the length of the longest stream, which often is the sound.
    return min(_tagged_seconds(stream) or seconds, seconds)


def _tagged_seconds(stream: VideoStream) -> float | None:
    """Length of a Matroska stream, as hours:minutes:seconds in its tags."""
    try:
        hours, minutes, seconds = map(float, stream.metadata.get("DURATION", "").split(":"))
    except ValueError:
        return None
    return 3600 * hours + 60 * minutes + seconds


def _frame_rate_kind(times: Ticks) -> Literal["constant", "variable", "unknown"]:
    """Constant where no two steps differ by more than the one tick of rounding."""
    if len(times) < 3:
        return "unknown"
    steps = np.diff(times)
    return "constant" if int(steps.max() - steps.min()) <= 1 else "variable"


def _interval(key_times: Ticks, time_base: Fraction | None) -> float | None:
    if len(key_times) < 2 or time_base is None:
        return None
    return float(np.median(np.diff(key_times)) * float(time_base))
