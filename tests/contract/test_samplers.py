"""What every sampler promises, on one set of clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from tests.clips import numbered, read_numbers, render
from vidkind.config import Sampler, SamplingOptions
from vidkind.records import FrameBatch
from vidkind.video import sample_frames
from vidkind.video.container import open_video
from vidkind.video.decode import FrameReader
from vidkind.video.index import Timeline, read_timeline
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
    count = len(batch.frames)
    assert batch.frames.shape == (count, 48, 64, 3)
    numbers = read_numbers(batch.frames)
    assert numbers == sorted(numbers)
    # Key frames come once each; there may be fewer than asked for.
    assert count == num_frames or (
        sampler == "keyframe" and len(set(numbers)) == count < num_frames
    )
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
    nearest = np.abs(batch.times[:, None] - targets).min(axis=1)
    assert nearest.max() < allowed
    if sampler == "exact":
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


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_each_keyframe_is_given_once(tmp_path: Path, suffix: str):
    path = render(tmp_path / f"a{suffix}", 240, g="40", bf="2", x264_params="scenecut=0")
    batch = sample(path, "keyframe", 64)
    assert read_numbers(batch.frames) == [0, 40, 80, 120, 160, 200]
    assert batch.times == pytest.approx([0, 2, 4, 6, 8, 10], abs=0.002)
    assert batch.numbers.tolist() == list(range(6))
    assert batch.frames_decoded <= 12


@pytest.mark.parametrize(
    ("length", "gop"),
    [(120, 40), (120, 250), (360, 500)],  # few key frames in a short clip, and only one
)
def test_too_few_keyframes_fall_back_to_exact(tmp_path: Path, length: int, gop: int):
    path = render(tmp_path / "a.mp4", length, g=str(gop), x264_params="scenecut=0")
    keyframe, exact = (sample(path, s, 32) for s in ("keyframe", "exact"))
    assert np.array_equal(keyframe.frames, exact.frames)
    assert np.array_equal(keyframe.times, exact.times)


def test_a_few_keyframes_of_a_longer_video_are_enough(tmp_path: Path):
    pictures = [numbered(i % 256) for i in range(400)]
    path = render(tmp_path / "a.mp4", pictures, g="150", x264_params="scenecut=0")
    batch = sample(path, "keyframe", 32)
    assert read_numbers(batch.frames) == [0, 150, 300 % 256]
    assert batch.frames_decoded < 20


def test_where_no_keyframe_decodes_the_exact_sampler_takes_over(tmp_path: Path):
    path = render(tmp_path / "a.mkv", 100, g="10", x264_params="scenecut=0")
    with FrameReader(path, timeline_of(path)) as reader:
        timeline = replace(timeline_of(path), key_times=10**6 + 100 * np.arange(9))
        shown = list(SAMPLERS["keyframe"](reader, timeline, [1000, 2000, 3000, 4000]))
    assert [frame.time for frame in shown] == [1000, 2000, 3000, 4000]


def timeline_of(path: Path) -> Timeline:
    container, stream = open_video(path)
    with container:
        return read_timeline(container, stream)
