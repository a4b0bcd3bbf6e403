"""The folder whose videos may be picked by name, and nothing outside it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from vidkind.errors import VideoNotFoundError
from vidkind.files import printable
from vidkind.video import find_videos, is_video_name


def library_names(library: Path | None) -> list[str]:
    """Keys of the videos of a library, with ``/``, sorted; empty without a library.

    Names that are not UTF-8, which neither a page nor JSON can hold, are left out.
    """
    if library is None:
        return []
    root = library.resolve()

    @cache  # a library has far fewer folders than videos
    def leads_inside(path: Path) -> bool:
        return path.resolve().is_relative_to(root)

    names = (
        path.relative_to(library).as_posix()
        for path in find_videos(library)
        if leads_inside(path if path.is_symlink() else path.parent)
    )
    return [name for name in names if _is_text(name)]


def library_file(library: Path | None, name: str) -> Path:
    """The file behind a key.

    Raises:
        VideoNotFoundError: No such video, one that lies outside, by ``..``, an absolute path
            or a link, or a name that is not UTF-8.
    """
    if library is not None and "\0" not in name and _is_text(name):
        root = library.resolve()
        path = (root / name).resolve()
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if path.is_relative_to(root) and path.is_file() and is_video_name(path) and not hidden:
            return path
    raise VideoNotFoundError(
        f"{name!r} is not a video of the library; expected a name that GET /api/v1/library lists"
    )


def _is_text(name: str) -> bool:
    return printable(name) == name
