"""Times found from an index, from packets alone, and from neither."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.clips import decode_all, numbered, render
from vidkind.video.container import open_video
from vidkind.video.index import Timeline, read_packet_times, read_tail, read_timeline

STEADY = {"g": "10", "bf": "2", "x264_params": "scenecut=0"}


def timeline_of(path: Path) -> Timeline:
    container, stream = open_video(path)
    with container:
        return read_timeline(container, stream)


def has_tail(path: Path) -> bool:
    container, stream = open_video(path)
    with container:
        return read_tail(container, stream) is not None


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".ts", ".flv", ".nut"])
def test_end_and_last_are_those_of_the_decoded_frames(tmp_path: Path, suffix: str):
    path = render(tmp_path / f"a{suffix}", 60, **STEADY)
    timeline, (time, last) = timeline_of(path), decode_all(path)[-1]
    assert float(timeline.last * timeline.time_base) == pytest.approx(time)
    assert timeline.end - timeline.last == pytest.approx(
        float(last.duration * last.time_base / timeline.time_base), abs=1
    )
    assert timeline.ordered


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_key_times_are_those_of_the_key_frames(tmp_path: Path, suffix: str):
    path = render(tmp_path / f"a{suffix}", 60, **STEADY)
    timeline = timeline_of(path)
    wanted = [time for time, frame in decode_all(path) if frame.key_frame]
    assert len(wanted) == 6
    assert timeline.key_times * float(timeline.time_base) == pytest.approx(wanted)


def test_only_the_end_of_an_indexed_file_is_read(tmp_path: Path):
    for suffix in (".mp4", ".mkv"):
        path = render(tmp_path / f"a{suffix}", 60, **STEADY)
        container, stream = open_video(path)
        with container:
            tail = read_tail(container, stream)
        assert tail is not None and len(tail.pts) == 10


def test_no_tail_without_an_index(tmp_path: Path):
    live = {"codec": "libvpx", "container_options": {"live": "1"}}
    fragmented = {"container_options": {"movflags": "frag_keyframe+empty_moov"}}
    assert not has_tail(render(tmp_path / "a.ts", 20))
    assert not has_tail(render(tmp_path / "a.webm", 20, **live))
    assert not has_tail(render(tmp_path / "a.mp4", 20, **fragmented))


def test_formats_where_seeks_mislead_have_no_key_times(tmp_path: Path):
    path = render(tmp_path / "a.mpg", 40, codec="mpeg2video", fps=25)
    assert len(timeline_of(path).key_times) == 0


def test_avi_with_reordering_is_not_ordered(tmp_path: Path):
    assert not timeline_of(render(tmp_path / "a.avi", 30)).ordered
    motion_jpeg = render(tmp_path / "b.avi", 30, codec="mjpeg", pixel_format="yuvj420p")
    assert timeline_of(motion_jpeg).ordered


def test_times_of_joined_recordings_are_not_ordered(tmp_path: Path):
    one = render(tmp_path / "one.ts", [numbered(i) for i in range(30)]).read_bytes()
    (tmp_path / "joined.ts").write_bytes(one + one)
    assert not timeline_of(tmp_path / "joined.ts").ordered


def test_an_edit_list_may_end_the_last_frame_early(tmp_path: Path):
    path = render(tmp_path / "a.mp4", 10, bf="0")
    content = bytearray(path.read_bytes())
    length = content.index(b"elst") + 12  # ISO/IEC 14496-12, section 8.6.6
    assert int.from_bytes(content[length : length + 4], "big") == 500
    content[length : length + 4] = (470).to_bytes(4, "big")
    whole = timeline_of(path)
    path.write_bytes(content)
    cut = timeline_of(path)
    assert float(whole.end * whole.time_base) == pytest.approx(0.5)
    assert float(cut.end * cut.time_base) == pytest.approx(0.47, abs=0.001)
    assert cut.last == whole.last


def test_counting_gives_one_tick_a_frame(tmp_path: Path):
    timeline = timeline_of(render(tmp_path / "a.mp4", 30)).counted(30)
    assert (timeline.last, timeline.end, timeline.frame_ticks) == (29, 30, 1)
    assert float(timeline.time_base) == pytest.approx(1 / 20)
    assert len(timeline.key_times) == 0


def test_packet_times_of_nothing():
    times = read_packet_times([])
    assert (times.last, times.end, times.reliable) == (0, 0, True)
    assert len(times.sorted_pts()) == len(times.sorted_key_times()) == 0


def test_last_step_stands_in_for_an_unknown_duration():
    times = read_packet_times([])
    times.pts.extend([0, 90, 30])
    times.durations.extend([0, 0, 0])
    times.keys.extend([1, 0, 0])
    assert (times.last, times.end) == (90, 150)
    assert np.array_equal(times.sorted_pts(), [0, 30, 90])
    assert np.array_equal(times.sorted_key_times(), [0])
