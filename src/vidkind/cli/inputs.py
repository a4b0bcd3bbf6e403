"""From the paths of a command line to one list of inputs."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

from vidkind.video import find_videos


def expand_inputs(paths: Iterable[str]) -> list[str]:
    """Files stay, folders become the videos below them, patterns what they match.

    A folder without videos, or a pattern without a match, stays as it is: it is an input
    and gets its row, with an error.
    """
    inputs: list[str] = []
    for path in paths:
        if Path(path).is_dir():
            inputs += [str(video) for video in find_videos(Path(path))] or [path]
        elif not Path(path).exists() and glob.has_magic(path):
            inputs += sorted(glob.glob(path, recursive=True)) or [path]  # noqa: PTH207 (absolute patterns too)
        else:
            inputs.append(path)
    return inputs
