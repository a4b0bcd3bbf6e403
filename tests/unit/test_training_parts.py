from __future__ import annotations

import math
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts

from tests.features import CATEGORIES, drawn_features, made_by
from vidkind.errors import ConfigError, FeatureFileError, MissingExtraError, TrainingError
from vidkind.evaluation.metrics import compute_metrics
from vidkind.training import (
    DeviceOptions,
    EnhancedTemporalModelTrainer,
    FocalLoss,
    RealTimeTrainingVisualizer,
    TrainingConfig,
)
from vidkind.training.augmentation import augment, sample_segments
from vidkind.training.data import FeatureDataset, balanced_loader, check_splits
from vidkind.training.devices import make_fabric
from vidkind.training.health import dead_reason
from vidkind.training.loss import class_weights
from vidkind.training.presets import training_config
from vidkind.training.schedule import learning_rate_at

CONFIG = TrainingConfig()


def test_plain_focal_loss_is_cross_entropy():
    logits, labels = torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    loss = FocalLoss(torch.ones(4), gamma=0.0, smoothing=0.0)(logits, labels)
    torch.testing.assert_close(loss, torch.nn.functional.cross_entropy(logits, labels))


def test_focal_loss_by_hand():
    logits = torch.tensor([[2.0, 0.0, -1.0]])
    p = np.exp([2.0, 0.0, -1.0]) / np.exp([2.0, 0.0, -1.0]).sum()
    smoothed = -(0.9 * math.log(p[1]) + 0.05 * math.log(p[0]) + 0.05 * math.log(p[2]))
    expected = 3.0 * (1 - p[1]) ** 2 * smoothed
    loss = FocalLoss(torch.tensor([1.0, 3.0, 1.0]), gamma=2.0, smoothing=0.1)
    assert loss(logits, torch.tensor([1])).item() == pytest.approx(expected, rel=1e-5)


def test_class_weights_are_inverse_shares_and_clipped():
    labels = torch.tensor([0] * 970 + [1] * 20 + [2] * 10)
    found = class_weights(labels, 3, CONFIG)
    torch.testing.assert_close(found, torch.tensor([0.5, 10.0, 10.0]))
    torch.testing.assert_close(class_weights(torch.arange(4), 4, CONFIG), torch.ones(4))


@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(st.integers(1, 30), min_size=1, max_size=8), seed=st.integers(0, 99))
def test_augmentation_keeps_order_share_and_padding(lengths, seed):
    config = replace(CONFIG, noise_std=0.0)
    steps = torch.arange(1, 31, dtype=torch.float32)
    valid = steps <= torch.tensor(lengths)[:, None]
    features = (steps * valid)[..., None]  # each step holds its own number
    generator = torch.Generator().manual_seed(seed)
    found, kept = augment(features, torch.tensor(lengths), config, generator)
    assert found.shape[1] == int(kept.max())
    for row, before, after in zip(found[..., 0], lengths, kept.tolist(), strict=True):
        assert max(1, round(0.7 * before - 0.5)) <= after <= before
        content = row[:after]
        assert (content.diff() >= 0).all() and content.min() >= 1 and content.max() <= before
        assert row[after:].eq(0).all()
        repeats = after - len(content.unique())
        assert repeats <= config.max_time_shift


def test_augmentation_is_seeded_and_adds_the_noise_asked_for():
    features, lengths = torch.zeros(8, 40, 50), torch.full((8,), 40)
    found = [
        augment(features, lengths, CONFIG, torch.Generator().manual_seed(5))[0] for _ in range(2)
    ]
    assert torch.equal(*found)
    assert found[0][:, :20].std().item() == pytest.approx(0.01, rel=0.05)


def test_no_augmentation_changes_nothing():
    config = replace(CONFIG, noise_std=0.0, max_time_shift=0, min_frame_share=1.0)
    features, lengths = torch.randn(3, 9, 4), torch.full((3,), 9)
    found, kept = augment(features, lengths, config, torch.Generator())
    assert torch.equal(found, features) and torch.equal(kept, lengths)


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    least=st.integers(1, 8),
    seed=st.integers(0, 99),
)
def test_segments_give_one_step_each_in_order(lengths, least, seed):
    generator = torch.Generator().manual_seed(seed)
    steps, counts = sample_segments(torch.tensor(lengths), least, generator)
    assert steps.shape == (len(lengths), int(counts.max()))
    for row, length, count in zip(steps, lengths, counts.tolist(), strict=True):
        assert min(least, length) <= count <= length
        segment = torch.arange(count)
        chosen = row[:count]
        assert (chosen >= (segment * length / count).floor()).all()
        assert (chosen <= ((segment + 1) * length / count).ceil() - 1).all()
        assert row.max() < length


def test_numbers_of_segments_are_even_in_their_logarithm():
    lengths = torch.full((4000,), 64)
    _, counts = sample_segments(lengths, 4, torch.Generator().manual_seed(0))
    assert [counts.min(), counts.max()] == [4, 64]
    assert (counts <= 16).float().mean() == pytest.approx(0.5, abs=0.04)


def test_schedule_equals_torchs_after_the_warm_up():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=CONFIG.learning_rate)
    torchs = CosineAnnealingWarmRestarts(optimizer, T_0=20, T_mult=2, eta_min=1e-6)
    for epoch in range(150):
        ramp = min(1.0, (epoch + 1) / (CONFIG.warmup_epochs + 1))
        expected = ramp * optimizer.param_groups[0]["lr"]
        assert learning_rate_at(epoch, CONFIG) == pytest.approx(expected, rel=1e-9)
        optimizer.step()
        torchs.step()


@pytest.mark.parametrize("options", [{}, {"num_epochs": 30}])
def test_the_last_epoch_of_compact_has_the_lowest_rate(options):
    config = training_config("compact", **options)
    rates = [learning_rate_at(epoch, config) for epoch in range(config.num_epochs)]
    assert rates[-1] == min(rates) < 0.02 * config.learning_rate


def test_every_class_is_drawn_equally():
    videos = drawn_features(400)
    rare = np.flatnonzero((videos.labels != 2) | (np.arange(400) < 40))
    dataset = FeatureDataset(videos.subset(rare))
    loader = balanced_loader(dataset, 48, torch.Generator().manual_seed(0))
    drawn = torch.cat([batch.labels for _ in range(10) for batch in loader])
    shares = torch.bincount(drawn) / len(drawn)
    assert (shares - 0.25).abs().max() < 0.03
    assert len(drawn) == 10 * len(dataset)


def test_a_batch_is_cut_to_its_longest_video():
    videos = drawn_features(8)
    batch = FeatureDataset(videos).__getitems__([3, 1])
    assert batch.features.shape[1] == max(videos.num_frames[[3, 1]])
    assert torch.equal(batch.labels, torch.tensor([3, 1]))


def _of_one_source(videos):
    return replace(videos, source_ids=("film", *("" for _ in videos.labels[1:])))


def _without(videos, label):
    return videos.subset(np.flatnonzero(videos.labels != label))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda t, v: (replace(t, categories=("a", "b", "c", "d")), v), "one extraction"),
        (lambda t, v: (t, v.subset([])), "val holds no video"),
        (lambda t, v: (_without(t, 2), v), "no training video of Gaming"),
        (lambda t, v: (t, t), "lie in train and in val"),
        (lambda t, v: (_of_one_source(t), _of_one_source(v)), "source 'film' and 0 more lie in"),
        (
            lambda t, v: (replace(t, features=t.features * np.float32("nan")), v),
            "train: .* 16 of 16 .*NaN",
        ),
    ],
)
def test_sets_that_do_not_fit_together_are_refused(change, word):
    with pytest.raises(TrainingError, match=word):
        check_splits(*change(drawn_features(16), drawn_features(8, seed=1)))


def test_sets_of_two_backbones_are_refused():
    train, val = drawn_features(16), drawn_features(8, seed=1)
    check_splits(made_by(train), val)  # published files say nothing of theirs
    with pytest.raises(FeatureFileError, match="expected files of one extraction"):
        check_splits(made_by(train), made_by(val, "b" * 64))


def test_metrics_by_hand():
    logits = np.eye(3)[[0, 0, 1, 1, 1]]
    found = compute_metrics(logits, np.array([0, 1, 1, 1, 0]))
    assert found["accuracy"] == pytest.approx(60.0)
    np.testing.assert_allclose(found["f1_per_class"], [50.0, 200 / 3, 0.0])
    assert found["f1_weighted"] == pytest.approx(50 * 0.4 + 200 / 3 * 0.6)


def test_the_trainers_metrics_are_the_same_function():
    logits, labels = torch.randn(20, 4, requires_grad=True), torch.arange(20) % 4
    theirs = EnhancedTemporalModelTrainer.compute_metrics(logits, labels)
    ours = compute_metrics(logits.detach().numpy(), labels.numpy())
    assert theirs["accuracy"] == ours["accuracy"]
    np.testing.assert_array_equal(theirs["f1_per_class"], ours["f1_per_class"])


@pytest.mark.parametrize(("logits", "labels"), [((0, 4), (0,)), ((3, 4), (2,)), ((3,), (3,))])
def test_metrics_of_nothing_are_refused(logits, labels):
    with pytest.raises(ConfigError, match="cannot be scored"):
        compute_metrics(np.zeros(logits), np.zeros(labels, np.int64))


@pytest.mark.parametrize(
    ("accuracy", "per_class", "word"),
    [
        (92.1, (91, 92, 93, 94), None),
        (72.7, (1.1, 80, 82, 85), "Animation has F1 1.1 %"),
        (25.5, (40, 10, 10, 10), "accuracy 25.5 % is at chance"),
        (float("nan"), (50, 50, 50, 50), "at chance"),
    ],
)
def test_dead_seeds_are_told_from_live_ones(accuracy, per_class, word):
    metrics = {"accuracy": accuracy, "f1_per_class": np.array(per_class, float)}
    reason = dead_reason(metrics, CATEGORIES)
    assert reason is None if word is None else word in reason


def test_a_class_that_few_validation_videos_have_is_judged_by_training():
    metrics = {"accuracy": 80.0, "f1_per_class": np.array([0.0, 80, 80, 80])}
    train = {"accuracy": 80.0, "f1_per_class": np.array([70.0, 80, 80, 80])}
    assert dead_reason(metrics, CATEGORIES, train) is None
    assert "Animation has F1 0.0 %" in dead_reason(metrics, CATEGORIES, metrics)


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("lightning.fabric", lambda: make_fabric(DeviceOptions())),
        ("matplotlib.figure", lambda: RealTimeTrainingVisualizer(CATEGORIES)),
        ("sklearn.metrics", lambda: compute_metrics(np.eye(2), np.arange(2))),
    ],
)
def test_a_package_missing_when_it_is_needed_is_named(monkeypatch, package, call):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"vidkind\[train\]"):
        call()
