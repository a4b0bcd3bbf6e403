"""Confirms candidates with the features of a backbone: pictures that hash alike by chance go."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidkind.config import SamplingOptions
from vidkind.doctor.hashes import View, cropped
from vidkind.doctor.matches import Candidate, best_over_time
from vidkind.errors import VideoError
from vidkind.features import Backbone
from vidkind.parallel import default_workers
from vidkind.video import sample_frames

logger = logging.getLogger(__name__)

# Copies at the same moments have cosines from 0.83 up. Unrelated clips whose hashes agree mostly
# stay below 0.7; terminals reach 0.93, but hash apart.
COSINE_THRESHOLD = 0.7
# The less the hashes agree, the more the features have to: the sum reaches 1.33 for two unrelated
# terminals, and starts at 1.67 for copies cropped by a tenth on every side.
JOINT_THRESHOLD = 1.4


@dataclass(frozen=True)
class _Picture:
    """What is embedded of a file: a view of it, mirrored or not."""

    index: int
    view: View
    mirrored: bool


def confirmed(
    candidates: Sequence[Candidate],
    paths: Sequence[str],
    backbone: Backbone,
    *,
    num_frames: int,
    workers: int | None = None,
) -> list[tuple[Candidate, float]]:
    """Those candidates whose features agree too, with their mean cosine.

    A file that can no longer be decoded since it was scanned has no copies, which is said.

    Args:
        candidates: Pairs of indices into ``paths``.
        paths: The files.
        backbone: What embeds the frames. Each file is decoded once, each view embedded once.
        num_frames: Frames per file, as they were hashed.
        workers: Files decoded at once; None chooses by the number of cores.
    """
    wanted: dict[int, set[_Picture]] = {}
    for candidate in candidates:
        for picture in _pictures(candidate):
            wanted.setdefault(picture.index, set()).add(picture)

    def embed(index: int) -> dict[_Picture, NDArray[np.float32]]:
        try:
            return _embed(paths[index], wanted[index], backbone, num_frames)
        except VideoError as error:
            logger.warning("its copies are not looked for: %s", error)
            return {}

    features: dict[_Picture, NDArray[np.float32]] = {}
    with ThreadPoolExecutor(workers or default_workers()) as pool:
        for found in pool.map(embed, wanted):
            features |= found
    scored = [
        (candidate, _cosine(candidate, features))
        for candidate in candidates
        if features.keys() >= set(_pictures(candidate))
    ]
    return [(candidate, cosine) for candidate, cosine in scored if _agree(candidate, cosine)]


def _agree(candidate: Candidate, cosine: float) -> bool:
    return cosine >= COSINE_THRESHOLD and candidate.similarity + cosine >= JOINT_THRESHOLD


def _pictures(candidate: Candidate) -> tuple[_Picture, _Picture]:
    return (
        _Picture(candidate.first, candidate.first_view, candidate.mirrored),
        _Picture(candidate.second, candidate.second_view, False),
    )


def _embed(
    path: str, pictures: set[_Picture], backbone: Backbone, num_frames: int
) -> dict[_Picture, NDArray[np.float32]]:
    """Unit features float32 [T, D] of each picture of one file."""
    spec = backbone.card.input
    options = SamplingOptions.untouched(num_frames)
    batch = sample_frames(
        path, height=spec.height, width=spec.width, options=options, num_threads=1
    )
    found = {}
    for picture in pictures:
        frames = batch.frames if picture.view.whole else cropped(batch.frames, picture.view)
        if picture.mirrored:
            frames = np.ascontiguousarray(frames[:, :, ::-1])
        features = backbone.embed(frames)
        lengths = np.linalg.norm(features, axis=1, keepdims=True)
        found[picture] = features / np.maximum(lengths, np.float32(1e-12))
    return found


def _cosine(candidate: Candidate, features: dict[_Picture, NDArray[np.float32]]) -> float:
    first, second = (features[picture] for picture in _pictures(candidate))
    cosines = first @ second.T
    aligned = np.diagonal(cosines).mean()
    return float(aligned if candidate.aligned else best_over_time(cosines))
