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
        for patch in patches:
            patch.paste(frame, plane, number)
        yield frame


@dataclass(frozen=True, kw_only=True, eq=False)
class _Patch:
    """A part of the plane on its way across the picture, and round again.

    Attributes:
        size: Rows and columns.
        origin: Where in the plane it lies, its row and column.
        start: Where in the picture it begins, in half pixels.
        speed: Half pixels a frame.
    """

    size: tuple[int, int]
    origin: tuple[int, int]
    start: NDArray[np.float64]
    speed: NDArray[np.float64]

    def paste(self, frame: NDArray[np.uint8], plane: NDArray[np.uint8], number: int) -> None:
        """Puts it into frame ``number``."""
        (rows, columns), (row, column) = self.size, self.origin
        room = 2 * (np.array(frame.shape[:2]) - self.size)
        halves = (self.start + self.speed * number).astype(np.int64) % room
        (top, left), (down, right) = np.divmod(halves, 2)
        part = plane[row + down :: 2, column + right :: 2][:rows, :columns]
        frame[top : top + rows, left : left + columns] = part


def _patch(shape: ClipShape, generator: np.random.Generator) -> _Patch:
    sides = shape.height, shape.width
    rows, columns = (int(generator.integers(side // 8, side // 3)) for side in sides)
    return _Patch(
        size=(rows, columns),
        origin=(int(generator.integers(shape.height)), int(generator.integers(shape.width))),
        start=generator.uniform(0, 2 * np.array(sides)),
        speed=generator.uniform(-12, 12, 2),
    )


def _plane(height: int, width: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Blotches of three sizes, uint8 [H, W, 3], at most 240."""
    plane = np.zeros((height, width, 3), np.uint8)
    for cell, most in ((64, 120), (16, 80), (4, 40)):
        rows, columns = -(-height // cell), -(-width // cell)
        coarse = generator.integers(0, most + 1, (rows, columns, 3), np.uint8)
        plane += coarse.repeat(cell, 0).repeat(cell, 1)[:height, :width]
    return plane
