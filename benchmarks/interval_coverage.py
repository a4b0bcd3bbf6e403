"""How often the 95 % intervals of an evaluation hold the truth, and what ``--max-error`` keeps.

    python benchmarks/interval_coverage.py results/answers.npz -o results/interval_coverage.json

``answers.npz`` is what ``benchmarks/trust.py --cross-fitted`` keeps of five folds: answers
and trust of videos that took no part in their fit. These videos are the population: sources are
drawn from it with replacement, as many as an evaluation may have, every interval is computed
as ``vidkind evaluate`` does, and the figures of the whole population are the truth. For
``--max-error``, thresholds are fitted on groups drawn without replacement and scored on the others.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from provenance import write_result

from vidkind.errors import ConfigError
from vidkind.evaluation.calibration import score_calibration
from vidkind.evaluation.intervals import Interval, Resamples, resample
from vidkind.evaluation.paired import paired_test
from vidkind.evaluation.scores import ScoredSet, score
from vidkind.evaluation.selective import aurc, aurc_difference, excess_aurc, operating_table
from vidkind.evaluation.trust_report import MAX_ERRORS
from vidkind.inference.operating import OperatingTable

SIZES = (60, 80, 120, 373)
DRAWS = 400
SPLITS = 300
Answers = dict[str, np.ndarray]


def scored_set(answers: Answers, draws: Resamples) -> ScoredSet:
    """What is scored; sources are numbered."""
    _, number, counts = np.unique(answers["sources"], return_inverse=True, return_counts=True)
    return ScoredSet(
        labels=answers["labels"],
        categories=tuple("abcd"),
        sources=tuple(answers["sources"]),
        clip_weights=np.ones(len(number)),
        source_weights=1 / counts[number],
        draws=draws,
    )


def figures(answers: Answers, draws: Resamples) -> dict[str, Interval]:
    """Every figure with an interval."""
    test = scored_set(answers, draws)
    probabilities, labels = answers["probabilities"], test.labels
    found = score("", probabilities, test)
    calibration = score_calibration(probabilities, labels, draws)
    before = score_calibration(answers["uncalibrated"], labels, draws)
    right = probabilities.argmax(axis=1) == labels
    regression = answers["regression"].argmax(axis=1) == labels
    majority = labels == 1
    rest = right, test.source_weights, draws
    weights = test.source_weights
    return {
        "accuracy": found.per_source.accuracy,
        "accuracy per clip": found.per_clip.accuracy,
        "macro F1": found.per_source.f1_macro,
        "weighted F1": found.per_source.f1_weighted,
        "F1 of one category": found.classes["a"].f1_interval,
        "ECE": calibration.ece,
        "adaptive ECE": calibration.adaptive_ece,
        "ECE, uncalibrated": before.ece,
        "Brier": calibration.brier,
        "NLL": calibration.nll,
        "AURC": aurc(answers["learned"], *rest),
        "excess AURC": excess_aurc(answers["learned"], *rest),
        "AURC, learned - published": aurc_difference(
            answers["learned"], answers["published"], *rest
        ),
        "accuracy - that of logistic regression": paired_test(
            right, regression, weights, draws
        ).difference,
        "accuracy - that of the majority class": paired_test(
            right, majority, weights, draws
        ).difference,
    }


def drawn(answers: Answers, count: int, generator: np.random.Generator) -> Answers:
    """Sources drawn with replacement, each with all its clips."""
    _, number = np.unique(answers["sources"], return_inverse=True)
    chosen = generator.integers(0, number.max() + 1, count)
    rows = [np.flatnonzero(number == source) for source in chosen]
    sample = {name: values[np.concatenate(rows)] for name, values in answers.items()}
    return {**sample, "sources": np.repeat(np.arange(count), [len(r) for r in rows]).astype(str)}


def coverage(answers: Answers, repetitions: int) -> dict[str, dict[str, dict[str, float]]]:
    """Size -> figure -> share of simulations that hold the truth, percent, and mean width."""
    generator = np.random.default_rng(0)
    truth = {n: f.value for n, f in figures(answers, resample(answers["sources"], draws=2)).items()}
    result = {}
    for count in SIZES:
        held, width = dict.fromkeys(truth, 0), dict.fromkeys(truth, 0.0)
        for _ in range(repetitions):
            sample = drawn(answers, count, generator)
            seed = int(generator.integers(2**31))
            found = figures(sample, resample(sample["sources"], draws=DRAWS, seed=seed))
            for name, interval in found.items():
                held[name] += interval.low <= truth[name] <= interval.high
                width[name] += interval.high - interval.low
        result[str(count)] = {
            name: {"held": 100 * held[name] / repetitions, "width": width[name] / repetitions}
            for name in truth
        }
        print(count, {name: round(one["held"], 1) for name, one in result[str(count)].items()})
    return {"truth": truth, "sizes": result}


def at_most_as_seen(table: OperatingTable, wanted: float) -> float:
    """The rule without any correction: the largest coverage with so small an error."""
    reached = table.points[table.points[:, 2] <= wanted]
    if not len(reached):
        raise ConfigError("none")
    return float(reached[-1, 0])


RULES: dict[str, Callable[[OperatingTable, float], float]] = {
    "as seen": at_most_as_seen,
    "one more wrong": lambda table, wanted: table.largest_coverage(wanted).threshold,
    "strict": lambda table, wanted: table.largest_coverage(wanted, strict=True).threshold,
}


def abstaining(answers: Answers, count: int) -> dict[str, dict[str, dict[str, float]]]:
    """Wanted error -> rule -> what thresholds from ``count`` sources give on the others."""
    generator = np.random.default_rng(1)
    right = answers["probabilities"].argmax(axis=1) == answers["labels"]
    _, group = np.unique(answers["groups"], return_inverse=True)
    _, source, clips = np.unique(answers["sources"], return_inverse=True, return_counts=True)
    weights = 1 / clips[source]
    per_group = np.bincount(group, weights)
    given: dict[tuple[str, str], list[tuple[float, float, float]]] = {
        (str(wanted), rule): [] for wanted in MAX_ERRORS for rule in RULES
    }
    for _ in range(SPLITS):
        order = generator.permutation(len(per_group))
        fitted = np.isin(group, order[: np.searchsorted(np.cumsum(per_group[order]), count) + 1])
        table = operating_table(answers["learned"][fitted], right[fitted], weights[fitted])
        for wanted in MAX_ERRORS:
            for rule, threshold_of in RULES.items():
                try:
                    threshold = threshold_of(table, wanted)
                except ConfigError:
                    continue
                rows = ~fitted & (answers["learned"] >= threshold)
                answered = float(weights[rows].sum())
                wrong = float(weights[rows & ~right].sum())
                given[str(wanted), rule].append(
                    (wrong, answered, answered / float(weights[~fitted].sum()))
                )
    return {
        wanted: {rule: summed(given[wanted, rule]) for rule in RULES}
        for wanted in map(str, MAX_ERRORS)
    }


def summed(outcomes: list[tuple[float, float, float]]) -> dict[str, float | None]:
    """Promised in so many splits; error and coverage where it was, percent."""
    promised = 100 * len(outcomes) / SPLITS
    if not outcomes:
        return {"promised": promised, "error": None, "coverage": None}
    wrong, answered, share = np.array(outcomes).T
    return {
        "promised": promised,
        "error": 100 * float((wrong / np.maximum(answered, 1e-9)).mean()),
        "coverage": 100 * float(share.mean()),
    }


def main() -> None:
    """Simulates everything and writes one JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("answers", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--repetitions", type=int, default=600)
    arguments = parser.parse_args()
    with np.load(arguments.answers) as file:
        answers = {name: file[name] for name in file.files}
    found = {
        "repetitions": arguments.repetitions,
        "abstaining": {str(n): abstaining(answers, n) for n in (80, 200)},
        "coverage": coverage(answers, arguments.repetitions),
    }
    write_result(arguments.output, found)


if __name__ == "__main__":
    main()
