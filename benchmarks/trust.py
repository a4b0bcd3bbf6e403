"""What calibration, trust, abstaining and label sets are worth on real clips and foreign ones.

    python benchmarks/trust.py RUN FEATURES --clips CLIPS/manifest.csv --cross-fitted RUN
        -o results/trust.json

On val: calibration before and after (cross-fitted by group), temperature against vector
scaling, AURC of learned trust against the published weights and against plain confidence,
the largest coverage at each wanted error rate. Then videos that are none of the categories,
rendered and encoded with another seed than trust was fitted with, and clips spliced from two
categories. ``--cross-fitted`` names a run of ``vidkind train --cross-fit``: its answers to the
videos of each fold, with temperature, trust and thresholds fitted on the other folds. Rendered
files are kept in ``--work`` and made once.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np
from cross_validate import read_origins
from foreign_clips import SEED, embedded, rendered_clips, spliced_clips
from provenance import write_result
from scipy.optimize import minimize

from vidkind.bundle.backbone import open_backbone
from vidkind.errors import ConfigError
from vidkind.evaluation.baselines import logistic_regression_probabilities
from vidkind.evaluation.calibration import (
    cross_fitted_temperatures,
    fit_temperature,
    negative_log_likelihood,
    score_calibration,
)
from vidkind.evaluation.evaluate import evaluate
from vidkind.evaluation.folds import group_folds
from vidkind.evaluation.intervals import wilson
from vidkind.evaluation.out_of_scope import rendered_features, spliced
from vidkind.evaluation.parts import fold_parts, joined_observations
from vidkind.evaluation.result import Evaluation
from vidkind.evaluation.scores import ScoredSet
from vidkind.evaluation.selective import aurc, aurc_difference, separation
from vidkind.evaluation.trust_crossfit import cross_fitted_trust
from vidkind.evaluation.trust_fit import Observed, fit_statistics, observe
from vidkind.evaluation.trust_report import MAX_ERRORS, fit_trust
from vidkind.features.provenance import options_from_provenance
from vidkind.features.splits import kept_backbone, read_split, read_train_and_val
from vidkind.features.store import FeatureSet
from vidkind.inference.trust import FeatureStatistics, published_trust
from vidkind.inference.trust_file import TrustModel
from vidkind.inference.tta import ensemble_probabilities, softmax
from vidkind.training import (
    fold_folder,
    load_members,
    member_attention,
    member_logits,
    read_cross_fit,
    read_run,
)


class Ensemble:
    """The members of a run as functions of features."""

    def __init__(self, run: Path) -> None:
        self.members = load_members(run)

    def logits(self, features: np.ndarray, steps: np.ndarray) -> np.ndarray:
        return member_logits(self.members, features, steps)

    def attention(self, features: np.ndarray, steps: np.ndarray) -> np.ndarray:
        return member_attention(self.members, features, steps)

    def observe(
        self, features: np.ndarray, steps: np.ndarray, statistics: FeatureStatistics
    ) -> Observed:
        return observe(self.logits, self.attention, features, steps, statistics)

    def evaluate(self, test: FeatureSet, train: FeatureSet, foreign: dict) -> Evaluation:
        return evaluate(
            self.logits,
            test,
            categories=self.members[0].categories,
            train=train,
            temperature=None,
            attention=self.attention,
            foreign=foreign,
        )


def vector_scaling(videos: FeatureSet, logits: np.ndarray) -> dict[str, float]:
    """Mean NLL in nats of held-out videos: uncalibrated, temperature, vector scaling.

    Vector scaling (Guo et al., 2017, section 4.2) gives each class its own factor and offset,
    here on the logarithm of the ensemble's probabilities.
    """
    labels = videos.labels
    plain = ensemble_probabilities(logits)
    right = plain.argmax(axis=1) == labels
    scored = ScoredSet.create(labels, videos.categories, videos.source_ids, seed=0)
    temperatures = cross_fitted_temperatures(logits, labels, videos.groups, scored.source_weights)
    vector = np.empty_like(plain)
    values = np.log(np.maximum(plain, 1e-12))
    count = plain.shape[1]
    for fitted, held in group_folds(videos.groups, right):

        def scaled(parameters: np.ndarray, rows: np.ndarray) -> np.ndarray:
            return softmax(values[rows] * parameters[:count] + parameters[count:])

        best = minimize(
            lambda p, rows=fitted: negative_log_likelihood(scaled(p, rows), labels[rows]),
            np.repeat([1.0, 0.0], count),
        )
        vector[held] = scaled(best.x, held)
    return {
        "none": negative_log_likelihood(plain, labels),
        "temperature": negative_log_likelihood(
            ensemble_probabilities(logits / temperatures[:, None]), labels
        ),
        "vector": negative_log_likelihood(vector, labels),
    }


def told_apart(
    ensemble: Ensemble, model: TrustModel, test: FeatureSet, foreign: dict
) -> dict[str, dict]:
    """AUROC and FPR@95 of val clips against each kind of foreign material."""

    def trusts(features: np.ndarray, steps: np.ndarray) -> dict[str, np.ndarray]:
        signals = ensemble.observe(features, steps, model.statistics).signals(model.temperature)
        kinds = {kind: model.trust(signals, kind) for kind in ("learned", "published")}
        return {**kinds, "confidence": signals[:, 0]}

    known = trusts(test.features, test.num_frames)
    weights = ScoredSet.create(test.labels, test.categories, test.source_ids, seed=0).source_weights
    return {
        name: {
            kind: asdict(separation(known[kind], values, weights))
            for kind, values in trusts(*material).items()
        }
        for name, material in foreign.items()
    }


def out_of_fold(run: Path, videos: FeatureSet, foreign: dict, answers: Path) -> dict:
    """Answers of a cross-fitted run to videos left out; what is fitted on them, fitted without.

    Temperature, trust and thresholds of a fold are fitted on the answers to the other folds'
    videos; the order of all answers is that of ``cross_fitted_trust``. What is said of all is
    kept in ``answers`` for ``interval_coverage.py``, with the answers of logistic regression on
    the same folds.
    """
    folds = read_cross_fit(run)
    if folds is None:
        raise SystemExit(f"{run} was not trained with --cross-fit")
    shape = (len(videos), len(videos.categories))
    regression = np.empty(shape)
    held_rows = folds.rows(videos)

    def ensemble(number: int) -> tuple:
        fold = Ensemble(fold_folder(run, number))
        return fold.logits, fold.attention

    parts, observed = fold_parts(held_rows, videos, ensemble), []
    for part in parts:
        test = videos.subset(part.rows)
        rest = test.features, test.num_frames, fit_statistics(part.train)
        observed.append(observe(part.logits, part.attention, *rest))
        regression[part.rows] = logistic_regression_probabilities(part.train, test)
    whole, statistics, final = (
        joined_observations(parts, observed),
        fit_statistics(videos),
        Ensemble(run),
    )
    strange = {
        name: final.observe(features, steps, statistics)
        for name, (features, steps) in {**foreign, "splices": spliced(videos)}.items()
    }
    scores, plain = np.empty(shape), ensemble_probabilities(whole.logits)
    given = {wanted: np.zeros(len(videos), bool) for wanted in MAX_ERRORS}
    for held in held_rows:
        rows = np.setdiff1d(np.arange(len(videos)), held)
        model = fitted_trust(videos.subset(rows), whole.subset(rows), statistics, strange)
        own = whole.subset(held)
        signals = own.signals(model.temperature)
        scores[held] = ensemble_probabilities(own.logits / model.temperature)
        learned = model.trust(signals, "learned")
        for wanted in MAX_ERRORS:
            try:
                point = model.tables["learned"].largest_coverage(wanted)
            except ConfigError:
                continue
            given[wanted][held] = learned >= point.threshold
    trusts = cross_trusts(videos, whole, statistics, strange)
    real = real_clips(videos)
    videos, scores, plain, regression = (
        videos.subset(real),
        scores[real],
        plain[real],
        regression[real],
    )
    trusts = {kind: values[real] for kind, values in trusts.items()}
    np.savez_compressed(
        answers,
        probabilities=scores,
        uncalibrated=plain,
        regression=regression,
        labels=videos.labels,
        sources=np.array(videos.source_ids),
        groups=np.array(videos.groups),
        **trusts,
    )
    given = {wanted: answered[real] for wanted, answered in given.items()}
    return summary(videos, scores, plain, trusts, given)


def cross_trusts(
    videos: FeatureSet, whole: Observed, statistics: FeatureStatistics, foreign: dict
) -> dict[str, np.ndarray]:
    """Trust of every answer, learned by weights that have not seen its group, on one scale."""
    scored = ScoredSet.create(videos.labels, videos.categories, videos.source_ids, seed=0)
    model = fitted_trust(videos, whole, statistics, foreign)
    signals = whole.signals(model.temperature)
    final = model.weights.logits(signals)
    return {
        "learned": cross_fitted_trust(whole, videos.groups, scored, list(foreign.values()), final),
        "published": published_trust(signals),
        "confidence": signals[:, 0],
    }


def real_clips(videos: FeatureSet) -> np.ndarray:
    """Rows of the clips that ``realclips.csv`` lists; what this project recorded is not scored."""
    known = read_origins(Path(__file__).parent / "realclips.csv")
    ends = ["/".join(Path(path).parts[-2:]) for path in videos.paths]
    return np.flatnonzero([end in known for end in ends])


def fitted_trust(
    videos: FeatureSet, observed: Observed, statistics: FeatureStatistics, foreign: dict
) -> TrustModel:
    """Temperature and trust as ``vidkind evaluate`` fits them; quick looks take no part."""
    scored = ScoredSet.create(videos.labels, videos.categories, videos.source_ids, seed=0)
    model, _ = fit_trust(
        observed,
        videos.groups,
        scored,
        temperature=fit_temperature(observed.logits, videos.labels, scored.source_weights),
        statistics=statistics,
        foreign=foreign,
        quick=observed,
    )
    return model


def summary(videos, scores, plain, trusts, given) -> dict:
    """Figures of out-of-fold answers, every source weighing 1."""
    scored = ScoredSet.create(videos.labels, videos.categories, videos.source_ids, seed=0)
    weights, draws = scored.source_weights, scored.draws
    right = scores.argmax(axis=1) == videos.labels

    def share(chosen, mass) -> dict | None:
        total = float(mass.sum())
        return asdict(wilson(min(float(mass[chosen].sum()), total), total)) if total else None

    points = {
        str(wanted): {
            "coverage": share(answered, weights),
            "error": share(~right[answered], weights[answered]),
        }
        for wanted, answered in given.items()
    }
    # With all out-of-fold videos at hand: where trust would have to begin.
    best = {}
    for kind, trust in trusts.items():
        order = np.argsort(-trust, kind="stable")
        answered = np.cumsum(weights[order])
        expected = (np.cumsum((weights * ~right)[order]) + 1) / (answered + 1)
        reached = np.flatnonzero(expected <= 0.02)
        rows = order[: reached[-1] + 1] if len(reached) else order[:0]
        chosen = np.isin(np.arange(len(right)), rows)
        best[kind] = {
            "coverage": share(chosen, weights),
            "error": share(~right[chosen], weights[chosen]),
        }
    return {
        "num_videos": len(videos),
        "accuracy": share(right, weights),
        "calibration": {
            "before": asdict(score_calibration(plain, videos.labels, draws)),
            "after": asdict(score_calibration(scores, videos.labels, draws)),
        },
        "aurc": {k: asdict(aurc(t, right, weights, draws)) for k, t in trusts.items()},
        "learned_minus_published": asdict(
            aurc_difference(trusts["learned"], trusts["published"], right, weights, draws)
        ),
        "thresholds_from_other_folds": points,
        "largest_coverage_at_2_percent": best,
    }


def main() -> None:
    """Measures everything and writes one JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("features", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--clips", type=Path, help="manifest.csv of real clips, for splices")
    parser.add_argument("--cross-fitted", type=Path, help="Run of vidkind train --cross-fit.")
    parser.add_argument("--cross-fitted-features", type=Path, help="Default: FEATURES.")
    parser.add_argument("--work", type=Path, default=Path("results/trust"))
    arguments = parser.parse_args()
    ensemble = Ensemble(arguments.run)
    train, test = (read_split(arguments.features, split) for split in ("train", "val"))
    provenance = read_run(arguments.run)["provenance"]
    backbone = open_backbone(str(kept_backbone(arguments.run)))
    multi_scale = options_from_provenance(provenance)[1]
    foreign = rendered_features(backbone, multi_scale)
    result = ensemble.evaluate(test, train, foreign)
    clips = list(rendered_clips(arguments.work / "rendered"))
    if arguments.clips:
        clips += spliced_clips(arguments.clips, arguments.work / "splices")
    strange = embedded(clips, backbone, provenance)
    if not arguments.clips:
        strange["splices"] = spliced(test, seed=SEED)
    found = {
        "val": result.to_json(),
        "scaling_nll": vector_scaling(test, ensemble.logits(test.features, test.num_frames)),
        "foreign": told_apart(ensemble, result.trust_model, test, strange),
    }
    if arguments.cross_fitted:
        everything = read_train_and_val(arguments.cross_fitted_features or arguments.features)
        answers = arguments.output.with_name("answers.npz")
        found["cross_validation"] = out_of_fold(
            arguments.cross_fitted, everything, foreign, answers
        )
    print("\n".join(result.in_words))
    write_result(arguments.output, found)


if __name__ == "__main__":
    main()
