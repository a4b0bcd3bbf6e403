"""The decoders on real files: every odd one gives 64 right frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vidkind.config import SamplingOptions
from vidkind.video import find_videos, probe, sample_frames, sampling
from vidkind.video.container import open_video
from vidkind.video.decode import FrameReader
from vidkind.video.index import read_timeline
from vidkind.video.picture import PictureMaker

pytestmark = pytest.mark.shared

# What each file is there for: codec, pixel format, stored size, rotation, number of frames.
ODD_FILES = {
    "animation__orig-021-pixel_sakura.gif": ("gif", "bgra", 2240, 1085, 0, 100),
    "animation__orig-701-cryptoPunk.mp4": ("h264", "yuv420p", 352, 352, 0, 105),
    "animation__orig-804-toystory.mp4": ("h264", "yuvj420p", 640, 360, 0, 252),
    "animation__orig-844-no_duration.webm": ("vp9", "yuv420p", 1280, 720, 0, 74),
    "flat__calculator_mjpeg_640x640.avi": ("mjpeg", "yuvj444p", 640, 640, 0, 116),
    "flat__edexui_1918x1008.mp4": ("h264", "yuv420p", 1918, 1008, 0, 483),
    "flat__terminalizer_wide_1776x270.gif": ("gif", "bgra", 1776, 270, 0, 37),
    "flat__typed_qtrle_odd_853x481.mov": ("qtrle", "rgb24", 853, 481, 0, 119),
    "flat__vhs_onefetch_1350x900.webm": ("vp9", "yuv420p", 1350, 900, 0, 254),
    "gaming__galaxy.gif": ("gif", "bgra", 480, 545, 0, 126),
    "gaming__momentum.mp4": ("h264", "yuv420p", 1280, 720, 0, 600),
    "gaming__pyxel_megaball.gif": ("gif", "bgra", 320, 288, 0, 600),
    "gaming__sundrain.mp4": ("h264", "yuv420p", 1280, 720, 0, 501),
    "natural__Lychee__train_cec731.mov": ("h264", "yuvj420p", 1440, 1080, 0, 22),
    "natural__PHP-FFMpeg__portrait_f50768.mov": ("h264", "yuv420p", 568, 320, 90, 62),
    "natural__bgslibrary__demo_2fbf8d.avi": ("rawvideo", "bgr24", 48, 48, 0, 51),
    "natural__imageio-binaries__cockatoo_eefca9.mp4": ("h264", "yuv444p", 1280, 720, 0, 280),
    "natural__mmtracking__demo_fb817f.mp4": ("mpeg4", "yuv420p", 1920, 1080, 0, 8),
    "natural__sample-videos__person-bicycle-car-detection_beb7c7.gif": (
        *("gif", "bgra", 480, 270, 0, 41),
    ),
}


@pytest.fixture(params=sorted(ODD_FILES))
def odd_file(request: pytest.FixtureRequest, shared_dir: Path) -> Path:
    return shared_dir / "odd_files" / request.param


def frames_by_definition(path: Path, num_frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and times in seconds, by decoding every frame; end as the packets say."""
    container, stream = open_video(path)
    with container:
        timeline = read_timeline(container, stream)
    maker = PictureMaker(height=32, width=32)
    container, stream = open_video(path)
    times, pictures, previous, start = [], [], None, None
    with container:
        for frame in container.decode(stream):
            start = frame.pts if start is None else start
            targets = sampling.target_times(start, timeline.end, num_frames)
            while len(times) < num_frames and targets[len(times)] < frame.pts:
                pictures.append(maker(previous))
                times.append(previous.pts - start)
            previous = frame
        while len(times) < num_frames:
            pictures.append(maker(previous))
            times.append(previous.pts - start)
    return np.stack(pictures), np.array(times) * float(timeline.time_base)


def test_the_list_is_complete(shared_dir: Path):
    assert [path.name for path in find_videos(shared_dir / "odd_files")] == sorted(ODD_FILES)


def test_probe(odd_file: Path):
    info = probe(odd_file)
    codec, pixel_format, width, height, rotation, _ = ODD_FILES[odd_file.name]
    assert (info.codec, info.pixel_format) == (codec, pixel_format)
    assert (info.width, info.height, info.rotation_degrees) == (width, height, rotation)
    assert (info.duration_seconds is None) == ("no_duration" in odd_file.name)


def test_exact_sampling_is_what_plain_decoding_gives(odd_file: Path):
    options = SamplingOptions(skip_black=False)
    batch = sample_frames(odd_file, height=32, width=32, options=options)
    pictures, times = frames_by_definition(odd_file, 64)
    assert np.array_equal(batch.frames, pictures)
    assert batch.times == pytest.approx(times)
    assert len(np.unique(batch.times)) <= ODD_FILES[odd_file.name][5]


def test_keyframe_sampling(odd_file: Path):
    options = SamplingOptions(sampler="keyframe", skip_black=False)
    batch = sample_frames(odd_file, height=32, width=32, options=options)
    assert 4 <= len(batch.frames) <= 64
    assert len(np.unique(batch.times)) >= min(4, ODD_FILES[odd_file.name][5])


def test_a_seek_before_the_first_frame_gives_no_green_frames(shared_dir: Path):
    path = shared_dir / "odd_files" / "natural__imageio-binaries__cockatoo_eefca9.mp4"
    container, stream = open_video(path)
    with container:
        timeline = read_timeline(container, stream)
    target = timeline.end // 2
    key_time = int(timeline.key_times[timeline.key_times <= target].max())
    with FrameReader(path, timeline) as seeking, FrameReader(path, timeline) as reading:
        seeking.seek(target, key_time)
        sought, read = seeking.shown_at(target), reading.shown_at(target)
    assert seeking.seekable and seeking.frames_decoded < reading.frames_decoded
    assert sought.time == read.time
    maker = PictureMaker(height=90, width=160)
    assert np.array_equal(maker(sought.image), maker(read.image))
