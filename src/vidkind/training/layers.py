"""What both temporal models share: masking, running an LSTM over padded batches, start weights."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class TemporalModel(nn.Module):
    """Feature sequence in, logits out: the verbs every temporal model answers to."""

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Classifies a batch.

        Args:
            features: float32 [B, T, D].
            lengths: int64 [B], valid steps of each row, 1..T; None when every row is full.

        Returns:
            Logits [B, K]. They do not depend on padding or on the rest of the batch.
        """
        return self.forward_with_attention(features, lengths)[0]

    @abstractmethod
    def forward_with_attention(
        self, features: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """As ``forward``; also gives the pooling weight of each step [B, T], adding up to 1."""

    def fit_closed_form(
        self, features: Tensor, lengths: Tensor, labels: Tensor, generator: torch.Generator
    ) -> None:
        """Computes what needs no gradient steps, once, before training.

        Does nothing unless a model says so.

        Args:
            features: float32 [N, T, D] of the training videos.
            lengths: int64 [N], valid steps.
            labels: int64 [N].
            generator: Source of randomness, on the features' device.
        """

    def take_head(self, weight: Tensor, bias: Tensor) -> None:
        """Takes over the classifier of single frames that the backbone has.

        Does nothing unless a model reads frames one by one.

        Args:
            weight: float32 [K, D].
            bias: float32 [K].
        """


def valid_steps(lengths: Tensor | None, num_steps: int) -> Tensor | None:
    """Boolean [B, T], true where a step is content; None when every row is full."""
    if lengths is None:
        return None
    return torch.arange(num_steps, device=lengths.device) < lengths[:, None]


def run_lstm(lstm: nn.LSTM, sequence: Tensor, lengths: Tensor | None) -> Tensor:
    """Runs a batch-first LSTM over [B, T, C]; each row ends where its length says.

    Rows of unlike length are packed, so that the backward direction starts at the last
    valid step. Output beyond the length is zero.
    """
    if lengths is None:
        output: Tensor = lstm(sequence)[0]
        return output
    packed = pack_padded_sequence(sequence, lengths.cpu(), batch_first=True, enforce_sorted=False)
    padded: Tensor = pad_packed_sequence(
        lstm(packed)[0], batch_first=True, total_length=sequence.shape[1]
    )[0]
    return padded


class SelfAttention(nn.Module):
    """Multi-head self-attention (Vaswani et al., 2017, section 3.2.2) that masks padding.

    Its parameters are named and laid out as those of ``torch.nn.MultiheadAttention``, which
    published checkpoints use; that class fixes batch and length when exported to ONNX.
    """

    def __init__(self, width: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.dropout = dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(self, sequence: Tensor, valid: Tensor | None) -> Tensor:
        """Lets each step of [B, T, C] look at every valid step of its own row."""
        joint = functional.linear(sequence, self.in_proj_weight, self.in_proj_bias)
        query, key, value = (
            part.reshape(*part.shape[:2], self.num_heads, -1).transpose(1, 2)
            for part in joint.chunk(3, dim=-1)
        )
        attended = functional.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=None if valid is None else valid[:, None, None, :],
            dropout_p=self.dropout if self.training else 0.0,
        )
        output: Tensor = self.out_proj(attended.transpose(1, 2).flatten(2))
        return output


def pooling_weights(scores: Tensor, valid: Tensor | None) -> Tensor:
    """Softmax over time of scores [B, T], zero on padding."""
    if valid is not None:
        scores = scores.masked_fill(~valid, -math.inf)
    return scores.softmax(dim=1)


def time_statistics(sequence: Tensor, valid: Tensor | None) -> Tensor:
    """Mean, standard deviation and mean absolute step over valid time.

    Statistics pooling after Snyder et al., "X-vectors" (ICASSP 2018), section 2, with the
    mean absolute step added: how much a feature moves from one step to the next.

    Args:
        sequence: [B, T, C].
        valid: Boolean [B, T], or None.

    Returns:
        [B, 3C]. A single step has deviation and step close to 0.
    """
    weight = _step_weights(sequence, valid)
    mean = (sequence * weight).sum(dim=1) / weight.sum(dim=1)
    centred = (sequence - mean[:, None]) * weight
    variance = centred.square().sum(dim=1) / weight.sum(dim=1)
    steps = (sequence[:, 1:] - sequence[:, :-1]).abs() * weight[:, 1:]
    step = steps.sum(dim=1) / weight[:, 1:].sum(dim=1).clamp(min=1)
    # The small constant keeps the gradient of the square root finite where nothing moves.
    return torch.cat([mean, (variance + 1e-6).sqrt(), step], dim=1)


def time_mean(sequence: Tensor, valid: Tensor | None) -> Tensor:
    """Mean [B, C] of [B, T, C] over valid time."""
    weight = _step_weights(sequence, valid)
    return (sequence * weight).sum(dim=1) / weight.sum(dim=1)


def _step_weights(sequence: Tensor, valid: Tensor | None) -> Tensor:
    """[B, T, 1]: 1 where a step is content, else 0."""
    if valid is None:
        return torch.ones_like(sequence[..., :1])
    return valid[..., None].to(sequence.dtype)


def initialise(module: nn.Module) -> None:
    """Gives every LSTM and linear layer in a module its start weights.

    Linear layers: Xavier uniform, bias 0 (Glorot and Bengio, 2010). LSTM: orthogonal
    recurrent blocks (Saxe et al., 2014) and forget-gate bias 1 (Jozefowicz et al., 2015,
    section 2.2), so that gradients reach far back from the first step.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.LSTM):
            _initialise_lstm(layer)


def _initialise_lstm(lstm: nn.LSTM) -> None:
    for name, parameter in lstm.named_parameters():
        if name.startswith("weight"):
            start = nn.init.orthogonal_ if "_hh_" in name else nn.init.xavier_uniform_
            for gate in parameter.data.chunk(4):
                start(gate)
        else:
            nn.init.zeros_(parameter)
            if "_ih_" in name:
                # torch orders the gates input, forget, cell, output.
                parameter.data[lstm.hidden_size : 2 * lstm.hidden_size] = 1.0
