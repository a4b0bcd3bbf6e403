"""Two classifiers on the same videos: who is better, and can that be chance."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from vidkind.evaluation.intervals import LEVEL, Floats, Interval, Resamples


def paired_difference(gains: Floats, resamples: Resamples, weights: Floats) -> Interval:
    """95 % interval of a mean of gains, each -1, 0 or 1, in percent.

    Agresti & Min, "Simple improved confidence intervals for comparing matched proportions"
    (Statistics in Medicine 2005): two sources more, one of no gain, half of one gained and half
    of one lost. Where few videos are answered differently it holds the truth in more than 95 %
    of cases, where resampling holds it in far fewer: draws of no difference have no width.

    Args:
        gains: float64 [N].
        resamples: From ``resample``.
        weights: float64 [N], weight of each video.
    """
    per_source = np.bincount(resamples.source, weights * gains)
    per_source *= len(per_source) / weights.sum()
    count = len(per_source) + 2
    centre = per_source.sum() / count
    variance = ((per_source**2).sum() + 1) / count - centre**2
    reach = NormalDist().inv_cdf(0.5 + LEVEL / 2) * np.sqrt(variance / count)
    return Interval(
        value=100 * float(per_source.mean()),
        low=100 * max(-1.0, float(centre - reach)),
        high=100 * min(1.0, float(centre + reach)),
        method="agresti-min",
    )


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """A against B on the same videos.

    Attributes:
        only_a_right: Videos that A answers rightly and B wrongly.
        only_b_right: The other way round.
        p_value: Two-sided exact McNemar test over videos (McNemar, 1947; exact binomial form).
            Where a source has several, which are alike, it is too small.
        p_value_sources: The same over sources, of which each counts for whom it is better for: a
            sign test. With one video a source it is ``p_value``.
        difference: Accuracy of A minus accuracy of B per source, Agresti-Min interval.
        sources_needed: How many sources it takes to tell a difference of this size apart with
            80 % power; None where there is no difference.
    """

    only_a_right: int
    only_b_right: int
    p_value: float
    p_value_sources: float
    difference: Interval
    sources_needed: int | None = None

    @property
    def a_wins(self) -> bool:
        """Whether A is better beyond chance, by test and by interval."""
        return self.is_real and self.difference.low > 0

    @property
    def is_real(self) -> bool:
        """Whether the test over sources finds a difference beyond chance."""
        return self.p_value_sources < 0.05


def paired_test(
    right_a: NDArray[np.bool_],
    right_b: NDArray[np.bool_],
    weights: Floats,
    resamples: Resamples,
) -> PairedTest:
    """Compares two classifiers on the same N videos.

    Args:
        right_a: bool [N], whether A is right.
        right_b: bool [N], whether B is right.
        weights: float64 [N], weight of each video.
        resamples: From ``resample``.
    """
    only_a, only_b = int(np.sum(right_a & ~right_b)), int(np.sum(~right_a & right_b))
    gain = right_a.astype(float) - right_b.astype(float)
    net = np.bincount(resamples.source, gain)
    total = weights.sum()
    return PairedTest(
        only_a_right=only_a,
        only_b_right=only_b,
        p_value=_sign_test(only_a, only_b),
        p_value_sources=_sign_test(int(np.sum(net > 0)), int(np.sum(net < 0))),
        difference=paired_difference(gain, resamples, weights),
        sources_needed=sources_needed(
            float((right_a & ~right_b) @ weights / total),
            float((~right_a & right_b) @ weights / total),
        ),
    )


def _sign_test(for_a: int, for_b: int) -> float:
    from scipy.stats import binomtest

    return float(binomtest(for_a, for_a + for_b, 0.5).pvalue) if for_a + for_b else 1.0


def sources_needed(
    only_a: float, only_b: float, *, power: float = 0.8, level: float = 0.05
) -> int | None:
    """Sources it takes for McNemar's test to find a difference of this size.

    Connor, "Sample Size for Testing Differences in Proportions for the Paired-Sample Design"
    (Biometrics 1987); normal approximation.

    Args:
        only_a: Share of sources that only A answers rightly, 0..1.
        only_b: Share of sources that only B answers rightly, 0..1.
        power: Chance wanted to find a true difference of this size.
        level: Two-sided significance level.

    Returns:
        Number of independent sources, or None where the shares are equal.
    """
    gap, discordant = abs(only_a - only_b), only_a + only_b
    if gap < 1e-9:
        return None
    normal = NormalDist()
    reach = normal.inv_cdf(1 - level / 2) * np.sqrt(discordant)
    reach += normal.inv_cdf(power) * np.sqrt(discordant - gap**2)
    return int(np.ceil((reach / gap) ** 2))
