"""Options, names, library and keys of the service."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vidkind.service
from tests.clips import render
from vidkind.errors import ConfigError, MissingExtraError, VideoNotFoundError
from vidkind.service import ServiceOptions
from vidkind.service.intake import display_name
from vidkind.service.library import library_file, library_names
from vidkind.service.notices import Notices
from vidkind.service.security import read_keys


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    (folder / "a").mkdir(parents=True)
    render(folder / "a" / "clip.mp4", 2)
    render(tmp_path / "outside.mp4", 2)
    (folder / "notes.txt").write_text("x")
    (folder / "link.mp4").symlink_to(tmp_path / "outside.mp4")
    (folder / ".hidden.mp4").write_bytes(b"x")
    if sys.platform == "linux":  # where a name may be any bytes
        (folder / os.fsdecode(b"odd\xff.mp4")).write_bytes(b"x")
    return folder


def test_the_library_lists_what_lies_in_it(library: Path) -> None:
    assert library_names(library) == ["a/clip.mp4"]
    assert library_names(None) == []
    assert library_file(library, "a/clip.mp4") == (library / "a/clip.mp4").resolve()


@pytest.mark.parametrize(
    "name",
    [
        "../outside.mp4",
        "a/../../outside.mp4",
        "link.mp4",
        "notes.txt",
        ".hidden.mp4",
        "/etc/passwd",
        "a",
        "",
        "nothing.mp4",
        "a/clip.mp4\0",
        "..\\outside.mp4",
        "%2e%2e/outside.mp4",
        "odd\udcff.mp4",
    ],
)
def test_nothing_outside_the_library_is_reached(library: Path, name: str) -> None:
    with pytest.raises(VideoNotFoundError, match="not a video of the library"):
        library_file(library, name)


def test_links_inside_the_library_are_listed_and_others_not(library: Path) -> None:
    (library / "twin.mp4").symlink_to(library / "a" / "clip.mp4")
    (library.parent / "away").mkdir()
    (library.parent / "away" / "clip.mp4").write_bytes(b"x")
    (library / "away").symlink_to(library.parent / "away")
    assert library_names(library) == ["a/clip.mp4", "twin.mp4"]


def test_an_absolute_path_outside_is_not_reached(library: Path) -> None:
    with pytest.raises(VideoNotFoundError):
        library_file(library, os.fspath(library.parent / "outside.mp4"))
    with pytest.raises(VideoNotFoundError):
        library_file(None, "a/clip.mp4")


@given(st.text())
def test_a_display_name_is_one_printable_line_without_folders(name: str) -> None:
    shown = display_name(name)
    assert 0 < len(shown) <= 200
    assert shown.isprintable()
    assert "/" not in shown
    assert "\\" not in shown


def test_a_long_name_keeps_its_ending() -> None:
    assert display_name("a" * 500 + ".mp4").endswith(".mp4")
    assert display_name("C:\\temp\\clip.mp4") == "clip.mp4"


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"workers": -1}, "workers is -1"),
        ({"max_queue": 0}, "max_queue is 0"),
        ({"decode_memory_mb": 0}, "decode_memory_mb is 0"),
        ({"job_hours": 0}, "job_hours is 0"),
        ({"port": 70000}, "port is 70000"),
        ({"runtime": "torch"}, "runtime"),
        ({"precision": "int1"}, "precision"),
        ({"threads": 1}, "threads is 1"),
        ({"library": Path("no such folder")}, "is no folder"),
        ({"fetch_allow": ("10.0.0.0/33",)}, "expected a network"),
    ],
)
def test_options_out_of_range_are_refused(changes, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        ServiceOptions(**changes)


def test_options_survive_the_way_to_a_worker(tmp_path: Path) -> None:
    options = ServiceOptions(data=tmp_path, library=tmp_path, fetch_allow=("10.0.0.0/8",))
    assert ServiceOptions.from_json(options.to_json()) == options


def test_keys_are_read_and_short_ones_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys.txt"
    file.write_text("# of the team\n\nabcdefghijklmnop\n")
    assert len(read_keys(file)) == 1
    assert read_keys(None) == ()
    for text in ("", "# only\n", "short\n"):
        file.write_text(text)
        with pytest.raises(ConfigError, match="at least 16"):
            read_keys(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_keys(tmp_path / "none.txt")


def test_a_queue_that_is_not_redis_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="redis://"):
        Notices(ServiceOptions(data=tmp_path, queue="amqp://host"))


@pytest.mark.parametrize("name", ["create_app", "serve", "work"])
def test_a_missing_package_is_named_with_its_extra(monkeypatch, name: str) -> None:
    for module in [m for m in sys.modules if m.startswith("vidkind.service.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(MissingExtraError, match=r'pip install "vidkind\[serve\]"'):
        getattr(vidkind.service, name)


def test_the_room_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'run'"):
        _ = vidkind.service.run


def test_there_are_as_many_notices_as_waiting_jobs(tmp_path: Path) -> None:
    notices = Notices(ServiceOptions(data=tmp_path))
    notices.put()
    notices.top_up(3)
    notices.top_up(2)
    assert notices.huey.pending_count() == 3
