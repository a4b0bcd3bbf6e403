"""Training batches: which pictures, which version, and light augmentation while training.

In: corpus and targets. Out: ``Batch``, a pure function of (seed, step, part): a run that is
resumed sees the same pictures as one that never stopped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from vidkind.distillation.corpus import Corpus
from vidkind.distillation.targets import (
    Targets,
    group_weights,
    label_indices,
    still_groups,
)

# Share of a batch that is frames of clips; the rest is stills.
_CLIP_SHARE = 0.4
# Share of pictures shown clean.
_CLEAN_SHARE = 0.3
# Where the teacher was asked about a degraded picture, how much its answer to the clean one
# counts. It is the whole target elsewhere: features should not change under degradation.
_CLEAN_WEIGHT = 0.6
_MIX_SHARE, _MIX_ALPHA = 0.4, 0.6


@dataclass(frozen=True, eq=False)
class Batch:
    """What one replica gets for one step; B pictures.

    Attributes:
        pictures: uint8 [B, S, S, 3].
        components: float32 [B, P], regression targets.
        logits: float32 [B, K], of the teacher's probe.
        labels: int64 [B].
        groups: int64 [B], -1 for frames of clips.
        has_label: float32 [B], 1 where the label may be used.
        affine: float32 [B, 2, 3], flip, zoom, aspect, small turn and shift.
        mix: float32 [B], share of the picture itself; the rest is its partner's.
        partner: int64 [B], whom it is mixed with (Zhang et al., 2018).
        gain: float32 [B], contrast factor.
        shift: float32 [B, 3], added to the channels, in units of -1..1 pixels.
    """

    pictures: NDArray[np.uint8]
    components: NDArray[np.float32]
    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    has_label: NDArray[np.float32]
    affine: NDArray[np.float32]
    mix: NDArray[np.float32]
    partner: NDArray[np.int64]
    gain: NDArray[np.float32]
    shift: NDArray[np.float32]


class BatchMaker:
    """Draws batches: categories and groups of stills alike, groups of clips alike."""

    def __init__(
        self, corpus: Corpus, targets: Targets, *, size: int, seed: int, use_clip_labels: bool
    ) -> None:
        self._corpus, self._size, self._seed = corpus, size, seed
        features = [np.asarray(r.teacher, np.float32) for r in corpus.rounds]
        self._components = [targets.components(f) for f in features]
        self._logits = [targets.logits(f) for f in features]
        self._labels, self._groups = label_indices(corpus), still_groups(corpus.sources)
        self._is_clip = np.array([source.is_clip for source in corpus.sources])
        self._has_label = (~self._is_clip) | use_clip_labels
        names = np.array([source.group for source in corpus.sources])
        self._pools = []
        for rows in (np.flatnonzero(~self._is_clip), np.flatnonzero(self._is_clip)):
            clips = len(rows) > 0 and bool(self._is_clip[rows[0]])
            labels = None if clips and not use_clip_labels else self._labels[rows]
            power = 0.75 if labels is None else 0.5
            self._pools.append((rows, np.cumsum(group_weights(names[rows], labels, power))))

    def __call__(self, step: int, part: int) -> Batch:
        """The batch of one replica (``part``) at one step."""
        rng = np.random.default_rng([self._seed, step, part])
        rows = self._draw_rows(rng)
        count, size = len(rows), self._corpus.options.picture_size
        pictures = np.empty((count, size, size, 3), np.uint8)
        components = np.empty((count, self._components[0].shape[-1]), np.float32)
        logits = np.empty((count, self._logits[0].shape[-1]), np.float32)
        for j, row in enumerate(rows):
            number = rng.integers(len(self._corpus.rounds))
            versions = self._corpus.rounds[number].pictures
            version = 0 if rng.random() < _CLEAN_SHARE else int(rng.integers(1, versions.shape[1]))
            pictures[j] = versions[row, version]
            components[j] = _target(self._components[number][row], version)
            logits[j] = _target(self._logits[number][row], version)
        return Batch(
            pictures=pictures,
            components=components,
            logits=logits,
            labels=self._labels[rows],
            groups=self._groups[rows],
            has_label=self._has_label[rows].astype(np.float32),
            affine=_affine(rng, count),
            mix=np.where(
                rng.random(count) < _MIX_SHARE, rng.beta(_MIX_ALPHA, _MIX_ALPHA, count), 1.0
            ).astype(np.float32),
            partner=rng.permutation(count),
            gain=rng.uniform(0.9, 1.1, count).astype(np.float32),
            shift=rng.uniform(-0.08, 0.08, (count, 3)).astype(np.float32),
        )

    def _draw_rows(self, rng: Generator) -> NDArray[np.int64]:
        clips = int(self._size * _CLIP_SHARE) if len(self._pools[1][0]) else 0
        drawn = []
        for (rows, cumulative), count in zip(self._pools, (self._size - clips, clips), strict=True):
            if count:
                picks = np.searchsorted(cumulative, rng.random(count))
                drawn.append(rows[np.minimum(picks, len(rows) - 1)])
        return np.concatenate(drawn)


def _target(values: NDArray[np.float32], version: int) -> NDArray[np.float32]:
    """The target of one version from what the teacher said about the first U: [U, P] -> [P]."""
    if version == 0 or len(values) <= version:
        return np.asarray(values[0])
    return np.asarray(_CLEAN_WEIGHT * values[0] + (1 - _CLEAN_WEIGHT) * values[version])


def _affine(rng: Generator, count: int) -> NDArray[np.float32]:
    zoom, flip = rng.uniform(0.78, 1.0, count), np.where(rng.random(count) < 0.5, -1, 1)
    stretch = np.exp(rng.uniform(-0.1, 0.1, count)) ** 0.5
    angle = rng.normal(0, 0.04, count)
    across, down = zoom * stretch, zoom / stretch
    matrix = np.zeros((count, 2, 3), np.float32)
    matrix[:, 0, 0], matrix[:, 0, 1] = across * flip * np.cos(angle), -down * np.sin(angle)
    matrix[:, 1, 0], matrix[:, 1, 1] = across * flip * np.sin(angle), down * np.cos(angle)
    matrix[:, 0, 2] = rng.uniform(-1, 1, count) * np.maximum(0, 1 - across)
    matrix[:, 1, 2] = rng.uniform(-1, 1, count) * np.maximum(0, 1 - down)
    return matrix


def normalise(pictures: Tensor) -> Tensor:
    """uint8 [B, H, W, 3] in 0..255 -> float32 [B, 3, H, W] in -1..1."""
    return pictures.permute(0, 3, 1, 2).float() * (2 / 255) - 1


def augmented(batch: Batch, size: int, device: torch.device) -> Tensor:
    """The pictures as the student sees them: float32 [B, 3, size, size], about -1..1."""
    x = normalise(torch.from_numpy(batch.pictures).to(device))
    margin = int(size * 1.1)
    if margin < 0.94 * x.shape[-1]:  # scaled down with an antialiasing filter first
        x = F.interpolate(
            x, size=(margin, margin), mode="bilinear", antialias=True, align_corners=False
        )
    affine = torch.from_numpy(batch.affine).to(device)
    grid = F.affine_grid(affine, [len(x), 3, size, size], align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    x = x * torch.from_numpy(batch.gain).to(device).view(-1, 1, 1, 1)
    x = x + torch.from_numpy(batch.shift).to(device).view(-1, 3, 1, 1)
    return mixed(x, batch).contiguous(memory_format=torch.channels_last)


def mixed(values: Tensor, batch: Batch) -> Tensor:
    """Each row mixed with its partner's: [B, ...] -> the same."""
    share = torch.from_numpy(batch.mix).to(values.device)
    share = share.view(-1, *(1,) * (values.ndim - 1))
    partner = torch.from_numpy(batch.partner).to(values.device)
    return share * values + (1 - share) * values[partner]
