from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from vidkind.config import MultiScaleOptions, SamplingOptions, SplitOptions
from vidkind.errors import ConfigError, EmptyFileError, MissingExtraError
from vidkind.records import FeatureSequence, FrameBatch


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SamplingOptions(num_frames=0), "num_frames is 0"),
        (lambda: SamplingOptions(sampler="random"), "expected one of exact, keyframe"),
        (lambda: SamplingOptions(black_luma=300), "black_luma is 300"),
        (lambda: MultiScaleOptions(scales=()), "scales is ()"),
        (lambda: MultiScaleOptions(scales=(1.0, -1.0)), "scales is"),
        (lambda: MultiScaleOptions(alignment="none"), "expected one of time, index"),
        (lambda: SplitOptions(train=0.9), "add up to 1"),
    ],
)
def test_options_outside_their_domain_are_refused(make, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("(", r"\(").replace(")", r"\)")):
        make()


def test_sampling_stored_before_there_was_an_option_was_made_without_it() -> None:
    stored = asdict(SamplingOptions(num_frames=8))
    assert SamplingOptions.from_json(stored) == SamplingOptions(num_frames=8)
    del stored["crop_bars"]
    assert not SamplingOptions.from_json(stored).crop_bars
    with pytest.raises(TypeError):
        SamplingOptions.from_json({"crop_edges": True})


def test_errors_carry_a_stable_type_and_the_pip_command() -> None:
    assert EmptyFileError("x").type == "EmptyFileError"
    assert 'pip install "vidkind[train]"' in str(MissingExtraError("torch", "train"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frames": np.zeros((2, 4, 4, 3), np.float32)}, "expected uint8"),
        ({"frames": np.zeros((2, 4, 4, 1), np.uint8)}, "expected uint8"),
        ({"times": np.array([1.0, 0.0])}, "times decrease"),
        ({"times": np.array([1.0])}, "times is"),
        ({"sharpness": np.zeros(3, np.float32)}, "sharpness is"),
        ({"numbers": np.zeros(1, np.int64)}, "numbers is"),
        ({"numbers": np.array([1, 1])}, "numbers do not rise"),
    ],
)
def test_frame_batches_check_themselves(changes: dict, message: str) -> None:
    fields = {
        "frames": np.zeros((2, 4, 4, 3), np.uint8),
        "times": np.array([0.0, 1.0]),
        "sharpness": np.zeros(2, np.float32),
        "numbers": np.arange(2),
        "duration_seconds": 2.0,
    }
    assert "uint8[2, 4, 4, 3]" in repr(FrameBatch(**fields))
    with pytest.raises(ValueError, match=message):
        FrameBatch(**{**fields, **changes})


def test_an_empty_frame_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="frames is empty"):
        FrameBatch(
            frames=np.zeros((0, 4, 4, 3), np.uint8),
            times=np.zeros(0),
            sharpness=np.zeros(0, np.float32),
            numbers=np.zeros(0, np.int64),
            duration_seconds=0.0,
        )


def test_feature_sequences_check_themselves() -> None:
    good = FeatureSequence(features=np.zeros((2, 3), np.float32), times=np.zeros(2))
    assert repr(good) == "FeatureSequence(features=float32[2, 3])"
    with pytest.raises(ValueError, match="expected float32"):
        FeatureSequence(features=np.zeros((2, 3)), times=np.zeros(2))
    with pytest.raises(ValueError, match="times is"):
        FeatureSequence(features=np.zeros((2, 3), np.float32), times=np.zeros(3))
