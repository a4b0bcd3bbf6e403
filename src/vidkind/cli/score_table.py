"""The table of scores that ``evaluate`` and ``compare`` print."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from vidkind.evaluation.scores import Scores


def print_scores(
    title: str, rows: Iterable[tuple[Scores, str]], *, last_column: str, counts: tuple[int, int]
) -> Console:
    """Prints one line a row, with intervals.

    Args:
        title: What was scored; may be empty.
        rows: Scores, and what stands in the last column.
        last_column: Its heading.
        counts: Numbers of videos and of sources.

    Returns:
        The console, for what else there is to say: wide where it is no terminal.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    text = f"{counts[0]} videos of {counts[1]} sources; percent [95 % interval]"
    options: dict[str, Any] = {"box": None, "title_justify": "left"}
    table = Table(title=escape(f"{title}: {text}" if title else text), **options)
    for column in ("", "accuracy per source", "macro F1 per source", "accuracy per clip"):
        table.add_column(column, no_wrap=True)
    table.add_column(last_column, no_wrap=True)
    for row, last in rows:
        figures = row.per_source.accuracy, row.per_source.f1_macro, row.per_clip.accuracy
        table.add_row(escape(row.name), *map(str, figures), last)
    console = Console(emoji=False)
    if not console.is_terminal:
        console.width = 160
    console.print(table)
    return console
