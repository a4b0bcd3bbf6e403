"""Feature sets drawn from a seed: each class has its own mean, steps are noisy, lengths differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vidkind.features.store import FeatureSet

CATEGORIES = ("Animation", "Flat_Content", "Gaming", "Natural_Content")


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
