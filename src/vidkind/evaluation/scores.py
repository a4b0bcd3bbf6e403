"""Figures of one classifier on one feature file, per clip and per source, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from vidkind.evaluation.intervals import (
    Interval,
    Resamples,
    clustered_wilson,
    f1_interval,
    percentile_interval,
    resample,
    widened,
)

Matrix = NDArray[np.float64]

# Draws of a sample with fewer wrong answers, in sources, say too little of what may be wrong.
_FEW_WRONG = 5.0


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredSet:
    """What is scored: labels, the weight of each video, and the resamples of sources.

    Attributes:
        labels: int64 [N].
        categories: Names in label order.
        sources: Source of each video.
        clip_weights: float64 [N], all 1.
        source_weights: float64 [N], 1 / videos of the same source: each source weighs 1.
        draws: Sources drawn again and left out, for intervals.
    """

    labels: NDArray[np.int64]
    categories: tuple[str, ...]
    sources: tuple[str, ...]
    clip_weights: NDArray[np.float64]
    source_weights: NDArray[np.float64]
    draws: Resamples

    @staticmethod
    def create(
        labels: NDArray[np.int64], categories: Sequence[str], sources: Sequence[str], *, seed: int
    ) -> ScoredSet:
        """Builds the weights and draws; ``seed`` seeds the bootstrap."""
        _, index, counts = np.unique(np.asarray(sources), return_inverse=True, return_counts=True)
        return ScoredSet(
            labels=labels,
            categories=tuple(categories),
            sources=tuple(sources),
            clip_weights=np.ones(len(labels)),
            source_weights=1.0 / counts[index],
            draws=resample(sources, seed=seed),
        )


@dataclass(frozen=True, kw_only=True)
class ClassScore:
    """Precision, recall and F1 of one category, in percent, per source."""

    precision: float
    recall: float
    f1: float
    f1_interval: Interval
    support: int


@dataclass(frozen=True, kw_only=True)
class LevelScores:
    """Accuracy and F1 at one level: every clip weighs 1, or every source weighs 1."""

    accuracy: Interval
    f1_weighted: Interval
    f1_macro: Interval


@dataclass(frozen=True, kw_only=True)
class Scores:
    """All figures of one classifier.

    Attributes:
        name: Row name, e.g. ``ensemble + TTA``.
        per_clip: Every clip weighs 1.
        per_source: Every source weighs 1.
        classes: Category -> its scores, per source.
        confusion: Clip counts [K, K]; rows are the truth.
    """

    name: str
    per_clip: LevelScores
    per_source: LevelScores
    classes: dict[str, ClassScore]
    confusion: list[list[int]]


def score(name: str, probabilities: NDArray[np.float64], test: ScoredSet) -> Scores:
    """Scores one classifier.

    Args:
        name: Row name.
        probabilities: float64 [N, K].
        test: What is scored.
    """
    predicted = probabilities.argmax(axis=1)
    return Scores(
        name=name,
        per_clip=_level(predicted, test, test.clip_weights),
        per_source=_level(predicted, test, test.source_weights),
        classes=_classes(predicted, test),
        confusion=_confusion(predicted, test, test.clip_weights).astype(int).tolist(),
    )


def _level(
    predicted: NDArray[np.int64], test: ScoredSet, weights: NDArray[np.float64]
) -> LevelScores:
    matrix = _confusion(predicted, test, weights)
    drawn, left = _resampled_confusions(predicted, test, weights)
    there = matrix.sum(axis=1)
    known = there + matrix.sum(axis=0) > 0
    means = {_f1_weighted: there / there.sum(), _f1_macro: known / known.sum()}
    weighted, macro = (
        percentile_interval(mean(matrix[None])[0], mean(drawn), mean(left)) for mean in means
    )
    if test.source_weights @ (predicted != test.labels) < _FEW_WRONG:
        parts, moves = _f1_intervals(matrix), np.nan_to_num(_f1(left))
        weighted, macro = (
            widened(interval, parts, shares, moves)
            for interval, shares in zip((weighted, macro), means.values(), strict=True)
        )
    return LevelScores(
        accuracy=clustered_wilson(predicted == test.labels, weights, test.draws),
        f1_weighted=weighted,
        f1_macro=macro,
    )


def _classes(predicted: NDArray[np.int64], test: ScoredSet) -> dict[str, ClassScore]:
    matrix = _confusion(predicted, test, test.source_weights)
    right, answered, there = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    precision = 100 * right / np.maximum(answered, 1e-12)
    recall = 100 * right / np.maximum(there, 1e-12)
    f1 = _f1_intervals(matrix)
    return {
        name: ClassScore(
            precision=float(precision[k]),
            recall=float(recall[k]),
            f1=f1[k].value,
            f1_interval=f1[k],
            support=int(np.sum(test.labels == k)),
        )
        for k, name in enumerate(test.categories)
    }


def _f1_intervals(matrix: Matrix) -> list[Interval]:
    """Of each category; those of clips count clips as independent, and are too narrow by that."""
    right = np.diag(matrix)
    # Sums of thirds may fall short of their parts by a rounding.
    wrong = np.maximum(matrix.sum(axis=0) + matrix.sum(axis=1) - 2 * right, 0)
    return [f1_interval(*counts) for counts in zip(right, wrong, strict=True)]


def _confusion(
    predicted: NDArray[np.int64], test: ScoredSet, weights: NDArray[np.float64]
) -> Matrix:
    matrix: Matrix = confusion_matrix(
        test.labels,
        predicted,
        labels=range(len(test.categories)),
        sample_weight=weights,
    ).astype(np.float64)
    return matrix


def _resampled_confusions(
    predicted: NDArray[np.int64], test: ScoredSet, weights: NDArray[np.float64]
) -> tuple[Matrix, Matrix]:
    """Confusion matrices of the draws and of what is left without a source: [R, K, K] each."""
    k = len(test.categories)
    cells = np.zeros((len(predicted), k * k))
    cells[np.arange(len(predicted)), test.labels * k + predicted] = weights
    drawn, left = (
        (rows @ cells).reshape(-1, k, k) for rows in (test.draws.draws, test.draws.left_out)
    )
    return drawn, left


def _f1(matrices: Matrix) -> Matrix:
    """F1 in percent of each class: [draws, K, K] -> [draws, K].

    NaN for a class that is neither there nor answered, as happens in draws of few sources.
    """
    right = np.diagonal(matrices, axis1=1, axis2=2)
    both = matrices.sum(axis=1) + matrices.sum(axis=2)
    return 100 * 2 * right / np.where(both > 0, both, np.nan)


def _f1_macro(matrices: Matrix) -> Matrix:
    macro: Matrix = np.nanmean(_f1(matrices), axis=1)
    return macro


def _f1_weighted(matrices: Matrix) -> Matrix:
    support = matrices.sum(axis=2)
    weighted: Matrix = np.nansum(_f1(matrices) * support, axis=1) / support.sum(axis=1)
    return weighted
