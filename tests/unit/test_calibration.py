from __future__ import annotations

import numpy as np
import pytest

from vidkind.evaluation.calibration import (
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
)
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


def test_answers_that_are_all_right_determine_no_temperature() -> None:
    logits = 10 * np.eye(4)[None]
    assert fit_temperature(logits, np.arange(4)) == 1.0
    assert fit_temperature(logits, np.array([0, 1, 2, 0])) > 1.0


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
