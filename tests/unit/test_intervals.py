"""Intervals against independent implementations and against simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, t
from sklearn.metrics import f1_score

from vidkind.evaluation.intervals import (
    MOST_LEFT_OUT,
    Interval,
    clustered_wilson,
    difference_interval,
    f1_interval,
    log_interval,
    resample,
    resampled_interval,
    t_interval,
    wilson,
)
from vidkind.evaluation.paired import paired_test, sources_needed
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


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_f1_of_a_category_has_the_interval_of_its_jaccard_index(tp: int, fp: int, fn: int) -> None:
    found = f1_interval(tp, fp + fn)
    if not tp + fp + fn:
        assert (found.value, found.low, found.high) == (0, 0, 0)
        return
    truth, answers = [1] * (tp + fn) + [0] * fp, [1] * tp + [0] * fn + [1] * fp
    assert found.value == pytest.approx(100 * f1_score(truth, answers, zero_division=0))
    theirs = binomtest(tp, tp + fp + fn).proportion_ci(0.95, method="wilson")
    assert found.low == pytest.approx(200 * theirs.low / (1 + theirs.low), abs=1e-9)
    assert found.high == pytest.approx(200 * theirs.high / (1 + theirs.high), abs=1e-9)


def test_f1_of_a_rare_category_holds_the_truth_where_a_sample_has_few_mistakes() -> None:
    # Of sixty sources some fourteen have the category; one sample in twelve has no mistake in it.
    shares = {"tp": 0.21, "wrong": 0.04, "neither": 0.75}
    truth = 200 * 0.21 / (2 * 0.21 + 0.04)
    counts = np.random.default_rng(3).multinomial(60, list(shares.values()), size=4000)
    found = [f1_interval(tp, wrong) for tp, wrong, _ in counts]
    assert 0.93 <= np.mean([one.low <= truth <= one.high for one in found]) <= 0.97


def test_whole_sources_are_drawn_and_left_out() -> None:
    found = resample(["a", "a", "b", "c", "c"], draws=100, seed=1)
    draws = found.draws
    assert np.array_equal(draws[:, 0], draws[:, 1])
    assert np.array_equal(draws[:, 3], draws[:, 4])
    assert np.all(draws[:, [0, 2, 3]].sum(axis=1) == 3)
    again = resample(["a", "a", "b", "c", "c"], draws=100, seed=1)
    assert np.array_equal(draws, again.draws)
    assert found.source.tolist() == [0, 0, 1, 2, 2]
    assert found.left_out.tolist() == [[0, 0, 1, 1, 1], [1, 1, 0, 1, 1], [1, 1, 1, 0, 0]]


def test_many_sources_are_left_out_in_parts() -> None:
    found = resample([str(i) for i in range(3 * MOST_LEFT_OUT + 1)], draws=2)
    assert found.left_out.shape == (MOST_LEFT_OUT, 3 * MOST_LEFT_OUT + 1)
    assert np.all((found.left_out == 0).sum(axis=0) == 1)
    assert set((found.left_out == 0).sum(axis=1)) == {3, 4}


def _mean_of(values: np.ndarray):
    return lambda w: w @ values / w.sum(axis=1)


@pytest.mark.parametrize("skewed", [False, True])
def test_the_mean_of_many_sources_has_the_interval_of_the_textbook(skewed: bool) -> None:
    values = np.random.default_rng(0).uniform(0.4, 0.6, 300)
    draws = resample([str(i) for i in range(300)])
    found = resampled_interval(_mean_of(values), np.ones(300), draws, skewed=skewed)
    reach = t.ppf(0.975, 299) * values.std(ddof=1) / np.sqrt(300)
    assert found.low == pytest.approx(values.mean() - reach, abs=0.1 * reach)
    assert found.high == pytest.approx(values.mean() + reach, abs=0.1 * reach)


@pytest.mark.parametrize(("ones", "freedom"), [(2, 4.3), (50, 99)])
def test_few_sources_that_do_it_all_leave_few_degrees_of_freedom(ones, freedom) -> None:
    values = np.zeros(100)
    values[:ones] = 1
    draws = resample([str(i) for i in range(100)])
    found = resampled_interval(_mean_of(values), np.ones(100), draws, skewed=True)
    error = values.std(ddof=1) / 10
    quantile = np.log(found.high / found.value) * found.value / error
    assert quantile == pytest.approx(t.ppf(0.975, freedom), rel=0.02)


@pytest.mark.parametrize("skewed", [False, True])
@pytest.mark.parametrize("values", [np.zeros(6), np.ones(6), np.ones(1)])
def test_what_does_not_vary_has_no_width(values: np.ndarray, skewed: bool) -> None:
    draws = resample([str(i) for i in range(len(values))])
    found = resampled_interval(_mean_of(values), np.ones(len(values)), draws, skewed=skewed)
    assert found.low == pytest.approx(values[0])
    assert found.high == pytest.approx(values[0])


def _without_each(values: np.ndarray) -> np.ndarray:
    return (values.sum() - values) / (len(values) - 1)


def test_room_for_one_more_counts_the_heaviest_source_twice() -> None:
    values = np.random.default_rng(0).uniform(size=500)
    values[0] = 5
    narrow = log_interval(values.mean(), _without_each(values))
    wide = log_interval(values.mean(), _without_each(values), room=True)
    squares = (values - values.mean()) ** 2
    ratio = np.log(wide.high / wide.value) / np.log(narrow.high / narrow.value)
    assert ratio == pytest.approx(np.sqrt(1 + squares[0] / squares.sum()), rel=0.01)


def test_the_t_interval_has_room_for_a_source_not_seen() -> None:
    values = np.random.default_rng(0).normal(size=300)
    found = t_interval(values.mean(), _without_each(values), unseen=0)
    reach = t.ppf(0.975, 299) * values.std(ddof=1) / np.sqrt(300)
    assert found.high - found.value == pytest.approx(reach, rel=0.01)
    assert found.value - found.low == pytest.approx(reach, rel=0.01)
    nothing = t_interval(0, np.zeros(80), unseen=0.5)
    assert nothing.low < -1 < 1 < nothing.high
    alone = t_interval(0.5, np.empty(0), unseen=0.5)
    assert alone.low == alone.high == 0.5


def test_the_interval_of_a_difference_keeps_a_tail_and_what_both_share() -> None:
    def around(value: float, low: float, high: float) -> Interval:
        return Interval(value=value, low=low, high=high, method="")

    apart = difference_interval(around(5, 2, 9), around(1, -2, 5), 0)
    assert (apart.low, apart.value, apart.high) == (pytest.approx(-1), 4, pytest.approx(9))
    same = difference_interval(around(5, 4, 9), around(3, 2, 4), 1)
    assert (same.low, same.high) == (pytest.approx(2), pytest.approx(5))


def test_no_discordant_video_leaves_room_for_a_difference() -> None:
    right = np.ones(48, bool)
    found = paired_test(right, right, np.ones(48), resample([str(i) for i in range(48)]))
    assert found.difference.value == 0
    # Agresti and Min: one half more in each of the four cells.
    reach = 100 * 1.959964 * np.sqrt(1 / 50) / np.sqrt(50)
    assert found.difference.low == pytest.approx(-reach)
    assert found.difference.high == pytest.approx(reach)


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
    assert found.p_value_sources == found.p_value


def test_clips_that_repeat_one_another_make_no_difference_real() -> None:
    generator = np.random.default_rng(5)
    test, _ = _test_set(num_sources=60, clips=8)
    found = []
    for _ in range(200):
        a, b = (np.repeat(generator.random(60) < 0.8, 8) for _ in range(2))
        found.append(paired_test(a, b, test.source_weights, test.draws))
    assert np.mean([one.p_value < 0.05 for one in found]) > 0.3
    assert np.mean([one.p_value_sources < 0.05 for one in found]) <= 0.05


@pytest.mark.parametrize(("clips", "alike"), [(1, 0.5), (5, 0.5), (10, 0.8)])
def test_accuracy_per_clip_holds_the_truth_where_clips_of_a_source_are_alike(
    clips: int, alike: float
) -> None:
    generator = np.random.default_rng(4)
    source = np.repeat(np.arange(60), clips)
    draws = resample([str(i) for i in source], draws=2)
    held, truth, odds = [], 0.9, (1 - alike) / alike
    for _ in range(400):
        chance = generator.beta(truth * odds, (1 - truth) * odds, 60)[source]
        right = generator.random(len(source)) < chance
        found = clustered_wilson(right, np.ones(len(source)), draws)
        held.append(found.low <= 100 * truth <= found.high)
    assert np.mean(held) >= 0.93


def test_every_source_weighing_one_the_interval_is_that_of_as_many_trials() -> None:
    draws = resample(list("aabbbcd"), draws=2)
    weights = 1 / np.array([2, 2, 3, 3, 3, 1, 1])
    right = np.array([1, 0, 1, 1, 0, 1, 1], bool)
    found = clustered_wilson(right, weights, draws)
    expected = wilson(0.5 + 2 / 3 + 2, 4)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(("sources", "accuracy"), [(40, 0.95), (80, 0.989), (200, 0.99)])
def test_f1_over_categories_holds_the_truth_where_few_answers_are_wrong(
    sources: int, accuracy: float
) -> None:
    generator = np.random.default_rng(1)
    labels = np.arange(sources) % 4
    names = [str(i) for i in range(sources)]
    held = []
    for _ in range(150):
        other = (labels + generator.integers(1, 4, sources)) % 4
        answers = np.where(generator.random(sources) < accuracy, labels, other)
        test = ScoredSet.create(labels, list("abcd"), names, seed=0)
        found = score("", np.eye(4)[answers], test).per_source
        for figure in (found.f1_macro, found.f1_weighted):
            assert figure.low < figure.value <= figure.high <= 100
            held.append(figure.low <= 100 * accuracy <= figure.high)
    assert np.mean(held) >= 0.93


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
            draws = resample([str(i) for i in ids], draws=200, seed=number)
            found = resampled_interval(_mean_of(100 * right), np.ones(240), draws)
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
