"""Every way a file can fail, through both public functions, and what still works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import av
import pytest
from av.stream import Disposition

from tests.clips import numbered, read_numbers, render, render_audio, truncate
from vidkind.config import SamplingOptions
from vidkind.errors import (
    ConfigError,
    DecodeError,
    EmptyFileError,
    NotAVideoError,
    NoVideoStreamError,
    VideoNotFoundError,
    VideoPermissionError,
)
from vidkind.video import probe, sample_frames


def sample(path, num_frames: int = 8):
    options = SamplingOptions(num_frames=num_frames)
    return sample_frames(path, height=48, width=64, options=options)


def assert_fails(path, kind, *words: str) -> None:
    for use in (probe, sample):
        with pytest.raises(kind) as caught:
            use(path)
        message = str(caught.value)
        assert "\n" not in message
        assert all(word in message for word in words), message


def test_missing_file(tmp_path: Path):
    assert_fails(tmp_path / "no.mp4", VideoNotFoundError, "no.mp4", "check the path")


def test_empty_name():
    assert_fails("", VideoNotFoundError, "empty")


def test_folder(tmp_path: Path):
    assert_fails(tmp_path, VideoNotFoundError, "folder without videos", ".mp4")
    render(tmp_path / "a.mp4", 2)
    assert_fails(tmp_path, VideoNotFoundError, "is a folder", "name a file in it")


def test_name_longer_than_the_file_system_takes(tmp_path: Path):
    assert_fails(tmp_path / f"{'x' * 5000}.mp4", VideoNotFoundError)


def test_name_with_a_null_byte():
    assert_fails("a\0b.mp4", VideoNotFoundError)


def test_an_address_is_a_name_of_a_missing_file():
    assert_fails("http://127.0.0.1:9/clip.mp4", VideoNotFoundError, "vidkind serve")


def test_standard_input_is_not_read():
    assert_fails("-", VideoNotFoundError, "standard input")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no POSIX permissions")
def test_unreadable_file(tmp_path: Path):
    path = render(tmp_path / "secret.mp4", 2)
    path.chmod(0)
    me = os.geteuid()
    try:
        if me == 0:  # root may read anything: be nobody for a moment
            os.seteuid(65534)
        assert_fails(path, VideoPermissionError, "may not be read")
    finally:
        os.seteuid(me)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_what_is_there_and_no_file_is_called_what_it_is(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.mp4")
    assert_fails(tmp_path / "pipe.mp4", VideoNotFoundError, "a pipe or a device")
    (tmp_path / "link.mp4").symlink_to("nowhere.mp4")
    assert_fails(tmp_path / "link.mp4", VideoNotFoundError, "a link to what does not exist")


def test_empty_file(tmp_path: Path):
    (tmp_path / "zero.mp4").touch()
    assert_fails(tmp_path / "zero.mp4", EmptyFileError, "zero bytes")


def test_text_named_like_a_video(tmp_path: Path):
    (tmp_path / "notes.mp4").write_text("Dear diary, today I renamed a file.\n" * 50)
    assert_fails(tmp_path / "notes.mp4", NotAVideoError, "not a video")


@pytest.mark.parametrize(
    "content",
    ["#EXTM3U\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile '{}'\n"],
    ids=["hls", "concat"],
)
def test_a_playlist_does_not_make_other_files_open(tmp_path: Path, content: str):
    other = render(tmp_path / "other.ts", 4)
    (tmp_path / "list.mp4").write_text(content.format(other.name))
    assert_fails(tmp_path / "list.mp4", NotAVideoError, "playlist")


@pytest.mark.parametrize("name", ["sound.m4a", "sound.wav", "sound.mkv"])
def test_audio_only(tmp_path: Path, name: str):
    assert_fails(render_audio(tmp_path / name), NoVideoStreamError, "audio")


def render_with_cover(path: Path, *, video: bool) -> Path:
    """A container whose first stream is cover art: one picture, not a video."""
    frame = av.VideoFrame.from_ndarray(numbered(200), format="rgb24")
    with av.open(str(path), "w", format="mp4") as output:
        cover = output.add_stream("png", rate=1)
        cover.height, cover.width, cover.pix_fmt = 48, 64, "rgb24"
        cover.disposition = Disposition.attached_pic
        content = output.add_stream("libx264", rate=20) if video else None
        if content is not None:
            content.height, content.width = 48, 64
        output.mux([*cover.encode(frame), *cover.encode(None)])
        if content is not None:
            for i in range(10):
                output.mux(content.encode(av.VideoFrame.from_ndarray(numbered(i), "rgb24")))
            output.mux(content.encode(None))
    return path


def test_cover_art_is_no_video(tmp_path: Path):
    assert_fails(
        render_with_cover(tmp_path / "song.m4a", video=False), NoVideoStreamError, "cover art"
    )


def test_cover_art_before_the_video_is_passed_over(tmp_path: Path):
    path = render_with_cover(tmp_path / "film.mp4", video=True)
    assert probe(path).codec == "h264"
    assert read_numbers(sample(path, 5).frames) == [1, 3, 5, 7, 9]


@pytest.mark.parametrize("name", ["a.mjpeg", "a.MJPG"])
def test_a_row_of_jpeg_pictures_is_a_video(tmp_path: Path, name: str):
    settings = {"codec": "mjpeg", "pixel_format": "yuvj420p", "container": "mjpeg"}
    path = render(tmp_path / name, [numbered(n, (960, 1280)) for n in range(12)], **settings)
    # As of most cameras: so large, and with these headers, FFmpeg takes the file for one picture.
    start, jfif = b"\xff\xd8\xff", b"\xe0\0\x10JFIF\0\1\2\0\0\1\0\1\0\0\xff"
    path.write_bytes(path.read_bytes().replace(start, start + jfif))
    assert probe(path).codec == "mjpeg"
    assert read_numbers(sample(path, 3).frames) == [2, 6, 10]
    path.rename(tmp_path / "a.mp4")
    assert_fails(tmp_path / "a.mp4", NotAVideoError, "picture")


def test_unknown_codec(tmp_path: Path):
    path = render(tmp_path / "odd.mp4", 4)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzz9").replace(b"avcC", b"zzzC"))
    assert_fails(path, DecodeError, "codec")


def test_stream_of_which_no_frame_decodes(tmp_path: Path):
    path = render(tmp_path / "noise.mp4", 4)
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 4
    end = content.index(b"moov") - 4
    content[start:end] = b"\xff" * (end - start)
    path.write_bytes(content)
    with pytest.raises(DecodeError, match="no frame of"):
        sample(path)
    assert probe(path).width == 64


def test_mp4_truncated_before_its_index(tmp_path: Path):
    path = truncate(render(tmp_path / "whole.mp4", 60), tmp_path / "half.mp4")
    assert_fails(path, NotAVideoError, "complete file")


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mkv", "libx264"), (".ts", "libx264"), (".avi", "mjpeg")]
)
def test_truncated_stream_gives_frames_of_what_is_left(tmp_path: Path, suffix: str, codec: str):
    pictures = [numbered(i, (192, 256)) for i in range(60)]
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    whole = render(tmp_path / f"whole{suffix}", pictures, codec=codec, pixel_format=pixels, g="1")
    batch = sample(truncate(whole, tmp_path / f"half{suffix}"))
    numbers = read_numbers(batch.frames)
    assert len(numbers) == 8 and numbers == sorted(numbers) and len(set(numbers)) == 8
    assert 15 < numbers[-1] < 45
    assert batch.times[-1] == pytest.approx(numbers[-1] / 20, abs=0.002)
    assert batch.duration_seconds < 45 / 20


def test_mp4_with_its_index_first_truncated(tmp_path: Path):
    pictures = [numbered(i, (96, 128)) for i in range(60)]
    whole = render(
        tmp_path / "whole.mp4", pictures, container_options={"movflags": "faststart"}, g="6", qp="4"
    )
    batch = sample(truncate(whole, tmp_path / "half.mp4", 0.7))
    numbers = read_numbers(batch.frames)
    assert numbers == sorted(set(numbers)) and 8 <= numbers[-1] < 58
    assert batch.duration_seconds < 2.95


@pytest.mark.parametrize("num_threads", [1, 4])
@pytest.mark.parametrize("sampler", ["exact", "keyframe"])
def test_a_download_whose_rest_is_zeros_ends_where_it_breaks_off(
    tmp_path: Path, sampler: str, num_threads: int
):
    whole = render(tmp_path / "a.mp4", 600, g="20", container_options={"movflags": "faststart"})
    data = whole.read_bytes()
    frames = data.index(b"mdat")
    kept = frames + int(0.3 * (len(data) - frames))
    path = tmp_path / "b.mp4"
    path.write_bytes(data[:kept] + bytes(len(data) - kept))
    options = SamplingOptions(num_frames=24, sampler=sampler)
    batch = sample_frames(path, height=48, width=64, options=options, num_threads=num_threads)
    assert batch.duration_seconds < 0.5 * 30
    assert len(batch.frames) >= 6
    assert batch.times[-1] > 0.75 * batch.duration_seconds


def test_undecodable_second_half_is_left_out(tmp_path: Path):
    path = render(tmp_path / "damaged.mkv", 60, codec="mjpeg", pixel_format="yuvj420p")
    content = bytearray(path.read_bytes())
    scans = [i for i in range(len(content) - 1) if content[i : i + 2] == b"\xff\xd8"]
    for start in scans[30:]:
        content[start : start + 215] = bytes(215)
    path.write_bytes(content)
    batch = sample(path, 10)
    assert read_numbers(batch.frames) == [1, 4, 7, 10, 13, 16, 19, 22, 25, 28]
    assert batch.duration_seconds == pytest.approx(1.5, abs=0.06)


@pytest.mark.parametrize(
    "name",
    ["фильм 映画 🎬.mp4", "12:30 clip.mp4", "concat:a|b.mp4", "100%d frames.mp4", "q'\"uote.mp4"],
)
def test_unusual_names(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    try:
        render(tmp_path / "plain.mp4", 4).rename(tmp_path / name)
    except OSError:
        pytest.skip("this file system does not take the name")
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / name, name):
        assert probe(path).num_frames == 4
        assert len(sample(path).frames) == 8


def test_very_long_name(tmp_path: Path):
    path = render(tmp_path / "plain.mp4", 4).rename(tmp_path / f"{'n' * 240}.mp4")
    assert len(sample(path).frames) == 8


@pytest.mark.parametrize("size", [(0, 64), (64, -1)])
def test_impossible_size(tmp_path: Path, size):
    with pytest.raises(ConfigError, match="picture size"):
        sample_frames(tmp_path / "any.mp4", height=size[0], width=size[1])


def test_impossible_number_of_threads(tmp_path: Path):
    with pytest.raises(ConfigError, match="num_threads"):
        sample_frames(tmp_path / "any.mp4", height=8, width=8, num_threads=-1)


def test_ffmpeg_says_nothing_on_stderr(tmp_path: Path):
    half = truncate(render(tmp_path / "whole.mkv", 60), tmp_path / "half.mkv")
    program = (
        "import sys; from vidkind.video import sample_frames\n"
        "sample_frames(sys.argv[1], height=48, width=64)"
    )
    command = [sys.executable, "-c", program, str(half)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == "" and done.stdout == ""
