"""What the exact sampler promises, against a plain decoding of every frame."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clips import decode_all, numbered, read_numbers, render
from vidkind.config import SamplingOptions
from vidkind.video import sample_frames, sampling
from vidkind.video.container import open_video
from vidkind.video.decode import FrameReader, OutOfOrderError
from vidkind.video.index import read_timeline
from vidkind.video.picture import PictureMaker

SEEK_ALWAYS, SEEK_NEVER = 0, 10**9


def sample(path: Path, num_frames: int, **options):
    chosen = SamplingOptions(num_frames=num_frames, **options)
    return sample_frames(path, height=48, width=64, options=chosen)


def reference(path: Path, num_frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and times, from start to end, by the definition."""
    shown = decode_all(path)
    start, last = shown[0][0], shown[-1]
    end = last[0] + float(last[1].duration * last[1].time_base)
    targets = [start + (i + 0.5) / num_frames * (end - start) for i in range(num_frames)]
    chosen = [max(k for k, (time, _) in enumerate(shown) if time <= t + 1e-7) for t in targets]
    maker = PictureMaker(height=48, width=64)
    pictures = {k: maker(shown[k][1]) for k in set(chosen)}
    times = np.array([shown[k][0] - start for k in chosen])
    return np.stack([pictures[k] for k in chosen]), times


def assert_same_as_reference(path: Path, num_frames: int) -> None:
    pictures, times = reference(path, num_frames)
    for cost in (SEEK_ALWAYS, sampling.SEEK_COST_FRAMES, SEEK_NEVER):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sampling, "SEEK_COST_FRAMES", cost)
            batch = sample(path, num_frames)
        assert batch.times == pytest.approx(times, abs=1e-9)
        assert np.array_equal(batch.frames, pictures)


@settings(deadline=None, max_examples=20)
@given(
    suffix=st.sampled_from([".mp4", ".mkv", ".ts"]),
    gop=st.integers(1, 40),
    b_frames=st.integers(0, 3),
    open_gop=st.booleans(),
    length=st.integers(3, 100),
    num_frames=st.integers(1, 20),
)
def test_seeking_changes_nothing(suffix, gop, b_frames, open_gop, length, num_frames):
    params = f"keyint={gop}:bframes={b_frames}:b-adapt=0:scenecut=0:open-gop={int(open_gop)}"
    with tempfile.TemporaryDirectory() as folder:
        path = render(Path(folder, f"a{suffix}"), length, preset="veryfast", x264_params=params)
        assert_same_as_reference(path, num_frames)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("a.webm", {"codec": "libvpx-vp9", "g": "20", "cpu_used": "8", "deadline": "realtime"}),
        ("a.mp4", {"codec": "libx265", "x265_params": "log-level=none:open-gop=1:keyint=24"}),
        ("a.ts", {"codec": "mpeg2video", "g": "12", "bf": "2"}),
        ("a.mpg", {"codec": "mpeg2video", "g": "12", "bf": "2", "fps": 25}),
        ("a.avi", {"codec": "mpeg4", "g": "12", "bf": "2"}),
        ("a.mov", {"codec": "prores_ks", "pixel_format": "yuv422p10le"}),
        ("a.gif", {"codec": "gif", "pixel_format": "rgb8"}),
        ("f.mp4", {"container_options": {"movflags": "frag_keyframe+empty_moov"}, "g": "20"}),
    ],
)
def test_seeking_changes_nothing_in_other_formats(tmp_path: Path, name: str, settings: dict):
    assert_same_as_reference(render(tmp_path / name, 80, **settings), 12)


def test_seeking_skips_most_of_a_long_video(tmp_path: Path):
    path = render(tmp_path / "a.mp4", [numbered(i % 256) for i in range(1000)], g="20", bf="0")
    batch = sample(path, 8)
    assert batch.frames_decoded < 8 * 25
    assert read_numbers(batch.frames) == [(62 + 125 * i) % 256 for i in range(8)]


def test_frames_are_the_ones_on_screen_at_the_centres_of_equal_slices(tmp_path: Path):
    times = [0, 100, 150, 900, 910, 920, 1900]
    path = render(tmp_path / "a.mkv", 7, times=times, bf="0")
    batch = sample(path, 5)  # slices of about 396 ms, centres 198, 594, 990, 1386, 1782
    assert read_numbers(batch.frames) == [2, 2, 5, 5, 5]
    assert batch.times == pytest.approx([0.15, 0.15, 0.92, 0.92, 0.92])


def test_variable_rate_with_reordered_frames(tmp_path: Path):
    steps = [20, 20, 35, 90, 20, 700]
    times = np.concatenate([[0], np.cumsum(np.tile(steps, 12))]).tolist()
    for suffix in (".mp4", ".mkv", ".ts"):
        path = render(tmp_path / f"a{suffix}", len(times), times=times, g="10", bf="2")
        assert_same_as_reference(path, 16)


@pytest.mark.parametrize("suffix", [".mp4", ".ts", ".mkv"])
def test_times_count_from_the_first_frame(tmp_path: Path, suffix: str):
    path = render(tmp_path / f"a{suffix}", 20, times=[5000 + 50 * i for i in range(20)])
    batch = sample(path, 20)
    assert batch.times == pytest.approx([0.05 * i for i in range(20)], abs=0.002)
    assert batch.duration_seconds == pytest.approx(1, abs=0.002)


def test_last_frame_is_shown_for_its_own_duration(tmp_path: Path):
    path = render(tmp_path / "a.gif", 2, codec="gif", pixel_format="rgb8", times=[0, 100])
    (_, _), (time, last) = decode_all(path)
    batch = sample(path, 20)
    assert batch.duration_seconds == pytest.approx(time + float(last.duration * last.time_base))
    shown = read_numbers(batch.frames)
    assert shown.count(1) / 20 == pytest.approx(1 - 0.1 / batch.duration_seconds, abs=0.05)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.avi", "libx264"), ("a.h264", "libx264"), ("a.hevc", "libx265")],
)
@pytest.mark.parametrize("sampler", ["exact", "keyframe"])
def test_frames_are_counted_where_there_are_no_presentation_times(
    tmp_path: Path, name: str, codec: str, sampler: str
):
    quiet = {"x265_params": "log-level=none"} if codec == "libx265" else {}
    path = render(tmp_path / name, 120, codec=codec, fps=25, **quiet)
    batch = sample(path, 16, sampler=sampler)
    wanted = [3, 11, 18, 26, 33, 41, 48, 56, 63, 71, 78, 86, 93, 101, 108, 116]
    assert read_numbers(batch.frames) == wanted
    assert batch.times == pytest.approx([i / 25 for i in wanted])
    assert batch.duration_seconds == pytest.approx(4.8)


def test_joined_recordings_whose_times_start_again(tmp_path: Path):
    one = render(tmp_path / "one.ts", [numbered(i) for i in range(40)], g="10")
    two = render(tmp_path / "two.ts", [numbered(i) for i in range(40, 80)], g="10")
    joined = tmp_path / "joined.ts"
    joined.write_bytes(one.read_bytes() + two.read_bytes())
    numbers = read_numbers(sample(joined, 8).frames)
    assert numbers == sorted(numbers)
    assert numbers[-1] >= 70


@pytest.mark.parametrize("sampler", ["exact", "keyframe"])
@pytest.mark.parametrize("suffix", [".ts", ".mp4", ".mkv"])
@pytest.mark.parametrize("jump_at", [50, 99])
def test_a_jump_of_the_clock_is_no_picture_that_stays(
    tmp_path: Path, suffix: str, jump_at: int, sampler: str
):
    times = [40 * i + (36_000_000 if i >= jump_at else 0) for i in range(100)]
    path = render(tmp_path / f"a{suffix}", 100, times=times, g="10")
    options = SamplingOptions(num_frames=10, sampler=sampler)
    batch = sample_frames(path, height=48, width=64, options=options)
    assert read_numbers(batch.frames) == list(range(5, 100, 10))
    assert batch.duration_seconds == pytest.approx(4, abs=0.1)


def test_a_slide_that_stays_is_on_screen_all_the_time(tmp_path: Path):
    times = [0, 40, 80, *(600_000 + 40 * i for i in range(10))]
    batch = sample(render(tmp_path / "a.mp4", 13, times=times), 8)
    assert read_numbers(batch.frames) == [2] * 8


@pytest.mark.parametrize("seed", range(4))
def test_key_frames_of_variable_rate_do_not_depend_on_threads(tmp_path: Path, seed: int):
    chance = random.Random(seed)
    steps = [chance.choice([1, 10, 40, 40, 200, 900]) for _ in range(150)]
    times = [sum(steps[:i]) for i in range(150)]
    path = render(tmp_path / "a.mp4", 150, times=times, g="4", bf="2")
    options = SamplingOptions(num_frames=64, sampler="keyframe")
    one, four = (
        sample_frames(path, height=48, width=64, options=options, num_threads=threads)
        for threads in (1, 4)
    )
    assert one.times.tolist() == four.times.tolist()
    assert (np.diff(four.times) > 0).all()


def test_decoded_times_that_go_back_are_noticed(tmp_path: Path):
    path = render(tmp_path / "a.avi", 60, bf="2")
    container, stream = open_video(path)
    with container:
        trusted = replace(read_timeline(container, stream), ordered=True)
    with FrameReader(path, trusted) as reader, pytest.raises(OutOfOrderError):
        reader.shown_at(trusted.end)


def test_frames_are_counted_where_decoded_times_go_back(tmp_path: Path):
    one = render(tmp_path / "one.mkv", 40, codec="mjpeg", pixel_format="yuvj420p")
    path = tmp_path / "back.mkv"
    with av.open(str(one)) as source, av.open(str(path), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if packet.size:
                packet.stream = stream
                packet.pts = 50 * (number if number < 20 else number - 10)
                packet.dts = 50 * (number - 20)
                output.mux(packet)
    assert read_numbers(sample(path, 8).frames) == [2, 7, 12, 17, 22, 27, 32, 37]


def test_black_lead_in_is_left_out_and_counted(tmp_path: Path):
    dark = np.full((48, 64, 3), 4, np.uint8)
    path = render(tmp_path / "a.mp4", [dark] * 20 + [numbered(i) for i in range(20, 40)])
    batch = sample(path, 8)
    assert read_numbers(batch.frames) == [22, 27, 32, 37]
    assert (batch.num_black, len(batch.times), len(batch.sharpness)) == (4, 4, 4)
    kept = sample(path, 8, skip_black=False)
    assert (len(kept.frames), kept.num_black) == (8, 0)


def test_an_all_black_video_keeps_its_frames(tmp_path: Path):
    path = render(tmp_path / "a.mp4", [np.zeros((48, 64, 3), np.uint8)] * 10)
    batch = sample(path, 8)
    assert (len(batch.frames), batch.num_black) == (8, 0)
    assert np.array_equal(batch.sharpness, np.zeros(8, np.float32))


def test_black_luma_is_an_option(tmp_path: Path):
    grey = np.full((48, 64, 3), 40, np.uint8)
    path = render(tmp_path / "a.mp4", [grey] * 5 + [numbered(255)] * 5)
    assert sample(path, 10).num_black == 0
    assert sample(path, 10, black_luma=60).num_black == 5


def test_sharpening_changes_pictures_and_not_the_measured_sharpness(tmp_path: Path):
    path = render(tmp_path / "a.mp4", 10)
    plain, sharp = sample(path, 4), sample(path, 4, sharpen=True)
    assert not np.array_equal(plain.frames, sharp.frames)
    assert np.array_equal(plain.sharpness, sharp.sharpness)
    assert plain.sharpness.dtype == np.float32 and plain.sharpness.min() > 0


@pytest.mark.parametrize("num_threads", [1, 3])
def test_number_of_threads_changes_nothing(tmp_path: Path, num_threads: int):
    path = render(tmp_path / "a.mp4", 60)
    options = SamplingOptions(num_frames=8)
    batch = sample_frames(path, height=48, width=64, options=options, num_threads=num_threads)
    assert np.array_equal(batch.frames, sample(path, 8).frames)


MEMORY_PROGRAM = """
import gc, resource, sys
from vidkind.config import SamplingOptions
from vidkind.video import sample_frames
gc.disable()  # whatever needs the collector to be freed counts
options = SamplingOptions(num_frames=32, sampler=sys.argv[2])
for _ in range(int(sys.argv[3])):
    sample_frames(sys.argv[1], height=64, width=64, options=options)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no resource module")
@pytest.mark.parametrize("sampler", ["exact", "keyframe"])
def test_memory_grows_neither_with_length_nor_with_the_number_of_videos(
    tmp_path: Path, sampler: str
):
    def peak_megabytes(num_frames: int, times: int) -> float:
        pictures = [numbered(i % 256, (480, 640)) for i in range(num_frames)]
        path = render(tmp_path / f"{num_frames}.mp4", pictures, preset="ultrafast", g="10")
        command = [sys.executable, "-c", MEMORY_PROGRAM, str(path), sampler, str(times)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(done.stdout) / (2**20 if sys.platform == "darwin" else 2**10)

    # All frames of the long clip take 134 MB decoded; one leaked set of 32 takes 15 MB.
    assert peak_megabytes(300, 5) - peak_megabytes(20, 1) < 30


def test_target_times_are_the_centres_of_slices():
    assert sampling.target_times(0, 100, 4) == [12, 37, 62, 87]
    assert sampling.target_times(10, 11, 3) == [10, 10, 10]
    assert sampling.target_times(5, 5, 2) == [5, 5]


@given(st.integers(-(2**40), 2**40), st.integers(1, 2**40), st.integers(1, 200))
def test_target_times_rise_inside_the_video(start: int, length: int, num_frames: int):
    targets = sampling.target_times(start, start + length, num_frames)
    assert len(targets) == num_frames and targets == sorted(targets)
    assert start <= targets[0] and targets[-1] < start + length
    exact_last = start + Fraction((2 * num_frames - 1) * length, 2 * num_frames)
    assert 0 <= exact_last - targets[-1] < 1
