"""What trust is worth: fitted and scored on validation videos, or scored on others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkind.errors import ConfigError
from vidkind.evaluation.folds import group_folds
from vidkind.evaluation.intervals import Interval, weighted_share
from vidkind.evaluation.quick_look import fit_quick_thresholds
from vidkind.evaluation.scores import ScoredSet
from vidkind.evaluation.selective import (
    RiskCoverage,
    Separation,
    aurc,
    aurc_difference,
    excess_aurc,
    operating_table,
    risk_coverage,
    separation,
)
from vidkind.evaluation.trust_crossfit import cross_fitted_conformal, cross_fitted_trust
from vidkind.evaluation.trust_fit import Observed, fit_weights
from vidkind.inference.conformal import ConformalScores, label_set
from vidkind.inference.effort import QUICK_FRAMES
from vidkind.inference.operating import OperatingTable
from vidkind.inference.trust import (
    SIGNALS,
    FeatureStatistics,
    Floats,
    TrustKind,
    published_trust,
)
from vidkind.inference.trust_file import TrustModel
from vidkind.inference.tta import ensemble_probabilities

CONFIDENCE = "confidence"
MAX_ERRORS = (0.01, 0.02, 0.05, 0.1)
COVERAGES = (0.8, 0.9, 0.95)


@dataclass(frozen=True, kw_only=True)
class AbstainingPoint:
    """What withholding answers below a threshold gives; every source weighs 1.

    Attributes:
        trust: Kind of trust.
        max_error: Wanted share of wrong answers, 0..1.
        threshold: Answers with at least this trust are given.
        coverage: Videos answered, percent, Wilson interval.
        error: Wrong answers among them, percent, Wilson interval; None where nothing is
            answered.
    """

    trust: str
    max_error: float
    threshold: float
    coverage: Interval
    error: Interval | None

    @property
    def in_words(self) -> str:
        """The figures in a sentence."""
        wrong = "" if self.error is None else f", {self.error} % of them wrongly"
        return (
            f"Wanted error {self.max_error:.0%}: {self.coverage} % of the videos are "
            f"answered{wrong}."
        )


@dataclass(frozen=True, kw_only=True)
class LabelSetScore:
    """What conformal label sets give.

    Attributes:
        wanted: Wanted coverage, 0..1.
        coverage: Videos whose set holds the label, percent, Wilson interval.
        mean_size: Mean number of categories in a set.
        single: Share of sets with one category, percent.
    """

    wanted: float
    coverage: Interval
    mean_size: float
    single: float


@dataclass(frozen=True, kw_only=True, eq=False)
class TrustReport:
    """Figures of trust on one feature file; every source weighs 1.

    Attributes:
        cross_fitted: Whether trust was fitted on these videos; every figure is then of
            videos held out of the fit by group, those of ``published`` and ``confidence`` of
            no fit at all.
        aurc: Kind of trust -> area under its risk-coverage curve, percent.
        excess_aurc: The same beyond the best possible order.
        learned_minus_published: Difference of AURC on the same draws; below 0, learned wins.
        curves: Kind of trust -> risk-coverage curve.
        points: Abstaining at several wanted error rates.
        label_sets: Label sets at several wanted coverages.
        foreign: Kind of foreign material -> kind of trust -> how well it is told apart. That
            kind was left out of the fit.
        coefficients: Signal -> learned weight.
    """

    cross_fitted: bool
    aurc: dict[str, Interval]
    excess_aurc: dict[str, Interval]
    learned_minus_published: Interval
    curves: dict[str, RiskCoverage]
    points: tuple[AbstainingPoint, ...]
    label_sets: tuple[LabelSetScore, ...]
    coefficients: dict[str, float]
    foreign: dict[str, dict[str, Separation]] = field(default_factory=dict)

    @property
    def in_words(self) -> tuple[str, ...]:
        """The figures in sentences."""
        gap = self.learned_minus_published
        order = "cannot be told apart from"
        if gap.high < 0 or gap.low > 0:
            order = "orders answers better than" if gap.high < 0 else "orders answers worse than"
        lines = [
            f"Trust: mean error over all coverages (AURC) {self.aurc['learned']} %, published "
            f"weights {self.aurc['published']} %; learned trust {order} published: difference "
            f"{gap.value:+.1f} [{gap.low:+.1f}, {gap.high:+.1f}]."
        ]
        lines += [point.in_words for point in self.points if point.trust == "learned"]
        kept = {point.max_error for point in self.points if point.trust == "learned"}
        refused = ", ".join(f"{wanted:.0%}" for wanted in MAX_ERRORS if wanted not in kept)
        if refused:
            lines.append(f"Wanted error {refused}: takes more validation sources to promise.")
        lines += [
            f"Label sets for {found.wanted:.0%}: {found.coverage} % hold the label, "
            f"{found.mean_size:.1f} categories each."
            for found in self.label_sets
        ]
        return tuple(lines)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        plain = {name: value for name, value in asdict(self).items() if name != "curves"}
        return {**plain, "curves": {name: curve.to_json() for name, curve in self.curves.items()}}


def fit_trust(
    observed: Observed,
    groups: Sequence[str],
    scored: ScoredSet,
    *,
    temperature: float,
    statistics: FeatureStatistics,
    foreign: Mapping[str, Observed],
    quick: Observed,
) -> tuple[TrustModel, TrustReport]:
    """Fits trust on validation videos, and scores it by cross-fitting over groups.

    Args:
        observed: The validation videos.
        groups: Group of each; a group is never divided.
        scored: Their labels, weights and resamples.
        temperature: Fitted on all of them.
        statistics: From the training videos.
        foreign: Kind of material that is none of the categories -> what is observed of it.
        quick: The validation videos again, seen by a quick look.
    """
    scores = ensemble_probabilities(observed.logits / temperature)
    answers = scores.argmax(axis=1)
    right = answers == scored.labels
    signals = observed.signals(temperature)
    strange = {name: part.signals(temperature) for name, part in foreign.items()}
    weights = fit_weights(signals, right, scored.source_weights, list(strange.values()))
    held_out = cross_fitted_trust(
        observed, groups, scored, list(foreign.values()), weights.logits(signals)
    )
    trusts = {
        "learned": held_out,
        "published": published_trust(signals),
        CONFIDENCE: signals[:, 0],
    }
    conformal = cross_fitted_conformal(observed, groups, scored)
    tables: dict[TrustKind, OperatingTable] = {
        "learned": operating_table(held_out, right, scored.source_weights),
        "published": operating_table(trusts["published"], right, scored.source_weights),
    }
    model = TrustModel(
        statistics=statistics,
        weights=weights,
        tables=tables,
        conformal=conformal,
        temperature=temperature,
        quick_thresholds=fit_quick_thresholds(
            weights.trust(quick.signals(temperature)),
            ensemble_probabilities(quick.logits / temperature).argmax(axis=1) == answers,
            scored.source_weights,
        ),
        quick_frames=QUICK_FRAMES,
    )
    report = _report(
        trusts,
        right,
        scored,
        model,
        cross_fitted=True,
        label_sets=_cross_label_sets(scores, groups, right, scored, conformal),
        foreign=_foreign(signals, right, scored.source_weights, strange),
    )
    return model, report


def score_trust(observed: Observed, scored: ScoredSet, model: TrustModel) -> TrustReport:
    """Scores trust as it was fitted, thresholds included, on videos that took no part in it."""
    scores = ensemble_probabilities(observed.logits / model.temperature)
    right = scores.argmax(axis=1) == scored.labels
    signals = observed.signals(model.temperature)
    trusts = {
        "learned": model.trust(signals, "learned"),
        "published": model.trust(signals, "published"),
        CONFIDENCE: signals[:, 0],
    }
    everything = np.arange(len(right))
    sets = _label_sets(scores, scored, [(model.conformal, everything)])
    return _report(trusts, right, scored, model, cross_fitted=False, label_sets=sets, foreign={})


def _cross_label_sets(
    scores: Floats,
    groups: Sequence[str],
    right: NDArray[np.bool_],
    scored: ScoredSet,
    conformal: ConformalScores,
) -> tuple[LabelSetScore, ...]:
    parts = [
        (
            ConformalScores(scores=conformal.scores[rows], weights=conformal.weights[rows]),
            held,
        )
        for rows, held in group_folds(groups, right)
    ]
    return _label_sets(scores, scored, parts)


def _label_sets(
    scores: Floats,
    scored: ScoredSet,
    parts: Sequence[tuple[ConformalScores, NDArray[np.int64]]],
) -> tuple[LabelSetScore, ...]:
    """Scores label sets; ``parts`` says whose conformal scores answer for which rows."""
    found = []
    weights = scored.source_weights
    for wanted in COVERAGES:
        size, holds = np.zeros(len(scores)), np.zeros(len(scores))
        try:
            for conformal, rows in parts:
                limit = conformal.limit(wanted)
                for row in rows:
                    labels = label_set(scores[row], limit)
                    size[row], holds[row] = len(labels), scored.labels[row] in labels
        except ConfigError:  # too few sources for this coverage
            continue
        found.append(
            LabelSetScore(
                wanted=wanted,
                coverage=weighted_share(holds, weights),
                mean_size=float(np.average(size, weights=weights)),
                single=100 * float(np.average(size == 1, weights=weights)),
            )
        )
    return tuple(found)


def _foreign(
    signals: Floats, right: NDArray[np.bool_], weights: Floats, foreign: Mapping[str, Floats]
) -> dict[str, dict[str, Separation]]:
    found = {}
    for name, strange in foreign.items():
        others = [values for other, values in foreign.items() if other != name]
        learned = fit_weights(signals, right, weights, others)
        pairs = {
            "learned": (learned.trust(signals), learned.trust(strange)),
            "published": (published_trust(signals), published_trust(strange)),
            CONFIDENCE: (signals[:, 0], strange[:, 0]),
        }
        found[name] = {kind: separation(*pair, weights) for kind, pair in pairs.items()}
    return found


def _report(
    trusts: Mapping[str, Floats],
    right: NDArray[np.bool_],
    scored: ScoredSet,
    model: TrustModel,
    *,
    cross_fitted: bool,
    label_sets: tuple[LabelSetScore, ...],
    foreign: dict[str, dict[str, Separation]],
) -> TrustReport:
    weights, draws = scored.source_weights, scored.draws
    return TrustReport(
        cross_fitted=cross_fitted,
        aurc={name: aurc(t, right, weights, draws) for name, t in trusts.items()},
        excess_aurc={name: excess_aurc(t, right, weights, draws) for name, t in trusts.items()},
        learned_minus_published=aurc_difference(
            trusts["learned"], trusts["published"], right, weights, draws
        ),
        curves={name: risk_coverage(t, right, weights) for name, t in trusts.items()},
        points=_points(trusts, right, weights, model),
        label_sets=label_sets,
        coefficients=dict(zip(SIGNALS, map(float, model.weights.coefficients), strict=True)),
        foreign=foreign,
    )


def _points(
    trusts: Mapping[str, Floats],
    right: NDArray[np.bool_],
    weights: Floats,
    model: TrustModel,
) -> tuple[AbstainingPoint, ...]:
    found = []
    for kind, table in model.tables.items():
        for wanted in MAX_ERRORS:
            try:
                threshold = table.largest_coverage(wanted).threshold
            except ConfigError:  # too few validation sources
                continue
            given = trusts[kind] >= threshold
            found.append(
                AbstainingPoint(
                    trust=kind,
                    max_error=wanted,
                    threshold=threshold,
                    coverage=weighted_share(given, weights),
                    error=weighted_share(~right[given], weights[given]) if given.any() else None,
                )
            )
    return tuple(found)
