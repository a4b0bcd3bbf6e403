"""Which files of a folder are videos, and which are pictures, by name alone."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

logger = logging.getLogger(__name__)

VIDEO_EXTENSIONS: frozenset[str] = frozenset(
    {".264", ".265", ".3g2", ".3gp", ".apng", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv"}
    | {".gif", ".h264", ".h265", ".hevc", ".ivf", ".m1v", ".m2t", ".m2ts", ".m2v", ".m4v"}
    | {".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".nut"}
    | {".ogm", ".ogv", ".qt", ".rm", ".rmvb", ".ts", ".vob", ".webm", ".wmv", ".wtv", ".y4m"}
)
PICTURE_EXTENSIONS: frozenset[str] = frozenset(
    {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
)


def is_video_name(name: str | os.PathLike[str]) -> bool:
    """Whether a file name ends like a video's and is not hidden."""
    return _ends_in(name, VIDEO_EXTENSIONS)


def _ends_in(name: str | os.PathLike[str], extensions: frozenset[str]) -> bool:
    path = Path(name)
    return path.suffix.lower() in extensions and not path.name.startswith(".")


def find_videos(path: str | os.PathLike[str]) -> list[Path]:
    """Video files below a folder, by extension.

    Args:
        path: A folder, searched with all its sub-folders, linked ones too. A sub-folder that
            may not be read is passed over with a warning.

    Returns:
        Sorted paths; hidden files and hidden folders are left out. Empty where ``path``
        is not a folder.
    """
    return _find(path, is_video_name)


def find_pictures(path: str | os.PathLike[str]) -> list[Path]:
    """Picture files below a folder, by extension, as ``find_videos`` finds videos."""
    return _find(path, lambda name: _ends_in(name, PICTURE_EXTENSIONS))


def walk_folders(path: str | os.PathLike[str]) -> Iterator[tuple[str, list[str]]]:
    """A folder and all below it, linked ones too, each once; with the names of its files.

    Hidden folders are left out. A sub-folder that may not be read is passed over with a warning.
    Nothing where ``path`` is not a folder.
    """
    searched: set[str] = set()
    for folder, subfolders, names in os.walk(path, onerror=_warn, followlinks=True):
        real = os.path.realpath(folder)
        if real in searched:  # a link back to a folder above, or to one seen already
            subfolders.clear()
            continue
        searched.add(real)
        # Sorted: of a folder and a link to it, the same one is searched on every machine.
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        yield folder, names


def _find(path: str | os.PathLike[str], is_wanted: Callable[[str], bool]) -> list[Path]:
    return sorted(
        Path(folder, name)
        for folder, names in walk_folders(path)
        for name in names
        if is_wanted(name)
    )


def _warn(error: OSError) -> None:
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        logger.warning("%s is not searched: %s", error.filename, error.strerror)
