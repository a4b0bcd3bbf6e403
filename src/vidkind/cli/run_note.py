"""Who writes a file of rows: one run at a time, and each with the bundle and options of the first.

A hidden file beside the rows, ``.NAME.run.json``, says what they were made with. It is locked
while a run writes, and compared when ``--resume`` goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from vidkind.errors import ConfigError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def rows_claimed(
    output: Path, made_with: Mapping[str, object], *, resume: bool
) -> Iterator[Callable[[], None]]:
    """Holds a file of rows for this run.

    Args:
        output: The file of rows; it need not be there yet.
        made_with: Everything that decides an answer, as JSON types.
        resume: Whether the rows in the file are kept. Then they must have been made with the same;
            where nothing says what they were made with, that is taken on trust.

    Yields:
        Writes the note; to be called once it is clear that rows follow.

    Raises:
        ConfigError: Another run writes the file, or its rows were made with something else.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    note = output.with_name(f".{output.name}.run.json")
    with note.open("a+", encoding="utf-8") as file:
        _lock(file, output)
        file.seek(0)
        before = file.read() if resume and output.is_file() else ""
        _compare(before, made_with, output)

        def note_down() -> None:
            file.truncate(0)
            file.write(json.dumps(made_with, indent=1) + "\n")
            file.flush()

        yield note_down


def _lock(file: IO[str], output: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConfigError(
            f"{output} is being written by another run; wait for it, or choose another --output"
        ) from error
    except OSError:  # a file system without locks
        return


def _compare(before: str, made_with: Mapping[str, object], output: Path) -> None:
    try:
        earlier = json.loads(before) if before else {}
    except json.JSONDecodeError:
        return  # cut off by a kill
    changed = [
        f"{name} {earlier[name]}, now {made_with[name]}"
        for name in made_with
        if name in earlier and earlier[name] != made_with[name]
    ]
    if changed:
        raise ConfigError(
            f"--resume cannot go on with {output}: its rows were made with {'; '.join(changed)}: "
            "give the same bundle and options, choose another --output or leave out --resume"
        )
