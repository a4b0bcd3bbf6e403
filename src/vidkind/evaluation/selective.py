"""Answering only where trust is high: risk and coverage, and telling the known from the foreign."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta
from sklearn.metrics import roc_auc_score

from vidkind.evaluation.intervals import (
    Interval,
    Resamples,
    Statistic,
    resampled_interval,
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
    return resampled_interval(lambda w: _areas(trust, right, w), weights, draws, skewed=True)


def excess_aurc(
    trust: Floats, right: NDArray[np.bool_], weights: Floats, draws: Resamples
) -> Interval:
    """AURC beyond that of an order that puts every wrong answer last, percent.

    Geifman, Uziel & El-Yaniv, "Bias-Reduced Uncertainty Estimation" (ICLR 2019), section 3.
    Takes what ``aurc`` takes.
    """
    oracle = right + np.linspace(0, 0.5, len(right))
    return resampled_interval(_gap(trust, oracle, right), weights, draws, skewed=True)


def aurc_difference(
    a: Floats, b: Floats, right: NDArray[np.bool_], weights: Floats, draws: Resamples
) -> Interval:
    """AURC of trust ``a`` minus that of ``b`` on the same draws, percent; below 0, A is better."""
    return resampled_interval(_gap(a, b, right), weights, draws)


def _gap(a: Floats, b: Floats, right: NDArray[np.bool_]) -> Statistic:
    return lambda weights: _areas(a, right, weights) - _areas(b, right, weights)


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
