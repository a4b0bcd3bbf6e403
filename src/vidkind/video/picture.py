"""Turns a decoder's frame into a small upright RGB picture.

In: a PyAV frame of any size, pixel format, colour space and orientation. Out: uint8
[H, W, 3], high dynamic range as an ordinary display shows it. One resize only, by swscale, straight
from the decoder's pixel format.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import cast

import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from vidkind.records import WHOLE, Content
from vidkind.video.hdr import is_hdr, to_sdr

# Widened with the scale, this bilinear kernel averages over all source pixels. The flags ask
# for chroma at full resolution and for the same rounding on every processor.
_QUALITY = (
    Interpolation.BILINEAR
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.BITEXACT
)
# FFmpeg's numbers of the matrices swscale knows: BT.709, FCC, BT.601 (twice), SMPTE 240M, BT.2020.
_KNOWN_MATRICES = frozenset({1, 4, 5, 6, 7, 9})
_FULL_RANGE = 2
_HD_WIDTH, _HD_HEIGHT = 1280, 576


class PictureMaker:
    """Resizes, converts and turns frames to one size.

    Attributes:
        height: Height of the upright pictures in pixels.
        width: Width of the upright pictures in pixels.
        content: The part of the upright frame that the pictures show.
    """

    def __init__(self, *, height: int, width: int, content: Content = WHOLE) -> None:
        self.height = height
        self.width = width
        self.content = content
        self._rows = _cut(height, content.top, content.bottom)
        self._columns = _cut(width, content.left, content.right)
        self._reformatter = VideoReformatter()
        self._matrix: NDArray[np.int32] | None = None

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """Picture of a frame, uint8 [H, W, 3] RGB, on white where it is transparent.

        All frames are turned as the first one asks for: the flag belongs to the stream.
        """
        if self._matrix is None:
            self._matrix = display_matrix(frame)
        matrix = self._matrix
        lying = _swaps_axes(matrix)
        sides = self._rows.whole, self._columns.whole
        height, width = sides[::-1] if lying else sides
        has_alpha = frame.format.name == "pal8" or any(c.is_alpha for c in frame.format.components)
        kind = "rgba" if has_alpha else "rgb24"
        resized = _resize(frame, self._reformatter, height, width, kind)
        small = np.asarray(resized.to_ndarray(), np.uint8)
        if has_alpha:
            small = _on_white(small)
        if is_hdr(frame.color_trc):
            small = to_sdr(small, frame.color_trc)
        upright = _upright(small, matrix)
        return np.ascontiguousarray(upright[self._rows.kept, self._columns.kept])


@dataclass(frozen=True)
class _Cut:
    """One side of the frame: resized to ``whole`` pixels, of which ``kept`` are the picture."""

    whole: int
    kept: slice


def _cut(size: int, begin: float, end: float) -> _Cut:
    # The least size at which no pixel kept holds a share of what is cut off.
    for whole in itertools.count(max(size, int(size / (end - begin)))):
        first = math.ceil(begin * whole)
        if first + size <= end * whole:
            break
    return _Cut(whole, slice(first, first + size))


def glimpse(frame: VideoFrame, side: int) -> NDArray[np.uint8]:
    """Single pixels of a frame, neither averaged nor turned: uint8 [side, side, 3] RGB.

    Takes a hundredth of the time of a picture.
    """
    few = _resize(frame, VideoReformatter(), side, side, "rgb24", Interpolation.POINT)
    return np.asarray(few.to_ndarray(), np.uint8)


def display_matrix(frame: VideoFrame) -> NDArray[np.int32]:
    """The 2 x 2 part of the frame's display matrix; the identity where there is none.

    [[a, b], [c, d]]: the pixel at (x, y) is shown at (a x + c y, b x + d y), up to scale
    (ISO/IEC 14496-12, section 8.2.2).
    """
    # PyAV ties a frame and its side data in a circle, which would keep a full-size picture in
    # memory until the next full garbage collection; so it is done to a tiny copy.
    tiny = _resize(frame, VideoReformatter(), 8, 8, "rgb24")
    side_data = cast(SideDataContainer, tiny.side_data)  # mistyped in PyAV's stubs
    if Type.DISPLAYMATRIX not in [data.type for data in side_data]:
        return np.eye(2, dtype=np.int32)
    matrix = np.frombuffer(bytes(side_data[Type.DISPLAYMATRIX]), np.int32, 9)
    return matrix.reshape(3, 3)[:2, :2]


def rotation_degrees(frame: VideoFrame) -> int:
    """Clockwise turn a player applies to the frame: 0, 90, 180 or 270."""
    matrix = display_matrix(frame)
    (a, b), (_, d) = matrix
    if _swaps_axes(matrix):
        return 90 if b > 0 else 270
    return 180 if a < 0 and d < 0 else 0


def _resize(
    frame: VideoFrame,
    reformatter: VideoReformatter,
    height: int,
    width: int,
    kind: str,
    quality: Interpolation = _QUALITY,
) -> VideoFrame:
    return reformatter.reformat(
        frame,
        width=width,
        height=height,
        format=kind,
        src_colorspace=_colour_space(frame),
        interpolation=quality,
        threads=1,
    )


def _swaps_axes(matrix: NDArray[np.int32]) -> bool:
    return bool(abs(int(matrix[0, 1])) > abs(int(matrix[0, 0])))


def _upright(picture: NDArray[np.uint8], matrix: NDArray[np.int32]) -> NDArray[np.uint8]:
    (a, b), (c, d) = np.sign(matrix.astype(np.int64))
    if _swaps_axes(matrix):
        return picture.transpose(1, 0, 2)[:: b or 1, :: c or 1]
    return picture[:: d or 1, :: a or 1]


def _on_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # Wholly transparent means that the alpha channel was never filled in.
    if rgba[..., 3].min() == 255 or rgba[..., 3].max() == 0:
        return rgba[..., :3]
    alpha = rgba[..., 3:].astype(np.uint16)
    mixed = rgba[..., :3] * alpha + 255 * (255 - alpha)
    return ((mixed + 127) // 255).astype(np.uint8)


def _colour_space(frame: VideoFrame) -> int | None:
    """Matrix to convert with: None for the tagged one, else by size, as players guess."""
    if frame.format.is_rgb or int(frame.colorspace) in _KNOWN_MATRICES:
        return None
    is_hd = frame.width >= _HD_WIDTH or frame.height > _HD_HEIGHT
    jpeg = int(frame.color_range) == _FULL_RANGE or frame.format.name.startswith("yuvj")
    return int(Colorspace.ITU709 if is_hd and not jpeg else Colorspace.ITU601)
