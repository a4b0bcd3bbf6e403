"""Writing files so that they are whole or not there, and names so that they can be written.

In: a path. Out: a temporary path beside it that takes its place when the block ends well;
the path as text. Standard library only; knows no other room.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Gives a temporary path; on success it replaces ``path`` in one step.

    A process killed inside the block leaves the old file as it was. The temporary name
    carries the process id, so two writers do not meet.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def printable(path: str) -> str:
    """A path as UTF-8 text: bytes of its name that are not UTF-8 become escapes."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")
