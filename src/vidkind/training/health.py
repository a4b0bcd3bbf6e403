"""The watch for dead seeds: training runs that collapsed to a class or to chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# In percent. A class below this F1 is never, or all but never, answered.
_DEAD_CLASS_F1 = 5.0
# Points above 1 / K that a live seed must pass.
_CHANCE_MARGIN = 5.0


def dead_reason(metrics: Mapping[str, Any], categories: Sequence[str]) -> str | None:
    """Says why a trained model is dead, or None when it is alive.

    Args:
        metrics: ``compute_metrics`` of its best epoch on the validation set.
        categories: Names of the classes that the validation set holds, in label order, with
            an empty name for a class without videos, which is not judged.

    Returns:
        One line: accuracy at chance, or a class with F1 below 5 %. Chance is 1 / K, since
        training sees every class equally; a model that answers the majority alone shows by
        the F1 of the others.
    """
    accuracy, classes = float(metrics["accuracy"]), len(categories)
    if not accuracy > 100.0 / classes + _CHANCE_MARGIN:
        return f"validation accuracy {accuracy:.1f} % is at chance (1 of {classes} classes)"
    for name, f1 in zip(categories, metrics["f1_per_class"], strict=True):
        if name and f1 < _DEAD_CLASS_F1:
            return f"{name} has F1 {f1:.1f} %, expected {_DEAD_CLASS_F1:.0f} % or more"
    return None
