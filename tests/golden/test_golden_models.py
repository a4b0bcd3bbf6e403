"""Published checkpoints and features give the published answers within 1e-5."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from vidkind.evaluation.metrics import compute_metrics
from vidkind.features.store import read_features
from vidkind.inference.tta import (
    VIEWS,
    average_views,
    ensemble_probabilities,
    padded_views,
    softmax,
)
from vidkind.training import load_members, member_logits

pytestmark = pytest.mark.shared
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def golden(shared_dir):
    folder = shared_dir / "golden"
    expected = json.loads((folder / "expected.json").read_text())
    return load_members(folder), read_features(folder / "test_features_multiscale.h5"), expected


def _expected_logits(expected) -> np.ndarray:
    return np.array([expected["logits"][f"best_ensemble_model_{i}.pt"] for i in (1, 2)])


def test_logits_of_each_video_alone(golden):
    members, videos, expected = golden
    for member, logits in zip(members, _expected_logits(expected), strict=True):
        for row, steps, wanted in zip(videos.features, videos.num_frames, logits, strict=True):
            with torch.inference_mode():
                found = member.model(torch.from_numpy(row[None, :steps]))[0]
            np.testing.assert_allclose(found, wanted, atol=TOLERANCE, rtol=0)


def test_logits_of_all_videos_in_one_padded_batch(golden):
    members, videos, expected = golden
    found = member_logits(members, videos.features, videos.num_frames)
    np.testing.assert_allclose(found, _expected_logits(expected), atol=TOLERANCE, rtol=0)
    assert compute_metrics(found[0], videos.labels)["accuracy"] >= 0


def test_ensemble(golden):
    members, videos, expected = golden
    logits = member_logits(members, videos.features, videos.num_frames)
    np.testing.assert_allclose(
        ensemble_probabilities(logits), expected["ensemble"], atol=TOLERANCE, rtol=0
    )


def test_every_tta_view_and_their_mean(golden):
    members, videos, expected = golden
    views = padded_views(videos.features, videos.num_frames)
    per_view = [
        softmax(member_logits(members, view.features, view.num_frames)).mean(axis=0)
        for view in views
    ]
    assert tuple(view.name for view in views) == VIEWS
    for view, found in zip(views, per_view, strict=True):
        for row, probabilities in zip(view.rows, found, strict=True):
            wanted = expected["tta_probs"][str(row)][view.name]
            np.testing.assert_allclose(probabilities, wanted, atol=TOLERANCE, rtol=0)
    answered = sum(len(names) for names in expected["tta_probs"].values())
    assert answered == sum(len(view.rows) for view in views)
    mean = average_views(views, per_view, len(videos))
    np.testing.assert_allclose(mean, expected["ensemble_tta"], atol=TOLERANCE, rtol=0)


def test_published_members_are_named_without_a_seed(golden):
    members, _, _ = golden
    assert [member.name for member in members] == ["member 1", "member 2"]
