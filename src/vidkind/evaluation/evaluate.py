"""The evaluation: members, ensemble, ensemble with TTA and two baselines, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkind.errors import FeatureFileError
from vidkind.evaluation.baselines import (
    logistic_regression_probabilities,
    majority_probabilities,
)
from vidkind.evaluation.calibration import expected_calibration_error, fit_temperature
from vidkind.evaluation.intervals import PairedTest, paired_test
from vidkind.evaluation.scores import ScoredSet, Scores, score
from vidkind.features.store import FeatureSet
from vidkind.inference.tta import (
    average_views,
    ensemble_probabilities,
    padded_views,
    softmax,
)

LogitsFunction = Callable[[NDArray[np.float32], NDArray[np.int32]], NDArray[np.float32]]
"""Features [N, T, D] and valid steps [N] in, logits [M, N, K] out."""

ENSEMBLE, ENSEMBLE_TTA = "ensemble", "ensemble + TTA"
MAJORITY, LOGISTIC = "majority class", "logistic regression"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A paired test of two rows, and what it says in words."""

    a: str
    b: str
    test: PairedTest

    @property
    def verdict(self) -> str:
        """One sentence: who is better, or that they cannot be told apart."""
        gain, test = self.test.difference, self.test
        only = (
            f"right on {test.only_a_right} that {self.b} misses, the reverse on {test.only_b_right}"
        )
        if self.test.a_wins:
            word = "is better than"
        elif test.p_value < 0.05 and gain.high < 0:
            word = "is worse than"
        else:
            word = "cannot be told apart from"
        return (
            f"{self.a} {word} {self.b}: {gain.value:+.1f} points per source "
            f"[{gain.low:+.1f}, {gain.high:+.1f}], exact McNemar p = {test.p_value:.3f}; {only}"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """Everything one evaluation found.

    Attributes:
        rows: One ``Scores`` per classifier, baselines first.
        comparisons: Paired tests between rows.
        recommend_tta: Whether TTA is better beyond chance on these videos.
        temperature: What the logits were divided by.
        calibration_error: Expected calibration error of the ensemble, 0..1.
        uncalibrated_error: The same at temperature 1.
        num_videos: Videos scored.
        num_sources: Sources they come from.
        probabilities: Row name -> float64 [N, K].
    """

    rows: tuple[Scores, ...]
    comparisons: tuple[Comparison, ...]
    recommend_tta: bool
    temperature: float
    calibration_error: float
    uncalibrated_error: float
    num_videos: int
    num_sources: int
    probabilities: dict[str, NDArray[np.float64]]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; probabilities are left out."""
        return {
            "num_videos": self.num_videos,
            "num_sources": self.num_sources,
            "recommend_tta": self.recommend_tta,
            "temperature": self.temperature,
            "calibration_error": self.calibration_error,
            "uncalibrated_error": self.uncalibrated_error,
            "rows": [asdict(row) for row in self.rows],
            "comparisons": [{**asdict(c), "verdict": c.verdict} for c in self.comparisons],
        }


def evaluate(
    logits: LogitsFunction,
    test: FeatureSet,
    *,
    categories: Sequence[str],
    train: FeatureSet | None = None,
    member_names: Sequence[str] = (),
    temperature: float | None = 1.0,
    seed: int = 0,
) -> Evaluation:
    """Scores an ensemble on a feature file.

    Args:
        logits: The ensemble.
        test: Videos with labels.
        categories: Names in label order that the ensemble was trained on.
        train: Training features, for the two baselines; without them they are left out.
        member_names: Row names of the members.
        temperature: Divides the logits before softmax; None fits it on these very videos,
            which is right for validation data only.
        seed: Seed of the bootstrap.

    Raises:
        FeatureFileError: The ensemble has other categories than ``test``, or ``train`` has
            other categories or features.
    """
    if tuple(categories) != test.categories:
        raise FeatureFileError(
            f"the features have categories {list(test.categories)}, the ensemble was trained on "
            f"{list(categories)}; expected features of the same library"
        )
    raw = logits(test.features, test.num_frames)
    if temperature is None:
        temperature = fit_temperature(raw, test.labels)
    found = _baselines(train, test) | _ensemble(
        softmax(raw / temperature),
        ensemble_view_probabilities(logits, test, temperature=temperature, use_tta=True),
        member_names,
    )
    sources = test.source_ids or test.paths or tuple(str(i) for i in range(len(test)))
    scored = ScoredSet.create(test.labels, test.categories, sources, seed=seed)
    pairs = [(ENSEMBLE_TTA, ENSEMBLE), (ENSEMBLE, LOGISTIC)]
    comparisons = tuple(_compare(a, b, found, scored) for a, b in pairs if b in found)
    return Evaluation(
        rows=tuple(score(name, values, scored) for name, values in found.items()),
        comparisons=comparisons,
        recommend_tta=comparisons[0].test.a_wins,
        temperature=temperature,
        calibration_error=expected_calibration_error(found[ENSEMBLE], test.labels),
        uncalibrated_error=expected_calibration_error(ensemble_probabilities(raw), test.labels),
        num_videos=len(test),
        num_sources=len(set(sources)),
        probabilities=found,
    )


def ensemble_view_probabilities(
    logits: LogitsFunction, test: FeatureSet, *, temperature: float = 1.0, use_tta: bool
) -> NDArray[np.float64]:
    """Softmax of every member, averaged over the TTA views: float64 [M, N, K]."""
    if not use_tta:
        return softmax(logits(test.features, test.num_frames) / temperature)
    views = padded_views(test.features, test.num_frames)
    per_view = [softmax(logits(v.features, v.num_frames) / temperature) for v in views]
    return np.stack(
        [average_views(views, [p[m] for p in per_view], len(test)) for m in range(len(per_view[0]))]
    )


def _ensemble(
    members: NDArray[np.float64], with_tta: NDArray[np.float64], names: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    labels = list(names) or [f"member {i}" for i in range(1, len(members) + 1)]
    rows = dict(zip(labels, members, strict=True))
    return {**rows, ENSEMBLE: members.mean(axis=0), ENSEMBLE_TTA: with_tta.mean(axis=0)}


def _baselines(train: FeatureSet | None, test: FeatureSet) -> dict[str, NDArray[np.float64]]:
    if train is None:
        return {}
    if train.categories != test.categories or train.feature_dim != test.feature_dim:
        raise FeatureFileError(
            f"training features have categories {list(train.categories)} and D = "
            f"{train.feature_dim}, these have {list(test.categories)} and D = {test.feature_dim}; "
            "expected files of one extraction"
        )
    return {
        MAJORITY: majority_probabilities(train, len(test)),
        LOGISTIC: logistic_regression_probabilities(train, test),
    }


def _compare(
    a: str, b: str, found: dict[str, NDArray[np.float64]], scored: ScoredSet
) -> Comparison:
    right = {name: found[name].argmax(axis=1) == scored.labels for name in (a, b)}
    test = paired_test(right[a], right[b], scored.source_weights, scored.draws)
    return Comparison(a=a, b=b, test=test)
