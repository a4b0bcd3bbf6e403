"""Predictions as a table for people, a line each as they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Literal, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vidkind.records import UNCLASSIFIED

if TYPE_CHECKING:
    from vidkind.records import Prediction

_SHORT_NAME = 12
_BAR = 10


class _Column(NamedTuple):
    title: str
    width: int
    justify: Literal["left", "right"] = "left"


class TableRows:
    """Name, category, a bar for the confidence, trust, all scores, length; or name and error.

    Widths are settled beforehand, so that each row is printed when it comes. On a terminal
    too narrow for the scores, they are left out.
    """

    def __init__(self, file: IO[str], categories: Sequence[str], inputs: Sequence[str]) -> None:
        self._console = Console(file=file, emoji=False)
        room = self._console.width if self._console.is_terminal else 1 << 30
        longest = max(5, *(cell_len(_visible(name)) for name in inputs))
        kind = [
            _Column("category", max(map(cell_len, (*categories, UNCLASSIFIED)))),
            _Column("confidence", _BAR + 7),
            _Column("trust", 6, "right"),
        ]
        scores = [_Column(name, max(5, cell_len(name)), "right") for name in categories]
        length = [_Column("length", 9, "right")]
        self._scored = tuple(categories)
        if _width([*kind, *scores, *length]) + min(longest, _SHORT_NAME) > room:
            self._scored, scores = (), []
        rest = [*kind, *scores, *length]
        self._name = _Column("video", max(_SHORT_NAME, min(longest, room - _width(rest))))
        self._columns = [self._name, *rest]
        self._console.width = max(self._console.width, _width(self._columns))
        self._print(*(f"[bold]{escape(column.title)}[/]" for column in self._columns))

    def write(self, prediction: Prediction) -> None:
        """Writes one row."""
        name = _shown(prediction.path, self._name.width)
        if prediction.error is not None:
            error = prediction.error
            self._console.print(
                f"{escape(set_cell_size(name, self._name.width))}  [red]{error.type}[/] "
                f"{escape(_visible(error.message))}",
                soft_wrap=True,
                highlight=False,
            )
            return
        confidence = prediction.confidence or 0.0
        bar = "█" * round(_BAR * confidence)
        withheld = prediction.category == UNCLASSIFIED
        others = () if withheld else (prediction.label_set or ())[1:]
        self._print(
            escape(name),
            f"[bold]{escape(prediction.category or '')}[/]"
            + "".join(f" or {escape(label)}" for label in others),
            f"[{'dim' if withheld else 'green'}]{bar:<{_BAR}}[/] {confidence:6.1%}",
            "-" if prediction.trust is None else f"{prediction.trust:.1%}",
            *(f"{prediction.scores[category]:.3f}" for category in self._scored),
            f"{prediction.duration_seconds:.1f} s",
        )

    def _print(self, *cells: str) -> None:
        row = Table(box=None, show_header=False, pad_edge=False)
        for column in self._columns:
            row.add_column(justify=column.justify, width=column.width, overflow="fold")
        row.add_row(*cells)
        self._console.print(row)

    def close(self) -> None:
        """Nothing follows the last row."""


def _visible(text: str) -> str:
    """The text without characters that a terminal would obey."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _shown(path: str, width: int) -> str:
    """A path in a column: the end of one that is too long, its name at least in part."""
    path = _visible(path)
    if cell_len(path) <= width:
        return path
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    if cell_len(name) + 2 > width:
        half = (width - 1) // 2
        tail = name[-half:]
        return set_cell_size(name, width - 1 - cell_len(tail)) + "…" + tail
    tail = path
    while cell_len(tail) + 1 > width:
        tail = tail[1:]
    return "…" + tail


def _width(columns: Sequence[_Column]) -> int:
    """Width of columns, each with the space beside it."""
    return sum(column.width + 2 for column in columns)
