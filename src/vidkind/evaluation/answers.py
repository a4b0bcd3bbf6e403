"""Answers at hand: rows that ``vidkind classify`` wrote, matched with a labelled library."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from vidkind.errors import ConfigError
from vidkind.records import ErrorRecord, Prediction, VideoItem

ANSWER_SUFFIXES = (".jsonl", ".json", ".csv")
_SCORE = "score_"


def read_answers(path: Path) -> tuple[Prediction, ...]:
    """Reads the rows of ``vidkind classify``, one prediction a row, in file order.

    Args:
        path: File ending in .jsonl, .json or .csv, as its format is.

    Raises:
        ConfigError: The file holds something else.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix == ".csv":
                rows: Iterable[dict[str, Any]] = [_from_cells(row) for row in csv.DictReader(file)]
            elif path.suffix == ".json":
                rows = json.load(file)
            else:
                rows = [json.loads(line) for line in file if line.strip()]
        return tuple(_prediction(row) for row in rows)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"{path} holds no rows of vidkind classify ({error!r}); expected a file written with "
            "--format jsonl, json or csv"
        ) from error


def _prediction(row: Mapping[str, Any]) -> Prediction:
    error = row["error"]
    return Prediction(
        path=row["path"],
        category=row["category"],
        confidence=row["confidence"],
        scores={name: float(score) for name, score in row["scores"].items()},
        duration_seconds=row["duration_seconds"],
        error=error and ErrorRecord(type=error["type"], message=error["message"]),
    )


def _from_cells(cells: dict[str, str]) -> dict[str, Any]:
    """A row of CSV with the keys and types of JSON."""
    scores = {name.removeprefix(_SCORE): cells[name] for name in cells if name.startswith(_SCORE)}
    failed = bool(cells["error_type"])
    return {
        "path": cells["path"],
        "category": cells["category"] or None,
        "confidence": float(cells["confidence"]) if cells["confidence"] else None,
        "scores": {} if failed else scores,
        "duration_seconds": float(cells["duration_seconds"]) if not failed else None,
        "error": {"type": cells["error_type"], "message": cells["error_message"]}
        if failed
        else None,
    }


def match_answers(
    answers: Iterable[Prediction], items: Sequence[VideoItem]
) -> tuple[Prediction, ...]:
    """One prediction for each video of a library, in the library's order.

    A row belongs to a video when its path is the video's, or else ends with the video's key; of
    several the first counts. A video without a row gets one with the error ``NoAnswerError``.
    """
    by_path = {os.path.abspath(item.path): item.key for item in items}  # noqa: PTH100 (any name)
    keys = {item.key for item in items}
    exact: dict[str, Prediction] = {}
    alike: dict[str, Prediction] = {}
    for answer in answers:
        if key := by_path.get(os.path.abspath(answer.path)):  # noqa: PTH100
            exact.setdefault(key, answer)
        elif key := next((end for end in _endings(answer.path) if end in keys), None):
            alike.setdefault(key, answer)
    found = {**alike, **exact}
    return tuple(found.get(item.key) or _no_answer(item) for item in items)


def _endings(path: str) -> Iterator[str]:
    """``a/b/c``, ``b/c``, ``c``: what a path ends with, the longest first."""
    parts = PurePath(path).parts
    return ("/".join(parts[i:]) for i in range(len(parts)))


def _no_answer(item: VideoItem) -> Prediction:
    message = f"there is no row for {item.key!r}; classify the whole library"
    return Prediction(path=item.path, error=ErrorRecord(type="NoAnswerError", message=message))
