"""One degradation for all frames of a video."""

from __future__ import annotations

import numpy as np
import pytest

from vidkind.dataset.degrade_video import degrade_frames
from vidkind.errors import ConfigError
from vidkind.features.extract import DegradedVersions


def _still_video() -> np.ndarray:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    frame = np.stack([np.tile(ramp, (48, 1)), np.full((48, 64), 90, np.uint8)] * 2, -1)[..., :3]
    return np.repeat(frame[None], 6, axis=0)


def test_a_video_is_degraded_by_its_seed_and_keeps_its_shape() -> None:
    frames = _still_video()
    for k in range(12):
        first, again = degrade_frames(frames, (3, k)), degrade_frames(frames, (3, k))
        assert first.shape == frames.shape and first.dtype == np.uint8
        assert np.array_equal(first, again)
    assert not np.array_equal(degrade_frames(frames, (3, 0)), degrade_frames(frames, (3, 1)))


def test_what_stands_still_goes_on_standing_still() -> None:
    """Bars, logos and colours do not flicker: only noise and compression differ in time."""
    flicker = []
    for k in range(40):
        degraded = degrade_frames(_still_video(), (5, k)).astype(int)
        flicker.append(np.abs(np.diff(degraded, axis=0)).mean())
    assert np.median(flicker) < 1
    assert np.max(flicker) < 20


def test_some_videos_lose_frames() -> None:
    frames = np.repeat(np.arange(8, dtype=np.uint8)[:, None, None, None] * 30, 32, 1)
    frames = np.tile(frames, (1, 1, 32, 3))
    repeated = [
        int((np.abs(np.diff(degrade_frames(frames, (k,)).astype(int), axis=0)).mean((1, 2, 3)) < 1)
            .sum())
        for k in range(60)
    ]  # fmt: skip
    assert 3 <= sum(count > 0 for count in repeated) <= 30


def test_no_version_at_all_is_no_option() -> None:
    with pytest.raises(ConfigError, match="count is 0"):
        DegradedVersions(count=0, degrade=degrade_frames)
