"""Clips to measure with that need no third-party media: textured patches that move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidkind.video.encode import write_video

# Encoders that come with PyAV, for the decoders whose speed they help to measure, with options
# that ask for speed, and those of a high and of a low rate.
ENCODERS: dict[str, tuple[str, dict[str, str], tuple[dict[str, str], dict[str, str]]]] = {
    "h264": ("libx264", {"preset": "veryfast"}, ({"crf": "23"}, {"crf": "34"})),
    "hevc": (
        "libx265",
        {"preset": "ultrafast", "x265-params": "log-level=none"},
        ({"crf": "25"}, {"crf": "36"}),
    ),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}, ({"b": "4M"}, {"b": "1M"})),
    "mpeg4": ("mpeg4", {}, ({"b": "8M"}, {"b": "2M"})),
    "mjpeg": ("mjpeg", {}, ({"b": "40M"}, {"b": "10M"})),
}
_MARGIN = 64
_NUM_PATCHES = 12


@dataclass(frozen=True, kw_only=True)
class ClipShape:
    """Size of a rendered clip.

    Attributes:
        width: Pixels.
        height: Pixels.
        num_frames: Frames.
        key_frame_every: Frames from one key frame to the next.
    """

    width: int
    height: int
    num_frames: int
    key_frame_every: int

    @property
    def megapixels(self) -> float:
        """Size of a frame in 1e6 pixels."""
        return self.width * self.height / 1e6


def render_pattern(
    path: Path, shape: ClipShape, *, codec: str = "h264", fps: float = 25, low_rate: bool = False
) -> Path:
    """Writes a clip; the same shape gives the same frames.

    Args:
        path: File to write; its suffix names the container.
        shape: Its size.
        codec: A key of ``ENCODERS``.
        fps: Frames a second.
        low_rate: A few bits for each pixel rather than many.
    """
    encoder, options, rates = ENCODERS[codec]
    pixel_format = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    keys = {"g": str(shape.key_frame_every), "keyint_min": str(shape.key_frame_every)}
    if codec in ("h264", "hevc"):
        keys["sc_threshold"] = "0"
    write_video(
        path,
        _frames(shape),
        fps=fps,
        codec=encoder,
        pixel_format=pixel_format,
        options={**options, **rates[low_rate], **keys},
    )
    return path


def _frames(shape: ClipShape) -> Iterator[NDArray[np.uint8]]:
    """uint8 [H, W, 3] each: patches that cross a drifting plane, all by half pixels.

    Decoders interpolate what moves so, as they do in most of a real video.
    """
    generator = np.random.default_rng(0)
    height, width = shape.height, shape.width
    # Twice as fine as the picture, of which every second row and column is shown.
    plane = _plane(2 * (height + _MARGIN), 2 * (width + _MARGIN), generator)
    patches = [_patch(shape, generator) for _ in range(_NUM_PATCHES)]
    for number in range(shape.num_frames):
        top, left = 3 * number % (2 * _MARGIN), 5 * number % (2 * _MARGIN)
        frame = plane[top : top + 2 * height : 2, left : left + 2 * width : 2].copy()
        for start, speed, (rows, columns), (row, column) in patches:
            room = np.array([height - rows, width - columns])
            place, half = np.divmod((start + speed * number).astype(np.int64) % (2 * room), 2)
            y, x = place
            source = plane[row + half[0] :: 2, column + half[1] :: 2]
            frame[y : y + rows, x : x + columns] = source[:rows, :columns]
        yield frame


_Patch = tuple[NDArray[np.float64], NDArray[np.float64], tuple[int, int], tuple[int, int]]


def _patch(shape: ClipShape, generator: np.random.Generator) -> _Patch:
    """Start and speed a frame in half pixels, rows and columns, and where in the plane it lies."""
    height, width = shape.height, shape.width
    rows, columns = (int(generator.integers(n // 8, n // 3)) for n in (height, width))
    return (
        generator.uniform(0, 2 * np.array([height - rows, width - columns])),
        generator.uniform(-12, 12, 2),
        (rows, columns),
        (int(generator.integers(height)), int(generator.integers(width))),
    )


def _plane(height: int, width: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Blotches of three sizes, uint8 [H, W, 3], at most 240."""
    plane = np.zeros((height, width, 3), np.uint8)
    for cell, most in ((64, 120), (16, 80), (4, 40)):
        rows, columns = -(-height // cell), -(-width // cell)
        coarse = generator.integers(0, most + 1, (rows, columns, 3), np.uint8)
        plane += coarse.repeat(cell, 0).repeat(cell, 1)[:height, :width]
    return plane
