"""Opens a file as a video container and turns every way that fails into a typed error."""

from __future__ import annotations

import os
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from vidkind.errors import (
    DecodeError,
    EmptyFileError,
    NotAVideoError,
    NoVideoStreamError,
    VideoNotFoundError,
    VideoPermissionError,
)
from vidkind.video.files import find_videos

# FFmpeg's complaints about damaged streams are expected here; errors carry what matters.
av.logging.set_level(None)

# Playlists (hls, concat) and text (tty) are formats to FFmpeg too: a crafted "video" could make
# it open other files or addresses. Audio formats are listed to say "no video stream" of them.
_FORMATS = (
    "mov,matroska,avi,gif,apng,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,nut,ivf,rm,wtv,dv,gxf,nsv,"
    "h264,hevc,m4v,mjpeg,av1,obu,vc1,yuv4mpegpipe,mp3,wav,flac,aac,aiff,ac3,amr"
)
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
# To FFmpeg, the first of many JPEG pictures in a row often looks like the only one.
_FORMAT_OF = {".mjpeg": "mjpeg", ".mjpg": "mjpeg"}


def open_video(path: str | os.PathLike[str]) -> tuple[InputContainer, VideoStream]:
    """Open a video file for reading.

    Args:
        path: A local file. Never taken as an address or an FFmpeg protocol.

    Returns:
        The container, which the caller closes, and its best video stream.

    Raises:
        VideoNotFoundError: Nothing is there, or it is not a regular file.
        VideoPermissionError: The file may not be read.
        EmptyFileError: The file has zero bytes.
        NotAVideoError: FFmpeg recognises no container.
        NoVideoStreamError: The container holds no video stream.
        DecodeError: This FFmpeg has no decoder for the stream.
    """
    check_file(path)
    container = _open_container(path)
    try:
        return container, _video_stream(container, path)
    except BaseException:
        container.close()
        raise


def check_file(path: str | os.PathLike[str]) -> int:
    """Check that a path is a readable file that is not empty; its size in bytes.

    Raises:
        VideoNotFoundError: Nothing is there, or it is not a regular file.
        VideoPermissionError: The file may not be read.
        EmptyFileError: The file has zero bytes.
    """
    name = os.fspath(path)
    try:
        if not name or not Path(name).is_file():
            raise VideoNotFoundError(_not_found(name))
        with Path(name).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
    except PermissionError as error:
        raise VideoPermissionError(
            f"{name!r} may not be read; expected a readable file: change its permissions"
        ) from error
    except (OSError, ValueError) as error:
        if isinstance(error, VideoNotFoundError):
            raise
        raise VideoNotFoundError(f"{name!r} cannot be opened ({error}); check the path") from error
    if size == 0:
        raise EmptyFileError(
            f"{name!r} has zero bytes; expected a video: copy or download it again"
        )
    return size


def _not_found(name: str) -> str:
    if not name:
        return "the path is empty; expected the name of a video file"
    path = Path(name)
    if path.is_dir():
        if find_videos(name):
            return f"{name!r} is a folder; expected a video file: name a file in it"
        return (
            f"{name!r} is a folder without videos; expected files such as .mp4, .webm, .mkv, "
            ".mov, .avi or .gif in it"
        )
    if "://" in name:
        return (
            f"{name!r} is an address; expected a file: download it first, or give the address to "
            "the page or API of vidkind serve"
        )
    if name == "-":
        return "standard input cannot be read; expected the name of a video file"
    if path.is_symlink() and not path.exists():
        return f"{name!r} is a link to what does not exist; expected a video file: repair the link"
    if path.exists():
        return f"{name!r} is a pipe or a device; expected a video file: store it in one first"
    return f"{name!r} is not a file that exists; check the path"


def _open_container(path: str | os.PathLike[str]) -> InputContainer:
    # Absolute, so that a name such as "12:30.mp4" is not read as protocol "12".
    file = Path(path).absolute()
    try:
        try:
            return _opened(file)
        except av.ArgumentError:
            if file.suffix.lower() not in _FORMAT_OF:
                raise
            return _opened(file, _FORMAT_OF[file.suffix.lower()])
    except (av.FFmpegError, OSError, ValueError) as error:
        raise NotAVideoError(
            f"{os.fspath(path)!r} is not a video FFmpeg can read ({_reason(error)}); expected a "
            "complete file such as MP4, WebM, MKV, MOV, AVI or GIF: check it or export it again"
        ) from error


def _opened(file: Path, form: str | None = None) -> InputContainer:
    return av.open(str(file), format=form, options=dict(_OPTIONS), metadata_errors="replace")


def _reason(error: Exception) -> str:
    if isinstance(error, av.ArgumentError):  # what a format that is not on the list comes to
        return "it is in another format, such as a picture's or a playlist's"
    return str(getattr(error, "strerror", None) or error)


def _video_stream(container: InputContainer, path: str | os.PathLike[str]) -> VideoStream:
    # Cover art in a music file is a "video stream" of one picture to FFmpeg.
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        kinds = {"cover art" if s.type == "video" else str(s.type) for s in container.streams}
        raise NoVideoStreamError(
            f"{os.fspath(path)!r} holds only {', '.join(sorted(kinds)) or 'a header'}; expected a "
            "video stream: choose a file with moving pictures"
        )
    best = container.streams.best("video")
    stream = best if best in streams else streams[0]
    if stream.codec_context is None:
        raise DecodeError(
            f"{os.fspath(path)!r} is in a codec this FFmpeg cannot decode; expected a common one: "
            "convert it to H.264 first"
        )
    return stream
