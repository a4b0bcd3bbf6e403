from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from torch import nn

from vidkind.errors import ConfigError
from vidkind.training import (
    CompactModelConfig,
    ModelConfig,
    SuperEnhancedTemporalModel,
    build_model,
    model_config,
    training_config,
)
from vidkind.training.layers import SelfAttention, time_statistics, valid_steps
from vidkind.training.linear import fit_linear

DIM = 10
CONFIGS = {
    "reference": ModelConfig(
        feature_dim=DIM, num_classes=4, hidden_dim=12, num_lstm_layers=2, num_attention_heads=4
    ),
    "compact": CompactModelConfig(feature_dim=DIM, num_classes=4),
}


@pytest.fixture(scope="module", params=CONFIGS)
def model(request):
    torch.manual_seed(0)
    return build_model(CONFIGS[request.param]).eval()


def test_published_size():
    with torch.device("meta"):
        model = SuperEnhancedTemporalModel(1280, 768, 4, 4, 12, 0.4, True)
    assert round(sum(p.numel() for p in model.parameters()) / 1e6, 1) == 65.3


@pytest.mark.parametrize("dim", [256, 1280])
def test_compact_preset_has_at_most_a_million_parameters(dim):
    model = build_model(model_config("compact", feature_dim=dim, num_classes=4))
    assert sum(p.numel() for p in model.parameters()) <= 1_000_000


@settings(max_examples=30, deadline=None)
@given(lengths=st.lists(st.integers(1, 20), min_size=1, max_size=6), extra=st.integers(0, 5))
def test_a_videos_logits_do_not_depend_on_its_batch(model, lengths, extra):
    generator = torch.Generator().manual_seed(sum(lengths))
    padded = 100 * torch.randn(len(lengths), max(lengths) + extra, DIM, generator=generator)
    for row, length in zip(padded, lengths, strict=True):
        row[:length] /= 100
    with torch.inference_mode():
        together, attention = model.forward_with_attention(padded, torch.tensor(lengths))
        for i, length in enumerate(lengths):
            alone, weights = model.forward_with_attention(padded[i : i + 1, :length])
            torch.testing.assert_close(together[i], alone[0], atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(attention[i, :length], weights[0], atol=1e-5, rtol=1e-5)
            assert attention[i, length:].abs().sum() == 0
    torch.testing.assert_close(attention.sum(1), torch.ones(len(lengths)))


def test_order_in_time_matters(model):
    values = torch.randn(1, 12, DIM, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        assert (model(values) - model(values.flip(1))).abs().max() > 1e-4


def test_attention_equals_torchs_own():
    torch.manual_seed(0)
    ours, theirs = SelfAttention(12, 3).eval(), nn.MultiheadAttention(12, 3, batch_first=True)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    values, valid = torch.randn(2, 7, 12), valid_steps(torch.tensor([7, 4]), 7)
    expected = theirs.eval()(values, values, values, key_padding_mask=~valid)[0]
    torch.testing.assert_close(ours(values, valid), expected, atol=1e-6, rtol=1e-5)


def test_statistics_equal_numpy():
    values, lengths = torch.randn(2, 9, 3), torch.tensor([9, 5])
    found = time_statistics(values, valid_steps(lengths, 9))
    for row, pooled, length in zip(values.numpy(), found, lengths, strict=True):
        valid = row[:length]
        step = abs(valid[1:] - valid[:-1]).mean(0)
        expected = [*valid.mean(0), *valid.std(0), *step]
        torch.testing.assert_close(pooled, torch.tensor(expected), atol=1e-5, rtol=1e-4)


def test_gradients_are_finite_on_one_still_step(model):
    values = torch.ones(2, 1, DIM)
    model(values, torch.tensor([1, 1])).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
    model.zero_grad(set_to_none=True)


def test_lstm_starts_orthogonal_with_an_open_forget_gate(model):
    hidden = model.lstm.hidden_size
    for gate in model.lstm.weight_hh_l0.detach().chunk(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(hidden), atol=1e-5, rtol=0)
    bias = (model.lstm.bias_ih_l0 + model.lstm.bias_hh_l0).detach()
    assert bias[hidden : 2 * hidden].eq(1).all()
    assert bias.sum() == hidden


def test_compact_standardises_what_it_is_fitted_on():
    model = build_model(CONFIGS["compact"])
    lengths = torch.randint(2, 9, (100,))
    features = 50 + 7 * torch.randn(100, 8, DIM)
    features[..., 0] = 3  # never changes
    valid = valid_steps(lengths, 8)
    model.fit_closed_form(
        features * valid[..., None], lengths, torch.arange(100) % 4, torch.Generator()
    )
    torch.testing.assert_close(model.input_mean, features[valid].mean(0), atol=1e-3, rtol=0)
    torch.testing.assert_close(model.input_scale[1:], features[valid].std(0)[1:], rtol=1e-3, atol=0)
    assert torch.isfinite(model(features, lengths)).all()


def test_compact_answers_with_logistic_regression_beside_the_deep_classifier():
    torch.manual_seed(0)
    model = build_model(CONFIGS["compact"]).eval()
    labels = torch.arange(60) % 4
    features = torch.randn(60, 8, DIM) + labels[:, None, None]
    lengths = torch.full((60,), 8)
    before = model(features, lengths)
    model.fit_closed_form(features, lengths, labels, torch.Generator())
    assert not torch.allclose(before, model(features, lengths))
    wide = (time_statistics((features - model.input_mean) / model.input_scale, None)
            - model.statistics_mean) / model.statistics_scale  # fmt: skip
    linear = wide @ model.linear_weight.T + model.linear_bias
    deep = 2 * model(features, lengths) - linear
    with torch.no_grad():
        model.linear_weight.zero_()
        model.linear_bias.zero_()
    torch.testing.assert_close(2 * model(features, lengths), deep, atol=1e-4, rtol=1e-4)


def test_compact_reads_few_steps_as_it_reads_many():
    """The class shows in every step; how far a feature moves between steps shows the length."""
    torch.manual_seed(0)
    model = build_model(CONFIGS["compact"]).eval()
    labels = torch.arange(200) % 4
    drift = torch.linspace(-4, 4, 64)[None, :, None] * torch.randn(200, 1, DIM)
    features = torch.randn(200, 1, DIM) + 4 * torch.eye(DIM)[labels][:, None] + drift
    model.fit_closed_form(features, torch.full((200,), 64), labels, torch.Generator())
    torch.nn.init.zeros_(model.classifier[-1].weight)
    for steps in (64, 8, 4):
        few = features[:, torch.linspace(0, 63, steps).long()]
        answers = model(few, torch.full((200,), steps)).argmax(dim=1)
        assert (answers == labels).float().mean() > 0.9, steps


def test_linear_classifier_reaches_the_optimum_of_scikit_learn():
    torch.manual_seed(1)
    labels = torch.tensor([0] * 60 + [1] * 25 + [2] * 15)
    features = torch.randn(100, 30) + 0.5 * labels[:, None]
    weight, bias = fit_linear(features, labels, num_classes=3)
    # Shares add up to 1 here and to N in scikit-learn, which puts C on the loss.
    reference = LogisticRegression(
        C=1 / (5e-5 * 30 * 100), class_weight="balanced", max_iter=5000, tol=1e-8
    ).fit(features.numpy(), labels.numpy())
    expected = reference.decision_function(features.numpy())
    found = (features @ weight.T + bias).numpy()
    found -= found.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_reference_config_has_exactly_the_published_keys():
    config = ModelConfig(feature_dim=64, num_classes=4, hidden_dim=24)
    model = SuperEnhancedTemporalModel(**config.to_dict())
    assert len(config.to_dict()) == 7 and model.lstm.hidden_size == 24


@pytest.mark.parametrize(
    ("preset", "options", "word"),
    [
        ("compact", {"hidden_dimm": 3}, "did you mean hidden_dim"),
        ("compact", {"zzzzzz": 3}, "expected one of feature_dim"),
        ("compact", {"hidden_dim": 30}, "multiple of"),
        ("compact", {"input_dropout": 1.0}, "input_dropout is 1.0"),
        ("compact", {"num_classes": 1}, "num_classes is 1"),
        ("reference", {"num_attention_heads": 7}, "divisor"),
        ("reference", {"hidden_dim": 0}, "hidden_dim is 0"),
        ("reference", {"num_classes": 1}, "num_classes is 1"),
    ],
)
def test_bad_model_options_are_named(preset, options, word):
    with pytest.raises(ConfigError, match=word):
        model_config(preset, **{"feature_dim": 8, "num_classes": 4, **options})


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"learning_rate": 0}, "learning_rate"),
        ({"label_smoothing": 1}, "label_smoothing"),
        ({"noise_std": -1}, "noise_std"),
        ({"min_frame_share": 0}, "min_frame_share"),
        ({"min_segments": 0}, "min_segments"),
        ({"patience": 0}, "patience"),
        ({"min_class_weight": 20}, "max_class_weight"),
        ({"batchsize": 3}, "did you mean batch_size"),
    ],
)
def test_bad_training_options_are_named(options, word):
    with pytest.raises(ConfigError, match=word):
        training_config("reference", **options)
