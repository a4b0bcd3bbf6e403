"""Options of corpus, student and training; each default written once, here. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vidkind.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class CorpusOptions:
    """How the corpus is rendered.

    Attributes:
        picture_size: Side of the stored square pictures, pixels.
        frames_per_clip: Frames taken from each training clip in each round.
        degraded_per_round: Degraded versions of each source, one number a round. The first round
            shows whole pictures, later ones crop.
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
    """Shape of the network: one block for each of the teacher's, and its map.

    Attributes:
        stem_width: Channels after the first convolution, which has stride 2.
        channels: Channels of the map each block ends in: those of the teacher's maps.
        strides: Stride of each block.
        hidden: Channels inside each block.
        kernels: Side of the convolution of each block.
        num_fused: How many blocks at the start are fused (one dense convolution instead of
            1 x 1 and depthwise).
        pooled_dim: Length of the pooled feature: that of the teacher's.
    """

    stem_width: int
    channels: tuple[int, ...]
    strides: tuple[int, ...]
    hidden: tuple[int, ...]
    kernels: tuple[int, ...]
    num_fused: int = 1
    pooled_dim: int = 1280

    def __post_init__(self) -> None:
        each = (self.channels, self.strides, self.hidden, self.kernels)
        if len({len(values) for values in each}) != 1 or not self.channels:
            raise ConfigError(
                f"channels is {self.channels}, strides {self.strides}, hidden {self.hidden}, "
                f"kernels {self.kernels}; expected one of each a block"
            )

    @property
    def has_shortcut(self) -> tuple[bool, ...]:
        """Which blocks add their input to their output: those that keep size and channels."""
        before = (self.stem_width, *self.channels)
        return tuple(
            stride == 1 and inputs == outputs
            for inputs, outputs, stride in zip(before, self.channels, self.strides, strict=False)
        )


@dataclass(frozen=True, kw_only=True)
class DistillOptions:
    """How the student is trained.

    Attributes:
        steps: Optimiser steps in all.
        forced_steps: Steps at the start in which each block is fed the teacher's map.
        batch_size: Crops a step, over all replicas.
        crop_size: Side of the crops that the student sees, pixels.
        teacher_crop_size: Side of the same crops as the teacher sees them, pixels. More than the
            student's teaches it what the teacher finds in a larger picture.
        zoom: Range of the share of the stored picture's side that a crop spans.
        working_size: Side of the whole frames the finished backbone takes, pixels.
        lr: Highest learning rate of AdamW.
        weight_decay: On weight matrices and kernels only.
        warmup_steps: Steps of linear warm-up of either phase.
        ema: Decay of the averaged weights.
        clean_share: Share of crops shown clean.
        cross_share: Share of degraded crops for which the teacher sees the clean one.
        label_weight: Weight of the category loss after the forced steps.
        use_clip_labels: Train on the labels of clips too. Figures of a temporal model that is
            cross-validated over the same clips are then optimistic.
        feature_dim: D, directions kept of the pooled feature.
        probe_every: Steps between two measurements.
        threads: Replicas on a CPU.
        seed: Seed of start weights, batches and augmentation.
    """

    steps: int = 7000
    forced_steps: int = 2000
    batch_size: int = 32
    crop_size: int = 128
    teacher_crop_size: int = 128
    zoom: tuple[float, float] = (0.45, 0.75)
    working_size: int = 224
    lr: float = 3e-3
    weight_decay: float = 0.02
    warmup_steps: int = 100
    ema: float = 0.999
    clean_share: float = 0.35
    cross_share: float = 0.4
    label_weight: float = 0.25
    use_clip_labels: bool = False
    feature_dim: int = 256
    probe_every: int = 1500
    threads: int = 2
    seed: int = 7

    def __post_init__(self) -> None:
        if self.steps < 1 or self.threads < 1 or self.batch_size < 4 * self.threads:
            raise ConfigError(
                f"steps is {self.steps}, threads {self.threads}, batch_size {self.batch_size}; "
                "expected at least 1, 1 and 4 crops a thread"
            )
        if min(self.crop_size, self.teacher_crop_size) < 32:
            raise ConfigError(
                f"crop_size is {self.crop_size}, teacher_crop_size {self.teacher_crop_size}; "
                "expected at least 32 pixels"
            )
        if not 0 < self.zoom[0] <= self.zoom[1] <= 1:
            raise ConfigError(
                f"zoom is {self.zoom}; expected two shares above 0, at most 1, rising"
            )
        if not 0 <= self.forced_steps <= self.steps:
            raise ConfigError(
                f"forced_steps is {self.forced_steps}; expected 0 to steps, which is {self.steps}"
            )
        if not 0 < self.lr < math.inf or self.seed < 0:
            raise ConfigError(
                f"lr is {self.lr}, seed {self.seed}; expected a rate above 0 and a whole number of "
                "0 or more"
            )

    def lr_at(self, step: int) -> float:
        """Learning rate: linear to a tenth while forced, then a cosine from one half to zero."""
        if step < self.forced_steps:
            warm = min(1.0, (step + 1) / self.warmup_steps)
            return self.lr * warm * (1 - 0.9 * step / self.forced_steps)
        done = (step - self.forced_steps) / max(1, self.steps - self.forced_steps)
        warm = min(1.0, (step - self.forced_steps + 1) / self.warmup_steps)
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
        return self.lr * 0.5 * max(0.1, warm) * (0.005 + 0.995 * cosine)
