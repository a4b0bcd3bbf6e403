"""Intervals and paired tests: every figure comes with how far it can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

BOOTSTRAP_DRAWS = 2000


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A figure with its confidence interval, all in percent unless it says otherwise.

    Attributes:
        value: The figure.
        low: Lower end.
        high: Upper end.
        method: How the interval was made.
    """

    value: float
    low: float
    high: float
    method: str

    def __str__(self) -> str:
        return f"{self.value:.1f} [{self.low:.1f}, {self.high:.1f}]"


def wilson(successes: float, trials: float, *, level: float = 0.95) -> Interval:
    """Score interval of a proportion (Wilson, JASA 1927).

    ``successes`` may be fractional: with every source weighing 1, a source of which two of
    three clips are right counts 2/3.

    Raises:
        ValueError: Not ``0 <= successes <= trials`` with ``trials > 0``.
    """
    if not (trials > 0 and 0 <= successes <= trials):
        raise ValueError(f"{successes} of {trials}; expected 0 <= successes <= trials, trials > 0")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = successes / trials
    spread = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    centre, scale = share + z**2 / (2 * trials), 1 + z**2 / trials
    low, high = max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
    return Interval(value=100 * share, low=100 * low, high=100 * high, method="wilson")


def bootstrap_weights(
    sources: Sequence[str], *, draws: int = BOOTSTRAP_DRAWS, seed: int = 0
) -> NDArray[np.float64]:
    """How often each video counts in each draw of sources with replacement.

    Videos of one source are not independent, so sources are drawn, not videos (cluster
    bootstrap; Davison & Hinkley, 1997, section 3.8).

    Returns:
        float64 [draws, N].
    """
    _, index = np.unique(np.asarray(sources), return_inverse=True)
    count = int(index.max()) + 1
    generator = np.random.default_rng(seed)
    per_source = generator.multinomial(count, np.full(count, 1 / count), size=draws)
    return per_source[:, index].astype(np.float64)


def bootstrap(
    statistic: Callable[[NDArray[np.float64]], float],
    weights: NDArray[np.float64],
    draws: NDArray[np.float64],
    *,
    level: float = 0.95,
) -> Interval:
    """Percentile bootstrap of a weighted statistic.

    Args:
        statistic: Maps weights [N] to a figure.
        weights: float64 [N], weight of each video in the figure itself.
        draws: float64 [draws, N] from ``bootstrap_weights``.
        level: Confidence level.
    """
    values = np.array([statistic(weights * draw) for draw in draws])
    return percentile_interval(statistic(weights), values, level=level)


def percentile_interval(
    value: float, draws: NDArray[np.float64], *, level: float = 0.95
) -> Interval:
    """Interval between the percentiles of bootstrap draws [draws]; NaN draws do not count."""
    low, high = np.nanquantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value=float(value), low=float(low), high=float(high), method="bootstrap")


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """A against B on the same videos.

    Attributes:
        only_a_right: Videos that A answers rightly and B wrongly.
        only_b_right: The other way round.
        p_value: Two-sided exact McNemar test (McNemar, 1947; exact binomial form).
        difference: Accuracy of A minus accuracy of B per source, bootstrap interval.
        sources_needed: How many sources it takes to tell a difference of this size apart with
            80 % power; None where there is no difference.
    """

    only_a_right: int
    only_b_right: int
    p_value: float
    difference: Interval
    sources_needed: int | None = None

    @property
    def a_wins(self) -> bool:
        """Whether A is better beyond chance, by test and by interval."""
        return self.p_value < 0.05 and self.difference.low > 0


def paired_test(
    right_a: NDArray[np.bool_],
    right_b: NDArray[np.bool_],
    weights: NDArray[np.float64],
    draws: NDArray[np.float64],
) -> PairedTest:
    """Compares two classifiers on the same N videos.

    Args:
        right_a: bool [N], whether A is right.
        right_b: bool [N], whether B is right.
        weights: float64 [N], weight of each video.
        draws: float64 [draws, N] from ``bootstrap_weights``.
    """
    # Intervals alone do without scipy, which is not in the core install.
    from scipy.stats import binomtest

    only_a, only_b = int(np.sum(right_a & ~right_b)), int(np.sum(~right_a & right_b))
    discordant = only_a + only_b
    p_value = float(binomtest(only_a, discordant, 0.5).pvalue) if discordant else 1.0
    gain = right_a.astype(float) - right_b.astype(float)
    difference = bootstrap(lambda w: 100 * float(gain @ w / w.sum()), weights, draws)
    total = weights.sum()
    return PairedTest(
        only_a_right=only_a,
        only_b_right=only_b,
        p_value=p_value,
        difference=difference,
        sources_needed=sources_needed(
            float((right_a & ~right_b) @ weights / total),
            float((~right_a & right_b) @ weights / total),
        ),
    )


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
