"""Which files of a folder are videos, by name alone."""

from __future__ import annotations

import logging
import os
from pathlib import Path

logger = logging.getLogger(__name__)

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
        path: A folder, searched with all its sub-folders, linked ones too. A sub-folder that
            may not be read is passed over with a warning.

    Returns:
        Sorted paths; hidden files and hidden folders are left out. Empty where ``path``
        is not a folder.
    """
    found: list[Path] = []
    searched: set[str] = set()
    for folder, subfolders, names in os.walk(path, onerror=_warn, followlinks=True):
        real = os.path.realpath(folder)
        if real in searched:  # a link back to a folder above, or to one seen already
            subfolders.clear()
            continue
        searched.add(real)
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        found.extend(Path(folder, name) for name in names if is_video_name(name))
    return sorted(found)


def _warn(error: OSError) -> None:
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        logger.warning("%s is not searched for videos: %s", error.filename, error.strerror)
