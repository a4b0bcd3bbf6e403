"""What every sampler promises, on one set of clips."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from tests.clips import numbered, read_numbers, render
from vidkind.config import Sampler, SamplingOptions
from vidkind.records import FrameBatch
from vidkind.video import sample_frames
from vidkind.video.sampling import SAMPLERS

CLIPS = {
    "h264.mp4": {"g": "5"},
    "long_gop.mp4": {"g": "250"},
    "b_frames.mkv": {"g": "6", "bf": "3"},
    "stream.ts": {"g": "6"},
    "vp9.webm": {"codec": "libvpx-vp9", "g": "5", "cpu_used": "8", "deadline": "realtime"},
    "live.webm": {"codec": "libvpx", "g": "5", "container_options": {"live": "1"}},
    "still_frames.avi": {"codec": "mjpeg", "pixel_format": "yuvj420p"},
    "palette.gif": {"codec": "gif", "pixel_format": "rgb8"},
    "ten_bit.mkv": {"pixel_format": "yuv420p10le", "g": "5"},
    "alpha.mov": {"codec": "qtrle", "pixel_format": "argb", "g": "5"},
    "variable.mp4": {"times": [i * i * 3 for i in range(60)], "g": "5", "bf": "0"},
    "fragmented.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}, "g": "5"},
}


@pytest.fixture(scope="module", params=sorted(CLIPS))
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(tmp_path_factory.mktemp("clips") / request.param, 60, **CLIPS[request.param])


@pytest.fixture(params=sorted(SAMPLERS))
def sampler(request: pytest.FixtureRequest) -> Sampler:
    return request.param


def sample(path: Path, sampler: Sampler, num_frames: int, size=(48, 64)) -> FrameBatch:
    options = SamplingOptions(num_frames=num_frames, sampler=sampler)
    return sample_frames(path, height=size[0], width=size[1], options=options)


def test_every_sampler_of_the_options_exists():
    assert set(SAMPLERS) == set(get_args(Sampler))


@pytest.mark.parametrize("num_frames", [1, 8, 64])
def test_gives_as_many_frames_as_asked_in_order(clip: Path, sampler: Sampler, num_frames: int):
    batch = sample(clip, sampler, num_frames)
    assert batch.frames.shape == (num_frames, 48, 64, 3)
    numbers = read_numbers(batch.frames)
    assert numbers == sorted(numbers)
    assert batch.times[0] >= 0 and batch.times[-1] < batch.duration_seconds
    assert batch.frames_decoded >= len(set(numbers))


def test_times_belong_to_the_pictures(clip: Path, sampler: Sampler):
    by_number = {i: i * 0.05 for i in range(60)}
    if clip.stem == "variable":
        by_number = {i: i * i * 0.003 for i in range(60)}
    batch = sample(clip, sampler, 16)
    wanted = [by_number[number] for number in read_numbers(batch.frames)]
    assert batch.times == pytest.approx(wanted, abs=0.002)


def test_frames_are_near_their_targets(clip: Path, sampler: Sampler):
    batch = sample(clip, sampler, 12)
    targets = (np.arange(12) + 0.5) / 12 * batch.duration_seconds
    allowed = 0.9 if clip.stem == "variable" else 0.31
    assert np.abs(batch.times - targets).max() < allowed


def test_same_call_same_answer(clip: Path, sampler: Sampler):
    one, two = sample(clip, sampler, 8), sample(clip, sampler, 8)
    assert np.array_equal(one.frames, two.frames)
    assert np.array_equal(one.times, two.times)
    assert one.frames_decoded == two.frames_decoded


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("a.mp4", {}),
        ("a.mkv", {}),
        ("a.nut", {}),
        ("a.gif", {"codec": "gif", "pixel_format": "rgb8"}),
        ("a.webm", {"codec": "libvpx", "container_options": {"live": "1"}}),
    ],
)
def test_fewer_frames_than_asked_are_repeated(
    tmp_path: Path, sampler: Sampler, name: str, settings: dict, length: int
):
    path = render(tmp_path / name, [numbered(i + 1) for i in range(length)], **settings)
    batch = sample(path, sampler, 12)
    numbers = read_numbers(batch.frames)
    counts = [numbers.count(i + 1) for i in range(length)]
    assert sum(counts) == 12 and min(counts) >= 12 // length - 1


def test_size_is_free(clip: Path, sampler: Sampler):
    assert sample(clip, sampler, 2, (31, 17)).frames.shape == (2, 31, 17, 3)


def test_keyframes_are_taken_without_decoding_the_rest(tmp_path: Path):
    path = render(tmp_path / "a.mp4", 240, g="10", x264_params="scenecut=0")
    batch = sample(path, "keyframe", 16)
    assert all(number % 10 == 0 for number in read_numbers(batch.frames))
    assert batch.frames_decoded <= 20
    assert sample(path, "exact", 16).frames_decoded > 40


def test_nearest_keyframe_is_taken(tmp_path: Path):
    for suffix in (".mp4", ".mkv", ".ts"):
        path = render(tmp_path / f"a{suffix}", 200, g="20", bf="2", x264_params="scenecut=0")
        batch = sample(path, "keyframe", 8)  # centres at frames 12.5, 37.5, ... 187.5
        assert read_numbers(batch.frames) == [20, 40, 60, 80, 120, 140, 160, 180]


def test_too_few_keyframes_fall_back_to_exact(tmp_path: Path):
    path = render(tmp_path / "a.mp4", 120, g="40", x264_params="scenecut=0")
    keyframe, exact = (sample(path, s, 32) for s in ("keyframe", "exact"))
    assert np.array_equal(keyframe.frames, exact.frames)
    assert np.array_equal(keyframe.times, exact.times)
