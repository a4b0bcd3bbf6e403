"""Writing files so that they are whole or not there, and names so that they can be written.

In: a path. Out: a temporary path beside it that takes its place when the block ends well;
the path as text. Standard library only; knows no other room.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Gives a temporary path; on success it replaces ``path`` in one step.

    A process killed inside the block leaves the old file as it was. The temporary name
    carries the process id, so two writers do not meet. A link stays, and what it leads to is
    replaced; what is no regular file, as a pipe or a device, is given itself.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        yield path
        return
    path = path.resolve()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def copy_whole(source: Path, target: Path) -> None:
    """Copies a file in one step.

    Raises:
        OSError: It names the file that could not be read, or else ``target``.
    """
    with source.open("rb") as file, atomic_path(target) as temporary:
        try:
            with temporary.open("wb") as copy:
                shutil.copyfileobj(file, copy, 1 << 20)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(target)) from error


def printable(path: str) -> str:
    """A path as UTF-8 text: bytes of its name that are not UTF-8 become escapes."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")
