"""Writing a video file from frames; used to render clips that need no third-party media."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from vidkind.errors import ConfigError
from vidkind.files import atomic_path

CONTAINERS = {
    ".mp4": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".avi": "avi",
    ".gif": "gif",
}


def write_video(
    path: str | Path,
    frames: Iterable[NDArray[np.uint8]],
    *,
    fps: float | Fraction,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: Mapping[str, str] | None = None,
) -> int:
    """Encodes frames into one video stream; the file appears only when it is whole.

    One thread encodes, so that the same frames give the same bytes.

    Args:
        path: File to write; its suffix names the container.
        frames: uint8 [H, W, 3] each, RGB, all of one size; read one at a time.
        fps: Frames a second.
        codec: FFmpeg's name of the encoder.
        pixel_format: FFmpeg's name of the stored pixel format.
        options: Private options of the encoder, e.g. ``{"crf": "23"}``.

    Returns:
        The number of frames written.

    Raises:
        ConfigError: Unknown suffix, no frames, frames of different or unsuitable sizes, or a
            codec that cannot be opened with these options.
    """
    target = Path(path)
    container_format = CONTAINERS.get(target.suffix.lower())
    if container_format is None:
        raise ConfigError(
            f"{target.name} ends in {target.suffix!r}; expected one of {', '.join(CONTAINERS)}"
        )
    with (
        atomic_path(target) as partial,
        av.open(str(partial), "w", format=container_format) as container,
    ):
        rate = Fraction(fps).limit_denominator(60_060)
        stream = _add_stream(container, codec, rate, pixel_format, options)
        count = _encode(container, stream, frames, pixel_format)
        if count == 0:
            raise ConfigError(f"no frames to write to {target}; expected at least one")
    return count


def _add_stream(
    container: OutputContainer,
    codec: str,
    rate: Fraction,
    pixel_format: str,
    options: Mapping[str, str] | None,
) -> VideoStream:
    try:
        stream = container.add_stream(codec, rate=rate, options=dict(options or {}))
        assert isinstance(stream, VideoStream)  # audio encoders refuse a fractional rate
        stream.pix_fmt = pixel_format
    except (av.FFmpegError, TypeError, ValueError) as error:
        raise ConfigError(
            f"codec is {codec!r} with pixel format {pixel_format!r}; expected a video encoder "
            f"and a format that it takes: {error}"
        ) from error
    stream.codec_context.thread_count = 1
    return stream


def _encode(
    container: OutputContainer,
    stream: VideoStream,
    frames: Iterable[NDArray[np.uint8]],
    pixel_format: str,
) -> int:
    shape: tuple[int, ...] = ()
    count = 0
    for count, frame in enumerate(frames, 1):
        if count == 1:
            shape = frame.shape
            stream.height, stream.width = shape[:2]
        if frame.shape != shape:
            raise ConfigError(f"frame {count} is {list(frame.shape)}; expected {list(shape)}")
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        _mux(container, stream, picture.reformat(format=pixel_format))
    if count:
        container.mux(stream.encode(None))
    return count


def _mux(container: OutputContainer, stream: VideoStream, picture: av.VideoFrame) -> None:
    try:
        container.mux(stream.encode(picture))
    except av.FFmpegError as error:
        raise ConfigError(
            f"{stream.codec_context.name} cannot encode {picture.width}x{picture.height} "
            f"{picture.format.name} with these options: {error}"
        ) from error
