"""The folder whose videos may be picked by name, and nothing outside it."""

from __future__ import annotations

from pathlib import Path

from vidkind.errors import VideoNotFoundError
from vidkind.video import find_videos, is_video_name


def library_names(library: Path | None) -> list[str]:
    """Keys of the videos of a library, with ``/``, sorted; empty without a library."""
    if library is None:
        return []
    root = library.resolve()
    return [
        path.relative_to(library).as_posix()
        for path in find_videos(library)
        if path.resolve().is_relative_to(root)
    ]


def library_file(library: Path | None, name: str) -> Path:
    """The file behind a key.

    Raises:
        VideoNotFoundError: No such video, or one that lies outside, by ``..``, an absolute path
            or a link.
    """
    if library is not None and "\0" not in name:
        root = library.resolve()
        path = (root / name).resolve()
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if path.is_relative_to(root) and path.is_file() and is_video_name(path) and not hidden:
            return path
    raise VideoNotFoundError(
        f"{name!r} is not a video of the library; expected a name that GET /api/v1/library lists"
    )
