"""Feature augmentation on whole batches: frame dropping, time shift, noise."""

from __future__ import annotations

import torch
from torch import Tensor

from vidkind.training.presets import TrainingConfig


def augment(
    features: Tensor, lengths: Tensor, config: TrainingConfig, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Varies each video of a batch on its own.

    A share of its steps between ``min_frame_share`` and 1 is kept, in order; the video is
    shifted by up to ``max_time_shift`` steps, its first or last step repeated at the edge;
    Gaussian noise is added.

    Args:
        features: float32 [B, T, D], zero beyond ``lengths``.
        lengths: int64 [B], valid steps, at least 1.
        config: How strong.
        generator: Source of randomness, on the features' device.

    Returns:
        Features [B, T', D], zero beyond the new lengths, and the new lengths int64 [B].
    """
    kept, new_lengths = _kept_steps(lengths, features.shape[1], config.min_frame_share, generator)
    shift = _integers(
        -config.max_time_shift, config.max_time_shift, lengths.shape, generator, lengths.device
    )
    steps = torch.minimum((kept + shift[:, None]).clamp(min=0), lengths[:, None] - 1)
    rows = torch.arange(len(features), device=features.device)[:, None]
    picked = features[rows, steps]
    noise = torch.empty_like(picked).normal_(generator=generator)
    valid = torch.arange(picked.shape[1], device=lengths.device) < new_lengths[:, None]
    return (picked + config.noise_std * noise) * valid[..., None], new_lengths


def _kept_steps(
    lengths: Tensor, num_steps: int, min_share: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Chooses which steps stay: indices [B, T'], rising in each row, and how many [B]."""
    device = lengths.device
    share = torch.empty(lengths.shape, device=device).uniform_(min_share, 1, generator=generator)
    counts = (share * lengths).round().long().clamp(min=1)
    keys = torch.empty((len(lengths), num_steps), device=device).uniform_(generator=generator)
    position = torch.arange(num_steps, device=device)
    keys = keys.masked_fill(position >= lengths[:, None], 2.0)
    rank = keys.argsort(dim=1).argsort(dim=1)
    # Kept steps sort before dropped ones, both in order of time.
    order = (position + num_steps * (rank >= counts[:, None])).argsort(dim=1)
    return order[:, : int(counts.max())], counts


def _integers(
    low: int, high: int, shape: torch.Size, generator: torch.Generator, device: torch.device
) -> Tensor:
    return torch.randint(low, high + 1, shape, generator=generator, device=device)
