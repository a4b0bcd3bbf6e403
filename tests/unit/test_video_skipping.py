"""Leaving frames out and reading side by side change nothing, on whole and on damaged files."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clips import numbered, render, truncate
from vidkind.config import SamplingOptions
from vidkind.errors import VideoError
from vidkind.records import FrameBatch
from vidkind.video import sample, sample_frames
from vidkind.video.lookahead import Lookahead

X264 = "keyint={gop}:bframes=3:b-adapt=0:b-pyramid={pyramid}:scenecut=0:open-gop={open_gop}"


def read(path: Path, *, num_threads: int = 1, plainly: bool = False, **options) -> FrameBatch:
    """Samples a file; plainly: every frame decoded, one reader."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample, "MIN_FRAMES_EACH", 1)
        patch.setattr(sample, "MIN_KEY_FRAMES_EACH", 2)
        if plainly:
            patch.setattr(sample, "_sample", sample._sample_plainly)
        chosen = SamplingOptions(**{"num_frames": 12, **options})
        return sample_frames(path, height=48, width=64, options=chosen, num_threads=num_threads)


def assert_same(one: FrameBatch, two: FrameBatch) -> None:
    assert np.array_equal(one.times, two.times)
    assert np.array_equal(one.frames, two.frames)
    assert (one.duration_seconds, one.num_black) == (two.duration_seconds, two.num_black)


def answer_or_error(path: Path, **how) -> FrameBatch | str:
    try:
        return read(path, **how)
    except VideoError as error:
        return error.type


@settings(deadline=None, max_examples=30)
@given(
    suffix=st.sampled_from([".mp4", ".mkv", ".ts"]),
    gop=st.integers(5, 60),
    pyramid=st.sampled_from(["none", "strict", "normal"]),
    open_gop=st.integers(0, 1),
    num_frames=st.integers(1, 20),
    hits=st.integers(0, 6),
    seed=st.integers(0, 1000),
    cut=st.sampled_from([1.0, 1.0, 0.6]),
)
def test_the_answer_is_that_of_plain_decoding(
    suffix, gop, pyramid, open_gop, num_frames, hits, seed, cut
):
    params = X264.format(gop=gop, pyramid=pyramid, open_gop=open_gop)
    with tempfile.TemporaryDirectory() as folder:
        whole = render(Path(folder, f"a{suffix}"), 90, preset="veryfast", x264_params=params)
        path = damaged(truncate(whole, Path(folder, f"b{suffix}"), cut), hits, seed)
        plain = answer_or_error(path, plainly=True, num_frames=num_frames)
        for num_threads in (1, 3):
            found = answer_or_error(path, num_threads=num_threads, num_frames=num_frames)
            if isinstance(plain, str):
                assert found == plain
            elif hits:
                # A hit among the times, or a picture filled in where it does not decode: both
                # depend on what was decoded before. There is an answer, and of the same size.
                assert len(found.times) == len(plain.times)
            else:
                assert_same(found, plain)


def damaged(path: Path, hits: int, seed: int) -> Path:
    """Overwrites a few bytes in the middle of a file."""
    content, generator = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(hits):
        at = generator.randrange(len(content) // 4, 3 * len(content) // 4)
        content[at : at + 8] = generator.randbytes(8)
    path.write_bytes(content)
    return path


def test_frames_nobody_looks_at_are_left_out(tmp_path: Path):
    params = X264.format(gop=60, pyramid="none", open_gop=0)
    path = render(tmp_path / "a.mp4", 240, x264_params=params)
    skipping, plain = read(path, num_frames=8), read(path, num_frames=8, plainly=True)
    assert_same(skipping, plain)
    assert skipping.frames_decoded < 0.5 * plain.frames_decoded


@pytest.mark.parametrize("sampler", ["exact", "keyframe"])
@pytest.mark.parametrize("rotation", [0, 90])
def test_reading_side_by_side_changes_nothing(tmp_path: Path, sampler: str, rotation: int):
    pictures = [numbered(i % 256) for i in range(300)]
    path = render(tmp_path / "a.mp4", pictures, g="20", bf="2", rotation=rotation)
    one, four = (read(path, num_threads=n, sampler=sampler, num_frames=16) for n in (1, 4))
    assert_same(four, one)


def test_side_by_side_gives_the_black_frames_numbers_too(tmp_path: Path):
    dark = [np.full((48, 64, 3), 4, np.uint8)] * 60
    path = render(tmp_path / "a.mp4", dark + [numbered(i) for i in range(60)], g="10")
    batch = read(path, num_threads=4, num_frames=8)
    assert batch.numbers.tolist() == [4, 5, 6, 7] and batch.num_black == 4


def packet(pts: int | None, *, duration: int = 1, is_discard: bool = False) -> SimpleNamespace:
    return SimpleNamespace(pts=pts, duration=duration, is_discard=is_discard)


def wanted(times: list[int | None], targets: list[int]) -> list[int | None]:
    ahead = Lookahead(iter([packet(time) for time in times]), targets)
    return [each.pts for each, is_wanted in ahead if is_wanted]


@given(st.permutations(range(12)), st.lists(st.integers(0, 40), min_size=1), st.integers(1, 5))
def test_wanted_is_what_is_on_screen_at_a_target(order, targets, step):
    shown = {max(t for t in range(0, 12 * step, step) if t <= target) for target in targets}
    assert set(wanted([step * i for i in order], sorted(targets))) == shown


def test_packets_without_a_time_and_those_cut_off_are_passed_on():
    assert wanted([0, None, 2], [2]) == [None, 2]
    ahead = Lookahead(iter([packet(0, is_discard=True), packet(1)]), [0, 1])
    assert [is_wanted for _, is_wanted in ahead] == [True, True]
    assert ahead.expected(1) == (1, 1) and ahead.expected(0) is None
