from __future__ import annotations

import os
from pathlib import Path

import pytest

from vidkind.video import VIDEO_EXTENSIONS, find_videos, is_video_name


@pytest.mark.parametrize(
    "name", ["a.mp4", "A.MP4", "b.webm", "c.gif", "日本 語.mkv", "x.tar.mov", "cam.264"]
)
def test_names_of_videos(name):
    assert is_video_name(name)


@pytest.mark.parametrize("name", ["a.txt", "mp4", ".mp4", ".hidden.mp4", "a.mp4.part", ""])
def test_names_of_other_things(name):
    assert not is_video_name(name)


def test_extensions_are_lower_case_with_a_dot():
    assert all(e.startswith(".") and e == e.lower() for e in VIDEO_EXTENSIONS)


def test_finds_videos_at_every_depth_sorted_and_not_hidden(tmp_path: Path):
    wanted = ["b.mp4", "a/z.gif", "a/b/c.WebM"]
    for name in [*wanted, ".secret.mp4", ".cache/d.mp4", "a/notes.txt", "a/.e.mkv"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert find_videos(tmp_path) == sorted(tmp_path / name for name in wanted)


def test_linked_folders_are_searched_once(tmp_path: Path):
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "one.mp4").touch()
    (tmp_path / "here").mkdir()
    try:
        (tmp_path / "here" / "link").symlink_to(tmp_path / "away")
        (tmp_path / "away" / "back").symlink_to(tmp_path / "here")
    except OSError:
        pytest.skip("no symbolic links here")
    assert find_videos(tmp_path / "here") == [tmp_path / "here" / "link" / "one.mp4"]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no POSIX permissions")
def test_a_folder_that_may_not_be_read_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "secret").mkdir(mode=0)
    me = os.geteuid()
    try:
        if me == 0:  # root may read anything: be nobody for a moment
            os.seteuid(65534)
        assert find_videos(tmp_path / "secret") == []
    finally:
        os.seteuid(me)
    assert "secret is not searched: Permission denied" in caplog.text


def test_a_folder_named_like_a_video_is_searched_not_listed(tmp_path: Path):
    (tmp_path / "clips.mp4").mkdir()
    (tmp_path / "clips.mp4" / "one.mp4").touch()
    assert find_videos(tmp_path) == [tmp_path / "clips.mp4" / "one.mp4"]


def test_nothing_is_found_below_a_file_or_nowhere(tmp_path: Path):
    (tmp_path / "a.mp4").touch()
    assert find_videos(tmp_path / "a.mp4") == []
    assert find_videos(tmp_path / "missing") == []
