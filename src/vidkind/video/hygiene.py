"""Frame hygiene: black frames, blur, sharpening. Numpy only.

In: uint8 [H, W, 3] RGB pictures. Out: numbers about them, or sharpened pictures. Knows
nothing of videos.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# A terminal with one line of text on black is content: so few bright pixels still count.
BLACK_SHARE = 0.999
SHARPEN_AMOUNT = 0.5
_REC601_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_BINOMIAL = np.array([1, 4, 6, 4, 1], np.float32) / 16


def luma(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Luma of a picture (ITU-R BT.601 weights), float32 [H, W], 0 to 255."""
    return picture.astype(np.float32) @ _REC601_LUMA


def is_black(luma: NDArray[np.float32], black_luma: float) -> bool:
    """Whether all but a thousandth of the luma is below ``black_luma``."""
    return bool(np.count_nonzero(luma < black_luma) >= BLACK_SHARE * luma.size)


def sharpness(luma: NDArray[np.float32]) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al., 2000); low means blurred.

    Args:
        luma: float32 [H, W]. The 4-neighbour Laplacian mirrors at the borders.
    """
    # In place, each neighbour added in turn: three times as fast as over a padded copy.
    laplacian = luma * np.float32(-4)
    for axis in (0, 1):
        values, sums = np.moveaxis(luma, axis, 0), np.moveaxis(laplacian, axis, 0)
        sums[1:] += values[:-1]
        sums[:-1] += values[1:]
        sums[0] += values[0]
        sums[-1] += values[-1]
    # Mirrored at the borders, the Laplacian adds up to 0: the mean square is the variance.
    return float(np.vdot(laplacian, laplacian)) / laplacian.size


def unsharp_mask(picture: NDArray[np.uint8], amount: float = SHARPEN_AMOUNT) -> NDArray[np.uint8]:
    """Sharpen by adding ``amount`` times the difference to a blurred copy.

    Args:
        picture: uint8 [H, W, 3]. The blur is binomial, five pixels wide.
        amount: 0 changes nothing.

    Returns:
        uint8 [H, W, 3].
    """
    original = picture.astype(np.float32)
    sharp = original + amount * (original - _blur(_blur(original, axis=0), axis=1))
    return np.clip(np.rint(sharp), 0, 255).astype(np.uint8)


def _blur(picture: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    widths = [(2, 2) if i == axis else (0, 0) for i in range(3)]
    padded = np.pad(picture, widths, mode="edge")
    length = picture.shape[axis]
    blurred = np.zeros_like(picture)
    for i, weight in enumerate(_BINOMIAL):
        blurred += weight * padded.take(range(i, i + length), axis=axis)
    return blurred
