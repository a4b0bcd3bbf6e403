"""Risk, coverage and separation against scikit-learn, by hand, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score, roc_curve

from vidkind.errors import ConfigError
from vidkind.evaluation.intervals import resample
from vidkind.evaluation.selective import (
    aurc,
    aurc_difference,
    excess_aurc,
    operating_table,
    risk_coverage,
    separation,
)

ONE = resample(list("abcd"), draws=2)


def test_the_curve_of_a_known_case() -> None:
    trust = np.array([0.9, 0.8, 0.8, 0.1])
    right = np.array([True, True, False, False])
    curve = risk_coverage(trust, right, np.ones(4))
    np.testing.assert_allclose(curve.thresholds, [0.9, 0.8, 0.1])
    np.testing.assert_allclose(curve.coverage, [0.25, 0.75, 1])
    np.testing.assert_allclose(curve.error, [0, 1 / 3, 1 / 2])
    assert aurc(trust, right, np.ones(4), ONE).value == pytest.approx(100 * (2 / 3 + 0.5) / 4)
    assert set(curve.to_json()) == {"thresholds", "coverage", "error"}


@given(st.integers(0, 10**6), st.integers(2, 40))
def test_aurc_is_the_mean_error_over_coverages(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    trust, right = rng.random(count), rng.random(count) < 0.7
    order = np.argsort(-trust)
    errors = [np.mean(~right[order[: i + 1]]) for i in range(count)]
    draws = resample([str(i) for i in range(count)], draws=2)
    found = aurc(trust, right, np.ones(count), draws).value
    assert found == pytest.approx(100 * np.mean(errors))
    oracle = aurc(right + rng.random(count) / 2, right, np.ones(count), draws).value
    assert excess_aurc(trust, right, np.ones(count), draws).value == pytest.approx(found - oracle)


def test_the_best_order_has_no_excess_and_no_error_no_width() -> None:
    draws = resample([str(i) for i in range(20)], draws=2)
    right = np.arange(20) < 17
    best = excess_aurc(-np.arange(20.0), right, np.ones(20), draws)
    assert best.low == best.value == 0
    none = excess_aurc(np.arange(20.0), np.ones(20, bool), np.ones(20), draws)
    assert none.low == none.value == none.high == 0


def test_an_excess_that_one_mistake_makes_may_be_what_it_is_without_it() -> None:
    draws = resample([str(i) for i in range(60)], draws=2)
    trust, right = -np.arange(60.0), ~np.isin(np.arange(60), [1, 50, 57])
    found = excess_aurc(trust, right, np.ones(60), draws)
    without = excess_aurc(trust, right | (np.arange(60) == 1), np.ones(60), draws)
    assert found.low < without.value < 0.1 * found.value
    assert found.high <= 100


def test_a_difference_of_areas_has_room_where_no_answer_was_wrong() -> None:
    rng = np.random.default_rng(0)
    draws = resample([str(i) for i in range(50)], draws=2)
    trust = rng.random(50)
    found = aurc_difference(trust, rng.random(50), np.ones(50, bool), np.ones(50), draws)
    assert found.low < found.value == 0 < found.high
    same = aurc_difference(trust, trust, rng.random(50) < 0.8, np.ones(50), draws)
    assert same.low == same.value == same.high == 0


def test_clips_of_a_source_share_its_weight() -> None:
    trust, right = np.array([0.9, 0.9, 0.5]), np.array([False, False, True])
    curve = risk_coverage(trust, right, np.array([0.5, 0.5, 1]))
    np.testing.assert_allclose(curve.coverage, [0.5, 1])
    np.testing.assert_allclose(curve.error, [1, 0.5])


@given(st.integers(0, 10**6))
def test_separation_equals_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    known, foreign = rng.normal(1, 1, 60).round(1), rng.normal(0, 1, 30).round(1)
    found = separation(known, foreign)
    truth, scores = np.repeat([1, 0], [60, 30]), np.concatenate([known, foreign])
    assert found.auroc == pytest.approx(roc_auc_score(truth, scores))
    fpr, tpr, _ = roc_curve(truth, scores, drop_intermediate=False)
    assert found.fpr_at_95 == pytest.approx(fpr[np.argmax(tpr >= 0.95 - 1e-9)])
    assert found.num_foreign == 30


def test_the_table_has_scipys_bounds() -> None:
    trust = np.linspace(1, 0, 50)
    right = np.ones(50, bool)
    right[[20, 30, 40]] = False
    points = operating_table(trust, right, np.ones(50)).points
    assert len(points) == 50
    for given_, row in enumerate(points, start=1):
        wrong = int(np.sum(~right[:given_]))
        test = binomtest(wrong, given_)
        interval = test.proportion_ci(0.95, method="wilson")
        np.testing.assert_allclose(row[1:5], [given_ / 50, wrong / given_, *interval], atol=1e-9)
        # Twice the level of one side: the upper end of a two-sided exact interval.
        if wrong < given_:
            exact = test.proportion_ci(0.9, method="exact")
            assert row[5] == pytest.approx(exact.high, rel=1e-6)


def test_long_tables_are_thinned_and_keep_both_ends() -> None:
    rng = np.random.default_rng(0)
    trust, right = rng.random(1000), rng.random(1000) < 0.9
    points = operating_table(trust, right, np.ones(1000)).points
    assert len(points) == 200
    assert points[0, 0] == trust.max()
    assert points[-1, 1] == 1


def test_a_strict_choice_holds_what_was_asked_in_95_percent_of_simulations() -> None:
    # Answers are wrong ever more often as trust falls; the error of those given is known.
    rng = np.random.default_rng(3)
    broken, kept, errors = 0, 0, []
    for _ in range(300):
        trust = rng.random(250)
        right = rng.random(250) > 0.4 * (1 - trust)
        table = operating_table(trust, right, np.ones(250))
        errors.append(0.2 * (1 - table.largest_coverage(0.15).threshold))
        try:
            strict = table.largest_coverage(0.15, strict=True).threshold
        except ConfigError:
            continue
        kept += 1
        broken += 0.2 * (1 - strict) > 0.15
    assert kept > 100
    assert broken / 300 <= 0.05
    # Without strict, it holds on average.
    assert np.mean(errors) <= 0.15
