from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidkind.inference.tta import (
    VIEWS,
    average_views,
    ensemble_probabilities,
    padded_views,
    softmax,
    tta_indices,
    tta_views,
)


@given(st.integers(1, 300))
def test_views_have_the_published_lengths(steps):
    found = tta_indices(steps)
    expected = {"original": steps, "reverse": steps}
    if steps > 10:
        expected |= {"speed_up": steps // 2, "speed_down": int(1.5 * steps)}
    assert {name: len(indices) for name, indices in found.items()} == expected
    assert all(i.min() >= 0 and i.max() < steps for i in found.values())
    assert list(found) == [name for name in VIEWS if name in found]


def test_views_of_one_sequence_and_of_a_batch_agree():
    values = np.random.default_rng(0).normal(size=(3, 20, 5)).astype(np.float32)
    for name, view in tta_views(values).items():
        np.testing.assert_array_equal(view[1], tta_views(values[1])[name])
    np.testing.assert_array_equal(tta_views(values)["reverse"], values[:, ::-1])


@settings(max_examples=30, deadline=None)
@given(lengths=st.lists(st.integers(1, 25), min_size=1, max_size=6))
def test_padded_views_are_the_views_of_each_video(lengths):
    values = np.random.default_rng(1).normal(size=(len(lengths), 25, 2)).astype(np.float32)
    for view in padded_views(values, np.array(lengths, np.int32)):
        for row, rows, steps in zip(view.rows, view.features, view.num_frames, strict=True):
            alone = tta_views(values[row, : lengths[row]])[view.name]
            np.testing.assert_array_equal(rows[:steps], alone)
            assert steps == len(alone) and not rows[steps:].any()


def test_a_video_is_averaged_over_the_views_it_has():
    values = np.zeros((2, 12, 1), np.float32)
    views = padded_views(values, np.array([12, 5], np.int32))
    per_view = [np.full((len(view.rows), 2), float(i)) for i, view in enumerate(views)]
    mean = average_views(views, per_view, 2)
    np.testing.assert_allclose(mean[:, 0], [(0 + 1 + 2 + 3) / 4, (0 + 1) / 2])


@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=6))
def test_softmax_is_stable_and_adds_up(logits):
    found = softmax(logits)
    assert found.dtype == np.float64 and found.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(found, softmax(np.array(logits) + 100), atol=1e-9)


def test_the_ensemble_averages_probabilities_not_logits():
    logits = np.array([[[10.0, 0.0]], [[0.0, 1.0]]])
    expected = (softmax(logits[0]) + softmax(logits[1])) / 2
    np.testing.assert_allclose(ensemble_probabilities(logits), expected)
