"""Conformal label sets: every category that cannot be ruled out at a wanted coverage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidkind.errors import ConfigError

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class ConformalScores:
    """Least-ambiguous-set scores of validation videos, whose labels are known.

    Attributes:
        scores: float64 [n], 1 minus the probability of the right category.
        weights: float64 [n], 1 / videos of the same source: each source weighs 1.
    """

    scores: Floats
    weights: Floats

    def __post_init__(self) -> None:
        if self.scores.ndim != 1 or self.scores.shape != self.weights.shape or not len(self.scores):
            raise ValueError(
                f"scores {list(self.scores.shape)} and weights {list(self.weights.shape)} do not "
                "fit; expected [n] and [n] with n >= 1"
            )

    def limit(self, coverage: float) -> float:
        """The largest score a category may have to be in the set.

        Split conformal prediction (Angelopoulos & Bates, 2021, section 1.1) with the score of
        Sadinle, Lei & Wasserman (JASA 2019). Videos of one source are not exchangeable, so
        that sources are what is counted (Lee, Barber & Willett, "Distribution-free inference
        with hierarchical data", 2023): sets hold the right category of a video from a new
        source with a probability of at least ``coverage``.

        Raises:
            ConfigError: ``coverage`` is not between 0 and 1, or there are too few sources.
        """
        sources = self.weights.sum()
        most = sources / (sources + 1)
        if not 0 < coverage < 1:
            raise ConfigError(f"coverage is {coverage}; expected a share between 0 and 1")
        if coverage > most + 1e-12:
            raise ConfigError(
                f"coverage is {coverage:g}, but the {sources:.0f} validation sources of this "
                f"bundle carry at most {np.floor(1000 * most) / 1000:.3f}; give less, or validate "
                "on more"
            )
        order = np.argsort(self.scores)
        reached = np.cumsum(self.weights[order]) >= coverage * (sources + 1) - 1e-9
        return float(self.scores[order][np.argmax(reached)])


def label_set(scores: Floats, limit: float) -> NDArray[np.int64]:
    """Categories within the limit, most probable first; never empty.

    Args:
        scores: float64 [K], probabilities.
        limit: From ``ConformalScores.limit``.
    """
    order = np.argsort(-scores, kind="stable")
    count = max(1, int(np.sum(1 - scores <= limit)))
    return order[:count]
