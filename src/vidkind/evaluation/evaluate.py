"""The evaluation: members, ensemble, ensemble with TTA and two baselines, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from vidkind.errors import FeatureFileError
from vidkind.evaluation.baselines import (
    logistic_regression_probabilities,
    majority_probabilities,
)
from vidkind.evaluation.calibration import (
    cross_fitted_temperatures,
    fit_temperature,
    score_calibration,
)
from vidkind.evaluation.out_of_scope import spliced
from vidkind.evaluation.paired import paired_test
from vidkind.evaluation.parts import Part, ask, joined_observations
from vidkind.evaluation.quick_look import quick_sequences
from vidkind.evaluation.result import (
    ENSEMBLE,
    ENSEMBLE_TTA,
    LOGISTIC,
    MAJORITY,
    Comparison,
    Evaluation,
)
from vidkind.evaluation.scores import ScoredSet, score
from vidkind.evaluation.trust_fit import (
    AttentionFunction,
    LogitsFunction,
    Observed,
    fit_statistics,
    observe,
)
from vidkind.evaluation.trust_report import TrustReport, fit_trust, score_trust
from vidkind.features.store import FeatureSet
from vidkind.inference.trust import FeatureStatistics
from vidkind.inference.trust_file import TrustModel
from vidkind.inference.tta import (
    average_views,
    ensemble_probabilities,
    padded_views,
    softmax,
)

FeatureArrays = tuple[NDArray[np.float32], NDArray[np.int32]]
"""Features [n, T, D] and valid steps [n]."""


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
    whole = Part(rows=np.arange(len(test)), logits=logits, attention=attention, train=train)
    return evaluate_parts(
        [whole],
        whole,
        test,
        categories=categories,
        member_names=member_names,
        temperature=temperature,
        seed=seed,
        foreign=foreign,
        trust=trust,
    )


def evaluate_parts(
    parts: Sequence[Part],
    final: Part,
    test: FeatureSet,
    *,
    categories: Sequence[str],
    member_names: Sequence[str] = (),
    temperature: float | None = None,
    seed: int = 0,
    foreign: Mapping[str, FeatureArrays] | None = None,
    trust: TrustModel | None = None,
) -> Evaluation:
    """Scores the ensembles of a cross-fitted run, each on the videos that it has not seen.

    Args:
        parts: Ensembles with their videos, which cover ``test`` once.
        final: The ensemble that will answer; trust is fitted for its distances.
        test: Videos with labels.
        categories: As in ``evaluate``, like all that follow.
        member_names: Row names of the members.
        temperature: None fits it on the answers of ``parts``.
        seed: Seed of the bootstrap.
        foreign: Material that is none of the categories.
        trust: Trust as it was fitted before.

    Raises:
        FeatureFileError: As ``evaluate``, or parts differ in their number of members.
    """
    if tuple(categories) != test.categories:
        raise FeatureFileError(
            f"the features have categories {list(test.categories)}, the ensemble was trained on "
            f"{list(categories)}; expected features of the same library"
        )
    raw = ask(parts, test, lambda part, own: part.logits(own.features, own.num_frames), axis=1)
    sources = test.source_ids or test.paths or tuple(str(i) for i in range(len(test)))
    groups = test.groups or sources
    scored = ScoredSet.create(test.labels, test.categories, sources, seed=seed)
    weights = scored.source_weights
    fitted = fit_temperature(raw, test.labels, weights) if temperature is None else temperature
    views = ask(
        parts,
        test,
        lambda part, own: ensemble_view_probabilities(
            part.logits, own, temperature=fitted, use_tta=True
        ),
        axis=1,
    )
    found = _baselines(parts, test) | _ensemble(softmax(raw / fitted), views, member_names)
    pairs = [(ENSEMBLE_TTA, ENSEMBLE), (ENSEMBLE, LOGISTIC)]
    if len(member_names) > 1:  # a single member is the ensemble
        pairs.append((ENSEMBLE, _best_row(member_names, found, scored)))
    comparisons = tuple(_compare(a, b, found, scored) for a, b in pairs if b in found)
    honest = found[ENSEMBLE]
    if temperature is None:
        each = cross_fitted_temperatures(raw, test.labels, groups, weights)
        honest = ensemble_probabilities(raw / each[:, None])
    model, report = None, None
    if final.attention is not None and temperature is None and final.train is not None:
        model, report = _fitted_trust(parts, final, test, groups, scored, fitted, foreign or {})
    elif final.attention is not None and trust is not None:
        observed = _observed(final, test.features, test.num_frames, trust.statistics)
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
    parts: Sequence[Part],
    final: Part,
    test: FeatureSet,
    groups: Sequence[str],
    scored: ScoredSet,
    temperature: float,
    foreign: Mapping[str, FeatureArrays],
) -> tuple[TrustModel, TrustReport]:
    assert final.train is not None
    statistics = fit_statistics(final.train)
    observed, quick = [], []
    for part in parts:
        assert part.train is not None
        own = test.subset(part.rows)
        known = statistics if part is final else fit_statistics(part.train)
        observed.append(_observed(part, own.features, own.num_frames, known))
        quick.append(_observed(part, *quick_sequences(own.features, own.num_frames), known))
    material = {**foreign, "splices": spliced(final.train)}
    return fit_trust(
        joined_observations(parts, observed),
        groups,
        scored,
        temperature=temperature,
        statistics=statistics,
        quick=joined_observations(parts, quick),
        foreign={
            name: _observed(final, features, steps, statistics)
            for name, (features, steps) in material.items()
            if len(features)
        },
    )


def _observed(
    part: Part,
    features: NDArray[np.float32],
    num_frames: NDArray[np.int32],
    statistics: FeatureStatistics,
) -> Observed:
    assert part.attention is not None
    return observe(part.logits, part.attention, features, num_frames, statistics)


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


def _baselines(parts: Sequence[Part], test: FeatureSet) -> dict[str, NDArray[np.float64]]:
    """Both baselines, fitted on what the part that answers a video was trained on."""
    for part in parts:
        train = part.train
        if train is None:
            return {}
        if train.categories != test.categories or train.feature_dim != test.feature_dim:
            raise FeatureFileError(
                f"training features have categories {list(train.categories)} and D = "
                f"{train.feature_dim}, these have {list(test.categories)} and D = "
                f"{test.feature_dim}; expected files of one extraction"
            )

    def majority(part: Part, own: FeatureSet) -> NDArray[np.float64]:
        assert part.train is not None
        return majority_probabilities(part.train, len(own))

    def logistic(part: Part, own: FeatureSet) -> NDArray[np.float64]:
        assert part.train is not None
        return logistic_regression_probabilities(part.train, own)

    return {
        MAJORITY: ask(parts, test, majority, axis=0),
        LOGISTIC: ask(parts, test, logistic, axis=0),
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
