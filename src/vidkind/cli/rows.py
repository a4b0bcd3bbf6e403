"""Writing predictions as a table, JSON, JSON lines or CSV, each as it comes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from vidkind.cli.kept_rows import KeptRows, csv_header, csv_line, read_kept_rows
from vidkind.cli.run_note import rows_claimed
from vidkind.errors import ConfigError
from vidkind.files import atomic_path

if TYPE_CHECKING:
    from vidkind.records import Prediction

RESUMABLE = ("jsonl", "csv")


class RowWriter(Protocol):
    """Takes predictions one by one and holds none of them back."""

    def write(self, prediction: Prediction) -> None:
        """Writes one row."""

    def close(self) -> None:
        """Writes what comes after the last row."""


@contextmanager
def open_rows(
    form: str,
    output: Path | None,
    categories: Sequence[str],
    *,
    inputs: Sequence[str],
    made_with: Mapping[str, object],
    resume: bool,
) -> Iterator[tuple[RowWriter, KeptRows]]:
    """Opens the writer of a format on stdout or a file.

    ``jsonl`` and ``csv`` files grow row by row, so that a killed run can be resumed; the
    others replace an older file when they are whole.

    Args:
        form: Name of the format.
        output: File; None is stdout.
        categories: Names in label order.
        inputs: Every input, for the width of the table.
        made_with: What decides the answers; rows made with something else are not continued.
        resume: Keep the rows that the file has.

    Yields:
        The writer, and the rows kept.

    Raises:
        ConfigError: ``resume`` without a file, with a format that cannot be continued, or
            with a file that holds something else or was made with something else; or another run
            writes the file.
    """
    if resume and (output is None or form not in RESUMABLE):
        raise ConfigError("--resume needs --output and --format jsonl or csv")
    kept: KeptRows = {}
    with ExitStack() as stack:
        if output is not None and form in RESUMABLE and (output.is_file() or not output.exists()):
            note_down = stack.enter_context(rows_claimed(output, made_with, resume=resume))
            if resume and output.is_file():
                kept = read_kept_rows(output, form, categories)
            note_down()
        file = sys.stdout if output is None else _open(stack, output, form, resume=resume)
        if form == "csv" and (output is None or file.tell() == 0):
            file.write(csv_header(categories))
        writer = _writer(form, file, categories, inputs)
        yield writer, kept
        writer.close()


def _open(stack: ExitStack, output: Path, form: str, *, resume: bool) -> IO[str]:
    output.parent.mkdir(parents=True, exist_ok=True)
    if form not in RESUMABLE:
        output = stack.enter_context(atomic_path(output))
    mode = "a" if resume else "w"
    # In JSON, the replacement is the very escape of a character that is not UTF-8.
    file = output.open(mode, encoding="utf-8", errors="backslashreplace", newline="")
    return stack.enter_context(file)


def _writer(
    form: str, file: IO[str], categories: Sequence[str], inputs: Sequence[str]
) -> RowWriter:
    if form == "json":
        return _Json(file)
    if form == "jsonl":
        return _JsonLines(file)
    if form == "csv":
        return _Csv(file, categories)
    from vidkind.cli.row_table import TableRows

    return TableRows(file, categories, inputs)


class _JsonLines:
    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, prediction: Prediction) -> None:
        self._file.write(json.dumps(prediction.to_row(), ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Nothing follows the last row."""


class _Json:
    """One array, in the layout of ``json.dumps(rows, indent=2)``."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._before = "[\n"

    def write(self, prediction: Prediction) -> None:
        text = json.dumps([prediction.to_row()], indent=2, ensure_ascii=False)
        self._file.write(self._before + text.removeprefix("[\n").removesuffix("\n]"))
        self._before = ",\n"

    def close(self) -> None:
        self._file.write("\n]\n" if self._before == ",\n" else "[]\n")


class _Csv:
    def __init__(self, file: IO[str], categories: Sequence[str]) -> None:
        self._file, self._categories = file, categories

    def write(self, prediction: Prediction) -> None:
        error = prediction.error
        cells = (
            [prediction.path, prediction.category, prediction.confidence, prediction.trust]
            + [prediction.label_set and "|".join(prediction.label_set)]
            + [prediction.scores.get(name) for name in self._categories]
            + [prediction.duration_seconds, prediction.frames_decoded, prediction.frames_embedded]
            + [error and error.type, error and error.message]
        )
        self._file.write(csv_line(cells))
        self._file.flush()

    def close(self) -> None:
        """Nothing follows the last row."""
