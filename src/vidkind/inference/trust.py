"""Trust: how likely an answer is right, from what the models say and where the features lie.

Letters: N videos, M members, S segments, T steps, D features, K categories, P kept directions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TrustKind = Literal["learned", "published"]

NUM_SEGMENTS = 8

# The published description names the six signals and says that they are weighed by hand; it
# gives no numbers. These are set by hand in its order of emphasis and fitted to nothing.
PUBLISHED_WEIGHTS = {
    "confidence": 0.3,
    "gap": 0.2,
    "entropy": 0.2,
    "attention": 0.1,
    "agreement": 0.1,
    "centroid": 0.1,
}
SIGNALS = (*PUBLISHED_WEIGHTS, "distance")


def segment_indices(num_steps: int) -> NDArray[np.int64]:
    """Steps of up to ``NUM_SEGMENTS`` stretches of equal length, from first to last.

    Args:
        num_steps: T, length of the sequence, at least 1.

    Returns:
        int64 [S, L]; S is smaller than ``NUM_SEGMENTS`` in sequences that are shorter.
    """
    count = min(NUM_SEGMENTS, num_steps)
    length = num_steps // count
    starts = np.linspace(0, num_steps - length, count).astype(np.int64)
    indices: NDArray[np.int64] = starts[:, None] + np.arange(length)
    return indices


def pooled_features(features: NDArray[np.float32], num_frames: NDArray[np.int32]) -> Floats:
    """Mean over time of frame features scaled to unit length.

    Args:
        features: float32 [N, T, D].
        num_frames: int32 [N], valid steps.

    Returns:
        float64 [N, D].
    """
    pooled = []
    for sequence, steps in zip(features, num_frames, strict=True):
        valid = sequence[:steps].astype(np.float64)
        lengths = np.linalg.norm(valid, axis=1, keepdims=True)
        pooled.append((valid / np.maximum(lengths, 1e-12)).mean(axis=0))
    return np.stack(pooled)


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureStatistics:
    """Where the training videos lie in feature space.

    Attributes:
        mean: [D], of pooled features.
        scale: [D], standard deviation of pooled features.
        basis: [D, P], onto the leading directions, whitened within categories.
        centroids: [K, P], mean of each category in that space.
    """

    mean: Floats
    scale: Floats
    basis: Floats
    centroids: Floats

    def distances(self, pooled: Floats) -> Floats:
        """Mahalanobis distance to each category, one covariance for all of them.

        Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples"
        (NeurIPS 2018), section 2.1, on pooled features.

        Args:
            pooled: [N, D] from ``pooled_features``.

        Returns:
            float64 [N, K].
        """
        places = ((pooled - self.mean) / self.scale) @ self.basis
        found: Floats = np.linalg.norm(places[:, None] - self.centroids, axis=2)
        return found


def trust_signals(
    scores: Floats,
    attention: NDArray[np.float32],
    num_frames: NDArray[np.int32],
    segment_scores: Floats,
    distances: Floats,
) -> Floats:
    """The six published signals, each 0..1 and larger for more trust, and the distance.

    Args:
        scores: [N, K], calibrated probabilities of the ensemble.
        attention: [N, T], pooling weights averaged over members, zero on padding.
        num_frames: int32 [N], valid steps.
        segment_scores: [N, S, K], the ensemble's answer for each stretch alone; rows of NaN
            where a video has fewer.
        distances: [N, K] from ``FeatureStatistics.distances``.

    Returns:
        float64 [N, 7] in the order of ``SIGNALS``; the last is the distance to the nearest
        category, larger for less trust.
    """
    rows, best = np.arange(len(scores)), scores.argmax(axis=1)
    ranked = np.sort(scores, axis=1)
    own = distances[rows, best]
    others = np.where(np.eye(scores.shape[1], dtype=bool)[best], np.inf, distances).min(axis=1)
    there = ~np.isnan(segment_scores[:, :, 0])
    agree = (np.nan_to_num(segment_scores).argmax(axis=2) == best[:, None]) & there
    return np.stack(
        [
            ranked[:, -1],
            ranked[:, -1] - ranked[:, -2],
            1 - _entropy(scores) / np.log(scores.shape[1]),
            1 - _entropy(attention) / np.log(np.maximum(num_frames, 2)),
            agree.sum(axis=1) / there.sum(axis=1),
            others / np.maximum(own + others, 1e-12),
            distances.min(axis=1),
        ],
        axis=1,
    )


def _entropy(shares: NDArray[np.floating]) -> Floats:
    """Entropy of each row in nats."""
    values = np.asarray(shares, dtype=np.float64)
    total: Floats = -(values * np.log(np.maximum(values, 1e-12))).sum(axis=-1)
    return total


def published_trust(signals: Floats) -> Floats:
    """The six published signals, weighed by hand: float64 [N], 0..1."""
    weights = np.array(list(PUBLISHED_WEIGHTS.values()))
    found: Floats = np.clip(signals[:, : len(weights)] @ weights, 0, 1)
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class TrustWeights:
    """A logistic model of "the answer is right" on the signals.

    Attributes:
        centre: [7], subtracted from the signals; that of the distance is where it begins to
            count: nearer is no reason for more trust.
        scale: [7], what the signals are divided by.
        coefficients: [7], none below 0.
        intercept: Logit of an answer whose signals lie at the centre.
    """

    centre: Floats
    scale: Floats
    coefficients: Floats
    intercept: float

    def standardised(self, signals: Floats) -> Floats:
        """Signals [N, 7] so that each grows with trust and has a scale of about 1."""
        values: Floats = (signals - self.centre) / self.scale
        values[:, -1] = -np.maximum(values[:, -1], 0)
        return values

    def logits(self, signals: Floats) -> Floats:
        """Log-odds that the answer is right: float64 [N]."""
        found: Floats = self.intercept + self.standardised(signals) @ self.coefficients
        return found

    def trust(self, signals: Floats) -> Floats:
        """Probability that the answer is right: float64 [N], 0..1."""
        return sigmoid(self.logits(signals))


def sigmoid(logits: Floats) -> Floats:
    """Log-odds to probability."""
    found: Floats = 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
    return found
