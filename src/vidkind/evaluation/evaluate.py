"""The evaluation: members, ensemble, ensemble with TTA and two baselines, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkind.errors import FeatureFileError
from vidkind.evaluation.baselines import (
    logistic_regression_probabilities,
    majority_probabilities,
)
from vidkind.evaluation.calibration import (
    CalibrationScores,
    cross_fitted_temperatures,
    fit_temperature,
    score_calibration,
)
from vidkind.evaluation.intervals import PairedTest, paired_test
from vidkind.evaluation.out_of_scope import spliced
from vidkind.evaluation.quick_look import quick_sequences
from vidkind.evaluation.scores import ScoredSet, Scores, score
from vidkind.evaluation.trust_fit import (
    AttentionFunction,
    LogitsFunction,
    fit_statistics,
    observe,
)
from vidkind.evaluation.trust_report import TrustReport, fit_trust, score_trust
from vidkind.features.store import FeatureSet
from vidkind.inference.trust_file import TrustModel
from vidkind.inference.tta import (
    average_views,
    ensemble_probabilities,
    padded_views,
    softmax,
)

FeatureArrays = tuple[NDArray[np.float32], NDArray[np.int32]]
"""Features [n, T, D] and valid steps [n]."""

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
            if test.sources_needed is not None:
                only += f"; a true difference of that size takes about {test.sources_needed:,} "
                only += "sources to be seen with 80 % power"
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
        calibrated: How far the ensemble's probabilities are from meaning what they say. Where
            the temperature was fitted on these videos, each is scored at the temperature that
            the other folds, by group, gave.
        uncalibrated: The same at temperature 1.
        trust: What trust is worth; None where it could not be measured.
        trust_model: What was fitted of it, for the bundle; None where nothing was.
        num_videos: Videos scored.
        num_sources: Sources they come from.
        probabilities: Row name -> float64 [N, K].
    """

    rows: tuple[Scores, ...]
    comparisons: tuple[Comparison, ...]
    recommend_tta: bool
    temperature: float
    calibrated: CalibrationScores
    uncalibrated: CalibrationScores
    num_videos: int
    num_sources: int
    probabilities: dict[str, NDArray[np.float64]]
    trust: TrustReport | None = None
    trust_model: TrustModel | None = None

    @property
    def calibration_error(self) -> float:
        """Expected calibration error of the ensemble, 0..1."""
        return self.calibrated.ece.value / 100

    @property
    def uncalibrated_error(self) -> float:
        """The same at temperature 1."""
        return self.uncalibrated.ece.value / 100

    @property
    def in_words(self) -> tuple[str, ...]:
        """What calibration and trust come to, in sentences."""
        before, after = self.uncalibrated, self.calibrated
        calibration = (
            f"Calibration: temperature {self.temperature:.2f}; expected calibration error "
            f"{before.ece} % before, {after.ece} % after (equal bins), {before.adaptive_ece} % "
            f"before, {after.adaptive_ece} % after (adaptive bins); a perfectly calibrated "
            f"classifier would show {after.ece_if_calibrated:.1f} % and "
            f"{after.adaptive_ece_if_calibrated:.1f} % on as many videos."
        )
        return (calibration, *(() if self.trust is None else self.trust.in_words))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; probabilities are left out."""
        return {
            "num_videos": self.num_videos,
            "num_sources": self.num_sources,
            "recommend_tta": self.recommend_tta,
            "temperature": self.temperature,
            "calibration_error": self.calibration_error,
            "uncalibrated_error": self.uncalibrated_error,
            "calibration": {
                "before": asdict(self.uncalibrated),
                "after": asdict(self.calibrated),
            },
            "trust": None if self.trust is None else self.trust.to_json(),
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
    attention: AttentionFunction | None = None,
    foreign: Mapping[str, FeatureArrays] | None = None,
    trust: TrustModel | None = None,
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
        attention: Where the ensemble looks. With it and ``train``, trust is fitted where the
            temperature is.
        foreign: Kind of material that is none of the categories -> its features and valid
            steps, to fit trust against; clips spliced of two categories are always among it.
        trust: Trust as it was fitted before, to be scored here.

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
    sources = test.source_ids or test.paths or tuple(str(i) for i in range(len(test)))
    groups = test.groups or sources
    scored = ScoredSet.create(test.labels, test.categories, sources, seed=seed)
    fitted = fit_temperature(raw, test.labels) if temperature is None else temperature
    found = _baselines(train, test) | _ensemble(
        softmax(raw / fitted),
        ensemble_view_probabilities(logits, test, temperature=fitted, use_tta=True),
        member_names,
    )
    pairs = [(ENSEMBLE_TTA, ENSEMBLE), (ENSEMBLE, LOGISTIC)]
    if member_names:
        pairs.append((ENSEMBLE, _best_row(member_names, found, scored)))
    comparisons = tuple(_compare(a, b, found, scored) for a, b in pairs if b in found)
    honest = found[ENSEMBLE]
    if temperature is None:
        each = cross_fitted_temperatures(raw, test.labels, groups)
        honest = ensemble_probabilities(raw / each[:, None])
    model, report = None, None
    if attention is not None and temperature is None and train is not None:
        model, report = _fitted_trust(
            logits, attention, train, test, groups, scored, fitted, foreign or {}
        )
    elif attention is not None and trust is not None:
        observed = observe(logits, attention, test.features, test.num_frames)
        report = score_trust(observed, scored, trust)
    return Evaluation(
        rows=tuple(score(name, values, scored) for name, values in found.items()),
        comparisons=comparisons,
        recommend_tta=comparisons[0].test.a_wins,
        temperature=fitted,
        calibrated=score_calibration(honest, test.labels, scored.draws),
        uncalibrated=score_calibration(ensemble_probabilities(raw), test.labels, scored.draws),
        num_videos=len(test),
        num_sources=len(set(sources)),
        probabilities=found,
        trust=report,
        trust_model=model,
    )


def _fitted_trust(
    logits: LogitsFunction,
    attention: AttentionFunction,
    train: FeatureSet,
    test: FeatureSet,
    groups: Sequence[str],
    scored: ScoredSet,
    temperature: float,
    foreign: Mapping[str, FeatureArrays],
) -> tuple[TrustModel, TrustReport]:
    material = {**foreign, "splices": spliced(train)}
    return fit_trust(
        observe(logits, attention, test.features, test.num_frames),
        groups,
        scored,
        temperature=temperature,
        statistics=fit_statistics(train),
        quick=observe(logits, attention, *quick_sequences(test.features, test.num_frames)),
        foreign={
            name: observe(logits, attention, features, steps)
            for name, (features, steps) in material.items()
            if len(features)
        },
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


def _best_row(
    names: Sequence[str], found: dict[str, NDArray[np.float64]], scored: ScoredSet
) -> str:
    """The row most often right, each source weighing 1; chosen on the videos it is scored on."""
    right = {name: found[name].argmax(axis=1) == scored.labels for name in names}
    return max(names, key=lambda name: float(scored.source_weights @ right[name]))


def _compare(
    a: str, b: str, found: dict[str, NDArray[np.float64]], scored: ScoredSet
) -> Comparison:
    right = {name: found[name].argmax(axis=1) == scored.labels for name in (a, b)}
    test = paired_test(right[a], right[b], scored.source_weights, scored.draws)
    return Comparison(a=a, b=b, test=test)
