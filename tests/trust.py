"""Trust statistics that fit the tiny bundle: few numbers, every part there."""

from __future__ import annotations

import numpy as np

from vidkind.inference.conformal import ConformalScores
from vidkind.inference.operating import OperatingTable
from vidkind.inference.trust import FeatureStatistics, TrustWeights
from vidkind.inference.trust_file import TrustModel


def drawn_trust(*, threshold: float = 0.7, seed: int = 0) -> TrustModel:
    """D = 3, K = 4. Half of the answers hold an error of 0, all of them one of 0.2.

    Args:
        threshold: Trust from which the first half begins.
        seed: Seed of the statistics.
    """
    rng = np.random.default_rng(seed)
    table = OperatingTable(
        points=np.array([[threshold, 0.5, 0.0, 0.0, 0.07, 0.1], [0.0, 1.0, 0.2, 0.1, 0.3, 0.4]]),
        sources=100,
    )
    return TrustModel(
        statistics=FeatureStatistics(
            mean=rng.normal(size=3),
            scale=np.ones(3),
            basis=np.eye(3),
            centroids=rng.normal(size=(4, 3)),
        ),
        weights=TrustWeights(
            centre=np.full(7, 0.5),
            scale=np.full(7, 0.25),
            coefficients=np.full(7, 0.4),
            intercept=1.0,
        ),
        tables={"learned": table, "published": table},
        conformal=ConformalScores(scores=np.linspace(0, 0.9, 40), weights=np.full(40, 0.5)),
        temperature=1.0,
    )
