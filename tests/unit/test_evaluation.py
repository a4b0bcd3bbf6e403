"""The whole evaluation on drawn features, and what it refuses."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.features import CATEGORIES, drawn_features
from vidkind.errors import ConfigError, FeatureFileError, MissingExtraError
from vidkind.evaluation.baselines import time_statistics
from vidkind.evaluation.evaluate import evaluate
from vidkind.evaluation.intervals import resample
from vidkind.evaluation.metrics import compute_metrics
from vidkind.evaluation.paired import paired_test
from vidkind.evaluation.result import ENSEMBLE, ENSEMBLE_TTA, MAJORITY, Comparison


def nearest(features: np.ndarray, num_frames: np.ndarray) -> np.ndarray:
    """Two members: how near the mean over time is to each class's own, sharp and blunt."""
    train = drawn_features(80, seed=5)
    centres = [time_mean(train.features[train.labels == k], train.num_frames[train.labels == k])
               .mean(axis=0) for k in range(len(CATEGORIES))]  # fmt: skip
    near = -np.linalg.norm(time_mean(features, num_frames)[:, None] - centres, axis=2)
    return np.stack([4 * near, near]).astype(np.float32)


def time_mean(features: np.ndarray, num_frames: np.ndarray) -> np.ndarray:
    return features.sum(axis=1) / num_frames[:, None]


def test_every_row_and_comparison_is_there() -> None:
    test, train = drawn_features(240, seed=2, noise=9), drawn_features(60, seed=1)
    found = evaluate(
        lambda features, steps: 4 * nearest(features, steps),
        test,
        categories=CATEGORIES,
        train=train,
        member_names=("a", "b"),
        temperature=None,
    )
    names = [row.name for row in found.rows]
    assert names == [MAJORITY, "logistic regression", "a", "b", ENSEMBLE, ENSEMBLE_TTA]
    assert found.probabilities[ENSEMBLE].sum(axis=1) == pytest.approx(1)
    members = (found.probabilities["a"] + found.probabilities["b"]) / 2
    np.testing.assert_allclose(found.probabilities[ENSEMBLE], members)
    assert found.calibration_error < found.uncalibrated_error
    assert not found.recommend_tta  # the mean over time does not change with the order
    verdicts = [comparison.verdict for comparison in found.comparisons]
    assert "cannot be told apart from" in verdicts[0]
    by_name = {row.name: row.per_source.accuracy.value for row in found.rows}
    assert found.comparisons[2].b == max("ab", key=lambda name: by_name[name])
    assert "a perfectly calibrated classifier would show" in found.in_words[0]
    saved = found.to_json()
    assert saved["calibration"]["after"]["ece"]["value"] == 100 * found.calibration_error
    assert saved["calibration"]["before"]["ece"]["value"] == 100 * found.uncalibrated_error


def test_a_single_member_is_not_compared_with_itself() -> None:
    test = drawn_features(40, seed=2)
    found = evaluate(
        lambda features, steps: nearest(features, steps)[:1],
        test,
        categories=CATEGORIES,
        member_names=("a",),
    )
    assert [(c.a, c.b) for c in found.comparisons] == [(ENSEMBLE_TTA, ENSEMBLE)]


def test_a_verdict_names_the_better_and_the_worse() -> None:
    test, train = drawn_features(40, seed=2), drawn_features(60, seed=1)
    wrong = evaluate(
        lambda features, steps: -nearest(features, steps), test, categories=CATEGORIES, train=train
    )
    assert "ensemble is worse than logistic regression" in wrong.comparisons[1].verdict
    mixed = replace(train, labels=np.roll(train.labels, 1))
    right = evaluate(nearest, test, categories=CATEGORIES, train=mixed)
    assert "ensemble is better than logistic regression" in right.comparisons[1].verdict


def test_a_verdict_of_neither_says_how_many_sources_it_takes() -> None:
    right = {"a": np.arange(50) % 10 > 0, "b": np.arange(50) % 12 > 1}
    draws = resample([str(i) for i in range(50)], draws=100)
    test = paired_test(right["a"], right["b"], np.ones(50), draws)
    verdict = Comparison(a="a", b="b", test=test).verdict
    assert "a cannot be told apart from b" in verdict
    assert f"takes about {test.sources_needed:,} sources to be seen with 80 % power" in verdict


def test_features_of_another_library_are_refused() -> None:
    test = drawn_features(8)
    others = CATEGORIES[::-1]
    with pytest.raises(FeatureFileError, match="the ensemble was trained on"):
        evaluate(nearest, test, categories=others)
    with pytest.raises(FeatureFileError, match="expected files of one extraction"):
        evaluate(nearest, test, categories=CATEGORIES, train=replace(test, categories=others))


def test_time_statistics_leave_padding_out() -> None:
    values = np.array([[[1.0], [3.0], [9.0]]], np.float32)
    np.testing.assert_allclose(time_statistics(values, np.array([2])), [[2, 1, 2]])
    np.testing.assert_allclose(time_statistics(values, np.array([1])), [[1, 0, 0]])


@pytest.mark.parametrize(
    ("shape", "labels"), [((2,), [0, 1]), ((2, 3), [0]), ((0, 3), []), ((2, 3), [[0], [1]])]
)
def test_what_cannot_be_scored_is_refused(shape, labels) -> None:
    with pytest.raises(ConfigError, match="cannot be scored"):
        compute_metrics(np.zeros(shape), labels)


def test_metrics_without_scikit_learn_name_the_extra(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    with pytest.raises(MissingExtraError, match="scikit-learn is not installed"):
        compute_metrics(np.zeros((1, 2)), [0])
