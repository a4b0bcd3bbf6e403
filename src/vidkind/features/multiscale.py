"""Temporal scales of a feature sequence, read from features embedded once.

The scales of the published system only re-pick frames out of the same T, so each frame is
embedded once and every scale is gathered from those features. Gathering, aligning and
averaging are all linear in time: together they are one constant [T_out, T] matrix.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vidkind.config import Alignment, MultiScaleOptions
from vidkind.records import FeatureSequence


def scale_length(num_frames: int, scale: float) -> int:
    """Steps of one temporal scale: ``int(num_frames * scale)``, at least 1."""
    return max(1, int(num_frames * scale))


def output_length(num_frames: int, options: MultiScaleOptions) -> int:
    """Steps after multi-scale: those of the longest scale (73 for 64 frames)."""
    return max(scale_length(num_frames, scale) for scale in options.scales)


def scale_indices(num_frames: int, scale: float) -> NDArray[np.int64]:
    """Which of the T frames a scale reads: int64 [T_scale], evenly spread, ends included."""
    return np.linspace(0, num_frames - 1, scale_length(num_frames, scale)).astype(np.int64)


@lru_cache(maxsize=256)
def multiscale_matrix(
    num_frames: int, scales: tuple[float, ...], alignment: Alignment
) -> NDArray[np.float32]:
    """The linear map from T frame features to the averaged multi-scale sequence.

    Args:
        num_frames: T, frames that were embedded.
        scales: Temporal scales to average.
        alignment: ``index`` pads shorter scales with zeros and averages by index, as the
            published features were made; ``time`` first reads every scale at the same
            moments (linear interpolation between its steps), so no moment is diluted.

    Returns:
        float32 [T_out, T]; read-only, since it is shared between calls.
    """
    steps = max(scale_length(num_frames, scale) for scale in scales)
    total = np.zeros((steps, num_frames))
    for scale in scales:
        gathered = np.eye(num_frames)[scale_indices(num_frames, scale)]
        if alignment == "time":
            gathered = _resampling_matrix(len(gathered), steps) @ gathered
        total[: len(gathered)] += gathered
    matrix = (total / len(scales)).astype(np.float32)
    matrix.setflags(write=False)
    return matrix


def _resampling_matrix(length: int, steps: int) -> NDArray[np.float64]:
    """Linear interpolation of ``length`` steps at ``steps`` moments: float64 [steps, length]."""
    position = np.linspace(0, length - 1, steps)
    below = np.minimum(position.astype(np.int64), max(length - 2, 0))
    weight = position - below
    matrix = np.zeros((steps, length))
    matrix[np.arange(steps), below] = 1 - weight
    matrix[np.arange(steps), np.minimum(below + 1, length - 1)] += weight
    return matrix


def to_sequence(
    features: NDArray[np.float32], times: NDArray[np.float64], options: MultiScaleOptions
) -> FeatureSequence:
    """Turns frame features into the feature sequence of the temporal model.

    Args:
        features: float32 [T, D], one row a frame.
        times: float64 [T], seconds.
        options: Scales and alignment.

    Returns:
        Sequence of [T_out, D]; with one scale, the frames as they are.
    """
    if not options.enabled:
        return FeatureSequence(features=features, times=times)
    matrix = multiscale_matrix(len(features), tuple(options.scales), options.alignment)
    moments = np.interp(np.linspace(0, len(times) - 1, len(matrix)), np.arange(len(times)), times)
    return FeatureSequence(features=matrix @ features, times=moments)
