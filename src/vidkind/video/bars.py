"""Black bars around the content of a video's pictures. Numpy only.

In: uint8 [T, H, W, 3] RGB pictures of one video. Out: the ``Content`` between the bars. Knows
nothing of videos. Bars are told from a dark scene by what an editor or a player leaves: they are
black in every picture, alike on opposite sides, and end in a sharp straight edge.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vidkind.records import WHOLE, Content
from vidkind.video.hygiene import luma

Lit = NDArray[np.bool_]

# Compression leaves noise in a bar, most of it next to the edge: luma below this is black, and
# so is a line of which all but so few pixels are.
BLACK_LUMA = 24.0
NOISE_SHARE = 0.01
# Of the picture's side: the thinnest bar, how much two may differ, and the least content.
MIN_BAR, MAX_DIFFERENCE, MIN_CONTENT = 0.02, 0.02, 0.2
# Also of the side: content begins so soon after the first light, and is lit to this depth, which
# a line drawn around a dark window is not.
EDGE_DEPTH = 0.015
# Which share of that is lit in some picture: along the better of two edges, and along both.
EDGE_SHARE, LEAST_EDGE_SHARE = 0.65, 0.15


def may_have_bars(picture: NDArray[np.uint8]) -> bool:
    """Whether the outermost lines on two opposite sides are black, as in a wholly black picture.

    Args:
        picture: uint8 [H, W, 3].
    """
    lit = luma(picture) >= BLACK_LUMA
    sides = (lit[0], lit[-1]), (lit[:, 0], lit[:, -1])
    return any(max(one.mean(), other.mean()) <= NOISE_SHARE for one, other in sides)


def find_bars(pictures: NDArray[np.uint8]) -> Content:
    """The part of the pictures that is not bars; all of it where there are none.

    Args:
        pictures: uint8 [T, H, W, 3], of moments all over the video. Wholly black ones say
            nothing.
    """
    rows = np.stack([luma(picture) >= BLACK_LUMA for picture in pictures])
    columns = rows.transpose(0, 2, 1)
    high, wide = _extent(rows), _extent(columns)
    if not high.stop or not wide.stop:
        return WHOLE
    top, bottom = _between_bars(rows, wide)
    left, right = _between_bars(columns, high)
    return Content(top=top, bottom=bottom, left=left, right=right)


def _between_bars(lines: Lit, extent: slice) -> tuple[float, float]:
    """Where content begins and ends, as shares of the side.

    Args:
        lines: bool [T, side, length], which pixels are lit.
        extent: The part of the length in which there is any light.
    """
    lit = lines[:, :, extent].mean(axis=2)
    (before, first_lit), (after, last_lit) = _bar(lit), _bar(lit[:, ::-1])
    paired = min(before, after) >= MIN_BAR and abs(before - after) <= MAX_DIFFERENCE
    edges = sorted((first_lit, last_lit))
    straight = edges[0] > LEAST_EDGE_SHARE and edges[1] > EDGE_SHARE
    if paired and straight and 1 - before - after >= MIN_CONTENT:
        line = 1 / lit.shape[1]  # the first and the last are half bar
        return before + line, 1 - after - line
    return 0.0, 1.0


def _bar(lit: NDArray[np.float64]) -> tuple[float, float]:
    """Width of the bar before the first line, of the side, and the lit share just inside.

    Args:
        lit: float64 [T, side], lit share of every line.
    """
    side, brightest = lit.shape[1], lit.max(axis=0)
    depth = round(EDGE_DEPTH * side)
    light, edge = (int(np.argmax(brightest > share)) for share in (NOISE_SHARE, LEAST_EDGE_SHARE))
    if edge - light > depth:
        return 0.0, 0.0
    return edge / side, float(lit[:, edge : edge + depth].mean(axis=1).max())


def _extent(lines: Lit) -> slice:
    """From the first to the last line that is not black in every picture; empty where all are."""
    lit = np.flatnonzero(lines.mean(axis=2).max(axis=0) > NOISE_SHARE)
    return slice(int(lit[0]), int(lit[-1]) + 1) if len(lit) else slice(0)
