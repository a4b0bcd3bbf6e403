"""Writing predictions as a table, JSON, JSON lines or CSV, as they come."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from vidkind.errors import ConfigError

if TYPE_CHECKING:
    from vidkind.records import Prediction


class RowWriter(Protocol):
    """Takes predictions one by one; ``close`` writes what needs all of them."""

    done: frozenset[str]

    def write(self, prediction: Prediction) -> None:
        """Takes one row."""

    def close(self) -> None:
        """Writes the rest."""


@contextmanager
def open_rows(
    form: str, output: Path | None, categories: Sequence[str], *, resume: bool
) -> Iterator[RowWriter]:
    """Opens the writer of a format on stdout or a file.

    Raises:
        ConfigError: ``resume`` without a file, or with a format that cannot be continued.
    """
    if resume and (output is None or form not in ("jsonl", "csv")):
        raise ConfigError("--resume needs --output and --format jsonl or csv")
    kept = resume and output is not None and output.is_file()
    done = _paths_in(output, form) if kept and output is not None else frozenset()
    file = _open(output, "a" if kept else "w")
    try:
        writer = _WRITERS[form](file, categories, done)
        yield writer
        writer.close()
    finally:
        if file is not sys.stdout:
            file.close()


def _open(output: Path | None, mode: str) -> IO[str]:
    if output is None:
        return sys.stdout
    output.parent.mkdir(parents=True, exist_ok=True)
    return output.open(mode, encoding="utf-8", newline="")


def _paths_in(output: Path, form: str) -> frozenset[str]:
    """Paths with a whole row; a last line cut off by a kill is removed from the file."""
    raw = output.read_bytes()
    whole = raw[: raw.rfind(b"\n") + 1]
    if len(whole) < len(raw):
        output.write_bytes(whole)
    lines = whole.decode("utf-8").splitlines()
    if form == "jsonl":
        return frozenset(json.loads(line)["path"] for line in lines)
    return frozenset(row["path"] for row in csv.DictReader(lines))


class _JsonLines:
    def __init__(self, file: IO[str], categories: Sequence[str], done: frozenset[str]) -> None:
        self._file, self.done = file, done

    def write(self, prediction: Prediction) -> None:
        self._file.write(json.dumps(prediction.to_row(), ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Nothing is held back."""


class _Json:
    def __init__(self, file: IO[str], categories: Sequence[str], done: frozenset[str]) -> None:
        self._file, self.done = file, done
        self._rows: list[dict[str, Any]] = []

    def write(self, prediction: Prediction) -> None:
        self._rows.append(prediction.to_row())

    def close(self) -> None:
        self._file.write(json.dumps(self._rows, indent=2, ensure_ascii=False) + "\n")


class _Csv:
    def __init__(self, file: IO[str], categories: Sequence[str], done: frozenset[str]) -> None:
        self._file, self._categories, self.done = file, categories, done
        self._writer = csv.writer(file, lineterminator="\n")
        if not done:
            scores = (f"score_{name}" for name in categories)
            last = ("duration_seconds", "error_type", "error_message")
            self._writer.writerow(["path", "category", "confidence", *scores, *last])

    def write(self, prediction: Prediction) -> None:
        error = prediction.error
        self._writer.writerow(
            [prediction.path, prediction.category, prediction.confidence]
            + [prediction.scores.get(name) for name in self._categories]
            + [prediction.duration_seconds, error and error.type, error and error.message]
        )
        self._file.flush()

    def close(self) -> None:
        """Nothing is held back."""


class _Table:
    """A table for people: name, category, a bar for the confidence, all scores."""

    def __init__(self, file: IO[str], categories: Sequence[str], done: frozenset[str]) -> None:
        from rich.table import Table

        self._file, self._categories, self.done = file, categories, done
        self._table = Table(box=None, header_style="bold", pad_edge=False)
        for name in ("video", "category", "confidence", *categories, "length"):
            right = name in categories or name == "length"
            self._table.add_column(name, justify="right" if right else "left")

    def write(self, prediction: Prediction) -> None:
        from rich.markup import escape

        name = escape(prediction.path)
        if prediction.error is not None:
            self._table.add_row(name, f"[red]{prediction.error.type}[/]", "-")
            return
        confidence = prediction.confidence or 0.0
        bar = "█" * round(10 * confidence)
        self._table.add_row(
            name,
            f"[bold]{prediction.category}[/]",
            f"[green]{bar:<10}[/] {confidence:6.1%}",
            *(f"{prediction.scores[category]:.3f}" for category in self._categories),
            f"{prediction.duration_seconds:.1f} s",
        )

    def close(self) -> None:
        from rich.console import Console

        console = Console(file=self._file)
        if not console.is_terminal:
            console.width = 240
        console.print(self._table)


_WRITERS: dict[str, type[_JsonLines] | type[_Json] | type[_Csv] | type[_Table]] = {
    "table": _Table,
    "json": _Json,
    "jsonl": _JsonLines,
    "csv": _Csv,
}
