"""Intervals against independent implementations and against simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from vidkind.evaluation.intervals import (
    bootstrap,
    bootstrap_weights,
    paired_test,
    sources_needed,
    wilson,
)
from vidkind.evaluation.scores import ScoredSet, score


@given(st.integers(1, 500), st.data())
def test_wilson_equals_scipy(trials: int, data) -> None:
    right = data.draw(st.integers(0, trials))
    ours = wilson(right, trials)
    theirs = binomtest(right, trials).proportion_ci(0.95, method="wilson")
    assert ours.low == pytest.approx(100 * theirs.low, abs=1e-9)
    assert ours.high == pytest.approx(100 * theirs.high, abs=1e-9)


@pytest.mark.parametrize(("right", "trials"), [(3, 2), (-1, 2), (0, 0)])
def test_wilson_refuses_impossible_counts(right: int, trials: int) -> None:
    with pytest.raises(ValueError, match="expected 0 <= successes"):
        wilson(right, trials)


def test_wilson_contains_the_truth_in_95_percent_of_simulations() -> None:
    generator = np.random.default_rng(7)
    counts = generator.binomial(80, 0.9, size=4000)
    inside = [wilson(int(c), 80).low <= 90 <= wilson(int(c), 80).high for c in counts]
    assert 0.93 <= np.mean(inside) <= 0.97


def test_bootstrap_draws_whole_sources() -> None:
    draws = bootstrap_weights(["a", "a", "b", "c", "c"], draws=100, seed=1)
    assert np.array_equal(draws[:, 0], draws[:, 1])
    assert np.array_equal(draws[:, 3], draws[:, 4])
    assert np.all(draws[:, [0, 2, 3]].sum(axis=1) == 3)
    assert np.array_equal(draws, bootstrap_weights(["a", "a", "b", "c", "c"], draws=100, seed=1))


def _test_set(num_sources: int = 30, clips: int = 2, seed: int = 0):
    generator = np.random.default_rng(seed)
    sources = np.repeat(np.arange(num_sources), clips)
    labels = sources % 3
    probabilities = np.eye(3)[labels] + generator.normal(scale=0.6, size=(len(labels), 3))
    test = ScoredSet.create(labels, ("a", "b", "c"), [str(s) for s in sources], seed=seed)
    return test, probabilities


def test_scores_equal_scikit_learn() -> None:
    test, probabilities = _test_set()
    found = score("x", probabilities, test)
    predicted = probabilities.argmax(axis=1)
    for average, interval in (
        ("weighted", found.per_clip.f1_weighted),
        ("macro", found.per_clip.f1_macro),
    ):
        expected = 100 * f1_score(test.labels, predicted, average=average)
        assert interval.value == pytest.approx(expected)
        assert interval.low <= interval.value <= interval.high
    weighted = 100 * f1_score(
        test.labels, predicted, average="macro", sample_weight=test.source_weights
    )
    assert found.per_source.f1_macro.value == pytest.approx(weighted)
    assert found.per_clip.accuracy.value == pytest.approx(100 * np.mean(predicted == test.labels))
    assert np.sum(found.confusion) == len(test.labels)


def test_paired_test_finds_a_real_gain_and_no_gain_in_equals() -> None:
    test, _ = _test_set(num_sources=60, clips=1)
    right, wrong = np.ones(60, bool), np.arange(60) % 3 > 0
    gain = paired_test(right, wrong, test.source_weights, test.draws)
    assert gain.a_wins
    assert gain.only_a_right == 20
    assert gain.difference.value == pytest.approx(100 / 3)
    same = paired_test(right, right, test.source_weights, test.draws)
    assert same.p_value == 1.0
    assert not same.a_wins


def test_the_paired_p_value_is_the_exact_binomial_one() -> None:
    test, _ = _test_set(num_sources=10, clips=1)
    a = np.array([1, 1, 1, 1, 1, 0, 1, 1, 0, 0], bool)
    b = np.array([0, 0, 0, 0, 0, 1, 1, 1, 0, 0], bool)
    found = paired_test(a, b, test.source_weights, test.draws)
    assert found.p_value == pytest.approx(binomtest(5, 6).pvalue)


def test_wilson_averaged_over_proportions_contains_the_truth() -> None:
    generator = np.random.default_rng(8)
    truth = generator.uniform(0.6, 0.99, 4000)
    found = [wilson(int(count), 81) for count in generator.binomial(81, truth)]
    inside = [i.low <= 100 * p <= i.high for i, p in zip(found, truth, strict=True)]
    assert 0.93 <= np.mean(inside) <= 0.97


def test_the_bootstrap_by_source_contains_the_truth_where_clips_repeat_one_another() -> None:
    generator = np.random.default_rng(9)
    inside = {"sources": [], "clips": []}
    for number in range(250):
        chance = generator.beta(4, 1, 80).repeat(3)  # of a right answer, 0.8 on average
        right = generator.random(240) < chance
        for name, ids in (("sources", np.arange(240) // 3), ("clips", np.arange(240))):
            draws = bootstrap_weights([str(i) for i in ids], draws=200, seed=number)
            found = bootstrap(lambda w, r=right: 100 * float(r @ w / w.sum()), np.ones(240), draws)
            inside[name].append(found.low <= 80 <= found.high)
    assert 0.92 <= np.mean(inside["sources"]) <= 0.97
    assert np.mean(inside["clips"]) < np.mean(inside["sources"])


@pytest.mark.parametrize(("only_a", "only_b"), [(0.12, 0.04), (0.06, 0.02), (0.3, 0.2)])
def test_the_sources_needed_give_the_power_that_was_asked(only_a, only_b) -> None:
    count = sources_needed(only_a, only_b)
    assert count == sources_needed(only_b, only_a)
    generator = np.random.default_rng(0)
    counts = generator.multinomial(count, [only_a, only_b, 1 - only_a - only_b], size=1500)
    found = [binomtest(int(a), int(a + b)).pvalue < 0.05 for a, b, _ in counts if a + b]
    # The exact test is a little more careful than the normal approximation of the formula.
    assert 0.72 <= np.mean(found) <= 0.84


def test_no_difference_needs_no_number_of_sources() -> None:
    assert sources_needed(0.1, 0.1) is None
    assert sources_needed(0.0, 0.0) is None
