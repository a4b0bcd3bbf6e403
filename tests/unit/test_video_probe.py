from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import numbered, render
from vidkind.video import probe


def test_mp4(tmp_path: Path):
    path = render(tmp_path / "a.mp4", 60, g="15", bf="2", x264_params="scenecut=0")
    info = probe(path)
    assert (info.codec, info.pixel_format) == ("h264", "yuv420p")
    assert (info.width, info.height, info.rotation_degrees) == (64, 48, 0)
    assert info.duration_seconds == pytest.approx(3)
    assert (info.fps, info.frame_rate_kind, info.num_frames) == (20, "constant", 60)
    assert info.keyframe_interval_seconds == pytest.approx(0.75)
    assert info.size_bytes == path.stat().st_size
    assert info.path == str(path)


@pytest.mark.parametrize("suffix", [".mkv", ".ts", ".flv"])
def test_containers_without_a_frame_count(tmp_path: Path, suffix: str):
    info = probe(render(tmp_path / f"a{suffix}", 60, g="15", x264_params="scenecut=0"))
    assert info.num_frames is None
    assert info.duration_seconds == pytest.approx(3, abs=0.11)
    assert (info.fps, info.frame_rate_kind) == (20, "constant")
    assert info.keyframe_interval_seconds == pytest.approx(0.75, abs=0.002)


def test_live_webm_knows_no_duration(tmp_path: Path):
    path = tmp_path / "live.webm"
    render(path, 30, codec="libvpx-vp9", container_options={"live": "1"}, cpu_used="8")
    info = probe(path)
    assert info.duration_seconds is None and info.num_frames is None
    assert (info.codec, info.fps, info.frame_rate_kind) == ("vp9", 20, "constant")


def test_variable_frame_rate(tmp_path: Path):
    times = [0, 40, 80, 400, 440, 1000]
    for suffix in (".mp4", ".mkv"):
        info = probe(render(tmp_path / f"a{suffix}", 6, times=times, bf="0"))
        assert info.frame_rate_kind == "variable"


def test_rounded_times_are_still_a_constant_rate(tmp_path: Path):
    info = probe(render(tmp_path / "a.mkv", 40, fps=30))
    assert (info.frame_rate_kind, info.fps) == ("constant", 30)


def test_the_length_is_that_of_the_video_where_the_sound_goes_on(tmp_path: Path):
    picture, sound = render(tmp_path / "a.mp4", 20), tmp_path / "a.mkv"
    with av.open(str(picture)) as source, av.open(str(sound), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        audio = output.add_stream("pcm_s16le", rate=8000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000 * 6), np.int16), "s16", "mono")
        silence.sample_rate, silence.pts = 8000, 0
        output.start_encoding()
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)
        output.mux(audio.encode(silence))
        output.mux(audio.encode(None))
    with av.open(str(sound)) as written:
        assert written.duration == pytest.approx(6e6, rel=0.01)
    assert probe(sound).duration_seconds == pytest.approx(1, abs=0.06)


def test_dv_has_the_rate_of_its_frames(tmp_path: Path):
    pictures = [numbered(n, (576, 720)) for n in range(5)]
    info = probe(render(tmp_path / "a.dv", pictures, codec="dvvideo", fps=25))
    assert (info.fps, info.frame_rate_kind) == (25, "constant")


def test_gif(tmp_path: Path):
    info = probe(render(tmp_path / "a.gif", 10, codec="gif", pixel_format="rgb8", fps=10))
    assert (info.codec, info.fps, info.num_frames) == ("gif", 10, 10)
    assert info.duration_seconds == pytest.approx(1)
    assert info.keyframe_interval_seconds is None


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_rotation_flag_leaves_the_stored_size(tmp_path: Path, rotation: int, suffix: str):
    info = probe(render(tmp_path / f"a{suffix}", 3, rotation=rotation))
    assert (info.rotation_degrees, info.width, info.height) == (rotation, 64, 48)


def test_ten_bit_and_odd_size(tmp_path: Path):
    pictures = [numbered(i, (49, 65)) for i in range(3)]
    path = render(tmp_path / "a.mkv", pictures, codec="ffv1", pixel_format="yuv444p10le")
    info = probe(path)
    assert (info.pixel_format, info.width, info.height) == ("yuv444p10le", 65, 49)


def test_one_frame(tmp_path: Path):
    info = probe(render(tmp_path / "a.mp4", 1))
    assert (info.num_frames, info.frame_rate_kind) == (1, "unknown")
    assert info.keyframe_interval_seconds is None


def test_only_the_first_packets_of_an_unindexed_file_are_read(tmp_path: Path):
    # The rate changes after the packets that are looked at.
    times = [50 * i for i in range(1000)] + [50_000 + 20 * i for i in range(50)]
    path = tmp_path / "a.ts"
    pictures = [numbered(0)] * len(times)
    render(path, pictures, times=times, time_base=Fraction(1, 1000), g="50", preset="ultrafast")
    assert probe(path).frame_rate_kind == "constant"
