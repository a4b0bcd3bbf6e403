"""From the paths of a command line to one list of inputs."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from vidkind.video import find_videos


def expand_inputs(paths: Iterable[str]) -> list[str]:
    """Files stay, folders become the videos below them, patterns what they match.

    A folder without videos, or a pattern without a match, stays as it is: it is an input
    and gets its row, with an error. A path given twice has two rows; what one pattern
    matches in two ways has one.
    """
    inputs: list[str] = []
    for path in paths:
        # os.path, unlike pathlib, takes names that no file system takes.
        if not os.path.lexists(path) and glob.has_magic(path):
            matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 (absolute patterns too)
            found = (file for match in matches for file in _below(match))
            inputs += list(dict.fromkeys(found)) or [path]
        else:
            inputs += _below(path)
    return inputs


def _below(path: str) -> list[str]:
    """The videos of a folder; anything else, and a folder without videos, as it is."""
    if os.path.isdir(path):  # noqa: PTH112
        return [str(video) for video in find_videos(Path(path))] or [path]
    return [path]
