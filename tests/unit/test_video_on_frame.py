"""What whoever embeds frames while they come is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.clips import numbered, render, truncate
from vidkind.config import SamplingOptions
from vidkind.records import FrameBatch
from vidkind.video import sample_frames


def watch(path: Path, num_frames: int = 8, **options) -> tuple[FrameBatch, list[int], list]:
    """The batch, and the numbers and pictures told on the way."""
    told: list[tuple[int, np.ndarray]] = []
    batch = sample_frames(
        path,
        height=48,
        width=64,
        options=SamplingOptions(num_frames=num_frames, **options),
        on_frame=lambda number, picture: told.append((number, picture)),
    )
    return batch, [number for number, _ in told], [picture for _, picture in told]


@pytest.mark.parametrize("sampler", ["exact", "keyframe"])
@pytest.mark.parametrize("sharpen", [False, True])
def test_the_pictures_told_are_those_of_the_batch(tmp_path: Path, sampler: str, sharpen: bool):
    path = render(tmp_path / "a.mp4", 120, g="5")
    batch, numbers, pictures = watch(path, 8, sampler=sampler, sharpen=sharpen)
    assert numbers == batch.numbers.tolist() == list(range(len(batch.frames)))
    assert batch.numbers.dtype == np.int64
    assert np.array_equal(np.stack(pictures), batch.frames)


def test_black_frames_are_told_too_and_left_out_by_number(tmp_path: Path):
    dark = np.full((48, 64, 3), 4, np.uint8)
    path = render(tmp_path / "a.mp4", [dark] * 20 + [numbered(i) for i in range(20, 40)])
    batch, numbers, pictures = watch(path, 8)
    assert numbers == list(range(8))
    assert batch.numbers.tolist() == [4, 5, 6, 7]
    assert np.array_equal(np.stack(pictures)[batch.numbers], batch.frames)


def test_a_repeated_picture_is_the_same_object(tmp_path: Path):
    path = render(tmp_path / "a.mp4", 2)
    _, numbers, pictures = watch(path, 6)
    assert numbers == list(range(6))
    assert len({id(picture) for picture in pictures}) == 2
    assert pictures[0] is pictures[2] and pictures[3] is pictures[5]


def test_counting_begins_anew_where_the_stream_breaks_off(tmp_path: Path):
    whole = render(tmp_path / "a.mp4", 200, g="10", container_options={"movflags": "faststart"})
    batch, numbers, pictures = watch(truncate(whole, tmp_path / "b.mp4", 0.6), 8)
    begins = [i for i, number in enumerate(numbers) if number == 0]
    assert len(begins) >= 2
    assert numbers[begins[-1] :] == list(range(8))
    assert np.array_equal(np.stack(pictures[begins[-1] :]), batch.frames)


STOPS = """
import sys
from vidkind.config import SamplingOptions
from vidkind.video import sample_frames

def stop(number, picture):
    if number == 2:
        raise RuntimeError("enough")

for sampler in ("exact", "keyframe"):
    options = SamplingOptions(num_frames=64, sampler=sampler)
    try:
        sample_frames(
            sys.argv[1], height=224, width=224, options=options, num_threads=4, on_frame=stop
        )
    except RuntimeError as error:
        print(error)
"""


def test_whoever_is_told_may_stop_the_sampling(tmp_path: Path):
    # A process of its own: files closed under decoding threads end it.
    path = render(tmp_path / "a.mp4", [numbered(i, (480, 640)) for i in range(600)], g="20")
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", STOPS, str(path)], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, "enough\n" * 2), done.stderr
