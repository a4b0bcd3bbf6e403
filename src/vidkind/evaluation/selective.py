"""Answering only where trust is high: risk and coverage, and telling the known from the foreign."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta
from sklearn.metrics import roc_auc_score

from vidkind.evaluation.intervals import (
    Interval,
    Resamples,
    difference_interval,
    log_interval,
    resampled_interval,
    t_interval,
    wilson,
)
from vidkind.inference.operating import CONFIDENCE, OperatingTable

Floats = NDArray[np.float64]

# Points kept of a curve; more would only name every video.
MAX_POINTS = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class RiskCoverage:
    """Error among the answers given, as the threshold on trust falls; shares are 0..1.

    Attributes:
        thresholds: float64 [n], falling; videos of equal trust share a point.
        coverage: float64 [n], share of the weight that is answered.
        error: float64 [n], share of wrong answers in it.
        answered: float64 [n], weight answered, for intervals.
    """

    thresholds: Floats
    coverage: Floats
    error: Floats
    answered: Floats

    def to_json(self) -> dict[str, list[float]]:
        """Plain lists of at most ``MAX_POINTS`` points, first and last among them."""
        kept = _thinned(len(self.thresholds))
        names = ("thresholds", "coverage", "error")
        return {name: getattr(self, name)[kept].round(6).tolist() for name in names}


def _thinned(count: int) -> NDArray[np.int64]:
    """At most ``MAX_POINTS`` places of a list, evenly, both ends among them."""
    return np.unique(np.linspace(0, count - 1, min(count, MAX_POINTS)).round().astype(np.int64))


def risk_coverage(trust: Floats, right: NDArray[np.bool_], weights: Floats) -> RiskCoverage:
    """Risk-coverage curve (El-Yaniv & Wiener, JMLR 2010).

    Args:
        trust: float64 [N].
        right: bool [N].
        weights: float64 [N], above 0.
    """
    order, ends = _ordered(trust)
    answered = np.cumsum(weights[order])[ends]
    wrong = np.cumsum((weights * ~right)[order])[ends]
    return RiskCoverage(
        thresholds=trust[order][ends],
        coverage=answered / answered[-1],
        error=wrong / answered,
        answered=answered,
    )


def _ordered(trust: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows by falling trust, and the last place of each run of equal trust."""
    order = np.argsort(-trust, kind="stable")
    falls = np.diff(trust[order]) < 0
    return order, np.flatnonzero(np.append(falls, True))


def aurc(trust: Floats, right: NDArray[np.bool_], weights: Floats, draws: Resamples) -> Interval:
    """Area under the risk-coverage curve, percent: mean error over all coverages.

    Geifman & El-Yaniv, "Selective Classification for Deep Neural Networks" (NeurIPS 2017).
    Less is better.

    Args:
        trust: float64 [N].
        right: bool [N].
        weights: float64 [N].
        draws: From ``resample``.
    """
    found = resampled_interval(lambda w: _areas(trust, right, w), weights, draws, skewed=True)
    return replace(found, high=min(found.high, 100.0))


def excess_aurc(
    trust: Floats, right: NDArray[np.bool_], weights: Floats, draws: Resamples
) -> Interval:
    """AURC beyond that of an order that puts every wrong answer last, percent.

    Geifman, Uziel & El-Yaniv, "Bias-Reduced Uncertainty Estimation" (ICLR 2019), section 3. The
    interval is made from those of both areas: what is left of a difference near 0 has no even
    error on any scale, the AURC has. Its lower end is not above that of the excess itself on a
    logarithmic scale: one confident mistake may make most of it. Takes what ``aurc`` takes.
    """
    best = right + np.linspace(0, 0.5, len(right))
    without = weights * draws.left_out
    moved = np.array([_areas(order, right, without) for order in (trust, best)])
    moves = bool((np.ptp(moved, axis=1) > 0).all()) if moved.size else False
    found = difference_interval(
        aurc(trust, right, weights, draws),
        aurc(best, right, weights, draws),
        float(np.corrcoef(moved)[0, 1]) if moves else 0.0,
    )
    lowest = log_interval(found.value, moved[0] - moved[1]).low if found.value > 0 else 0.0
    return replace(found, low=max(min(found.low, lowest), 0.0), high=min(found.high, 100.0))


def aurc_difference(
    a: Floats, b: Floats, right: NDArray[np.bool_], weights: Floats, draws: Resamples
) -> Interval:
    """AURC of trust ``a`` minus that of ``b``, percent; below 0, A is better.

    A handful of wrong answers makes all of it, and a sample may well have none of them: the
    interval leaves room for one more, see ``_one_more_wrong``.
    """

    def gap(rows: Floats) -> Floats:
        return _areas(a, right, rows) - _areas(b, right, rows)

    unseen = _one_more_wrong(a, b, right, weights)
    left_out = gap(draws.left_out * weights)
    return t_interval(float(gap(weights[None])[0]), left_out, unseen=unseen)


def _one_more_wrong(a: Floats, b: Floats, right: NDArray[np.bool_], weights: Floats) -> float:
    """How far one wrong answer more moves the difference of two AURC, percent.

    An AURC is the mean of what each wrong answer adds, and that is known of right ones too:
    minus the logarithm of the share with more trust. Were wrong answers anywhere, this would
    have an exponential distribution of mean 1; its rate is estimated from the wrong ones and
    half a one that may be anywhere (as in the prior of Jeffreys, 1946), and says where another
    may be.
    """
    of_a, of_b = _added(a, weights), _added(b, weights)
    added, wrong = (of_a + of_b) / 2, weights * ~right
    rate = (wrong.sum() + 0.5) / (wrong @ added + 0.5)
    likely = weights * np.exp((1 - rate) * added)
    square = float(likely @ (of_a - of_b) ** 2 / likely.sum())
    return float(100 * np.sqrt(square) / weights.sum())


def _added(trust: Floats, weights: Floats) -> Floats:
    """What each answer adds to the AURC times the weight of all, were it wrong: float64 [N]."""
    order, ends = _ordered(trust)
    answered = np.cumsum(weights[order])[ends]
    shares = np.diff(answered, prepend=0) / answered
    runs = np.diff(ends, prepend=-1)
    added = np.empty(len(trust))
    added[order] = np.repeat(np.cumsum(shares[::-1])[::-1], runs)
    return added


def _areas(trust: Floats, right: NDArray[np.bool_], weights: Floats) -> Floats:
    """AURC in percent under each row of weights [draws, N]."""
    order, ends = _ordered(trust)
    ordered = weights[:, order]
    answered = np.cumsum(ordered, axis=1)[:, ends]
    wrong = np.cumsum(ordered * ~right[order], axis=1)[:, ends]
    widths = np.diff(answered, axis=1, prepend=0)
    # A draw may leave the first videos out: nothing is answered there, and nothing weighs.
    risk = wrong / np.maximum(answered, 1e-12)
    areas: Floats = 100 * (risk * widths).sum(axis=1) / answered[:, -1]
    return areas


def operating_table(trust: Floats, right: NDArray[np.bool_], weights: Floats) -> OperatingTable:
    """Every threshold with its coverage, error, 95 % interval and upper bound.

    The interval is Wilson's. The bound is Clopper & Pearson's (1934), one-sided. Both are for
    that threshold alone; ``OperatingTable`` says how one is chosen.

    Args:
        trust: float64 [N].
        right: bool [N].
        weights: float64 [N], 1 / videos of the same source.
    """
    curve = risk_coverage(trust, right, weights)
    rows = []
    for i in _thinned(len(curve.thresholds)):
        trials = curve.answered[i]
        wrong = min(curve.error[i] * trials, trials)
        interval = wilson(wrong, trials)
        bound = beta.ppf(CONFIDENCE, wrong + 1, max(trials - wrong, 1e-9))
        found = (curve.thresholds[i], curve.coverage[i], curve.error[i])
        rows.append((*found, interval.low / 100, interval.high / 100, bound))
    return OperatingTable(
        points=np.array(rows, dtype=np.float64), sources=float(curve.answered[-1])
    )


@dataclass(frozen=True, kw_only=True)
class Separation:
    """How well trust tells one set of videos from another.

    Attributes:
        auroc: Chance that a video of the first has more trust than one of the second, 0..1.
        fpr_at_95: Share of the second with at least the trust that 95 % of the first have.
        num_foreign: Size of the second.
    """

    auroc: float
    fpr_at_95: float
    num_foreign: int


def separation(known: Floats, foreign: Floats, weights: Floats | None = None) -> Separation:
    """AUROC and FPR at 95 % TPR (Hendrycks & Gimpel, ICLR 2017; Liang et al., ICLR 2018).

    Args:
        known: float64 [N], trust of videos that should be answered.
        foreign: float64 [n], trust of videos that should not.
        weights: float64 [N], weight of each known video; None weighs all alike.
    """
    weights = np.ones(len(known)) if weights is None else weights
    truth = np.repeat([1, 0], [len(known), len(foreign)])
    joined = np.concatenate([known, foreign])
    each = np.concatenate([weights, np.full(len(foreign), weights.mean())])
    order, _ = _ordered(known)
    accepted = np.cumsum(weights[order]) >= 0.95 * weights.sum() - 1e-9
    threshold = known[order][np.argmax(accepted)]
    return Separation(
        auroc=float(roc_auc_score(truth, joined, sample_weight=each)),
        fpr_at_95=float(np.mean(foreign >= threshold)),
        num_foreign=len(foreign),
    )
