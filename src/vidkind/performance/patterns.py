"""Clips to measure with that need no third-party media: a textured plane that drifts by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidkind.video.encode import write_video

# Encoders that come with PyAV, for the decoders whose speed they help to measure. All of their
# options ask for speed; what is measured is the decoder.
ENCODERS: dict[str, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", {"preset": "veryfast", "crf": "26"}),
    "hevc": ("libx265", {"preset": "ultrafast", "crf": "28", "x265-params": "log-level=none"}),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "b": "2M"}),
    "mpeg4": ("mpeg4", {"b": "4M"}),
    "mjpeg": ("mjpeg", {}),
}
_MARGIN = 64


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


def render_pattern(path: Path, shape: ClipShape, *, codec: str = "h264", fps: float = 25) -> Path:
    """Writes a clip; the same shape gives the same frames.

    Args:
        path: File to write; its suffix names the container.
        shape: Its size.
        codec: A key of ``ENCODERS``.
        fps: Frames a second.
    """
    encoder, options = ENCODERS[codec]
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
        options={**options, **keys},
    )
    return path


def _frames(shape: ClipShape) -> Iterator[NDArray[np.uint8]]:
    """uint8 [H, W, 3] each: a window that moves over a plane, with a little fresh grain."""
    generator = np.random.default_rng(0)
    plane = _plane(shape, generator)
    grain = generator.integers(0, 12, (4, shape.height, shape.width, 1), np.uint8)
    for number in range(shape.num_frames):
        left, top = (3 * number) % _MARGIN, number % _MARGIN
        window = plane[top : top + shape.height, left : left + shape.width]
        yield window + grain[number % len(grain)]


def _plane(shape: ClipShape, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Blotches of three sizes, uint8 [H + margin, W + margin, 3], at most 240."""
    height, width = shape.height + _MARGIN, shape.width + _MARGIN
    total = np.zeros((height, width, 3))
    for cell, weight in ((64, 120), (16, 80), (4, 40)):
        rows, columns = -(-height // cell), -(-width // cell)
        coarse = generator.random((rows, columns, 3)) * weight
        total += coarse.repeat(cell, 0).repeat(cell, 1)[:height, :width]
    return total.astype(np.uint8)
