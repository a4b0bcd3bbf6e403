"""The compact temporal model: a linear classifier beside one small BiLSTM with attention."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidkind.training.augmentation import sample_segments
from vidkind.training.layers import (
    SelfAttention,
    TemporalModel,
    initialise,
    pooling_weights,
    run_lstm,
    time_mean,
    time_statistics,
    valid_steps,
)
from vidkind.training.linear import fit_linear

# Videos looked at together while the standardisation is fitted.
_CHUNK = 64
# A feature that never changes is left as it is, near 0, instead of being blown up.
_MIN_SCALE = 1e-3
# A video is read by four steps at least: the fewest that a quick look takes.
_MIN_SEGMENTS = 4


class CompactTemporalModel(TemporalModel):
    """At most a million parameters a member; two or three classifiers whose logits are averaged.

    The linear one reads mean, deviation and mean absolute step of the input over time
    (statistics pooling, Snyder et al., 2018): with few videos hard to beat. It is fitted to its
    optimum before training and kept. The deep one reads the same statistics and, through
    projection, BiLSTM, self-attention and attention pooling, the order in time. It is trained
    alone: beside a classifier that knows its training videos there would be little to learn.
    The third, where the backbone has a head, is what that says of single frames (log-probabilities,
    averaged over time): it learned from pictures of other places than the videos.
    """

    input_mean: Tensor
    input_scale: Tensor
    statistics_mean: Tensor
    statistics_scale: Tensor
    linear_weight: Tensor
    linear_bias: Tensor
    picture_weight: Tensor
    picture_bias: Tensor

    def __init__(
        self,
        feature_dim: int,
        num_classes: int,
        hidden_dim: int,
        num_attention_heads: int,
        dropout: float,
        input_dropout: float,
        statistics_dropout: float,
        picture_reader: bool,
    ) -> None:
        super().__init__()
        self.input_dropout = input_dropout
        self.picture_reader = picture_reader
        for name, size in (("input", feature_dim), ("statistics", 3 * feature_dim)):
            self.register_buffer(f"{name}_mean", torch.zeros(size))
            self.register_buffer(f"{name}_scale", torch.ones(size))
        self.statistics_projection = nn.Sequential(
            nn.Dropout(statistics_dropout),
            nn.Linear(3 * feature_dim, hidden_dim),
            nn.LayerNorm(hidden_dim),
            nn.ReLU(),
        )
        self.input_projection = nn.Sequential(
            nn.Linear(feature_dim, hidden_dim),
            nn.LayerNorm(hidden_dim),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.lstm = nn.LSTM(hidden_dim, hidden_dim // 2, batch_first=True, bidirectional=True)
        self.attention = SelfAttention(hidden_dim, num_attention_heads)
        self.attention_norm = nn.LayerNorm(hidden_dim)
        self.attention_pooling = nn.Linear(hidden_dim, 1)
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * hidden_dim, num_classes))
        initialise(self)
        self.register_buffer("linear_weight", torch.zeros(num_classes, 3 * feature_dim))
        self.register_buffer("linear_bias", torch.zeros(num_classes))
        if picture_reader:
            self.register_buffer("picture_weight", torch.zeros(num_classes, feature_dim))
            self.register_buffer("picture_bias", torch.zeros(num_classes))

    def forward_with_attention(
        self, features: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Logits [B, K] and pooling weights [B, T] of features [B, T, D]; see ``forward``.

        While training, only the deep classifier answers.
        """
        valid = valid_steps(lengths, features.shape[1])
        scaled = (features - self.input_mean) / self.input_scale
        wide = (time_statistics(scaled, valid) - self.statistics_mean) / self.statistics_scale
        deep, weights = self._read(self._drop_features(scaled), lengths, valid)
        logits = self.classifier(torch.cat([self.statistics_projection(wide), deep], dim=1))
        if self.training:
            return logits, weights
        opinions = [logits, functional.linear(wide, self.linear_weight, self.linear_bias)]
        if self.picture_reader:
            opinions.append(self._read_pictures(features, valid))
        return torch.stack(opinions).mean(dim=0), weights

    def _read_pictures(self, features: Tensor, valid: Tensor | None) -> Tensor:
        """What the backbone's head says of the frames: [B, K]."""
        logits = functional.linear(features, self.picture_weight, self.picture_bias)
        return time_mean(logits.log_softmax(dim=2), valid)

    def _drop_features(self, features: Tensor) -> Tensor:
        # One mask for all steps of a video: a new one at each step would average out.
        mask = torch.ones_like(features[:, :1])
        return features * functional.dropout(mask, self.input_dropout, self.training)

    def _read(
        self, features: Tensor, lengths: Tensor | None, valid: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """The deep branch: [B, H] and the pooling weights [B, T]."""
        steps = run_lstm(self.lstm, self.input_projection(features), lengths)
        steps = self.attention_norm(steps + self.attention(steps, valid))
        weights = pooling_weights(self.attention_pooling(steps).squeeze(-1), valid)
        return torch.einsum("bt,btc->bc", weights, steps), weights

    def fit_closed_form(
        self, features: Tensor, lengths: Tensor, labels: Tensor, generator: torch.Generator
    ) -> None:
        """Fits the standardisation, then the linear classifier; see the base class.

        The classifier sees each video twice, whole and sparsely read: deviation and step grow
        with the time between steps, which says how long a video is, not what it shows.
        """
        self.input_mean, self.input_scale = _mean_and_scale(features, lengths)
        steps, counts = sample_segments(lengths, _MIN_SEGMENTS, generator)
        rows = torch.arange(len(features), device=features.device)[:, None]
        pooled = torch.cat(
            [self._statistics(features, lengths), self._statistics(features[rows, steps], counts)]
        )
        self.statistics_mean = pooled.mean(dim=0)
        self.statistics_scale = pooled.std(dim=0, correction=0).clamp(min=_MIN_SCALE)
        wide = (pooled - self.statistics_mean) / self.statistics_scale
        weight, bias = fit_linear(wide, labels.repeat(2), num_classes=len(self.linear_bias))
        self.linear_weight, self.linear_bias = weight, bias

    def take_head(self, weight: Tensor, bias: Tensor) -> None:
        """Takes over the backbone's head; see the base class."""
        if self.picture_reader:
            self.picture_weight, self.picture_bias = weight, bias

    def _statistics(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Statistics over time, [N, 3D], of standardised features."""
        parts = [
            time_statistics(
                (rows - self.input_mean) / self.input_scale, valid_steps(n, rows.shape[1])
            )
            for rows, n in _chunks(features, lengths)
        ]
        return torch.cat(parts)


def _chunks(features: Tensor, lengths: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(torch.split(features, _CHUNK), torch.split(lengths, _CHUNK), strict=True)


def _mean_and_scale(features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation [D] over all valid steps, in float64 inside."""
    count = int(lengths.sum())
    total = features.new_zeros(features.shape[2], dtype=torch.float64)
    squares = torch.zeros_like(total)
    for rows, n in _chunks(features, lengths):
        valid = rows[valid_steps(n, rows.shape[1])].to(torch.float64)
        total += valid.sum(dim=0)
        squares += valid.square().sum(dim=0)
    mean = total / count
    scale = (squares / count - mean.square()).clamp(min=0).sqrt()
    return mean.to(features.dtype), scale.to(features.dtype).clamp(min=_MIN_SCALE)
