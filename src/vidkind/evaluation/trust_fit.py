"""Fitting trust on validation data: where features lie, how signals are weighed, what to withhold.

Letters: N videos, M members, S segments, T steps, D features, K categories.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.covariance import LedoitWolf

from vidkind.features.store import FeatureSet
from vidkind.inference.trust import (
    NUM_SEGMENTS,
    PUBLISHED_WEIGHTS,
    SIGNALS,
    FeatureStatistics,
    Floats,
    TrustWeights,
    pooled_features,
    segment_indices,
    trust_signals,
)
from vidkind.inference.tta import ensemble_probabilities

LogitsFunction = Callable[[NDArray[np.float32], NDArray[np.int32]], NDArray[np.float32]]
"""Features [N, T, D] and valid steps [N] in, logits [M, N, K] out."""

AttentionFunction = LogitsFunction
"""The same in, pooling weights [M, N, T] out, zero beyond the valid steps."""

_NUM_DIRECTIONS = 64
# The distance counts only beyond that of this share of the validation videos.
_FAR_QUANTILE = 0.9
# How hard the learned weights are held to the published ones, in videos' worth of evidence.
_RIDGE = 300.0
_FAR_PRIOR = 0.5
# How far the signals of the default bundle's validation videos spread: few videos may be all alike,
# and say nothing of what is a small difference.
_USUAL_SPREADS = {
    "confidence": 0.13,
    "gap": 0.23,
    "entropy": 0.20,
    "attention": 0.004,
    "agreement": 0.10,
    "centroid": 0.04,
    "distance": 1.3,
}
_USUAL_SPREAD = np.array([_USUAL_SPREADS[name] for name in SIGNALS])
# Weight of all foreign material together, as a share of that of the validation videos.
_FOREIGN_SHARE = 0.2
# One half-right video at the centre: keeps the intercept finite where every answer is right.
_PSEUDO_WEIGHT = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Observed:
    """What the models and the features say about N videos, before any temperature.

    Attributes:
        logits: [M, N, K].
        attention: float32 [N, T], averaged over members.
        num_frames: int32 [N], valid steps.
        segment_logits: [M, N, S, K]; NaN where a video has fewer segments.
        distances: float64 [N, K], in feature space, to where each category was in training.
    """

    logits: NDArray[np.float32]
    attention: NDArray[np.float32]
    num_frames: NDArray[np.int32]
    segment_logits: NDArray[np.float32]
    distances: Floats

    def subset(self, rows: NDArray[np.int64]) -> Observed:
        """The videos at ``rows``."""
        return Observed(
            logits=self.logits[:, rows],
            attention=self.attention[rows],
            num_frames=self.num_frames[rows],
            segment_logits=self.segment_logits[:, rows],
            distances=self.distances[rows],
        )

    @staticmethod
    def joined(parts: Sequence[Observed]) -> Observed:
        """The videos of the parts, one part after the other; all of one longest T."""
        return Observed(
            logits=np.concatenate([part.logits for part in parts], axis=1),
            attention=np.concatenate([part.attention for part in parts]),
            num_frames=np.concatenate([part.num_frames for part in parts]),
            segment_logits=np.concatenate([part.segment_logits for part in parts], axis=1),
            distances=np.concatenate([part.distances for part in parts]),
        )

    def signals(self, temperature: float) -> Floats:
        """Signals of trust at a temperature: float64 [N, 7]."""
        return trust_signals(
            ensemble_probabilities(self.logits / temperature),
            self.attention,
            self.num_frames,
            ensemble_probabilities(self.segment_logits / temperature),
            self.distances,
        )


def observe(
    logits: LogitsFunction,
    attention: AttentionFunction,
    features: NDArray[np.float32],
    num_frames: NDArray[np.int32],
    statistics: FeatureStatistics,
) -> Observed:
    """Asks the models about whole videos and about their segments.

    Args:
        logits: The ensemble's logits.
        attention: The ensemble's pooling weights.
        features: float32 [N, T, D].
        num_frames: int32 [N], valid steps.
        statistics: Where the ensemble's training videos lie.
    """
    return Observed(
        logits=logits(features, num_frames),
        attention=attention(features, num_frames).mean(axis=0),
        num_frames=num_frames,
        segment_logits=_segment_logits(logits, features, num_frames),
        distances=statistics.distances(pooled_features(features, num_frames)),
    )


def _segment_logits(
    logits: LogitsFunction, features: NDArray[np.float32], num_frames: NDArray[np.int32]
) -> NDArray[np.float32]:
    per_video = [segment_indices(int(steps)) for steps in num_frames]
    lengths = np.concatenate([np.full(len(i), i.shape[1]) for i in per_video]).astype(np.int32)
    rows = np.zeros((len(lengths), lengths.max(), features.shape[2]), dtype=np.float32)
    places = [
        (video, number) for video, found in enumerate(per_video) for number in range(len(found))
    ]
    for row, (video, number) in zip(rows, places, strict=True):
        steps = per_video[video][number]
        row[: len(steps)] = features[video, steps]
    answers = logits(rows, lengths)
    found = np.full(
        (len(answers), len(features), NUM_SEGMENTS, answers.shape[2]), np.nan, dtype=np.float32
    )
    found[:, [video for video, _ in places], [number for _, number in places]] = answers
    return found


def fit_statistics(train: FeatureSet) -> FeatureStatistics:
    """Where the training videos lie: leading directions, category means, shared covariance.

    The covariance within categories is shrunk (Ledoit & Wolf, 2004), as there are few videos.
    """
    pooled = pooled_features(train.features, train.num_frames)
    mean, scale = pooled.mean(axis=0), np.maximum(pooled.std(axis=0), 1e-6)
    standardised = (pooled - mean) / scale
    directions = np.linalg.svd(standardised, full_matrices=False)[2][:_NUM_DIRECTIONS].T
    places = standardised @ directions
    # A category without training videos lies at the middle of all.
    centroids = np.stack(
        [
            places[train.labels == k].mean(axis=0) if np.any(train.labels == k) else 0 * places[0]
            for k in range(len(train.categories))
        ]
    )
    within = LedoitWolf(assume_centered=True).fit(places - centroids[train.labels])
    floor = 1e-6 * max(float(np.trace(within.covariance_)), 1e-6)
    covariance = within.covariance_ + floor * np.eye(len(within.covariance_))
    whitening = np.linalg.cholesky(np.linalg.inv(covariance))
    return FeatureStatistics(
        mean=mean, scale=scale, basis=directions @ whitening, centroids=centroids @ whitening
    )


def fit_weights(
    signals: Floats,
    right: NDArray[np.bool_],
    weights: Floats,
    foreign: Sequence[Floats] = (),
) -> TrustWeights:
    """Fits the probability that an answer is right on the signals.

    A logistic model whose coefficients are at least 0 and are held, by a ridge, to the
    published weights in the scale that suits the data best: it leaves them only as far as
    validation videos speak against them. Foreign material counts as answered wrongly while the
    weights are fitted; slope and intercept are then fitted on the validation videos alone, so
    that trust means the chance of a right answer there.

    Args:
        signals: float64 [N, 7] of validation videos.
        right: bool [N], whether the ensemble answers rightly.
        weights: float64 [N], weight of each video.
        foreign: Signals [n, 7] of each kind of foreign material.
    """
    far = np.quantile(signals[:, -1], _FAR_QUANTILE)
    centre = np.append(signals[:, :-1].mean(axis=0), far)
    scale = _spread(signals, weights, _USUAL_SPREAD)
    start = TrustWeights(centre=centre, scale=scale, coefficients=np.zeros(7), intercept=0.0)
    values = start.standardised(signals)
    prior = _published_prior(values, scale, right, weights)
    joined, truth, mass = _with_foreign(
        values, right, weights, [start.standardised(s) for s in foreign]
    )
    coefficients = _logistic(joined, truth, mass, prior=prior, ridge=_RIDGE)[1:]
    intercept, slope = _logistic((values @ coefficients)[:, None], right, weights, prior=np.ones(1))
    return TrustWeights(
        centre=centre, scale=scale, coefficients=slope * coefficients, intercept=float(intercept)
    )


def _spread(values: Floats, weights: Floats, usual: Floats) -> Floats:
    """Deviation of each column; the fewer videos, the less of the usual one it may lack."""
    unseen = _RIDGE / (weights.sum() + _RIDGE)
    return np.asarray(np.sqrt(values.var(axis=0) + unseen * usual**2))


def _published_prior(
    values: Floats, scale: Floats, right: NDArray[np.bool_], weights: Floats
) -> Floats:
    """Coefficients that rank as the published weights do, at the slope that fits best."""
    each = np.array([PUBLISHED_WEIGHTS.get(name, 0.0) for name in SIGNALS])
    published = each * scale
    composite = values @ published
    spread = float(_spread(composite, weights, each @ _USUAL_SPREAD))
    slope = _logistic((composite / spread)[:, None], right, weights, prior=np.ones(1))[1]
    prior: Floats = slope / spread * published
    prior[-1] = _FAR_PRIOR
    return prior


def _with_foreign(
    values: Floats, right: NDArray[np.bool_], weights: Floats, foreign: Sequence[Floats]
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    each = _FOREIGN_SHARE * weights.sum() / max(len(foreign), 1)
    return (
        np.concatenate([values, *foreign]),
        np.concatenate([right, *(np.zeros(len(kind), dtype=bool) for kind in foreign)]),
        np.concatenate([weights, *(np.full(len(kind), each / len(kind)) for kind in foreign)]),
    )


def _logistic(
    values: Floats,
    right: NDArray[np.bool_],
    weights: Floats,
    *,
    prior: Floats,
    ridge: float = 0.1,
) -> Floats:
    """Intercept and non-negative coefficients with the least penalised log-loss."""
    values = np.concatenate([values, np.zeros((2, values.shape[1]))])
    signs = np.concatenate([np.where(right, 1.0, -1.0), [1.0, -1.0]])
    mass = np.concatenate([weights, [_PSEUDO_WEIGHT / 2, _PSEUDO_WEIGHT / 2]])

    def loss(parameters: Floats) -> tuple[float, Floats]:
        margins = signs * (parameters[0] + values @ parameters[1:])
        away = parameters[1:] - prior
        pull = -mass * signs / (1 + np.exp(np.minimum(margins, 500)))
        value = float(mass @ np.logaddexp(0, -margins)) + ridge / 2 * float(away @ away)
        return value, np.concatenate([[pull.sum()], values.T @ pull + ridge * away])

    bounds = [(None, None)] + [(0, None)] * values.shape[1]
    first = np.concatenate([[0.0], np.maximum(prior, 0)])
    found: Floats = minimize(loss, first, jac=True, method="L-BFGS-B", bounds=bounds).x
    return found
