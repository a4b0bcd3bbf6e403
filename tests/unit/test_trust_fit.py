"""Trust fitted on drawn features: it means the chance of a right answer, and falls far away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from tests.features import CATEGORIES, drawn_features
from tests.tiny import tiny_backbone
from vidkind.config import MultiScaleOptions
from vidkind.evaluation.evaluate import evaluate
from vidkind.evaluation.folds import group_folds
from vidkind.evaluation.out_of_scope import KINDS, NUM_RENDERED, rendered_features, spliced
from vidkind.evaluation.trust_fit import fit_statistics, fit_weights, observe
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.inference.trust import PUBLISHED_WEIGHTS, published_trust, trust_signals


def logits(features: np.ndarray, num_frames: np.ndarray) -> np.ndarray:
    """Two members: nearness of the mean over time to each class's own."""
    train = drawn_features(80, seed=5)
    means = train.features.sum(axis=1) / train.num_frames[:, None]
    centres = [means[train.labels == k].mean(axis=0) for k in range(len(CATEGORIES))]
    mean = features.sum(axis=1) / num_frames[:, None]
    near = -np.linalg.norm(mean[:, None] - centres, axis=2)
    return np.stack([near, 0.5 * near]).astype(np.float32)


def attention(features: np.ndarray, num_frames: np.ndarray) -> np.ndarray:
    """Even attention over valid steps, for two members."""
    valid = np.arange(features.shape[1]) < num_frames[:, None]
    return np.stack([valid / num_frames[:, None]] * 2).astype(np.float32)


@pytest.fixture(scope="module")
def found():
    test, train = drawn_features(240, seed=2, noise=7), drawn_features(80, seed=1)
    return evaluate(
        logits, test, categories=CATEGORIES, train=train, temperature=None, attention=attention
    )


@given(st.integers(1, 40), st.integers(1, 8), st.integers(0, 10**6))
def test_folds_hold_every_video_once_and_divide_no_group(count, count_groups, seed) -> None:
    rng = np.random.default_rng(seed)
    groups = [str(g) for g in rng.integers(0, count_groups, count)]
    right = rng.random(count) < 0.7
    held = []
    for fitted, out in group_folds(groups, right):
        if len(set(groups)) > 1:
            assert not {groups[i] for i in fitted} & {groups[i] for i in out}
        held += out.tolist()
    assert sorted(held) == list(range(count))


def test_every_fold_has_its_share_of_wrong_answers() -> None:
    right = np.arange(100) % 10 > 0
    parts = list(group_folds([str(i) for i in range(100)], right))
    assert [len(out) for _, out in parts] == [20] * 5
    assert [int(np.sum(~right[out])) for _, out in parts] == [2] * 5


def test_a_wanted_error_rate_is_held_and_coverage_stated(found) -> None:
    points = [p for p in found.trust.points if p.trust == "learned" and p.max_error == 0.1]
    assert points[0].error.value <= 10
    assert points[0].coverage.value > 20
    assert found.trust.cross_fitted
    assert "of the videos are answered" in " ".join(found.in_words)


def test_where_nothing_is_answered_nothing_is_said_of_wrong_answers(found) -> None:
    point = next(p for p in found.trust.points if p.error is not None)
    assert point.in_words.endswith(f"are answered, {point.error} % of them wrongly.")
    assert replace(point, error=None).in_words.endswith("% of the videos are answered.")


def test_learned_trust_orders_as_well_as_the_published(found) -> None:
    gap = found.trust.learned_minus_published
    assert gap.low <= 0.5
    assert found.trust.aurc["learned"].value < found.rows[0].per_source.accuracy.value
    assert all(value >= 0 for value in found.trust.coefficients.values())


def test_label_sets_hold_their_coverage(found) -> None:
    for one in found.trust.label_sets:
        assert one.coverage.high >= 100 * one.wanted
        assert 1 <= one.mean_size <= 4


def test_trust_means_the_chance_of_a_right_answer(found) -> None:
    fresh = drawn_features(1200, seed=9, noise=7)
    model = found.trust_model
    observed = observe(logits, attention, fresh.features, fresh.num_frames, model.statistics)
    trust = model.trust(observed.signals(model.temperature), "learned")
    right = observed.logits.mean(axis=0).argmax(axis=1) == fresh.labels
    assert np.mean(trust) == pytest.approx(np.mean(right), abs=0.06)
    upper = trust >= np.median(trust)
    assert np.mean(right[upper]) > np.mean(right[~upper]) + 0.1


def test_stored_thresholds_are_scored_on_other_videos(found) -> None:
    fresh = drawn_features(400, seed=11, noise=7)
    again = evaluate(
        logits,
        fresh,
        categories=CATEGORIES,
        temperature=found.temperature,
        attention=attention,
        trust=found.trust_model,
    )
    assert again.trust_model is None
    assert not again.trust.cross_fitted
    for point in again.trust.points:
        if point.error is not None:
            assert point.error.low <= 100 * point.max_error + 3
    for one in again.trust.label_sets:
        assert one.coverage.high >= 100 * one.wanted


def test_without_attention_or_training_videos_nothing_is_fitted() -> None:
    test = drawn_features(24, seed=2)
    alone = evaluate(logits, test, categories=CATEGORIES, temperature=None, attention=attention)
    assert alone.trust is None
    assert alone.trust_model is None
    assert alone.to_json()["trust"] is None


def test_few_videos_that_are_all_right_give_finite_trust() -> None:
    test, train = drawn_features(6, seed=2, noise=0.1), drawn_features(12, seed=1)
    found = evaluate(
        logits,
        replace(test, groups=None),
        categories=CATEGORIES,
        train=train,
        temperature=None,
        attention=attention,
    )
    weights = found.trust_model.weights
    assert np.all(np.isfinite(weights.coefficients))
    assert np.isfinite(weights.intercept)
    found.to_json()


@pytest.mark.parametrize("count", [1, 2, 4, 40])
def test_videos_that_are_all_alike_do_not_make_others_impossible(count: int) -> None:
    rng = np.random.default_rng(0)
    sure, unsure = np.array([[0.95, 0.92, 0.9, 0, 1, 0.55, 8], [0.6, 0.35, 0.4, 0, 0.75, 0.52, 9]])
    signals = sure + rng.normal(scale=0.005, size=(count, 7))
    weights = fit_weights(signals, np.ones(count, bool), np.ones(count))
    assert 0.1 < weights.trust(unsure[None])[0] < weights.trust(sure[None])[0] < 1


def _drawn_signals(count: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.full(4, 0.5), count)
    signals = trust_signals(
        scores,
        rng.dirichlet(np.ones(9), count).astype(np.float32),
        np.full(count, 9, np.int32),
        rng.dirichlet(np.ones(4), (count, 8)),
        rng.exponential(2, (count, 4)) + 3,
    )
    right = rng.random(count) < signals[:, 0]
    return signals, right


def test_few_videos_leave_the_published_order_as_it_is() -> None:
    signals, right = _drawn_signals(12)
    weights = fit_weights(signals, right, np.full(12, 0.05))
    named = np.array(list(PUBLISHED_WEIGHTS.values()))
    ratio = (weights.coefficients / weights.scale)[:6] / named
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=0.25)
    near = signals.copy()
    near[:, -1] = 0
    assert spearmanr(weights.trust(near), published_trust(signals)).statistic > 0.95


def test_many_videos_find_the_signal_that_counts() -> None:
    signals, right = _drawn_signals(6000)
    weights = fit_weights(signals, right, np.ones(6000))
    trust = weights.trust(signals)
    for low, high in ((0.3, 0.5), (0.5, 0.7), (0.7, 0.9)):
        chosen = (trust >= low) & (trust < high)
        assert np.mean(right[chosen]) == pytest.approx(np.mean(trust[chosen]), abs=0.06)


def test_foreign_material_lowers_trust_far_away_and_keeps_the_mean() -> None:
    signals, right = _drawn_signals(400)
    strange = signals[:60].copy()
    strange[:, -1] += 8
    plain = fit_weights(signals, right, np.ones(400))
    warned = fit_weights(signals, right, np.ones(400), [strange])
    assert warned.coefficients[-1] > plain.coefficients[-1]
    assert warned.trust(strange).mean() < 0.9 * plain.trust(strange).mean()
    assert warned.trust(signals).mean() == pytest.approx(np.mean(right), abs=0.03)


def test_statistics_whiten_the_training_videos() -> None:
    train = drawn_features(200, dim=5, seed=1)
    statistics = fit_statistics(train)
    observed = observe(logits_of_any, attention, train.features, train.num_frames, statistics)
    own = observed.distances[np.arange(200), train.labels]
    # Squared Mahalanobis distances of D-dimensional data are D on average.
    assert np.mean(own**2) == pytest.approx(5, rel=0.15)


def logits_of_any(features: np.ndarray, num_frames: np.ndarray) -> np.ndarray:
    return np.zeros((2, len(features), 4), np.float32)


def test_statistics_bear_a_category_without_videos_and_constant_features() -> None:
    train = drawn_features(12, seed=1)
    rows = np.flatnonzero(train.labels != 2)
    flat = replace(train.subset(rows), features=np.ones((len(rows), 16, 12), np.float32))
    for videos in (train.subset(rows), flat):
        distances = fit_statistics(videos).distances(np.ones((1, 12)))
        assert distances.shape == (1, 4)
        assert np.all(np.isfinite(distances))


def test_splices_join_two_categories() -> None:
    videos = drawn_features(40, seed=1)
    constant = np.where(
        np.arange(16)[:, None] < videos.num_frames[:, None, None],
        1 + videos.labels[:, None, None],
        0,
    )
    videos = replace(videos, features=np.repeat(constant, 12, axis=2).astype(np.float32))
    features, steps = spliced(videos, count=30)
    for sequence, length in zip(features, steps, strict=True):
        assert len(np.unique(sequence[:length])) == 2
        assert np.all(sequence[length:] == 0)
    assert len(spliced(videos.subset(np.flatnonzero(videos.labels == 1)))[0]) == 0


def test_rendered_material_is_seeded_and_of_every_kind(tmp_path) -> None:
    backbone = OnnxBackbone(tiny_backbone(tmp_path))
    calls = []
    one, two, other = (
        rendered_features(
            backbone, MultiScaleOptions(), seed=seed, progress=lambda: calls.append(1)
        )
        for seed in (0, 0, 1)
    )
    assert set(one) == set(KINDS)
    assert len(calls) == 3 * NUM_RENDERED
    assert one["black"][0].mean() < 0.1
    for name, (features, steps) in one.items():
        assert features.dtype == np.float32
        assert len(features) == len(steps)
        assert np.array_equal(features, two[name][0])
        assert not np.array_equal(features, other[name][0])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_rendered_frames_have_any_size(kind: str) -> None:
    frames = list(KINDS[kind](np.random.default_rng(0), 30, 47, 3))
    assert [frame.shape for frame in frames] == [(30, 47, 3)] * 3
    assert all(frame.dtype == np.uint8 for frame in frames)
