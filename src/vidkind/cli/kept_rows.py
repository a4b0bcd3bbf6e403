"""Going on with a file of rows: which rows are whole, and what a kill cut off."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from vidkind.errors import ConfigError
from vidkind.files import printable

KeptRows = dict[str, list[str]]
"""Path, as text -> error type of each of its rows, in file order; empty for an answer."""


def csv_header(categories: Sequence[str]) -> str:
    """First line of a CSV of predictions."""
    scores = (f"score_{name}" for name in categories)
    cost = ("duration_seconds", "frames_decoded", "frames_embedded")
    columns = (
        "path",
        "category",
        "confidence",
        "trust",
        "label_set",
        *scores,
        *cost,
        "error_type",
        "error_message",
    )
    return csv_line(columns)


def csv_line(cells: Iterable[object]) -> str:
    """One line of CSV, ending in a line feed; cells with any kind of line break are quoted."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"


def read_kept_rows(output: Path, form: str, categories: Sequence[str]) -> KeptRows:
    """Reads the rows of an earlier run and removes what was cut off after the last whole one.

    Args:
        output: File of an earlier run.
        form: ``jsonl`` or ``csv``.
        categories: Names the rows must have scores for.

    Raises:
        ConfigError: The file holds something else, or rows of another bundle.
    """
    header = (csv_header(categories) if form == "csv" else "").encode()
    start = header or b'{"path": '
    kept: KeptRows = {}
    end = 0
    try:
        with output.open("rb") as file:
            found = file.read(len(start))
            if not start.startswith(found):
                raise ValueError(f"it does not begin with {start.decode().strip()}")
            if found == start:
                file.seek(end := len(header))
                rows = _csv_rows(file, header) if header else _json_rows(file, set(categories))
                for size, path, error in rows:
                    end += size
                    kept.setdefault(printable(path), []).append(error)
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise ConfigError(
            f"--resume cannot go on with {output}: {error}; expected {form} rows written with "
            "the same bundle: choose another --output or leave out --resume"
        ) from error
    with output.open("r+b") as file:
        file.truncate(end)
    return kept


def _json_rows(file: BinaryIO, categories: set[str]) -> Iterator[tuple[int, str, str]]:
    """Size in bytes, path and error type of each whole row."""
    for line in file:
        if not line.endswith(b"\n"):
            return
        row = json.loads(line)
        if not row["scores"].keys() <= categories:
            raise ValueError(f"it has scores for {', '.join(row['scores'])}")
        if not isinstance(row["path"], str):
            raise TypeError(f"it has a path that is no text: {row['path']!r}")
        yield len(line), row["path"], (row["error"] or {"type": ""})["type"]


def _csv_rows(file: BinaryIO, header: bytes) -> Iterator[tuple[int, str, str]]:
    """The same of a CSV, below its header; a path may hold line breaks."""
    lines: list[bytes] = []

    def read() -> Iterator[str]:
        for line in file:
            if not line.endswith(b"\n"):  # cut off, perhaps within a character
                return
            lines.append(line)
            yield line.decode("utf-8")

    columns = len(next(csv.reader([header.decode("utf-8")])))
    for cells in csv.reader(read()):
        if len(cells) != columns:
            return
        yield sum(map(len, lines)), cells[0], cells[-2]
        lines.clear()
