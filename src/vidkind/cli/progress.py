"""The progress bar of long commands: on stderr, with time left; nothing on a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(
    description: str, total: int, *, hidden: bool = False
) -> Iterator[Callable[[], None]]:
    """Shows a bar of ``total`` steps; gives the function that moves it one step on.

    Lines printed to the same terminal meanwhile appear above the bar, wrapped to its width.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    # Asked of the stream itself: rich takes a pipe for a terminal where FORCE_COLOR is set.
    shown = sys.stderr.isatty() and not hidden
    with Progress(
        *columns,
        console=Console(stderr=True),
        disable=not shown,
        redirect_stdout=sys.stdout.isatty(),
    ) as progress:
        task = progress.add_task(description, total=total)
        yield lambda: progress.advance(task)
