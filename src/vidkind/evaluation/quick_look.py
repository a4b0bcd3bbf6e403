"""When a quick look is enough: thresholds of trust, fitted where they change few answers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vidkind.config import Effort
from vidkind.inference.effort import QUICK_FRAMES

Floats = NDArray[np.float64]

# Share of the validation videos, each source weighing 1, that may be answered otherwise than from
# the whole sequence. Labels take no part: of two unlike answers either may be the right one.
_CHANGED_ANSWERS: Mapping[Effort, float] = {"fast": 0.03, "normal": 0.01}


def quick_sequences(
    features: NDArray[np.float32], num_frames: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """What a quick look would have seen of each sequence: the middles of 6 equal stretches.

    Args:
        features: float32 [N, T, D].
        num_frames: int32 [N], valid steps.

    Returns:
        Features float32 [N, 6, D] and valid steps int32 [N], all 6.
    """
    middles = (np.arange(QUICK_FRAMES) + 0.5) / QUICK_FRAMES
    steps = (middles * num_frames[:, None]).astype(np.int64)
    rows = np.arange(len(features))[:, None]
    return features[rows, steps], np.full(len(features), QUICK_FRAMES, dtype=np.int32)


def fit_quick_thresholds(
    trust: Floats, same: NDArray[np.bool_], weights: Floats
) -> dict[Effort, float]:
    """Least trust at which quick answers may stand, for each effort that takes a quick look.

    Args:
        trust: float64 [N], of the quick answers.
        same: bool [N], whether the whole sequence gives the same answer.
        weights: float64 [N], weight of each video.

    Returns:
        Effort -> threshold; infinite where not even the most trusted answer may stand.
    """
    order = np.argsort(-trust, kind="stable")
    changed = np.cumsum(weights[order] * ~same[order]) / weights.sum()
    # Equal trust cannot be divided: a value counts with all videos that have it.
    last = np.searchsorted(-trust[order], -trust[order], side="right") - 1
    found: dict[Effort, float] = {}
    for effort, share in _CHANGED_ANSWERS.items():
        allowed = trust[order][changed[last] <= share]
        found[effort] = float(allowed.min()) if len(allowed) else np.inf
    return found
