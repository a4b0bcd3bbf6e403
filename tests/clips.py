"""Small real clips for tests: every frame shows its own number, in bars a codec cannot blur."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from vidkind.video.container import open_video

Picture = NDArray[np.uint8]
NUM_BITS = 8
SIZE = (48, 64)
UNTAGGED, BT709, BT601 = 2, 1, 5


def numbered(number: int, size: tuple[int, int] = SIZE) -> Picture:
    """RGB picture [H, W, 3] with the number in vertical bars, most significant bit left."""
    height, width = size
    bits = [number >> (NUM_BITS - 1 - i) & 1 for i in range(NUM_BITS)]
    columns = np.array(bits, np.uint8)[np.arange(width) * NUM_BITS // width]
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = (40 + 180 * columns)[None, :, None]
    return picture


def read_number(picture: Picture) -> int:
    """The number that a picture made by ``numbered`` shows."""
    width = picture.shape[1]
    centres = (2 * np.arange(NUM_BITS) + 1) * width // (2 * NUM_BITS)
    rows = slice(picture.shape[0] // 4, 3 * picture.shape[0] // 4)
    bits = picture[rows][:, centres].mean(axis=(0, 2)) > 130
    return int("".join("1" if bit else "0" for bit in bits), 2)


def read_numbers(pictures: Iterable[Picture]) -> list[int]:
    return [read_number(picture) for picture in pictures]


def render(
    path: Path,
    pictures: Sequence[Picture] | int = 40,
    *,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    fps: int = 20,
    times: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 1000),
    rotation: int = 0,
    container: str | None = None,
    container_options: dict[str, str] | None = None,
    matrix: int = UNTAGGED,
    tagged: bool = True,
    full_range: bool = False,
    **options: str,
) -> Path:
    """Encode pictures, RGB or RGBA, into one video stream.

    Args:
        path: File to write; its suffix names the container unless ``container`` does.
        pictures: The frames, or how many numbered ones.
        codec: FFmpeg's name of the encoder.
        pixel_format: Stored pixel format.
        fps: Frame rate, where no ``times`` are given.
        times: Presentation time of each frame, in units of ``time_base``.
        time_base: Unit of ``times``, in seconds.
        rotation: Clockwise turn a player is to apply, in degrees.
        container: FFmpeg's name of the muxer.
        container_options: Options of the muxer.
        matrix: FFmpeg's number of the matrix to convert with: 1 is BT.709, 5 is BT.601.
        tagged: Whether the stream says which matrix that is.
        full_range: Whether YUV values span 0 to 255, as the stream then says.
        **options: Private options of the encoder; ``_`` stands for ``-``.
    """
    frames = [numbered(i) for i in range(pictures)] if isinstance(pictures, int) else pictures
    named = {key.replace("_", "-"): value for key, value in options.items()}
    with av.open(str(path), "w", format=container, options=container_options or {}) as output:
        stream = output.add_stream(codec, rate=fps, options=named)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixel_format
        stream.codec_context.thread_count = 1
        if times is not None:
            stream.codec_context.time_base = time_base
        if rotation:
            stream.set_display_rotation(-rotation)
        stream.codec_context.colorspace = matrix if tagged else UNTAGGED
        stream.codec_context.color_range = 2 if full_range else 0
        for number, picture in enumerate(frames):
            frame = _frame(picture, pixel_format, matrix, full_range)
            frame.colorspace = stream.codec_context.colorspace
            frame.pts = number if times is None else times[number]
            if times is not None:
                frame.time_base = time_base
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def _frame(picture: Picture, pixel_format: str, matrix: int, full_range: bool) -> av.VideoFrame:
    kind = "rgba" if picture.shape[2] == 4 else "rgb24"
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=kind)
    if pixel_format == kind:
        return frame
    return frame.reformat(
        format=pixel_format,
        dst_colorspace=None if matrix == UNTAGGED else matrix,
        dst_color_range=2 if full_range else 0,
    )


def render_audio(path: Path) -> Path:
    """A quarter of a second of silence, and no picture."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac" if path.suffix != ".wav" else "pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.int16), "s16", "mono")
        frame.sample_rate, frame.pts = 8000, 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def truncate(path: Path, target: Path, share: float = 0.5) -> Path:
    """Copy the first part of a file."""
    content = path.read_bytes()
    target.write_bytes(content[: int(len(content) * share)])
    return target


def decode_all(path: Path) -> list[tuple[float, av.VideoFrame]]:
    """Every frame with its time in seconds, by one plain decoding pass."""
    container, stream = open_video(path)
    with container:
        frames = list(container.decode(stream))
    return [(float(frame.pts * frame.time_base), frame) for frame in frames]
