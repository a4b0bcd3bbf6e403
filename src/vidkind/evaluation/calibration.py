"""Temperature scaling: one number that makes confidence mean accuracy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from vidkind.inference.tta import ensemble_probabilities

NUM_BINS = 15
_LOG_RANGE = (-3.0, 3.0)


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Finds the temperature with the least negative log-likelihood.

    Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), section 4.2, applied
    to every member before their softmax is averaged.

    Args:
        logits: [M, N, K] of videos the members were not trained on.
        labels: int64 [N].

    Returns:
        Temperature, about 0.05 to 20; 1 changes nothing. 1 where every answer is right: then
        the likelihood only grows as the temperature falls, and says nothing of confidence.
    """
    if np.array_equal(ensemble_probabilities(logits).argmax(axis=1), labels):
        return 1.0

    def loss(log_temperature: float) -> float:
        found = ensemble_probabilities(logits / np.exp(log_temperature))
        return negative_log_likelihood(found, labels)

    found = minimize_scalar(loss, bounds=_LOG_RANGE, method="bounded")
    return float(np.exp(found.x))


def negative_log_likelihood(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Mean of -log p(label); probabilities [N, K]."""
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def expected_calibration_error(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], *, num_bins: int = NUM_BINS
) -> float:
    """Mean distance of confidence from accuracy over equal-width bins, 0..1.

    Naeini et al., AAAI 2015; 15 bins as in Guo et al., 2017.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=num_bins)
    return float(np.abs(gaps).sum() / len(labels))
