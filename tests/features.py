"""Feature sets drawn from a seed: each class has its own mean, steps are noisy, lengths differ."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from vidkind.features.head import PictureHead
from vidkind.features.store import FeatureSet

CATEGORIES = ("Animation", "Flat_Content", "Gaming", "Natural_Content")
BACKBONE = "0" * 64


def drawn_features(
    count: int = 48, *, dim: int = 12, steps: int = 16, seed: int = 0, noise: float = 1.0
) -> FeatureSet:
    """``count`` videos of four classes; sets of different seeds share the class means."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % len(CATEGORIES)
    centres = 1.5 * np.random.default_rng(1234).normal(size=(len(CATEGORIES), dim))
    features = centres[labels][:, None] + noise * rng.normal(size=(count, steps, dim))
    lengths = rng.integers(5, steps + 1, count).astype(np.int32)
    valid = np.arange(steps) < lengths[:, None]
    return FeatureSet(
        features=(features * valid[..., None]).astype(np.float32),
        labels=labels,
        num_frames=lengths,
        categories=CATEGORIES,
        groups=tuple(f"set {seed} group {i // 2}" for i in range(count)),
    )


def relabelled(videos: FeatureSet, seed: int = 0) -> FeatureSet:
    """The same videos with labels that have nothing to do with them."""
    labels = np.random.default_rng(seed).permutation(videos.labels)
    return replace(videos, labels=labels)


def made_by(videos: FeatureSet, sha256: str = BACKBONE) -> FeatureSet:
    """The same videos, which say what backbone their features come from."""
    provenance = json.dumps({"backbone": {"name": "drawn", "sha256": sha256}})
    return replace(videos, attributes={"provenance": provenance})


def drawn_head(seed: int = 0, *, dim: int = 12) -> PictureHead:
    """A head of that backbone, which knows nothing."""
    rng = np.random.default_rng(seed)
    return PictureHead(
        weight=(0.1 * rng.normal(size=(len(CATEGORIES), dim))).astype(np.float32),
        bias=rng.normal(size=len(CATEGORIES)).astype(np.float32),
        categories=CATEGORIES,
        backbone_sha256=BACKBONE,
        num_pictures=10,
        num_groups=5,
        left_out_recall=80.0,
    )
