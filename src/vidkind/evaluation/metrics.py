"""The one accuracy and F1 of the package: the same at every epoch and in the final test."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vidkind.errors import ConfigError, MissingExtraError


class Metrics(TypedDict):
    """What ``compute_metrics`` gives; every figure in percent.

    Attributes:
        accuracy: Top-1 accuracy.
        f1_weighted: F1 averaged over the classes, weighted by their number of videos.
        f1_per_class: float64 [K].
    """

    accuracy: float
    f1_weighted: float
    f1_per_class: NDArray[np.float64]


def compute_metrics(outputs: ArrayLike, labels: ArrayLike) -> Metrics:
    """Scores raw logits against labels.

    Args:
        outputs: Logits [B, K].
        labels: Integer labels [B], 0..K-1.

    Returns:
        Accuracy, weighted F1 and F1 per class, in percent. A class without videos and
        without predictions has F1 0.

    Raises:
        ConfigError: Shapes do not fit, or there is nothing to score.
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        # Costs a second, which those who only need the type need not spend.
        from sklearn.metrics import f1_score, precision_recall_fscore_support
    except ImportError as error:
        raise MissingExtraError("scikit-learn", "train") from error
    logits = np.asarray(outputs)
    truth = np.asarray(labels)
    if logits.ndim != 2 or truth.shape != logits.shape[:1] or len(truth) == 0:
        raise ConfigError(
            f"outputs {list(logits.shape)} and labels {list(truth.shape)} cannot be scored; "
            "expected logits [B, K] and labels [B] with B >= 1"
        )
    predicted = logits.argmax(axis=1)
    _, _, per_class, _ = precision_recall_fscore_support(
        truth, predicted, average=None, labels=range(logits.shape[1]), zero_division=0
    )
    weighted = f1_score(truth, predicted, average="weighted", zero_division=0)
    return Metrics(
        accuracy=100.0 * float(np.mean(predicted == truth)),
        f1_weighted=100.0 * float(weighted),
        f1_per_class=100.0 * np.asarray(per_class, dtype=np.float64),
    )
