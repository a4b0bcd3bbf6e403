"""Training batches: which pictures, which version, which part of them.

In: a corpus. Out: ``Batch``, a pure function of (seed, step, part): a run that is resumed sees the
same crops as one that never stopped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from vidkind.dataset.degrade import STEPS
from vidkind.distillation.corpus import Corpus
from vidkind.distillation.options import DistillOptions
from vidkind.distillation.student import normalise

# Share of a batch that is frames of clips; the rest is stills.
_CLIP_SHARE = 0.4
# The one degradation that moves the picture: clean and degraded do not lie on each other.
_LETTERBOX = [step.name for step in STEPS].index("letterbox")


@dataclass(frozen=True, eq=False)
class Batch:
    """What one replica gets for one step; B crops.

    Attributes:
        shown: uint8 [B, S, S, 3], whole pictures the student's crops are cut from.
        taught: uint8 [B, S, S, 3], the pictures the teacher's crops are cut from.
        is_cross: float32 [B], 1 where the student sees a degraded picture, the teacher the clean.
        labels: int64 [B].
        has_label: float32 [B], 1 where the label may be used.
        affine: float32 [B, 2, 3], place and size of the crop, flip, small turn.
        gain: float32 [B], contrast factor.
        shift: float32 [B, 3], added to the channels, in units of -1..1 pixels.
    """

    shown: NDArray[np.uint8]
    taught: NDArray[np.uint8]
    is_cross: NDArray[np.float32]
    labels: NDArray[np.int64]
    has_label: NDArray[np.float32]
    affine: NDArray[np.float32]
    gain: NDArray[np.float32]
    shift: NDArray[np.float32]


class BatchMaker:
    """Draws batches: categories and groups of stills alike, groups of clips alike."""

    def __init__(self, corpus: Corpus, options: DistillOptions, *, size: int) -> None:
        """Prepares the draw.

        Args:
            corpus: The pictures.
            options: Shares, crops and seed.
            size: B, crops in a batch.
        """
        self._corpus, self._options, self._size = corpus, options, size
        self._labels = label_indices(corpus)
        self._is_clip = np.array([source.is_clip for source in corpus.sources])
        self._has_label = (~self._is_clip) | options.use_clip_labels
        names = np.array([source.group for source in corpus.sources])
        self._pools = []
        for clips in (False, True):
            rows = np.flatnonzero(self._is_clip == clips)
            balanced = not clips or options.use_clip_labels
            labels, power = (self._labels[rows], 0.5) if balanced else (None, 0.75)
            self._pools.append((rows, np.cumsum(group_weights(names[rows], labels, power))))

    def __call__(self, step: int, part: int) -> Batch:
        """The batch of one replica (``part``) at one step."""
        options = self._options
        rng = np.random.default_rng([options.seed, step, part])
        rows = self._draw_rows(rng)
        count, side = len(rows), self._corpus.options.picture_size
        shown = np.empty((count, side, side, 3), np.uint8)
        taught, is_cross = np.empty_like(shown), np.zeros(count, np.float32)
        for j, row in enumerate(rows):
            number = rng.integers(len(self._corpus.rounds))
            drawn = self._corpus.rounds[number]
            clean = rng.random() < options.clean_share
            version = 0 if clean else int(rng.integers(1, drawn.pictures.shape[1]))
            shown[j] = taught[j] = drawn.pictures[row, version]
            may_cross = version and not drawn.applied[row, version, _LETTERBOX]
            if may_cross and step >= options.forced_steps and rng.random() < options.cross_share:
                taught[j], is_cross[j] = drawn.pictures[row, 0], 1
        return Batch(
            shown=shown,
            taught=taught,
            is_cross=is_cross,
            labels=self._labels[rows],
            has_label=self._has_label[rows].astype(np.float32),
            affine=_affine(rng, count, options.zoom),
            gain=rng.uniform(0.85, 1.15, count).astype(np.float32),
            shift=rng.uniform(-0.12, 0.12, (count, 3)).astype(np.float32),
        )

    def _draw_rows(self, rng: Generator) -> NDArray[np.int64]:
        clips = int(self._size * _CLIP_SHARE) if len(self._pools[1][0]) else 0
        drawn = []
        for (rows, cumulative), count in zip(self._pools, (self._size - clips, clips), strict=True):
            if count:
                picks = np.searchsorted(cumulative, rng.random(count))
                drawn.append(rows[np.minimum(picks, len(rows) - 1)])
        return np.concatenate(drawn)


def crops(batch: Batch, options: DistillOptions, device: torch.device) -> tuple[Tensor, Tensor]:
    """What student and teacher see: float32 [B, 3, S, S] in -1..1, each at its own size."""
    shown = _cut(batch.shown, batch, options.crop_size, device)
    return shown, _cut(batch.taught, batch, options.teacher_crop_size, device)


def _cut(pictures: NDArray[np.uint8], batch: Batch, size: int, device: torch.device) -> Tensor:
    x = normalise(torch.from_numpy(pictures).to(device))
    affine = torch.from_numpy(batch.affine).to(device)
    grid = F.affine_grid(affine, [len(x), 3, size, size], align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    x = x * torch.from_numpy(batch.gain).to(device).view(-1, 1, 1, 1)
    return (x + torch.from_numpy(batch.shift).to(device).view(-1, 3, 1, 1)).clamp(-1, 1)


def _affine(rng: Generator, count: int, zoom: tuple[float, float]) -> NDArray[np.float32]:
    scale, flip = rng.uniform(*zoom, count), np.where(rng.random(count) < 0.5, -1, 1)
    stretch = np.exp(rng.uniform(-0.15, 0.15, count)) ** 0.5
    angle = rng.normal(0, 0.03, count)
    across, down = scale * stretch, scale / stretch
    matrix = np.zeros((count, 2, 3), np.float32)
    matrix[:, 0, 0], matrix[:, 0, 1] = across * flip * np.cos(angle), -down * np.sin(angle)
    matrix[:, 1, 0], matrix[:, 1, 1] = across * flip * np.sin(angle), down * np.cos(angle)
    matrix[:, 0, 2] = rng.uniform(-1, 1, count) * np.maximum(0, 1 - across)
    matrix[:, 1, 2] = rng.uniform(-1, 1, count) * np.maximum(0, 1 - down)
    return matrix


def label_indices(corpus: Corpus) -> NDArray[np.int64]:
    """int64 [N], index of each source's category."""
    return np.array([corpus.categories.index(source.label) for source in corpus.sources])


def group_weights(
    groups: NDArray[np.str_], labels: NDArray[np.int64] | None = None, power: float = 0.5
) -> NDArray[np.float64]:
    """Weights that add up to 1: a group of n counts n^(1 - power); categories count alike."""
    _, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    weights = counts[inverse] ** -power
    if labels is not None:
        for label in np.unique(labels):
            weights[labels == label] /= weights[labels == label].sum()
    return np.asarray(weights / weights.sum())
