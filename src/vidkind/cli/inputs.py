"""From the paths of a command line to one list of inputs."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from vidkind.video import find_videos, walk_folders


def expand_inputs(paths: Iterable[str]) -> list[str]:
    """Files stay, folders become the videos below them, patterns what they match.

    A folder without videos, or a pattern without a match, stays as it is: it is an input
    and gets its row, with an error. A path given twice has two rows; what one pattern
    matches in two ways, as through a linked folder, has one.
    """
    inputs: list[str] = []
    for path in paths:
        # os.path, unlike pathlib, takes names that no file system takes.
        if not os.path.lexists(path) and glob.has_magic(path):
            inputs += _matched(path) or [path]
        else:
            inputs += _below(path)
    return inputs


def _below(path: str) -> list[str]:
    """The videos of a folder; anything else, and a folder without videos, as it is."""
    if os.path.isdir(path):  # noqa: PTH112
        return [str(video) for video in find_videos(Path(path))] or [path]
    return [path]


def _matched(pattern: str) -> list[str]:
    """The inputs that a pattern stands for, sorted, each file once."""
    real = cache(os.path.realpath)
    # Folders last: where a link leads to a file that is matched by itself, its shorter name stays.
    matches = sorted(_matches(pattern.replace(os.sep, "/")), key=os.path.isdir)
    found: dict[tuple[str, str], str] = {}
    for file in (file for match in matches for file in _below(match)):
        folder, name = os.path.split(file)
        found.setdefault((real(folder), name), file)
    return sorted(found.values())


def _matches(pattern: str) -> Iterator[str]:
    """Files and folders of a pattern; ``**`` stands for the folders that a search goes through.

    ``glob`` would follow links that lead back, and never end where two of them do.
    """
    parts = pattern.split("/")
    if "**" not in parts:
        yield from glob.iglob(pattern)  # noqa: PTH207 (absolute patterns too)
        return
    number = parts.index("**")
    start, rest = "/".join(parts[:number]), "/".join(parts[number + 1 :])
    for base in glob.iglob(start + "/") if number else [""]:  # noqa: PTH207
        for folder, _ in walk_folders(base or "."):
            below = folder if base else folder.removeprefix(".").lstrip("/")
            yield from _matches(os.path.join(glob.escape(below), rest or "*"))  # noqa: PTH118
