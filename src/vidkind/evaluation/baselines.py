"""Baselines on the same features: what a temporal model has to beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vidkind.errors import MissingExtraError
from vidkind.features.store import FeatureSet

try:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
except ImportError as error:
    raise MissingExtraError("scikit-learn", "train") from error

# Inverse regularisation: a few hundred videos against thousands of columns need much of it.
_REGULARISATION_C = 0.01


def time_statistics(
    features: NDArray[np.float32], num_frames: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Mean, standard deviation and mean absolute step over time of each sequence.

    Args:
        features: float32 [N, T, D].
        num_frames: int32 [N], valid steps.

    Returns:
        float32 [N, 3 D].
    """
    rows = []
    for sequence, steps in zip(features, num_frames, strict=True):
        valid = sequence[:steps]
        step = np.abs(np.diff(valid, axis=0)).mean(axis=0) if steps > 1 else 0 * valid[0]
        rows.append(np.concatenate([valid.mean(axis=0), valid.std(axis=0), step]))
    return np.stack(rows).astype(np.float32)


def majority_probabilities(train: FeatureSet, count: int) -> NDArray[np.float64]:
    """Answers the commonest training category every time: float64 [count, K]."""
    shares = np.bincount(train.labels, minlength=len(train.categories)) / len(train)
    return np.tile(shares, (count, 1))


def logistic_regression_probabilities(train: FeatureSet, test: FeatureSet) -> NDArray[np.float64]:
    """Balanced logistic regression on ``time_statistics``: float64 [N, K] for ``test``."""
    return linear_probabilities(
        time_statistics(train.features, train.num_frames),
        train.labels,
        time_statistics(test.features, test.num_frames),
        num_categories=len(train.categories),
    )


def linear_probabilities(
    train: NDArray[np.float32],
    labels: NDArray[np.int64],
    test: NDArray[np.float32],
    *,
    num_categories: int,
) -> NDArray[np.float64]:
    """The same from statistics at hand: float32 [n, C], int64 [n], float32 [N, C] to [N, K]."""
    model = make_pipeline(
        StandardScaler(),
        LogisticRegression(C=_REGULARISATION_C, class_weight="balanced", max_iter=2000),
    )
    model.fit(train, labels)
    probabilities = np.zeros((len(test), num_categories))
    probabilities[:, model.classes_] = model.predict_proba(test)
    return probabilities
