"""Feature augmentation on whole batches: sparse reading, frame dropping, time shift, noise."""

from __future__ import annotations

import torch
from torch import Tensor

from vidkind.training.presets import TrainingConfig


def augment(
    features: Tensor, lengths: Tensor, config: TrainingConfig, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Varies each video of a batch on its own.

    Either one random step is read from each of a random number of segments
    (``sample_segments``), or a share of the steps between ``min_frame_share`` and 1 is kept, in
    order. Then the video is shifted by up to ``max_time_shift`` steps, its first or last step
    repeated at the edge, and Gaussian noise is added.

    Args:
        features: float32 [B, T, D], zero beyond ``lengths``.
        lengths: int64 [B], valid steps, at least 1.
        config: How strong.
        generator: Source of randomness, on the features' device.

    Returns:
        Features [B, T', D], zero beyond the new lengths, and the new lengths int64 [B].
    """
    if config.min_segments is None:
        share = config.min_frame_share
        kept, new_lengths = _kept_steps(lengths, features.shape[1], share, generator)
    else:
        kept, new_lengths = sample_segments(lengths, config.min_segments, generator)
    shift = _integers(
        -config.max_time_shift, config.max_time_shift, lengths.shape, generator, lengths.device
    )
    steps = torch.minimum((kept + shift[:, None]).clamp(min=0), lengths[:, None] - 1)
    rows = torch.arange(len(features), device=features.device)[:, None]
    picked = features[rows, steps]
    noise = torch.empty_like(picked).normal_(generator=generator)
    valid = torch.arange(picked.shape[1], device=lengths.device) < new_lengths[:, None]
    # In place: the memory of every further batch-sized array costs more than filling it.
    return noise.mul_(config.noise_std).add_(picked).mul_(valid[..., None]), new_lengths


def sample_segments(
    lengths: Tensor, min_segments: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Chooses one random step from each of a random number of equal segments of each video.

    Sparse sampling of Wang et al., "Temporal Segment Networks" (ECCV 2016), section 3.1, with
    the number of segments drawn too, evenly in its logarithm. Few far-apart steps are what a long
    video and a quick look at a short one have in common.

    Args:
        lengths: int64 [B], valid steps, at least 1.
        min_segments: Least number of segments; shorter videos are read whole.
        generator: Source of randomness, on the lengths' device.

    Returns:
        Indices int64 [B, S], rising in each row, and how many of a row count, int64 [B].
    """
    device = lengths.device
    most = lengths.to(torch.float32)
    least = most.clamp(max=min_segments)
    share = torch.empty(lengths.shape, device=device).uniform_(generator=generator)
    counts = (least * (most / least) ** share).round().long()
    segment = torch.arange(int(counts.max()), device=device)
    inside = torch.empty((len(lengths), len(segment)), device=device).uniform_(generator=generator)
    position = ((segment + inside) / counts[:, None] * lengths[:, None]).long()
    return torch.minimum(position, lengths[:, None] - 1), counts


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
