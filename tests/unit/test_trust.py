"""Signals of trust, thresholds, label sets and the file that holds them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import mahalanobis
from scipy.stats import entropy

from tests.trust import drawn_trust
from vidkind.errors import BundleError, ConfigError
from vidkind.inference.conformal import ConformalScores, label_set
from vidkind.inference.operating import OperatingTable
from vidkind.inference.trust import (
    NUM_SEGMENTS,
    SIGNALS,
    FeatureStatistics,
    pooled_features,
    published_trust,
    segment_indices,
    trust_signals,
)
from vidkind.inference.trust_file import read_trust, write_trust


@given(st.integers(1, 300))
def test_segments_are_of_one_length_and_span_the_sequence(steps: int) -> None:
    found = segment_indices(steps)
    assert len(found) == min(NUM_SEGMENTS, steps)
    assert np.all(np.diff(found, axis=1) == 1)
    assert found[0, 0] == 0
    assert found[-1, -1] == steps - 1


def _signals(scores, attention, segments, distances):
    steps = np.array([np.count_nonzero(row) for row in attention], np.int32)
    return trust_signals(
        np.array(scores), np.array(attention), steps, np.array(segments), np.array(distances)
    )


def test_signals_of_a_known_case() -> None:
    nothing = [np.nan, np.nan, np.nan]
    found = _signals(
        [[0.7, 0.2, 0.1]],
        [[0.5, 0.25, 0.25, 0.0]],
        [[[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.3, 0.2], nothing]],
        [[1.0, 3.0, 9.0]],
    )[0]
    expected = {
        "confidence": 0.7,
        "gap": 0.5,
        "entropy": 1 - entropy([0.7, 0.2, 0.1]) / np.log(3),
        "attention": 1 - entropy([0.5, 0.25, 0.25]) / np.log(3),
        "agreement": 2 / 3,
        "centroid": 0.75,
        "distance": 1.0,
    }
    assert dict(zip(SIGNALS, found, strict=True)) == pytest.approx(expected)


@given(st.integers(1, 30), st.integers(2, 6), st.integers(0, 10**6))
def test_published_trust_is_a_share(count: int, categories: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.full(categories, 0.3), count)
    found = _signals(
        scores,
        rng.dirichlet(np.ones(5), count),
        rng.dirichlet(np.ones(categories), (count, 8)),
        rng.exponential(3, (count, categories)),
    )
    assert np.all((found[:, :6] >= -1e-9) & (found[:, :6] <= 1 + 1e-9))
    trust = published_trust(found)
    assert np.all((trust >= 0) & (trust <= 1))


def test_one_step_and_a_sure_answer_are_no_special_case() -> None:
    found = _signals([[1.0, 0.0]], [[1.0]], [[[1.0, 0.0]]], [[0.0, 0.0]])[0]
    assert np.all(np.isfinite(found))


def test_pooling_leaves_padding_and_brightness_out() -> None:
    values = np.array([[[3.0, 4.0], [0.0, 5.0], [9.0, 9.0]]], np.float32)
    found = pooled_features(values, np.array([2], np.int32))
    np.testing.assert_allclose(found, [[0.3, 0.9]])
    np.testing.assert_allclose(pooled_features(7 * values, np.array([2], np.int32)), found)


def test_distances_are_mahalanobis() -> None:
    rng = np.random.default_rng(0)
    covariance = np.cov(rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4)), rowvar=False)
    whitening = np.linalg.cholesky(np.linalg.inv(covariance))
    centres = rng.normal(size=(3, 4))
    statistics = FeatureStatistics(
        mean=np.zeros(4), scale=np.ones(4), basis=whitening, centroids=centres @ whitening
    )
    point = rng.normal(size=4)
    expected = [mahalanobis(point, centre, np.linalg.inv(covariance)) for centre in centres]
    np.testing.assert_allclose(statistics.distances(point[None])[0], expected)


def test_being_near_adds_no_trust_and_being_far_takes_it() -> None:
    model = drawn_trust()
    signals = np.tile([0.8, 0.6, 0.5, 0.1, 1.0, 0.6, 1.0], (3, 1))
    signals[:, -1] = [0.0, model.weights.centre[-1], model.weights.centre[-1] + 5]
    near, edge, far = model.trust(signals, "learned")
    assert near == pytest.approx(edge)
    assert far < edge
    assert 0 <= far <= 1


TABLE = OperatingTable(
    points=np.array(
        [
            [0.9, 0.2, 0.00, 0.00, 0.16, 0.14],
            [0.8, 0.4, 0.05, 0.01, 0.19, 0.15],
            [0.6, 0.7, 0.02, 0.00, 0.10, 0.07],
            [0.1, 1.0, 0.10, 0.05, 0.19, 0.17],
        ]
    ),
    sources=100,
)


@pytest.mark.parametrize(
    ("max_error", "strict", "coverage"),
    [
        (0.034, False, 0.7),  # 2.4 wrong of 71: one more than were seen
        (0.05, False, 0.7),
        (0.1, False, 0.7),
        (0.11, False, 1),
        (0.08, True, 0.7),  # tested from half of the videos on
        (0.16, True, 0.7),
        (0.2, True, 1),
    ],
)
def test_the_most_is_answered_that_the_error_allows(max_error, strict, coverage) -> None:
    assert TABLE.largest_coverage(max_error, strict=strict).coverage == coverage


def test_what_cannot_be_promised_is_refused_with_what_can() -> None:
    with pytest.raises(ConfigError, match=r"max_error is 1\.5; expected a share"):
        TABLE.largest_coverage(1.5)
    with pytest.raises(ConfigError, match=r"100 validation sources .* 0\.0338 .* give 0\.034 or"):
        TABLE.largest_coverage(0.03)
    with pytest.raises(ConfigError, match=r"0\.07 at best with 95 % confidence; .* strict"):
        TABLE.largest_coverage(0.06, strict=True)
    assert TABLE.largest_coverage(TABLE.least_error()).coverage == 0.7
    assert TABLE.largest_coverage(TABLE.least_error(strict=True), strict=True).coverage == 0.7


def test_errors_without_one_seen_take_sources() -> None:
    for answered, least in ((48, 0.0204), (49, 0.02), (99, 0.01)):
        points = np.array([[0.5, 1, 0.0, 0.0, 0.1, 0.1]])
        table = OperatingTable(points=points, sources=answered)
        assert table.least_error() == pytest.approx(least, abs=1e-4)


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \[n, 6\]"):
        OperatingTable(points=np.zeros((0, 6)), sources=5)
    with pytest.raises(ValueError, match=r"expected \[n\] and \[n\]"):
        ConformalScores(scores=np.zeros(3), weights=np.zeros(2))


@pytest.mark.parametrize("coverage", [0.0, 1.0, -3.0])
def test_coverage_is_a_share(coverage: float) -> None:
    with pytest.raises(ConfigError, match="expected a share between 0 and 1"):
        ConformalScores(scores=np.zeros(9), weights=np.ones(9)).limit(coverage)


def test_too_few_sources_for_a_coverage_are_named() -> None:
    conformal = ConformalScores(scores=np.linspace(0, 1, 18), weights=np.full(18, 0.5))
    with pytest.raises(ConfigError, match=r"the 9 validation sources .* at most 0\.900"):
        conformal.limit(0.91)
    assert conformal.limit(0.9) == 1.0


def test_label_sets_are_never_empty_and_sorted() -> None:
    scores = np.array([0.2, 0.5, 0.3])
    assert label_set(scores, 0.1).tolist() == [1]
    assert label_set(scores, 0.75).tolist() == [1, 2]
    assert label_set(scores, 1.0).tolist() == [1, 2, 0]


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_label_sets_cover_videos_of_new_sources(coverage: float) -> None:
    # Sources have one to four videos whose probabilities are alike: not exchangeable videos.
    rng = np.random.default_rng(1)
    hits = []
    for _ in range(1500):
        sizes = rng.integers(1, 5, 61)
        level = rng.normal(size=61).repeat(sizes)
        scores = 1 / (1 + np.exp(-level - 0.5 * rng.normal(size=len(level))))
        first = slice(0, sizes[:60].sum())
        conformal = ConformalScores(scores=scores[first], weights=1 / sizes[:60].repeat(sizes[:60]))
        hits.append(scores[-1] <= conformal.limit(coverage))
    assert coverage - 0.012 <= np.mean(hits) <= coverage + 0.035


def test_a_trust_file_is_read_back_as_written(tmp_path: Path) -> None:
    model = drawn_trust()
    write_trust(tmp_path / "trust.npz", model)
    again = read_trust(tmp_path / "trust.npz", feature_dim=3, num_categories=4)
    rng = np.random.default_rng(0)
    signals = rng.random((20, 7))
    for kind in ("learned", "published"):
        np.testing.assert_allclose(again.trust(signals, kind), model.trust(signals, kind))
        np.testing.assert_allclose(again.tables[kind].points, model.tables[kind].points)
        assert again.tables[kind].sources == model.tables[kind].sources
    pooled = rng.random((5, 3))
    np.testing.assert_allclose(
        again.statistics.distances(pooled), model.statistics.distances(pooled), rtol=1e-5
    )
    assert again.conformal.limit(0.8) == model.conformal.limit(0.8)
    assert again.temperature == model.temperature
    assert again.quick_frames == model.quick_frames == 6


def test_a_file_that_does_not_say_its_quick_frames_was_fitted_on_eight(tmp_path: Path) -> None:
    write_trust(tmp_path / "trust.npz", drawn_trust())
    with np.load(tmp_path / "trust.npz") as file:
        arrays = {name: file[name] for name in file.files if name != "quick_frames"}
    np.savez(tmp_path / "before.npz", **arrays)
    before = read_trust(tmp_path / "before.npz", feature_dim=3, num_categories=4)
    assert before.quick_frames == 8


def test_a_file_that_does_not_say_its_sources_has_those_of_its_label_sets(tmp_path: Path) -> None:
    model = drawn_trust()
    write_trust(tmp_path / "trust.npz", model)
    with np.load(tmp_path / "trust.npz") as file:
        arrays = {name: file[name] for name in file.files if not name.startswith("sources")}
    np.savez(tmp_path / "before.npz", **arrays)
    again = read_trust(tmp_path / "before.npz", feature_dim=3, num_categories=4)
    assert again.tables["learned"].sources == model.conformal.weights.sum()


def test_trust_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "trust.npz"
    write_trust(path, drawn_trust())
    with pytest.raises(BundleError, match="of D = 3 features and 4 categories"):
        read_trust(path, feature_dim=5, num_categories=4)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    broken = {
        "signals are": {**arrays, "signals": np.array(["luck"])},
        "basis is": {**arrays, "basis": arrays["basis"][:2]},
        "no readable": {name: arrays[name] for name in arrays if name != "centre"},
        "allow_pickle": {**arrays, "mean": np.array([{}, None, print])},
    }
    for message, content in broken.items():
        np.savez(path, **content)
        with pytest.raises(BundleError, match=message):
            read_trust(path, feature_dim=3, num_categories=4)
    for content in (b"", b"no arrays", path.read_bytes()[:50]):
        path.write_bytes(content)
        with pytest.raises(BundleError, match="no readable trust statistics"):
            read_trust(path, feature_dim=3, num_categories=4)


def test_another_scale_gives_another_trust() -> None:
    model = drawn_trust()
    signals = np.full((1, 7), 0.3)
    doubled = replace(model.weights, coefficients=2 * model.weights.coefficients)
    assert doubled.trust(signals) != model.weights.trust(signals)
