"""Scans kept between runs: one SQLite file, a row a file content, written as each is finished."""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

from vidkind.doctor.hashes import NUM_BITS, VIEWS
from vidkind.doctor.scan import FileScan, Look
from vidkind.records import VideoInfo

# Counted up when a scan says something else of the same file; rows of other versions are not read.
SCAN_VERSION = 3
_TABLE = (
    "CREATE TABLE IF NOT EXISTS scans (key TEXT PRIMARY KEY, text TEXT, magic BLOB, signs BLOB)"
)


class ScanCache:
    """Scans by file content; files that failed are not kept, but looked at again."""

    def __init__(self, folder: Path, *, num_frames: int) -> None:
        """Opens (and makes) the cache.

        Args:
            folder: Folder of the file ``doctor.sqlite``.
            num_frames: Frames per scan; other numbers, other scans.

        Raises:
            OSError: It cannot be opened or, later, read or written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._prefix = f"{SCAN_VERSION}/{num_frames}/"
        self._num_frames = num_frames
        self._path = folder / "doctor.sqlite"
        with _as_os_errors(self._path):
            self._database = _open(self._path)

    def __enter__(self) -> ScanCache:
        return self

    def __exit__(self, *reason: object) -> None:
        self._database.close()

    def load(self, fingerprint: str, path: str) -> FileScan | None:
        """The scan of a file content, with ``path`` as its name; None where there is none."""
        with _as_os_errors(self._path):
            row = self._database.execute(
                "SELECT text, magic, signs FROM scans WHERE key = ?", (self._prefix + fingerprint,)
            ).fetchone()
        if row is None:
            return None
        text = json.loads(row[0])
        shape = (len(VIEWS), self._num_frames, NUM_BITS)
        return FileScan(
            info=VideoInfo(**{**text["info"], "path": path}),
            look=Look(**text["look"]),
            hashes=np.frombuffer(row[2], np.int8).reshape(shape),
            magic=row[1],
        )

    def save(self, fingerprint: str, scan: FileScan) -> None:
        """Keeps a scan, at once."""
        if scan.info is None or scan.look is None or scan.hashes is None:
            return
        text = json.dumps({"info": asdict(scan.info), "look": asdict(scan.look)})
        with _as_os_errors(self._path), self._database:
            self._database.execute(
                "INSERT OR REPLACE INTO scans VALUES (?, ?, ?, ?)",
                (self._prefix + fingerprint, text, scan.magic, scan.hashes.tobytes()),
            )


def _open(path: Path) -> sqlite3.Connection:
    """Opens the database; one that is damaged is begun anew, as nothing in it is lost for good."""
    try:
        return _connect(path)
    except sqlite3.OperationalError:  # locked, read-only, no room: whole as it is
        raise
    except sqlite3.DatabaseError:
        path.unlink()
        return _connect(path)


@contextmanager
def _as_os_errors(path: Path) -> Iterator[None]:
    """What goes wrong with the file is a matter of the system, not of the library."""
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(errno.EIO, str(error), str(path)) from error


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=60)
    try:
        # Several examinations may share the file, and a killed one leaves whole rows only.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(_TABLE)
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database
