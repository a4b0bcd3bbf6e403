"""Does confidence mean accuracy? Temperature scaling, and how far off the probabilities are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar

from vidkind.evaluation.folds import group_folds
from vidkind.evaluation.intervals import Interval, Resamples, resampled_interval
from vidkind.inference.tta import ensemble_probabilities

Floats = NDArray[np.float64]

NUM_BINS = 15
_LOG_RANGE = (-3.0, 3.0)
_SIMULATIONS = 500
# More than any error together with any noise.
_FARTHEST = 4.0
# Of the logarithm of the temperature; docs/experiments.md has what others gave.
_PRIOR_DEVIATION = 0.25


def fit_temperature(
    logits: NDArray[np.float32], labels: NDArray[np.int64], weights: Floats | None = None
) -> float:
    """Finds the most probable temperature, given answers and a prior around 1.

    Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), section 4.2, applied
    to every member before their softmax is averaged. Their maximum of the likelihood runs away
    on a hundred videos with few wrong answers; the prior, log-normal, holds it.

    Args:
        logits: [M, N, K] of videos the members were not trained on.
        labels: int64 [N].
        weights: float64 [N], weight of each video; None weighs all alike. Only their ratios count:
            against the prior there are N videos.

    Returns:
        Temperature, about 0.05 to 20; 1 changes nothing.
    """

    def loss(log_temperature: float) -> float:
        found = ensemble_probabilities(logits / np.exp(log_temperature))
        prior = (log_temperature / _PRIOR_DEVIATION) ** 2 / 2
        return len(labels) * negative_log_likelihood(found, labels, weights) + prior

    found = minimize_scalar(loss, bounds=_LOG_RANGE, method="bounded")
    return float(np.exp(found.x))


def cross_fitted_temperatures(
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    groups: Sequence[str],
    weights: Floats,
) -> Floats:
    """For each video the temperature fitted on the videos of other folds: float64 [N].

    A figure at these temperatures is not scored on the videos that it was fitted on. Videos
    of one group share a fold. With one group only, all videos fit and score one temperature.
    """
    right = ensemble_probabilities(logits).argmax(axis=1) == labels
    temperatures = np.ones(len(labels))
    for fitted, held in group_folds(groups, right):
        temperatures[held] = fit_temperature(logits[:, fitted], labels[fitted], weights[fitted])
    return temperatures


def negative_log_likelihood(
    probabilities: Floats, labels: NDArray[np.int64], weights: Floats | None = None
) -> float:
    """Mean of -log p(label) in nats; probabilities [N, K], weights [N]."""
    return float(np.average(_log_losses(probabilities, labels), weights=weights))


def _log_losses(probabilities: Floats, labels: NDArray[np.int64]) -> Floats:
    chosen = probabilities[np.arange(len(labels)), labels]
    losses: Floats = -np.log(np.maximum(chosen, 1e-12))
    return losses


def brier_score(
    probabilities: Floats, labels: NDArray[np.int64], weights: Floats | None = None
) -> float:
    """Mean squared distance from the one-hot label, 0..2 (Brier, 1950); takes what NLL takes."""
    return float(np.average(_squared_losses(probabilities, labels), weights=weights))


def _squared_losses(probabilities: Floats, labels: NDArray[np.int64]) -> Floats:
    losses: Floats = np.square(probabilities - np.eye(probabilities.shape[1])[labels]).sum(axis=1)
    return losses


def expected_calibration_error(
    probabilities: Floats,
    labels: NDArray[np.int64],
    *,
    num_bins: int = NUM_BINS,
    adaptive: bool = False,
    weights: Floats | None = None,
) -> float:
    """Mean distance of confidence from accuracy over bins of confidence, 0..1.

    Naeini et al., AAAI 2015; 15 bins as in Guo et al., 2017. Adaptive bins hold equally many
    videos (Nixon et al., "Measuring Calibration in Deep Learning", 2019).

    Args:
        probabilities: float64 [N, K].
        labels: int64 [N].
        num_bins: Bins.
        adaptive: Bins of equal mass rather than equal width.
        weights: float64 [N], weight of each video; None weighs all alike.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = _bins(confidence, num_bins, adaptive)
    return _binned_error(confidence, right, bins, num_bins, weights)


def _bins(confidence: Floats, num_bins: int, adaptive: bool) -> NDArray[np.int64]:
    """Bin of each confidence, 0..num_bins-1."""
    if not adaptive:
        return np.minimum((confidence * num_bins).astype(np.int64), num_bins - 1)
    bins = np.empty(len(confidence), dtype=np.int64)
    bins[np.argsort(confidence, kind="stable")] = (
        np.arange(len(confidence)) * num_bins // len(confidence)
    )
    return bins


def _binned_error(
    confidence: Floats,
    right: NDArray[np.bool_],
    bins: NDArray[np.int64],
    num_bins: int,
    weights: Floats | None = None,
) -> float:
    weights = np.ones(len(confidence)) if weights is None else weights
    gaps = np.bincount(bins, weights=weights * (right - confidence), minlength=num_bins)
    return float(np.abs(gaps).sum() / weights.sum())


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """One bar of a reliability diagram; shares are 0..1.

    Attributes:
        low: Smallest confidence the bin takes.
        high: Largest.
        confidence: Mean confidence of its videos.
        accuracy: Share of right answers among them.
        count: Number of videos.
    """

    low: float
    high: float
    confidence: float
    accuracy: float
    count: int


@dataclass(frozen=True, kw_only=True)
class CalibrationScores:
    """How far probabilities are from meaning what they say; every video weighs 1.

    Attributes:
        ece: Expected calibration error with 15 bins of equal width, percent.
        adaptive_ece: The same with 15 bins of equal mass, percent.
        ece_if_calibrated: Mean ``ece`` of a perfectly calibrated classifier with the same
            confidences on as many videos, percent: what counting alone makes of no error.
        adaptive_ece_if_calibrated: The same for ``adaptive_ece``.
        brier: Brier score, 0..2.
        nll: Negative log-likelihood in nats.
        reliability: Bins of equal width that hold videos.
    """

    ece: Interval
    adaptive_ece: Interval
    ece_if_calibrated: float
    adaptive_ece_if_calibrated: float
    brier: Interval
    nll: Interval
    reliability: tuple[ReliabilityBin, ...]


def score_calibration(
    probabilities: Floats, labels: NDArray[np.int64], draws: Resamples
) -> CalibrationScores:
    """Scores probabilities [N, K]; ``draws`` from ``resample``."""
    return CalibrationScores(
        ece=_error_interval(probabilities, labels, draws, adaptive=False),
        adaptive_ece=_error_interval(probabilities, labels, draws, adaptive=True),
        ece_if_calibrated=_error_if_calibrated(probabilities, adaptive=False),
        adaptive_ece_if_calibrated=_error_if_calibrated(probabilities, adaptive=True),
        brier=_loss_interval(_squared_losses(probabilities, labels), draws, bounded=True),
        nll=_loss_interval(_log_losses(probabilities, labels), draws, bounded=False),
        reliability=_reliability(probabilities, labels),
    )


def _loss_interval(losses: Floats, draws: Resamples, *, bounded: bool) -> Interval:
    def mean(weights: Floats) -> Floats:
        means: Floats = weights @ losses / weights.sum(axis=1)
        return means

    return resampled_interval(mean, np.ones(len(losses)), draws, skewed=True, room=not bounded)


def _error_interval(
    probabilities: Floats, labels: NDArray[np.int64], draws: Resamples, *, adaptive: bool
) -> Interval:
    """95 % interval of the ECE in percent, by test inversion.

    An ECE grows with the noise in its bins, so that it lies too high, and its percentiles twice
    so. Instead each error is asked about: were confidence off by so much, and the noise in the
    bins that of drawing sources again, would an ECE as far out as the one found be among the
    rarest 2.5 %? (Test-inversion bootstrap: Carpenter, "Test inversion bootstrap confidence
    intervals", JRSS B 1999. At an error of 0 it is the consistency test of Brocker & Smith,
    2007.) How the error spreads over the bins is not known. The lower end takes it to be the
    same in every bin, where it stands out most; the upper end takes half of it to be where the
    noise is, which hides it. The value, which lies too high, is kept inside.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = _bins(confidence, NUM_BINS, adaptive)
    gaps = (right - confidence)[:, None] * np.eye(NUM_BINS)[bins]
    means = gaps.mean(axis=0)
    found = expected_calibration_error(probabilities, labels, adaptive=adaptive)
    noise = draws.draws @ gaps / draws.draws.sum(axis=1, keepdims=True) - means
    count = len(draws.left_out)
    noise *= np.sqrt(count / max(count - 1, 1))
    even = np.bincount(bins, minlength=NUM_BINS) / len(bins)
    deviation = noise.std(axis=0)
    hidden = deviation / deviation.sum() if deviation.any() else even
    sign = 1 if means.sum() >= 0 else -1

    def error_whose(quantile: float, shares: Floats) -> float:
        def beyond(error: float) -> float:
            errors = np.abs(error * sign * shares + noise).sum(axis=1)
            return float(np.quantile(errors, quantile)) - found

        return float(brentq(beyond, 0, _FARTHEST, xtol=1e-5)) if beyond(0) < 0 else 0.0

    return Interval(
        value=100 * found,
        low=100 * min(error_whose(0.975, even), found),
        high=100 * max(min(error_whose(0.025, (even + hidden) / 2), 1.0), found),
        method="test inversion",
    )


def _error_if_calibrated(probabilities: Floats, *, adaptive: bool) -> float:
    """Mean ECE in percent over answers that are right as often as their confidence says.

    Consistency resampling (Brocker & Smith, "Increasing the Reliability of Reliability
    Diagrams", Weather and Forecasting 2007).
    """
    confidence = probabilities.max(axis=1)
    bins = _bins(confidence, NUM_BINS, adaptive)
    generator = np.random.default_rng(0)
    drawn = generator.random((_SIMULATIONS, len(confidence))) < confidence
    gaps = (drawn - confidence) @ np.eye(NUM_BINS)[bins]
    return 100 * float(np.abs(gaps).sum(axis=1).mean()) / len(confidence)


def _reliability(probabilities: Floats, labels: NDArray[np.int64]) -> tuple[ReliabilityBin, ...]:
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = _bins(confidence, NUM_BINS, adaptive=False)
    return tuple(
        ReliabilityBin(
            low=index / NUM_BINS,
            high=(index + 1) / NUM_BINS,
            confidence=float(confidence[bins == index].mean()),
            accuracy=float(right[bins == index].mean()),
            count=int(np.sum(bins == index)),
        )
        for index in np.unique(bins)
    )
