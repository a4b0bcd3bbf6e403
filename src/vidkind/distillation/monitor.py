"""How good the features are, measured while training: a linear probe over whole clips.

In: clips with splits, a student. Out: accuracy per source of a logistic regression fitted on the
``train`` clips and tested on the ``val`` clips, beside the same with the teacher's features.
Validation clips are looked at here only; nothing is trained on them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.nn import functional as F

from vidkind.config import SamplingOptions
from vidkind.distillation.student import layout, normalise
from vidkind.features import Backbone
from vidkind.files import atomic_path
from vidkind.records import VideoItem
from vidkind.video import sample_frames

logger = logging.getLogger(__name__)

_STRENGTHS = (0.001, 0.003, 0.01)
_BATCH = 64


@dataclass(frozen=True, eq=False)
class Monitor:
    """Frames of labelled clips and the teacher's features of them.

    Attributes:
        frames: uint8 [N, T, S, S, 3].
        teacher: float32 [N, T, D].
        labels: str [N].
        sources: str [N], the recording each clip was cut from; a recording counts once.
        is_train: bool [N], fitted on; the others are tested on.
    """

    frames: NDArray[np.uint8]
    teacher: NDArray[np.float32]
    labels: NDArray[np.str_]
    sources: NDArray[np.str_]
    is_train: NDArray[np.bool_]

    def teacher_accuracy(self) -> float:
        """Percent of the ``val`` sources that a probe on the teacher's features gets right."""
        return self._accuracy(self.teacher)

    def student_accuracy(self, student: nn.Module, size: int, device: torch.device) -> float:
        """Percent of the ``val`` sources that a probe on the student's features gets right.

        Args:
            student: The network, in evaluation mode.
            size: Side of the pictures it is shown, pixels.
            device: Where it lies.
        """
        flat = self.frames.reshape(-1, *self.frames.shape[2:])
        parts = []
        with torch.inference_mode(), torch.autocast(device.type, dtype=torch.bfloat16):
            for i in range(0, len(flat), _BATCH):
                x = normalise(torch.from_numpy(flat[i : i + _BATCH]).to(device))
                if x.shape[-1] != size:
                    x = F.interpolate(x, size=(size, size), mode="bilinear", antialias=True)
                x = x.contiguous(memory_format=layout(device))
                parts.append(student(x).float().cpu().numpy())
        return self._accuracy(np.concatenate(parts).reshape(*self.frames.shape[:2], -1))

    def _accuracy(self, features: NDArray[np.float32]) -> float:
        """Best over a few regularisation strengths, which is optimistic for both alike."""
        x, train = clip_statistics(features), self.is_train
        x = (x - x[train].mean(0)) / (x[train].std(0) + 1e-6)
        _, inverse, counts = np.unique(self.sources, return_inverse=True, return_counts=True)
        weights = 1 / counts[inverse]
        found = []
        for strength in _STRENGTHS:
            probe = LogisticRegression(C=strength, max_iter=300, class_weight="balanced")
            probe.fit(x[train], self.labels[train], sample_weight=weights[train])
            right = probe.predict(x[~train]) == self.labels[~train]
            found.append(100 * float(np.average(right, weights=weights[~train])))
        return max(found)


def clip_statistics(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean, deviation and mean absolute step over time: [N, T, D] -> [N, 3 D]."""
    step = np.abs(np.diff(features, axis=1)).mean(1)
    return np.concatenate([features.mean(1), features.std(1), step], axis=1)


def build_monitor(
    clips: Sequence[VideoItem],
    teacher: Backbone,
    cache: Path,
    *,
    size: int,
    num_frames: int,
    progress: Callable[[int], None] = lambda count: None,
) -> Monitor | None:
    """Reads the frames once and keeps them in ``cache``.

    Args:
        clips: Labelled clips with splits.
        teacher: Whose features are the measure.
        cache: ``.npz`` file; one made from other clips, frames or another teacher is made anew.
        size: Side of the pictures kept, pixels.
        num_frames: Frames a clip, T.
        progress: Called with the number of clips just read.

    Returns:
        The monitor, or None where there are no clips in ``train`` or none in ``val``.

    Raises:
        VideoError: A clip cannot be decoded.
    """
    used = [clip for clip in clips if clip.split in ("train", "val")]
    is_train = np.array([clip.split == "train" for clip in used], bool)
    if not is_train.any() or is_train.all():
        return None
    made_from = _made_from(used, teacher, size, num_frames)
    if not _is_made_from(cache, made_from):
        frames, answers = [], []
        for clip in used:
            frames.append(_frames(clip, size, size, num_frames))
            spec = teacher.card.input
            answers.append(teacher.embed(_frames(clip, spec.height, spec.width, num_frames)))
            progress(1)
        with atomic_path(cache) as temporary, temporary.open("wb") as file:
            np.savez(file, frames=np.stack(frames), teacher=np.stack(answers), made_from=made_from)
    with np.load(cache) as arrays:
        return Monitor(
            frames=arrays["frames"],
            teacher=arrays["teacher"],
            labels=np.array([clip.label for clip in used]),
            sources=np.array([clip.source_id for clip in used]),
            is_train=is_train,
        )


def _made_from(clips: Sequence[VideoItem], teacher: Backbone, size: int, num_frames: int) -> str:
    """What decides the arrays of a cache, as JSON."""
    return json.dumps(
        {
            "clips": [[clip.key, clip.label, clip.split, clip.source_id] for clip in clips],
            "teacher": teacher.card.sha256,
            "size": size,
            "num_frames": num_frames,
        }
    )


def _is_made_from(cache: Path, made_from: str) -> bool:
    if not cache.is_file():
        return False
    with np.load(cache) as arrays:
        same = "made_from" in arrays and str(arrays["made_from"]) == made_from
    if not same:
        logger.info("%s was made from other clips or another teacher: it is made anew", cache)
    return same


def _frames(clip: VideoItem, height: int, width: int, num_frames: int) -> NDArray[np.uint8]:
    options = SamplingOptions.untouched(num_frames)
    return sample_frames(clip.path, height=height, width=width, options=options).frames
