"""Looks at every file once: header, a few small frames, their hashes. Threaded and resumable."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vidkind.config import SamplingOptions
from vidkind.doctor.hashes import FRAME_SIZE, Signs, frame_hashes
from vidkind.errors import VidkindError
from vidkind.features.shards import video_fingerprint
from vidkind.parallel import default_workers
from vidkind.records import ErrorRecord, VideoInfo
from vidkind.video import probe, sample_frames
from vidkind.video.hygiene import is_black, luma

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_MAGIC_BYTES = 12


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the sampled frames of a file look like.

    Attributes:
        duration_seconds: Length of the part that decodes.
        black_share: Share of the sampled frames that are black, 0..1.
        motion: Largest change of any pixel between sampled frames, of ``FRAME_SIZE`` squared, in
            grey levels.
    """

    duration_seconds: float
    black_share: float
    motion: float


@dataclass(frozen=True, kw_only=True, eq=False)
class FileScan:
    """What is known of one file; ``info``, ``look`` and ``hashes`` are None where ``error`` is set.

    Attributes:
        info: What the header says.
        look: What the frames look like.
        hashes: int8 [V, T, B], see ``frame_hashes``.
        magic: The first bytes of the file.
        error: Why it cannot be used.
    """

    info: VideoInfo | None = None
    look: Look | None = None
    hashes: Signs | None = None
    magic: bytes = b""
    error: ErrorRecord | None = None


def scan_file(path: str, *, num_frames: int) -> FileScan:
    """Looks at one file; a file that fails gives its error, and ends nothing.

    Args:
        path: The file.
        num_frames: Frames sampled, evenly in time. Black ones stay: frame i of a copy is to be
            frame i of its original.
    """
    options = SamplingOptions.untouched(num_frames)
    try:
        info = probe(path)
        with Path(path).open("rb") as file:
            magic = file.read(_MAGIC_BYTES)
        batch = sample_frames(
            path, height=FRAME_SIZE, width=FRAME_SIZE, options=options, num_threads=1
        )
    except VidkindError as error:
        return FileScan(error=ErrorRecord(type=error.type, message=str(error)))
    except Exception as error:  # one bad file must never end the examination
        logger.info("unexpected failure while scanning %s", path, exc_info=True)
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return FileScan(error=ErrorRecord(type="DecodeError", message=f"{path!r}: {reason}"))
    return FileScan(
        info=info,
        look=_look(batch.frames, batch.duration_seconds, options.black_luma),
        hashes=frame_hashes(batch.frames),
        magic=magic,
    )


def fingerprint_or_error(path: str) -> str | FileScan:
    """Identity of a file's content, or the scan of a file that cannot be read."""
    try:
        return video_fingerprint(path)
    except VidkindError as error:
        return FileScan(error=ErrorRecord(type=error.type, message=str(error)))


def in_threads(
    function: Callable[[str], Result], paths: Sequence[str], workers: int | None
) -> Iterator[tuple[str, Result]]:
    """Path and result of each call, as they finish; what has not begun is dropped on a stop."""
    # PyAV releases the interpreter lock while it decodes.
    with ThreadPoolExecutor(workers or default_workers(), thread_name_prefix="scan") as pool:
        futures = {pool.submit(function, path): path for path in paths}
        try:
            for future in as_completed(futures):
                yield futures.pop(future), future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _look(frames: NDArray[np.uint8], duration_seconds: float, black_luma: float) -> Look:
    grey = [luma(frame) for frame in frames]
    spread = np.max(grey, axis=0) - np.min(grey, axis=0)
    return Look(
        duration_seconds=duration_seconds,
        black_share=float(np.mean([is_black(picture, black_luma) for picture in grey])),
        motion=float(spread.max()),
    )
