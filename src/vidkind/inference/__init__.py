"""Answers: from a video and a bundle to a ``Prediction``.

In: paths and a bundle. Out: one ``Prediction`` per path, an answer or a typed error.
The softmax, the test-time views, trust and label sets live here, once.
Needs only the core install.
Does not know: labels, training, torch, how an answer is shown.
"""

from vidkind.inference.classifier import SingleVideoClassifier, failed_prediction
from vidkind.inference.ensemble import EnsembleAnswer, TemporalEnsemble
from vidkind.inference.trust import TrustKind
from vidkind.inference.tta import VIEWS, softmax, tta_views

__all__ = [
    "VIEWS",
    "EnsembleAnswer",
    "SingleVideoClassifier",
    "TemporalEnsemble",
    "TrustKind",
    "failed_prediction",
    "softmax",
    "tta_views",
]
