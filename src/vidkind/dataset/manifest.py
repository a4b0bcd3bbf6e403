"""Reading a manifest CSV: one row a video, columns ``path,label`` and a few optional ones.

In: a UTF-8 CSV with a header. Out: one ``VideoItem`` per row, in file order.
Every complaint carries the line number, because manifests are edited by hand.
"""

from __future__ import annotations

import csv
import difflib
import os
from collections.abc import Iterator
from pathlib import Path

from vidkind.errors import LibraryError
from vidkind.records import Split, VideoItem

MANIFEST_NAME = "manifest.csv"
REQUIRED_COLUMNS = ("path", "label")
SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}

Row = dict[str, str]


def read_manifest(path: Path, *, strict: bool = True) -> list[VideoItem]:
    """Reads one manifest; further columns than those named here are ignored.

    ``split`` is train, val (also valid, validation) or test, on every row or on none.
    ``source_id`` defaults to the video's key, ``group`` to its ``source_id``.

    Args:
        path: The CSV; relative video paths are relative to its folder.
        strict: Whether a path that is listed twice is an error.

    Raises:
        LibraryError: Not a readable CSV, a missing column, an empty path or label, an unknown
            split name, splits on some rows only, or a path listed twice.
    """
    lines: dict[str, int] = {}
    items = []
    for line, row in _rows(path):
        item = _item(path, line, row)
        place = _place(item)
        if strict and place in lines:
            raise LibraryError(
                f"{path} lists {item.key} twice, on lines {lines[place]} and {line}: "
                "keep one of them"
            )
        lines[place] = line
        items.append(item)
    _check_splits_complete(path, items, lines)
    if not items:
        raise LibraryError(f"{path} lists no videos: expected rows below path,label")
    return items


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Line number and cells of every row that is not blank."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            _check_columns(path, reader.fieldnames or ())
            for row in reader:
                if any(row.pop(None, ())):
                    raise LibraryError(
                        f"{path}, line {reader.line_num}: more cells than columns; put a name "
                        "that holds a comma into double quotes"
                    )
                yield reader.line_num, {k: v.strip() for k, v in row.items() if k}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LibraryError(f"{path} is not a readable manifest (UTF-8 CSV): {error}") from error


def _check_columns(path: Path, columns: object) -> None:
    found = [str(column) for column in columns] if isinstance(columns, (list, tuple)) else []
    missing = [name for name in REQUIRED_COLUMNS if name not in found]
    if not missing:
        return
    separator = next((sign for sign in ";\t" if sign in "".join(found)), None)
    if len(found) == 1 and separator:
        raise LibraryError(
            f"{path} has its columns separated by {separator!r}; expected commas: save it again "
            "as CSV with commas"
        )
    lowered = {column.strip().lower(): column for column in found}
    hints = []
    for name in missing:
        close = difflib.get_close_matches(name, lowered, n=1, cutoff=0.5)
        hints.append(f"{name} (did you mean {lowered[close[0]]!r}?)" if close else name)
    raise LibraryError(
        f"{path} has no column {' and '.join(hints)}; found {', '.join(found) or 'none'}; "
        "expected path,label and optionally split,group,source_id"
    )


def _item(path: Path, line: int, row: Row) -> VideoItem:
    for name in REQUIRED_COLUMNS:
        if not row[name]:
            raise LibraryError(f"{path}, line {line}: {name} is empty")
    video = Path(os.path.normpath(path.parent / row["path"]))
    key = Path(os.path.normpath(row["path"])).as_posix()
    source_id = row.get("source_id") or key
    return VideoItem(
        path=str(video),
        key=key,
        label=row["label"],
        split=_split(path, line, row.get("split", "")),
        group=row.get("group") or source_id,
        source_id=source_id,
        subcategory=row.get("subcategory", ""),
    )


def _place(item: VideoItem) -> str:
    """The file, however the manifest spells its path."""
    return os.path.abspath(item.path)  # noqa: PTH100 (asks no disk)


def _split(path: Path, line: int, name: str) -> Split | None:
    if not name:
        return None
    if name.lower() not in SPLIT_NAMES:
        raise LibraryError(
            f"{path}, line {line}: split is {name!r}; expected train, val or test, or nothing"
        )
    return SPLIT_NAMES[name.lower()]


def _check_splits_complete(path: Path, items: list[VideoItem], lines: dict[str, int]) -> None:
    without = [item for item in items if item.split is None]
    if without and len(without) < len(items):
        raise LibraryError(
            f"{path}: {len(without)} of {len(items)} rows have no split (first: line "
            f"{lines[_place(without[0])]}); give every row one, or none"
        )
