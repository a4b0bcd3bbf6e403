"""The published temporal model: projection, BiLSTM, self-attention, attention pooling."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vidkind.training.layers import (
    SelfAttention,
    TemporalModel,
    initialise,
    pooling_weights,
    run_lstm,
    valid_steps,
)

_CLASSIFIER_WIDTHS = (768, 512, 256)


class SuperEnhancedTemporalModel(TemporalModel):
    """65.3 million parameters at D = 1280, H = 768, K = 4.

    State-dict keys are the published ones; published checkpoints load with ``strict=True``.
    Unlike the published model it masks padding in the LSTM, in attention and in pooling.
    """

    def __init__(
        self,
        feature_dim: int = 1280,
        hidden_dim: int = 768,
        num_classes: int = 4,
        num_lstm_layers: int = 4,
        num_attention_heads: int = 12,
        dropout: float = 0.4,
        bidirectional: bool = True,
    ) -> None:
        super().__init__()
        width = hidden_dim * (2 if bidirectional else 1)
        self.input_projection = nn.Sequential(
            nn.Linear(feature_dim, hidden_dim),
            nn.LayerNorm(hidden_dim),
            nn.ReLU(),
            nn.Dropout(dropout / 2),
        )
        self.lstm = nn.LSTM(
            hidden_dim,
            hidden_dim,
            num_layers=num_lstm_layers,
            batch_first=True,
            dropout=dropout if num_lstm_layers > 1 else 0.0,
            bidirectional=bidirectional,
        )
        self.attention = SelfAttention(width, num_attention_heads, dropout)
        self.attention_dropout = nn.Dropout(dropout)
        self.attention_norm = nn.LayerNorm(width)
        self.attention_pooling = nn.Sequential(
            nn.Linear(width, hidden_dim),
            nn.LayerNorm(hidden_dim),
            nn.Tanh(),
            nn.Dropout(dropout / 2),
            nn.Linear(hidden_dim, 1),
        )
        self.classifier = _classifier(width, num_classes, dropout)
        initialise(self)

    def forward_with_attention(
        self, features: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Logits [B, K] and pooling weights [B, T] of features [B, T, D]; see ``forward``."""
        valid = valid_steps(lengths, features.shape[1])
        steps = run_lstm(self.lstm, self.input_projection(features), lengths)
        attended = self.attention(steps, valid)
        steps = self.attention_norm(steps + self.attention_dropout(attended))
        weights = pooling_weights(self.attention_pooling(steps).squeeze(-1), valid)
        pooled = torch.einsum("bt,btc->bc", weights, steps)
        return self.classifier(pooled), weights


def _classifier(width: int, num_classes: int, dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for size, rate in zip(_CLASSIFIER_WIDTHS, (dropout, dropout, dropout / 2), strict=True):
        layers += [nn.Linear(width, size), nn.LayerNorm(size), nn.ReLU(), nn.Dropout(rate)]
        width = size
    return nn.Sequential(*layers, nn.Linear(width, num_classes))
