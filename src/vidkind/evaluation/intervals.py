"""Intervals: every figure comes with how far it can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]

BOOTSTRAP_DRAWS = 2000
# Left out one by one, more sources would cost memory and tell no more.
MOST_LEFT_OUT = 500
LEVEL = 0.95
_MOST_LOG = 50.0


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


def weighted_share(chosen: NDArray[np.generic], weights: Floats) -> Interval:
    """Wilson interval of the share of the weight that is chosen.

    Args:
        chosen: bool [N], or 0..1.
        weights: float64 [N].
    """
    total = float(weights.sum())
    return wilson(min(float(np.asarray(chosen, dtype=np.float64) @ weights), total), total)


def clustered_wilson(right: NDArray[np.bool_], weights: Floats, resamples: Resamples) -> Interval:
    """Wilson's interval of a weighted share of right answers, when answers of a source are alike.

    It counts as many trials as independent ones with the same reach would be: the effective sample
    size of Korn & Graubard, "Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data" (Survey Methodology 1998), with the t quantile of
    ``percentile_interval``. They are at least as many as if all answers of a source were the same,
    and at most all.

    Args:
        right: bool [N].
        weights: float64 [N], above 0.
        resamples: From ``resample``; says which videos are of one source.
    """
    total = float(weights.sum())
    share = min(float(weights @ right) / total, 1.0)
    per_source = np.bincount(resamples.source, weights)
    alike = total**2 / float(per_source @ per_source)
    error, quantile = _spread(np.bincount(resamples.source, weights * (right - share)) / total)
    reach = error * quantile / NormalDist().inv_cdf(0.5 + LEVEL / 2)
    trials = share * (1 - share) / reach**2 if reach > 0 else alike
    trials = float(np.clip(trials, alike, max(total, alike)))
    return wilson(share * trials, trials)


def f1_interval(right: float, wrong: float) -> Interval:
    """95 % interval of the F1 of one category: Wilson's, of the Jaccard index behind it.

    ``J = TP / (TP + FP + FN)`` is a proportion of the videos that have the category or are given
    it, and ``F1 = 2 J / (1 + J)`` grows with it (Lam, Gopal & Qian, "Confidence Intervals for the
    F1 Score: A Comparison of Four Methods", 2024, "Wilson indirect"). Unlike draws of a sample
    without mistakes it has a width there.

    Args:
        right: TP; may be fractional, as in ``wilson``.
        wrong: FP + FN, likewise.

    Returns:
        The interval; 0 without any width where nothing has the category or is given it.
    """
    if right + wrong <= 0:
        return Interval(value=0.0, low=0.0, high=0.0, method="wilson")
    found = wilson(right, right + wrong)
    value, low, high = (200 * j / (100 + j) for j in (found.value, found.low, found.high))
    return Interval(value=value, low=low, high=high, method="wilson")


@dataclass(frozen=True, kw_only=True, eq=False)
class Resamples:
    """What the videos might have been: sources drawn again, and sources left out.

    Attributes:
        source: int64 [N], number of each video's source, 0..n-1.
        draws: float64 [draws, N], how often each video counts in each draw of sources.
        left_out: float64 [G, N], 0 for the videos of one source (of one part of the sources
            where there are more than ``MOST_LEFT_OUT``) and 1 for all others; none of one.
    """

    source: NDArray[np.int64]
    draws: Floats
    left_out: Floats


def resample(sources: Sequence[str], *, draws: int = BOOTSTRAP_DRAWS, seed: int = 0) -> Resamples:
    """Draws sources with replacement, and leaves each out once.

    Videos of one source are not independent, so sources are drawn, not videos (cluster
    bootstrap; Davison & Hinkley, 1997, section 3.8). With many sources, parts of them are left
    out (delete-a-group jackknife; Kott, 2001).
    """
    _, index = np.unique(np.asarray(sources), return_inverse=True)
    count = int(index.max()) + 1
    generator = np.random.default_rng(seed)
    per_source = generator.multinomial(count, np.full(count, 1 / count), size=draws)
    parts = min(count, MOST_LEFT_OUT) if count > 1 else 0
    return Resamples(
        source=index,
        draws=per_source[:, index].astype(np.float64),
        left_out=(index % max(parts, 1) != np.arange(parts)[:, None]).astype(np.float64),
    )


def resampled_interval(
    statistic: Statistic,
    weights: Floats,
    resamples: Resamples,
    *,
    skewed: bool = False,
    room: bool = False,
) -> Interval:
    """95 % interval of a weighted statistic.

    Args:
        statistic: Maps weights [R, N] to figures [R].
        weights: float64 [N], weight of each video in the figure itself.
        resamples: From ``resample``.
        skewed: The figure is 0 or more with a long tail above, as a mean loss is: see
            ``log_interval``.
        room: Where skewed, leaves room for one more source as heavy as the heaviest.
    """
    value = float(statistic(weights[None])[0])
    left_out = statistic(resamples.left_out * weights)
    if skewed and value > 0 and len(left_out) > 1:
        return log_interval(value, left_out, room=room)
    return percentile_interval(value, statistic(resamples.draws * weights), left_out)


def percentile_interval(value: float, draws: Floats, left_out: Floats) -> Interval:
    """95 % percentile bootstrap, widened for few sources (Hesterberg, 2015, section 4.3).

    Percentiles are taken further out by what a t quantile is beyond a normal one, and by
    n / (n - 1) in the variance. The degrees of freedom say how many sources make the figure
    move: few, where a few do all of it, however many others stand by (Satterthwaite, 1946; Pan
    & Wall, "Small-sample adjustments in using the sandwich variance estimator", 2002).

    Args:
        value: The figure.
        draws: float64 [draws], of bootstrap draws; NaN draws do not count.
        left_out: float64 [G], with each source left out.
    """
    reach = NormalDist().cdf(_spread(_influences(value, left_out))[1])
    low, high = np.nanquantile(draws, [1 - reach, reach])
    return Interval(value=float(value), low=float(low), high=float(high), method="bootstrap")


def log_interval(value: float, left_out: Floats, *, room: bool = False) -> Interval:
    """95 % jackknife interval on a logarithmic scale, for figures above 0.

    The error of a mean loss grows with the loss; its logarithm has a more even one (Davison &
    Hinkley, 1997, section 5.2.2; the t quantile as in ``percentile_interval``).

    Args:
        value: The figure, above 0.
        left_out: float64 [G], with each source left out.
        room: Leaves room for one source more, as heavy as the heaviest, where losses have no
            bound and a sample may well have missed it (as the gamma intervals of Fay & Feuer,
            "Confidence intervals for directly standardized rates", Statistics in Medicine 1997).
    """
    influences = _influences(value, left_out)
    if room:
        influences = np.append(influences, np.abs(influences).max())
    error, quantile = _spread(influences)
    factor = float(np.exp(min(quantile * error / value, _MOST_LOG)))
    return Interval(value=value, low=value / factor, high=value * factor, method="jackknife")


def t_interval(value: float, left_out: Floats, *, unseen: float) -> Interval:
    """95 % jackknife interval of a figure of either sign, with room for a source not seen.

    Two sources more are what makes an interval of a proportion hold where few count (Agresti &
    Coull, 1998). Here one is enough; it adds to the variance, not to the figure. The t quantile
    is that of ``percentile_interval``.

    Args:
        value: The figure.
        left_out: float64 [G], with each source left out.
        unseen: How far one source more may move the figure.
    """
    influences = _influences(value, left_out)
    if len(influences) < 2:
        return Interval(value=value, low=value, high=value, method="jackknife")
    error, quantile = _spread(np.append(influences, unseen))
    reach = quantile * error
    return Interval(value=value, low=value - reach, high=value + reach, method="jackknife")


def difference_interval(a: Interval, b: Interval, correlation: float) -> Interval:
    """95 % interval of A minus B from the interval of each: MOVER.

    Zou & Donner, "Construction of confidence limits about effect measures: a general approach"
    (Statistics in Medicine 2008). It keeps a tail that only one of the two has.

    Args:
        a: Of the one figure.
        b: Of the other.
        correlation: Of the two figures.
    """

    def joined(of_a: float, of_b: float) -> float:
        squared = of_a**2 + of_b**2 - 2 * correlation * of_a * of_b
        return float(np.sqrt(max(squared, 0.0)))

    value = a.value - b.value
    return Interval(
        value=value,
        low=value - joined(a.value - a.low, b.high - b.value),
        high=value + joined(a.high - a.value, b.value - b.low),
        method="mover",
    )


def widened(
    interval: Interval, parts: Sequence[Interval], shares: Floats, moves: Floats
) -> Interval:
    """An interval of a weighted mean, at least as wide as those of its parts make it.

    Draws of a sample with few mistakes have fewer still, or none: their percentiles are too narrow,
    or have no width. The intervals of the parts have one, and are joined by MOVER (see
    ``difference_interval``).

    Args:
        interval: Of the mean.
        parts: Of the K figures it is the mean of.
        shares: float64 [K], their weights, adding up to 1.
        moves: float64 [G, K], the parts with each source left out; says how they go together.
    """
    centred = moves - moves.mean(axis=0) if len(moves) else moves
    norms = np.sqrt((centred**2).sum(axis=0))
    unit = np.divide(centred, norms, out=np.zeros_like(centred), where=norms > 1e-9)
    correlation = unit.T @ unit
    np.fill_diagonal(correlation, 1.0)

    def joined(reaches: list[float]) -> float:
        scaled = shares * np.array(reaches)
        return float(np.sqrt(max(scaled @ correlation @ scaled, 0.0)))

    low = interval.value - joined([part.value - part.low for part in parts])
    high = interval.value + joined([part.high - part.value for part in parts])
    return replace(interval, low=min(interval.low, low), high=max(interval.high, high))


def _influences(value: float, left_out: Floats) -> Floats:
    """How far each source moves a figure, NaN where it cannot do without counting as not at all."""
    values = np.where(np.isnan(left_out), value, left_out)
    count = max(len(values), 1)
    moves: Floats = (count - 1) / count * (values.sum() / count - values)
    return moves


def _spread(influences: Floats) -> tuple[float, float]:
    """Standard error of a figure, and how many of them a 95 % interval reaches either way."""
    # Intervals of proportions do without scipy, which is not in the core install.
    from scipy.special import stdtrit

    count = len(influences)
    if count < 2:
        return 0.0, np.inf
    squares = influences**2
    spread = squares.sum()
    # The variance of a sum of squares, from the squares themselves.
    noise = (squares**2).sum() - spread**2 / count
    freedom = min(count - 1, 2 * spread**2 / noise) if noise > 0 else count - 1
    stretch = float(np.sqrt(count / (count - 1)))
    return float(np.sqrt(spread)), float(stdtrit(freedom, 0.5 + LEVEL / 2)) * stretch
