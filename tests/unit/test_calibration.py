from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from vidkind.evaluation.calibration import (
    brier_score,
    cross_fitted_temperatures,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    score_calibration,
)
from vidkind.evaluation.intervals import resample
from vidkind.inference.tta import ensemble_probabilities, softmax


def _videos(temperature: float, count: int = 20000):
    """Logits whose softmax at ``temperature`` is exactly the chance of each label."""
    generator = np.random.default_rng(0)
    logits = generator.normal(scale=2, size=(count, 4))
    chances = softmax(logits / temperature)
    labels = (chances.cumsum(axis=1) > generator.random((count, 1))).argmax(axis=1)
    return logits[None], labels


@pytest.mark.parametrize("truth", [0.5, 1.0, 2.5])
def test_the_true_temperature_is_found(truth: float) -> None:
    logits, labels = _videos(truth)
    assert fit_temperature(logits, labels) == pytest.approx(truth, rel=0.05)


def test_few_answers_move_the_temperature_little() -> None:
    """All right, the likelihood alone would take it to zero; the prior holds it near 1."""
    logits = 4 * np.eye(4)[None]
    assert 0.8 < fit_temperature(logits, np.arange(4)) < 1.0
    assert 1.0 < fit_temperature(logits, np.array([0, 1, 2, 0])) < 2.0
    many = np.tile(logits, (1, 200, 1))
    assert fit_temperature(many, np.tile(np.arange(4), 200)) < 0.7


def test_a_source_of_many_clips_does_not_set_the_temperature_for_all() -> None:
    generator = np.random.default_rng(0)
    labels = np.arange(80) % 4
    logits = 6 * np.eye(4)[labels] + 2 * generator.normal(size=(80, 4))
    wrong = np.tile([0.0, 6, 0, 0], (60, 1))
    all_logits = np.concatenate([logits, wrong])[None]
    all_labels = np.concatenate([labels, np.zeros(60, np.int64)])
    weights = np.concatenate([np.ones(80), np.full(60, 1 / 60)])
    once = fit_temperature(all_logits[:, :81], all_labels[:81])
    assert fit_temperature(all_logits, all_labels) > 3
    assert fit_temperature(all_logits, all_labels, weights) == pytest.approx(once, rel=0.1)


def test_calibration_lowers_error_and_likelihood_and_keeps_answers() -> None:
    logits, labels = _videos(3.0)
    before = ensemble_probabilities(logits)
    after = ensemble_probabilities(logits / fit_temperature(logits, labels))
    assert expected_calibration_error(before, labels) > 0.15
    assert expected_calibration_error(after, labels) < 0.02
    assert negative_log_likelihood(after, labels) < negative_log_likelihood(before, labels)
    assert np.array_equal(before.argmax(axis=1), after.argmax(axis=1))


def test_the_error_of_a_known_case() -> None:
    probabilities = np.array([[0.9, 0.1]] * 10 + [[0.4, 0.6]] * 10)
    labels = np.array([0] * 8 + [1] * 2 + [1] * 7 + [0] * 3)
    assert expected_calibration_error(probabilities, labels) == pytest.approx(0.1)


def test_adaptive_bins_hold_equally_many_videos() -> None:
    probabilities = np.array([[0.99, 0.01]] * 8 + [[0.6, 0.4]] * 4)
    labels = np.array([0] * 4 + [1] * 4 + [0] * 4)
    # Three bins of four: right 4 of 4, then 0 of 4, then 4 of 4.
    found = expected_calibration_error(probabilities, labels, num_bins=3, adaptive=True)
    assert found == pytest.approx((0.01 + 0.99 + 0.4) / 3)
    wide = expected_calibration_error(probabilities, labels, num_bins=3)
    assert wide == pytest.approx((8 * 0.49 + 4 * 0.4) / 12)


def test_weights_count_a_video_more_than_once() -> None:
    logits, labels = _videos(1.5, count=40)
    found = ensemble_probabilities(logits)
    weights = np.arange(40) % 3.0
    again = np.repeat(np.arange(40), weights.astype(int))
    for figure in (expected_calibration_error, brier_score, negative_log_likelihood):
        assert figure(found, labels, weights=weights) == pytest.approx(
            figure(found[again], labels[again])
        )


def test_brier_and_likelihood_equal_scikit_learn() -> None:
    logits, labels = _videos(1.5, count=300)
    found = ensemble_probabilities(logits)
    assert negative_log_likelihood(found, labels) == pytest.approx(log_loss(labels, found))
    assert brier_score(found, labels) == pytest.approx(
        brier_score_loss(labels, found, labels=range(4), scale_by_half=False)
    )


def test_cross_fitted_temperatures_come_from_other_groups() -> None:
    logits, labels = _videos(2.0, count=200)
    groups = [str(i // 4) for i in range(200)]
    found = cross_fitted_temperatures(logits, labels, groups, np.ones(len(labels)))
    assert len(np.unique(found)) == 5
    assert np.all(np.abs(found - 2) < 0.8)
    own = np.flatnonzero(found == found[0])
    changed = labels.copy()
    changed[own] = (changed[own] + 1) % 4
    rest = np.setdiff1d(np.arange(200), own)
    assert found[0] == pytest.approx(fit_temperature(logits[:, rest], changed[rest]))
    assert (
        len(np.unique(cross_fitted_temperatures(logits, labels, ["one"] * 200, np.ones(200)))) == 1
    )


def test_calibration_scores_say_what_counting_alone_makes() -> None:
    logits, labels = _videos(1.0, count=120)
    probabilities = ensemble_probabilities(logits)
    draws = resample([str(i) for i in range(120)], draws=200)
    found = score_calibration(probabilities, labels, draws)
    # These probabilities are the truth, and 120 videos show an error all the same.
    assert found.ece_if_calibrated > 3
    assert found.ece.value == pytest.approx(found.ece_if_calibrated, abs=5)
    for interval in (found.ece, found.adaptive_ece, found.brier, found.nll):
        assert 0 <= interval.low <= interval.value <= interval.high
    assert sum(bar.count for bar in found.reliability) == 120
    for bar in found.reliability:
        assert bar.low <= bar.confidence <= bar.high
        assert 0 <= bar.accuracy <= 1


def test_the_interval_of_a_large_calibration_error_contains_it() -> None:
    generator = np.random.default_rng(4)
    inside = []
    for number in range(30):
        confidence = generator.uniform(0.5, 1, 400)
        right = generator.random(400) < confidence - 0.15
        probabilities = np.stack([confidence, 1 - confidence], axis=1)
        draws = resample([str(i) for i in range(400)], draws=100, seed=number)
        found = score_calibration(probabilities, (~right).astype(int), draws).ece
        inside.append(found.low <= 15 <= found.high)
    assert np.mean(inside) >= 0.8
