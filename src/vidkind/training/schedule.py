"""Learning rate by epoch: linear warm-up, then cosine annealing with warm restarts."""

from __future__ import annotations

import math

from torch.optim import Optimizer

from vidkind.training.presets import TrainingConfig


def learning_rate_at(epoch: int, config: TrainingConfig) -> float:
    """Rate for one whole epoch.

    Loshchilov and Hutter, "SGDR" (ICLR 2017), equation 5, with the same values as torch's
    ``CosineAnnealingWarmRestarts`` stepped once an epoch. A function of the epoch alone, so
    that a resumed run cannot drift from an undisturbed one.

    Args:
        epoch: 0 for the first epoch.
        config: Peak rate, cycles and warm-up.
    """
    start, length = 0, config.restart_epochs
    while epoch >= start + length:
        start, length = start + length, length * config.restart_factor
    height = (1 + math.cos(math.pi * (epoch - start) / length)) / 2
    floor = config.min_learning_rate
    rate = floor + (config.learning_rate - floor) * height
    return rate * min(1.0, (epoch + 1) / (config.warmup_epochs + 1))


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    """Gives every parameter group of an optimiser the same rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate
