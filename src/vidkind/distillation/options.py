"""Options of corpus, student and training; each default written once, here. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vidkind.errors import ConfigError

_LAST_RATE = 0.02


@dataclass(frozen=True, kw_only=True)
class CorpusOptions:
    """How the corpus is rendered.

    Attributes:
        picture_size: Side S of the stored square pictures, pixels: the student's working size.
        frames_per_clip: Frames taken from each training clip in each round.
        degraded_per_round: Degraded versions of each source, one number a round. The first round
            shows whole pictures and asks the teacher about clean and degraded ones; later rounds
            crop, and ask about the clean picture only.
        whole_share: Share of sources shown whole in the later rounds.
        short_side: Range of the short side, pixels, that pictures are scaled to before they
            are degraded.
        seed: Seed of everything random.
    """

    picture_size: int = 192
    frames_per_clip: int = 8
    degraded_per_round: tuple[int, ...] = (1, 2)
    whole_share: float = 0.35
    short_side: tuple[int, int] = (144, 320)
    seed: int = 20

    def __post_init__(self) -> None:
        if not self.degraded_per_round or min(self.degraded_per_round) < 1:
            raise ConfigError(
                f"degraded_per_round is {self.degraded_per_round}; expected numbers >= 1"
            )
        if self.picture_size < 32 or self.frames_per_clip < 1:
            raise ConfigError(
                f"picture_size is {self.picture_size} and frames_per_clip "
                f"{self.frames_per_clip}; expected at least 32 and 1"
            )


@dataclass(frozen=True, kw_only=True)
class StudentOptions:
    """Shape of the network.

    Attributes:
        widths: Channels of the stages; each stage halves height and width.
        depths: Bottleneck blocks of each stage.
        stem_width: Channels after the first convolution.
        feature_dim: D, length of a feature vector.
    """

    widths: tuple[int, ...] = (32, 64, 160, 320)
    depths: tuple[int, ...] = (1, 2, 5, 2)
    stem_width: int = 16
    feature_dim: int = 256

    def __post_init__(self) -> None:
        if len(self.widths) != len(self.depths) or len(self.widths) < 2:
            raise ConfigError(
                f"widths is {self.widths} and depths {self.depths}; expected one of each a "
                "stage, two stages or more"
            )


@dataclass(frozen=True, kw_only=True)
class DistillOptions:
    """How the student is trained.

    Attributes:
        steps: Optimiser steps.
        batch_size: Pictures a step, over all replicas.
        lr: Highest learning rate of AdamW.
        weight_decay: On weight matrices and kernels only.
        warmup_steps: Steps of linear warm-up, before a cosine to 2 %.
        ema: Decay of the averaged weights.
        sizes: Sides of the pictures, pixels: small ones first, the working size last.
        size_shares: Shares of the run after which the next size begins
            (progressive resizing, Tan and Le, 2021, section 4).
        use_clip_labels: Train on the labels of clips too. Figures of a temporal model that is
            cross-validated over the same clips are then optimistic.
        probe_every: Steps between two checkpoints and measurements.
        threads: Replicas on a CPU.
        seed: Seed of start weights, batches and augmentation.
    """

    steps: int = 3700
    batch_size: int = 64
    lr: float = 2e-3
    weight_decay: float = 0.05
    warmup_steps: int = 300
    ema: float = 0.998
    sizes: tuple[int, ...] = (96, 128, 160)
    size_shares: tuple[float, ...] = (0.325, 0.84)
    use_clip_labels: bool = False
    probe_every: int = 600
    threads: int = 2
    seed: int = 7

    def __post_init__(self) -> None:
        if self.steps < 1 or self.threads < 1 or self.batch_size < 4 * self.threads:
            raise ConfigError(
                f"steps is {self.steps}, threads {self.threads}, batch_size {self.batch_size}; "
                "expected at least 1, 1 and 4 pictures a thread"
            )
        if len(self.size_shares) != len(self.sizes) - 1:
            raise ConfigError(
                f"size_shares is {self.size_shares}; expected one share between every two of "
                f"the sizes {self.sizes}"
            )

    def size_at(self, step: int) -> int:
        """Side of the pictures at a step, pixels."""
        return self.sizes[sum(step / self.steps >= share for share in self.size_shares)]

    def lr_at(self, step: int) -> float:
        """Learning rate at a step."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / self.steps)))
        warm = min(1.0, (step + 1) / self.warmup_steps)
        return self.lr * warm * (_LAST_RATE + (1 - _LAST_RATE) * cosine)
