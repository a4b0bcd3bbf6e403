"""Pairs of videos whose frames hash alike, found by matrix products over blocks of videos."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidkind.doctor.hashes import VIEWS, Signs, View, mirrored

logger = logging.getLogger(__name__)

Matrix = NDArray[np.float32]

# Unrelated pairs among 605 real clips reach 0.64 at the same moments, 0.73 mirrored; copies of 24
# of them start at 0.98 re-encoded, 0.89 darkened, 0.77 cropped by a tenth on every side. Between
# lies the work of the features.
ALIGNED_THRESHOLD = 0.5
ANY_TIME_THRESHOLD = 0.6
# Comparing every frame with every other costs T times as much: minutes from here on.
ANY_TIME_LIMIT = 20_000
# Views with a smaller share of coefficients are of one colour, as a terminal below its first lines.
_LEAST_DETAIL = 0.2
_BLOCK_CELLS = 1 << 24


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Two videos that may show the same.

    Attributes:
        first: Index of a video.
        second: Index of the other.
        similarity: Agreement of the hashes, -1 to 1; unrelated videos lie around 0.
        first_view: Part of the first that looks like ...
        second_view: ... this part of the second; one of the two is the whole picture.
        mirrored: Whether the first is mirrored.
        aligned: Whether frames at the same share of the length are alike, or frames at any time.
    """

    first: int
    second: int
    similarity: float
    first_view: View = VIEWS[0]
    second_view: View = VIEWS[0]
    mirrored: bool = False
    aligned: bool = True


def candidate_pairs(hashes: Signs, *, with_mirrored: bool = False) -> list[Candidate]:
    """Finds pairs whose hashes agree, in any view of one with the whole of the other.

    With -1, 0, 1 for the bits, the Hamming distances of all pairs are one matrix product.

    Args:
        hashes: int8 [N, V, T, B].
        with_mirrored: Also look for copies mirrored left to right.

    Returns:
        The best match of each unordered pair, most similar first.
    """
    if len(hashes) > ANY_TIME_LIMIT:
        logger.warning(
            "copies that are cut or shifted in time are not looked for: %d videos are more than %d",
            len(hashes),
            ANY_TIME_LIMIT,
        )
    best: dict[tuple[int, int], Candidate] = {}
    for found in _matches(hashes, with_mirrored):
        pair = (min(found.first, found.second), max(found.first, found.second))
        if pair not in best or _rank(found) > _rank(best[pair]):
            best[pair] = found
    return sorted(best.values(), key=lambda c: (-c.similarity, c.first, c.second))


def best_over_time(similarities: Matrix) -> Matrix:
    """Agreement of videos whose frames match at any time.

    Args:
        similarities: float32 [..., T, T], of each frame of one with each frame of the other.

    Returns:
        float32 [...]: the mean over the frames of one of their best match in the other, in the
        direction that agrees better, so that an excerpt matches what it was cut from.
    """
    forth = similarities.max(axis=-1).mean(axis=-1)
    back = similarities.max(axis=-2).mean(axis=-1)
    best: Matrix = np.maximum(forth, back)
    return best


def _rank(candidate: Candidate) -> float:
    """Similarity, less what choosing the best of all times gives to any pair."""
    handicap = 0.0 if candidate.aligned else ANY_TIME_THRESHOLD - ALIGNED_THRESHOLD
    return candidate.similarity - handicap


def _matches(hashes: Signs, with_mirrored: bool) -> Iterator[Candidate]:
    for mirror in (False, True) if with_mirrored else (False,):
        whole = mirrored(hashes[:, 0]) if mirror else hashes[:, 0]
        for number, view in enumerate(VIEWS):
            for a, b, value in _aligned(whole, hashes[:, number]):
                yield Candidate(
                    first=a, second=b, similarity=value, second_view=view, mirrored=mirror
                )
        # Of the whole pictures only: some part of some frame agrees for unrelated flat screens too.
        if len(hashes) <= ANY_TIME_LIMIT:
            for a, b, value in _any_time(whole, hashes[:, 0]):
                yield Candidate(first=a, second=b, similarity=value, mirrored=mirror, aligned=False)


def _aligned(first: Signs, second: Signs) -> Iterator[tuple[int, int, float]]:
    """Pairs above the threshold, frame i with frame i: [N, T, B] each."""
    left, right = _unit(first.reshape(len(first), -1)), _unit(second.reshape(len(second), -1))
    step = max(1, _BLOCK_CELLS // max(1, len(right)))
    for start in range(0, len(left), step):
        yield from _above(left[start : start + step] @ right.T, start, ALIGNED_THRESHOLD)


def _any_time(first: Signs, second: Signs) -> Iterator[tuple[int, int, float]]:
    """Pairs above the threshold, every frame with the best of the other: [N, T, B] each."""
    count, steps, bits = second.shape
    left, right = _unit(first), _unit(second).reshape(count * steps, bits)
    step = max(1, _BLOCK_CELLS // max(1, count * steps * steps))
    for start in range(0, count, step):
        block = left[start : start + step].reshape(-1, bits) @ right.T
        cells = block.reshape(-1, steps, count, steps).transpose(0, 2, 1, 3)
        yield from _above(best_over_time(cells), start, ANY_TIME_THRESHOLD)


def _unit(signs: Signs) -> Matrix:
    """Rows of length 1; zeros, which agree with nothing, where a picture is all but empty."""
    values = signs.astype(np.float32)
    detail = np.abs(values).mean(axis=-1, keepdims=True)
    lengths = np.linalg.norm(values, axis=-1, keepdims=True)
    unit: Matrix = (values / np.where(detail >= _LEAST_DETAIL, lengths, np.inf)).astype(np.float32)
    return unit


def _above(block: Matrix, start: int, threshold: float) -> Iterator[tuple[int, int, float]]:
    for row, column in np.argwhere(block >= threshold):
        if row + start != column:
            yield int(row) + start, int(column), float(block[row, column])
