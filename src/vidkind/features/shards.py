"""One small file per finished video, so that a killed extraction loses at most one video."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from vidkind.errors import DecodeError
from vidkind.files import atomic_path
from vidkind.records import FeatureSequence
from vidkind.video import check_file

_PIECES = 8
_PIECE_BYTES = 1 << 18


def video_fingerprint(path: Path | str) -> str:
    """Identity of a file's content: its size and a hash of eight pieces, evenly spread.

    Files of up to 2 MiB are read as a whole. Of larger ones 2 MiB are: two videos of one size
    share a fingerprint only where all eight pieces are the same.

    Raises:
        VideoNotFoundError: Nothing is there, or it is not a regular file.
        VideoPermissionError: The file may not be read.
        EmptyFileError: The file has zero bytes.
        DecodeError: It cannot be read to its end, or is gone meanwhile.
    """
    size = check_file(path)
    try:
        with Path(path).open("rb") as file:
            digest = _hashed(file, size)
    except OSError as error:
        raise DecodeError(
            f"{os.fspath(path)!r} cannot be read ({error.strerror}); check that it is still there "
            "and the disk it lies on"
        ) from error
    return f"{size}-{digest[:24]}"


def _hashed(file: BinaryIO, size: int) -> str:
    if size <= _PIECES * _PIECE_BYTES:
        return hashlib.sha256(file.read()).hexdigest()
    digest = hashlib.sha256()
    for number in range(_PIECES):
        file.seek(number * (size - _PIECE_BYTES) // (_PIECES - 1))
        digest.update(file.read(_PIECE_BYTES))
    return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A finished video: its sequence and its length in seconds."""

    sequence: FeatureSequence
    duration_seconds: float


class ShardFolder:
    """Finished videos of one extraction, keyed by file content and provenance."""

    def __init__(self, folder: Path, provenance: dict[str, Any]) -> None:
        """Opens (and makes) the folder.

        Args:
            folder: Where the shards are.
            provenance: Everything that decides the features; other values, other shards.
        """
        self._folder = folder
        self._prefix = json.dumps(provenance, sort_keys=True)
        folder.mkdir(parents=True, exist_ok=True)

    def _path(self, fingerprint: str) -> Path:
        name = hashlib.sha256(f"{self._prefix}|{fingerprint}".encode()).hexdigest()[:32]
        return self._folder / f"{name}.npz"

    def load(self, fingerprint: str) -> Shard | None:
        """The shard of a file, or None where there is none that can be read."""
        try:
            with np.load(self._path(fingerprint), allow_pickle=False) as data:
                sequence = FeatureSequence(features=data["features"], times=data["times"])
                return Shard(sequence=sequence, duration_seconds=float(data["duration"]))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def has(self, fingerprint: str) -> bool:
        """Whether there is a shard that can be read."""
        return self.load(fingerprint) is not None

    def save(self, fingerprint: str, shard: Shard) -> None:
        """Writes a shard in one step."""
        with atomic_path(self._path(fingerprint)) as temporary, temporary.open("wb") as file:
            np.savez(
                file,
                features=shard.sequence.features,
                times=shard.sequence.times,
                duration=shard.duration_seconds,
            )
