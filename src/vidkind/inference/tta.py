"""Softmax, ensemble mean and test-time augmentation (TTA), on plain arrays.

Letters: M members, N videos, T steps, D features, K categories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

VIEWS: tuple[str, ...] = ("original", "reverse", "speed_up", "speed_down")

# Shorter sequences have no speed views: half of a few steps says nothing.
_MIN_STEPS_FOR_SPEED = 11


def softmax(logits: ArrayLike) -> NDArray[np.float64]:
    """Turns logits [..., K] into float64 probabilities [..., K]; the only softmax here."""
    values = np.asarray(logits, dtype=np.float64)
    exponentials = np.exp(values - values.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float64] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return probabilities


def ensemble_probabilities(logits: ArrayLike) -> NDArray[np.float64]:
    """Averages the members' softmax: logits [M, ..., K] give float64 [..., K]."""
    mean: NDArray[np.float64] = softmax(logits).mean(axis=0)
    return mean


def tta_indices(num_steps: int) -> dict[str, NDArray[np.int64]]:
    """Which steps each view shows, in order.

    Args:
        num_steps: T, length of the sequence, at least 1.

    Returns:
        View name -> int64 indices into the T steps. ``speed_up`` (T // 2 steps) and
        ``speed_down`` (int(1.5 T) steps) are there above 10 steps only.
    """
    indices = {
        "original": np.arange(num_steps, dtype=np.int64),
        "reverse": np.arange(num_steps - 1, -1, -1, dtype=np.int64),
    }
    if num_steps >= _MIN_STEPS_FOR_SPEED:
        indices["speed_up"] = _linspace_indices(num_steps, num_steps // 2)
        indices["speed_down"] = _linspace_indices(num_steps, int(1.5 * num_steps))
    return indices


def _linspace_indices(num_steps: int, count: int) -> NDArray[np.int64]:
    return np.linspace(0, num_steps - 1, count).astype(np.int64)


def tta_views(features: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """The views of one sequence [T, D], or of a batch [B, T, D] whose rows are all full.

    Returns:
        View name -> float32 [T', D] or [B, T', D], in the order of ``VIEWS``.
    """
    return {
        name: np.ascontiguousarray(features[..., indices, :])
        for name, indices in tta_indices(features.shape[-2]).items()
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class PaddedView:
    """One TTA view of a padded batch.

    Attributes:
        name: One of ``VIEWS``.
        rows: int64 [n], the videos that have this view.
        features: float32 [n, T', D], zero beyond ``num_frames``.
        num_frames: int32 [n], valid steps.
    """

    name: str
    rows: NDArray[np.int64]
    features: NDArray[np.float32]
    num_frames: NDArray[np.int32]


def padded_views(
    features: NDArray[np.float32], num_frames: NDArray[np.int32]
) -> tuple[PaddedView, ...]:
    """The views of videos of unlike length.

    Args:
        features: float32 [N, T, D], zero beyond ``num_frames``.
        num_frames: int32 [N], valid steps.

    Returns:
        The views, in the order of ``VIEWS``; a speed view that no video has is left out.
    """
    per_video = [tta_indices(int(n)) for n in num_frames]
    views = []
    for name in VIEWS:
        rows = np.array([i for i, found in enumerate(per_video) if name in found], dtype=np.int64)
        if rows.size:
            views.append(_padded_view(name, rows, features, [per_video[i][name] for i in rows]))
    return tuple(views)


def _padded_view(
    name: str,
    rows: NDArray[np.int64],
    features: NDArray[np.float32],
    indices: Sequence[NDArray[np.int64]],
) -> PaddedView:
    lengths = np.array([len(steps) for steps in indices], dtype=np.int32)
    picked = np.zeros((len(rows), lengths.max(), features.shape[2]), dtype=np.float32)
    for target, row, steps in zip(picked, rows, indices, strict=True):
        target[: len(steps)] = features[row, steps]
    return PaddedView(name=name, rows=rows, features=picked, num_frames=lengths)


def average_views(
    views: Sequence[PaddedView], probabilities: Sequence[NDArray[np.float64]], num_videos: int
) -> NDArray[np.float64]:
    """Averages each video's probabilities over the views it has.

    Args:
        views: What ``padded_views`` gave.
        probabilities: One float64 [n, K] per view.
        num_videos: N.

    Returns:
        float64 [N, K].
    """
    total = np.zeros((num_videos, probabilities[0].shape[1]), dtype=np.float64)
    count = np.zeros((num_videos, 1), dtype=np.float64)
    for view, values in zip(views, probabilities, strict=True):
        total[view.rows] += values
        count[view.rows] += 1
    mean: NDArray[np.float64] = total / count
    return mean
