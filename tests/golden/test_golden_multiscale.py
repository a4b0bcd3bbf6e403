"""The published three-scale average, exactly; and the time-aligned one against plain passes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidkind.config import MultiScaleOptions
from vidkind.features.multiscale import (
    multiscale_matrix,
    output_length,
    scale_indices,
    scale_length,
    to_sequence,
)

SCALES = (1.0, 0.85, 1.15)


@pytest.mark.shared
def test_index_alignment_equals_the_published_average(shared_dir: Path) -> None:
    golden = np.load(shared_dir / "golden" / "multiscale_index.npz")
    options = MultiScaleOptions(alignment="index")
    sequence = to_sequence(golden["frame_features"], np.arange(64.0), options)
    np.testing.assert_allclose(sequence.features, golden["index_aligned"], atol=1e-5)


def test_64_frames_become_54_and_73_steps() -> None:
    assert [scale_length(64, s) for s in SCALES] == [64, 54, 73]
    assert output_length(64, MultiScaleOptions()) == 73


@pytest.mark.parametrize("alignment", ["time", "index"])
def test_one_matrix_equals_three_separate_passes(alignment: str) -> None:
    frames = np.random.default_rng(0).normal(size=(64, 8)).astype(np.float32)
    passes = [frames[scale_indices(64, scale)] for scale in SCALES]
    if alignment == "index":
        padded = [np.pad(p, ((0, 73 - len(p)), (0, 0))) for p in passes]
    else:
        moments = np.linspace(0, 1, 73)
        padded = [
            np.stack(
                [np.interp(moments, np.linspace(0, 1, len(p)), p[:, d]) for d in range(8)], axis=1
            )
            for p in passes
        ]
    matrix = multiscale_matrix(64, SCALES, alignment)
    np.testing.assert_allclose(matrix @ frames, np.mean(padded, axis=0), atol=1e-5)


@given(st.integers(1, 100))
def test_time_alignment_keeps_constants_and_order(num_frames: int) -> None:
    matrix = multiscale_matrix(num_frames, SCALES, "time")
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-5)
    ramp = matrix @ np.arange(num_frames, dtype=np.float32)
    assert np.all(np.diff(ramp) >= -1e-4)


def test_one_scale_leaves_the_frames_alone() -> None:
    frames = np.ones((5, 3), np.float32)
    sequence = to_sequence(frames, np.arange(5.0), MultiScaleOptions(scales=(1.0,)))
    assert sequence.features is frames
