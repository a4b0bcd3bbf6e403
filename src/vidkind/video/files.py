"""Which files of a folder are videos, by name alone."""

from __future__ import annotations

import os
from pathlib import Path

VIDEO_EXTENSIONS: frozenset[str] = frozenset(
    {".3g2", ".3gp", ".apng", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".gif", ".ivf"}
    | {".m2t", ".m2ts", ".m2v", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpeg"}
    | {".mpg", ".mts", ".mxf", ".nut", ".ogm", ".ogv", ".qt", ".rm", ".rmvb", ".ts", ".vob"}
    | {".webm", ".wmv", ".wtv", ".y4m"}
)


def is_video_name(name: str | os.PathLike[str]) -> bool:
    """Whether a file name ends like a video's and is not hidden."""
    path = Path(name)
    return path.suffix.lower() in VIDEO_EXTENSIONS and not path.name.startswith(".")


def find_videos(path: str | os.PathLike[str]) -> list[Path]:
    """Video files below a folder, by extension.

    Args:
        path: A folder, searched with all its sub-folders.

    Returns:
        Sorted paths; hidden files and hidden folders are left out. Empty where ``path``
        is not a folder.
    """
    found: list[Path] = []
    for folder, subfolders, names in os.walk(path):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        found.extend(Path(folder, name) for name in names if is_video_name(name))
    return sorted(found)
