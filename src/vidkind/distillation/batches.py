"""Training batches: which pictures, which version, which part of them.

In: a corpus. Out: ``Batch``, a pure function of (seed, step, part): a run that is resumed sees the
same crops as one that never stopped.
"""

from __future__ import annotations

from collections.abc import Callable
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
_COPIED_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Batch:
    """What one replica gets for one step; B crops.

    Attributes:
        shown: uint8 [B, S, S, 3], whole pictures the student's crops are cut from, on the CPU or
            where the corpus lies.
        taught: uint8 [B, S, S, 3], the pictures the teacher's crops are cut from.
        is_cross: float32 [B], 1 where the student sees a degraded picture, the teacher the clean.
        labels: int64 [B].
        has_label: float32 [B], 1 where the label may be used.
        affine: float32 [B, 2, 3], place and size of the crop, flip, small turn.
        gain: float32 [B], contrast factor.
        shift: float32 [B, 3], added to the channels, in units of -1..1 pixels.
    """

    shown: Tensor
    taught: Tensor
    is_cross: NDArray[np.float32]
    labels: NDArray[np.int64]
    has_label: NDArray[np.float32]
    affine: NDArray[np.float32]
    gain: NDArray[np.float32]
    shift: NDArray[np.float32]


# Which pictures: round, source and version of each, int64 [B] -> uint8 [B, S, S, 3].
Pick = Callable[[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]], Tensor]


class BatchMaker:
    """Draws batches: categories and groups of stills alike, groups of clips alike.

    Attributes:
        size: B, crops in a batch.
    """

    def __init__(
        self,
        corpus: Corpus,
        options: DistillOptions,
        *,
        size: int,
        device: torch.device = torch.device("cpu"),  # noqa: B008 (immutable)
    ) -> None:
        """Prepares the draw.

        Args:
            corpus: The pictures.
            options: Shares, crops and seed.
            size: B, crops in a batch.
            device: A GPU takes the whole corpus into its memory; on a CPU it stays on disk.
        """
        self._corpus, self._options, self.size = corpus, options, size
        self._pick = from_disk(corpus) if device.type == "cpu" else from_memory(corpus, device)
        self._versions = corpus.num_versions
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
        count = len(rows)
        rounds = rng.integers(len(self._versions), size=count)
        versions = 1 + rng.integers(self._versions[rounds] - 1)
        versions[rng.random(count) < options.clean_share] = 0
        letterboxed = self._letterboxed(rounds, rows, versions)
        crossed = (versions > 0) & ~letterboxed & (rng.random(count) < options.cross_share)
        if step < options.forced_steps:
            crossed[:] = False
        return Batch(
            shown=self._pick(rounds, rows, versions),
            taught=self._pick(rounds, rows, np.where(crossed, 0, versions)),
            is_cross=crossed.astype(np.float32),
            labels=self._labels[rows],
            has_label=self._has_label[rows].astype(np.float32),
            affine=_affine(rng, count, options.zoom),
            gain=rng.uniform(0.85, 1.15, count).astype(np.float32),
            shift=rng.uniform(-0.12, 0.12, (count, 3)).astype(np.float32),
        )

    def _letterboxed(
        self, rounds: NDArray[np.int64], rows: NDArray[np.int64], versions: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        drawn = self._corpus.rounds
        places = zip(rounds, rows, versions, strict=True)
        return np.array([bool(drawn[k].applied[i, v, _LETTERBOX]) for k, i, v in places])

    def _draw_rows(self, rng: Generator) -> NDArray[np.int64]:
        clips = int(self.size * _CLIP_SHARE) if len(self._pools[1][0]) else 0
        drawn = []
        for (rows, cumulative), count in zip(self._pools, (self.size - clips, clips), strict=True):
            if count:
                picks = np.searchsorted(cumulative, rng.random(count))
                drawn.append(rows[np.minimum(picks, len(rows) - 1)])
        return np.concatenate(drawn)


def from_disk(corpus: Corpus) -> Pick:
    """Reads each picture when it is asked for."""

    def pick(
        rounds: NDArray[np.int64], rows: NDArray[np.int64], versions: NDArray[np.int64]
    ) -> Tensor:
        places = zip(rounds, rows, versions, strict=True)
        return torch.from_numpy(np.stack([corpus.rounds[k].pictures[i, v] for k, i, v in places]))

    return pick


def from_memory(corpus: Corpus, device: torch.device) -> Pick:
    """Keeps every picture on a device: S * S * 3 bytes each."""
    side = corpus.options.picture_size
    every = [drawn.pictures.reshape(-1, side, side, 3) for drawn in corpus.rounds]
    first = np.cumsum([0, *(len(pictures) for pictures in every)])
    held = torch.empty((int(first[-1]), side, side, 3), dtype=torch.uint8, device=device)
    for start, pictures in zip(first, every, strict=False):
        for i in range(0, len(pictures), _COPIED_AT_ONCE):
            part = torch.from_numpy(np.array(pictures[i : i + _COPIED_AT_ONCE]))
            held[start + i : start + i + len(part)] = part.to(device)
    num_versions = corpus.num_versions

    def pick(
        rounds: NDArray[np.int64], rows: NDArray[np.int64], versions: NDArray[np.int64]
    ) -> Tensor:
        places = first[rounds] + rows * num_versions[rounds] + versions
        return held[torch.from_numpy(places).to(device)]

    return pick


def crops(batch: Batch, options: DistillOptions, device: torch.device) -> tuple[Tensor, Tensor]:
    """What student and teacher see: float32 [B, 3, S, S] in -1..1, each at its own size."""
    shown = _cut(batch.shown, batch, options.crop_size, device)
    return shown, _cut(batch.taught, batch, options.teacher_crop_size, device)


def _cut(pictures: Tensor, batch: Batch, size: int, device: torch.device) -> Tensor:
    x = normalise(pictures.to(device))
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
