"""Cross-fitting of trust: each video is scored by what the other folds, by group, gave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vidkind.evaluation.calibration import cross_fitted_temperatures
from vidkind.evaluation.folds import group_folds
from vidkind.evaluation.scores import ScoredSet
from vidkind.evaluation.trust_fit import Observed, fit_weights
from vidkind.inference.conformal import ConformalScores
from vidkind.inference.trust import Floats, sigmoid
from vidkind.inference.tta import ensemble_probabilities


def cross_fitted_trust(
    observed: Observed,
    groups: Sequence[str],
    scored: ScoredSet,
    foreign: Sequence[Observed],
    final: Floats,
) -> Floats:
    """Learned trust of each video by weights fitted on other folds, on the final weights' scale.

    Scores of different fits cannot be pooled as they are: leaving a wrong answer out makes the
    fit more trusting, and that answer rises above those of other folds (Forman & Scholz,
    "Apples-to-Apples in Cross-Validation Studies", 2010). So a held-out score keeps its place
    among the scores of the videos its weights were fitted on, and takes the value that has
    this place among the final scores.

    Args:
        observed: N videos.
        groups: Group of each.
        scored: Labels and weights.
        foreign: Material that is none of the categories.
        final: float64 [N], log-odds by the weights fitted on all videos.
    """
    temperatures = cross_fitted_temperatures(
        observed.logits, scored.labels, groups, scored.source_weights
    )
    answers = ensemble_probabilities(observed.logits).argmax(axis=1)
    found = np.empty(len(answers))
    for fitted, held in group_folds(groups, answers == scored.labels):
        temperature = float(temperatures[held[0]])
        signals = observed.signals(temperature)
        right = ensemble_probabilities(observed.logits / temperature).argmax(axis=1)
        weights = fit_weights(
            signals[fitted],
            right[fitted] == scored.labels[fitted],
            scored.source_weights[fitted],
            [part.signals(temperature) for part in foreign],
        )
        logits = weights.logits(signals)
        found[held] = _same_place(logits[held], np.sort(logits[fitted]), np.sort(final))
    return sigmoid(found)


def _same_place(values: Floats, among: Floats, final: Floats) -> Floats:
    """Values carried from one sorted sample to the same quantiles of another, both ends kept."""
    quantiles = np.quantile(final, np.linspace(0, 1, len(among)))
    beyond = np.maximum(values - among[-1], 0) + np.minimum(values - among[0], 0)
    carried: Floats = np.interp(values, among, quantiles) + beyond
    return carried


def cross_fitted_conformal(
    observed: Observed, groups: Sequence[str], scored: ScoredSet
) -> ConformalScores:
    """Conformal scores of N videos at temperatures fitted on other folds."""
    temperatures = cross_fitted_temperatures(
        observed.logits, scored.labels, groups, scored.source_weights
    )
    scores = ensemble_probabilities(observed.logits / temperatures[:, None])
    return ConformalScores(
        scores=1 - scores[np.arange(len(scores)), scored.labels], weights=scored.source_weights
    )
