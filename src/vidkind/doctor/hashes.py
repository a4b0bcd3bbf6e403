"""Perceptual hashes of frames: the signs of low DCT coefficients, of the picture and of its middle.

In: uint8 [T, H, W, 3] frames. Out: int8 [V, T, B] with -1, 0 or 1. imagehash does one view of one
picture at a time and would bring scipy, pillow and PyWavelets into the core install; here
resizing, cropping and the DCT are one matrix product over all frames of a video.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from vidkind.video.hygiene import luma

Signs = NDArray[np.int8]
Matrix = NDArray[np.float32]

FRAME_SIZE = 128
_GRID = 32
_FREQUENCIES = 8
NUM_BITS = _FREQUENCIES**2 - 1
# Smaller coefficients are moved by compression alone: about half a grey level over the picture.
_FAINT = 4.0


@dataclass(frozen=True)
class View:
    """The part of a picture that is hashed.

    Attributes:
        margin_x: Share of the width left out on the left, and again on the right.
        margin_y: Share of the height left out at the top, and again at the bottom.
    """

    margin_x: float
    margin_y: float

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return self.margin_x == self.margin_y == 0


# A cropped copy looks like the middle of its original. A step of 0.04 leaves no crop further than
# 0.02 from a view, a quarter of the shortest wave hashed being 0.07 of the picture.
VIEWS = (
    View(0.0, 0.0),
    *(View(margin, margin) for margin in (0.04, 0.08, 0.12, 0.16)),
    View(0.0, 0.12),
    View(0.12, 0.0),
)


def frame_hashes(frames: NDArray[np.uint8]) -> Signs:
    """Hashes every frame in every view.

    A pHash (Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010)
    with zero for a coefficient that is too faint to have a sign, so that pictures of one
    colour agree with nothing.

    Args:
        frames: uint8 [T, S, S, 3] RGB, S = ``FRAME_SIZE``.

    Returns:
        int8 [V, T, B]: views in the order of ``VIEWS``, B = ``NUM_BITS``.
    """
    grey = np.stack([luma(frame) for frame in frames])
    return np.stack([_signs(grey, view) for view in VIEWS])


def mirrored(signs: Signs) -> Signs:
    """Hashes of the same pictures mirrored left to right; any shape that ends in [B]."""
    odd_columns = np.arange(_FREQUENCIES**2)[1:] % _FREQUENCIES % 2 == 1
    return np.where(odd_columns, -signs, signs).astype(np.int8)


def cropped(frames: NDArray[np.uint8], view: View) -> NDArray[np.uint8]:
    """The view's part of every frame, resized to the frame: uint8 [T, H, W, 3]."""
    height, width = frames.shape[1:3]
    rows, columns = _area(height, height, view.margin_y), _area(width, width, view.margin_x)
    part = np.einsum("yh,thwc,xw->tyxc", rows, frames, columns, optimize=True)
    pictures: NDArray[np.uint8] = np.clip(np.rint(part), 0, 255).astype(np.uint8)
    return pictures


def _signs(grey: Matrix, view: View) -> Signs:
    rows, columns = _transform(view.margin_y), _transform(view.margin_x)
    coefficients = np.einsum("uy,tyx,vx->tuv", rows, grey, columns, optimize=True)
    values = coefficients.reshape(len(grey), -1)[:, 1:]
    signs: Signs = np.where(np.abs(values) < _FAINT, 0, np.sign(values)).astype(np.int8)
    return signs


@cache
def _transform(margin: float) -> Matrix:
    """Crop, resize to the grid and DCT-II in one: float32 [frequencies, FRAME_SIZE]."""
    k, i = np.arange(_FREQUENCIES)[:, None], np.arange(_GRID)[None]
    dct = np.sqrt(2 / _GRID) * np.cos(np.pi * k * (2 * i + 1) / (2 * _GRID))
    dct[0] /= np.sqrt(2)
    transform: Matrix = (dct @ _area(FRAME_SIZE, _GRID, margin)).astype(np.float32)
    return transform


def _area(size: int, steps: int, margin: float) -> Matrix:
    """Averages the pixels of [margin, 1 - margin] into ``steps`` cells: float32 [steps, size].

    Cells smaller than a pixel are read at their centre, between the two nearest pixels.
    """
    edges = np.linspace(margin * size, (1 - margin) * size, steps + 1)
    pixels = np.arange(size)
    if edges[1] - edges[0] >= 1:
        ends = np.minimum(pixels + 1, edges[1:, None]) - np.maximum(pixels, edges[:-1, None])
        weights = np.maximum(ends, 0)
    else:
        centres = np.clip((edges[:-1] + edges[1:]) / 2, 0.5, size - 0.5)
        weights = np.maximum(1 - np.abs(pixels + 0.5 - centres[:, None]), 0)
    rows: Matrix = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return rows
