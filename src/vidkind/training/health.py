"""The watch for dead seeds: training runs that collapsed to a class or to chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# In percent. A class below this F1 is never, or all but never, answered.
_DEAD_CLASS_F1 = 5.0
# Points above 1 / K that a live seed must pass.
_CHANCE_MARGIN = 5.0


def dead_reason(
    metrics: Mapping[str, Any],
    categories: Sequence[str],
    train_metrics: Mapping[str, Any] | None = None,
) -> str | None:
    """Says why a trained model is dead, or None when it is alive.

    Args:
        metrics: ``compute_metrics`` of the epoch kept, on the validation set.
        categories: Names of the classes, in label order.
        train_metrics: The same on the training set, where it is known. A class counts as collapsed
            only if it has in both: of few validation videos, or none, a model may miss all.

    Returns:
        One line: accuracy at chance, or a class with F1 below 5 %. Chance is 1 / K, since
        training sees every class equally; a model that answers the majority alone shows by
        the F1 of the others.
    """
    accuracy, classes = float(metrics["accuracy"]), len(categories)
    if not accuracy > 100.0 / classes + _CHANCE_MARGIN:
        return f"validation accuracy {accuracy:.1f} % is at chance (1 of {classes} classes)"
    judged = [metrics] if train_metrics is None else [metrics, train_metrics]
    for name, *found in zip(categories, *(each["f1_per_class"] for each in judged), strict=True):
        if max(found) < _DEAD_CLASS_F1:
            return f"{name} has F1 {max(found):.1f} %, expected {_DEAD_CLASS_F1:.0f} % or more"
    return None
