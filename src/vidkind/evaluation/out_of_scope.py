"""Material that is none of the categories, rendered or spliced, to fit and to test trust with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from vidkind.config import MultiScaleOptions
from vidkind.features.backbones import Backbone
from vidkind.features.multiscale import to_sequence
from vidkind.features.store import FeatureSet

Frame = NDArray[np.uint8]
FeatureArrays = tuple[NDArray[np.float32], NDArray[np.int32]]

_SPLICES = 60
_CLIPS_PER_KIND = 12
# The material is still or repeats itself; more frames would say no more.
_NUM_FRAMES = 16
_SECONDS = 4.0


def noise(rng: np.random.Generator, height: int, width: int, count: int) -> Iterator[Frame]:
    """Random pixels, new in each frame, of a random grain, grey or coloured."""
    grain = int(rng.integers(1, 9))
    channels = int(rng.choice([1, 3]))
    deviation = rng.uniform(20, 90)
    shape = (-(-height // grain), -(-width // grain), channels)
    for _ in range(count):
        small = np.clip(128 + deviation * rng.normal(size=shape), 0, 255).astype(np.uint8)
        frame = small.repeat(grain, axis=0).repeat(grain, axis=1)[:height, :width]
        yield np.ascontiguousarray(np.broadcast_to(frame, (height, width, 3)))


def test_card(rng: np.random.Generator, height: int, width: int, count: int) -> Iterator[Frame]:
    """Colour bars over a grey ramp, as broadcasters show them."""
    bars = int(rng.integers(5, 10))
    colours = rng.integers(0, 256, (bars, 3)).astype(np.uint8)
    frame = np.empty((height, width, 3), np.uint8)
    frame[:] = colours[np.arange(width) * bars // width]
    ramp = np.linspace(0, 255, width).astype(np.uint8)[:: int(rng.choice([-1, 1]))]
    frame[int(height * rng.uniform(0.6, 0.9)) :] = ramp[None, :, None]
    yield from (frame for _ in range(count))


def black(rng: np.random.Generator, height: int, width: int, count: int) -> Iterator[Frame]:
    """Black or nearly so, with a little sensor noise."""
    level, deviation = rng.uniform(0, 20), rng.uniform(0, 2)
    for _ in range(count):
        values = level + deviation * rng.normal(size=(height, width, 3))
        yield np.clip(values, 0, 255).astype(np.uint8)


def abstract(rng: np.random.Generator, height: int, width: int, count: int) -> Iterator[Frame]:
    """Coloured waves that run through one another."""
    down, across = np.mgrid[0:height, 0:width] / max(height, width)
    waves = rng.normal(size=(3, 3, 2)) * rng.uniform(5, 40)
    phases, speeds = rng.uniform(0, 2 * np.pi, (3, 3)), 2 * rng.normal(size=(3, 3))
    for time in np.linspace(0, _SECONDS, count):
        angles = (
            waves[..., 0, None, None] * across
            + waves[..., 1, None, None] * down
            + (phases + speeds * time)[..., None, None]
        )
        frame = 127 + 42 * np.sin(angles).sum(axis=1)
        yield np.clip(frame, 0, 255).astype(np.uint8).transpose(1, 2, 0)


KINDS: Mapping[str, Callable[[np.random.Generator, int, int, int], Iterator[Frame]]] = {
    "noise": noise,
    "test cards": test_card,
    "black": black,
    "abstract patterns": abstract,
}
"""Name -> generator of frames uint8 [height, width, 3] from a seed, a size and a count."""

NUM_RENDERED = len(KINDS) * _CLIPS_PER_KIND


def rendered_features(
    backbone: Backbone,
    multi_scale: MultiScaleOptions,
    *,
    seed: int = 0,
    progress: Callable[[], None] | None = None,
) -> dict[str, FeatureArrays]:
    """Feature sequences of every rendered kind, through the backbone without encoding.

    Args:
        backbone: The one the ensemble was trained with.
        multi_scale: Temporal scales it was trained with.
        seed: Seed of the material.
        progress: Called once for every one of ``NUM_RENDERED`` clips.

    Returns:
        Kind -> features float32 [n, T, D] and valid steps int32 [n].
    """
    found = {}
    size = backbone.card.input
    times = np.linspace(0, _SECONDS, _NUM_FRAMES)
    for number, (name, render) in enumerate(KINDS.items()):
        sequences = []
        for clip in range(_CLIPS_PER_KIND):
            rng = np.random.default_rng([seed, number, clip])
            frames = np.stack(list(render(rng, size.height, size.width, _NUM_FRAMES)))
            sequences.append(to_sequence(backbone.embed(frames), times, multi_scale).features)
            if progress is not None:
                progress()
        features = np.stack(sequences)
        steps = np.full(len(features), features.shape[1], dtype=np.int32)
        found[name] = (features, steps)
    return found


def spliced(videos: FeatureSet, *, count: int = _SPLICES, seed: int = 0) -> FeatureArrays:
    """First half of one video, second half of one of another category, in feature space.

    Args:
        videos: Where the halves come from.
        count: Number of splices.
        seed: Seed of the choice.

    Returns:
        Features float32 [count, T, D] and valid steps int32 [count]; none where all videos
        are of one category.
    """
    rng = np.random.default_rng(seed)
    features = np.zeros((count, videos.max_frames, videos.feature_dim), dtype=np.float32)
    steps = np.empty(count, dtype=np.int32)
    if len(np.unique(videos.labels)) < 2:
        return features[:0], steps[:0]
    for i in range(count):
        first = int(rng.integers(len(videos)))
        second = int(rng.choice(np.flatnonzero(videos.labels != videos.labels[first])))
        end = int(videos.num_frames[first] + 1) // 2
        tail = videos.features[second, videos.num_frames[second] // 2 : videos.num_frames[second]]
        joined = np.concatenate([videos.features[first, :end], tail])[: videos.max_frames]
        features[i, : len(joined)], steps[i] = joined, len(joined)
    return features, steps
