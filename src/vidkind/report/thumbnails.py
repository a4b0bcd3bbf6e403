"""A few frames of a video as one small JPEG inside the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidkind.config import SamplingOptions
from vidkind.errors import MissingExtraError, VideoError
from vidkind.video import probe, sample_frames

try:
    from PIL import Image
except ImportError as error:
    raise MissingExtraError("pillow", "train") from error

# More pictures in one part of a page would make it slow to open; the rest is listed by name.
MAX_PICTURES = 60
NUM_FRAMES = 4
_FRAME_HEIGHT = 96
_MAX_ASPECT = 2.4
_GAP, _GAP_GREY = 3, 128
_JPEG_QUALITY = 72
_SAMPLING = SamplingOptions.untouched(NUM_FRAMES)


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """The frames of one video in one picture, or why there are none.

    Attributes:
        uri: ``data:`` URI of a JPEG; empty where there is none.
        width: Width in pixels.
        height: Height in pixels.
        missing: Why there is no picture; empty where there is one.
    """

    uri: str = ""
    width: int = 0
    height: int = 0
    missing: str = ""


def thumbnails(
    videos: Mapping[str, Path], keys: Iterable[str], *, workers: int = 2
) -> dict[str, Thumbnail]:
    """Decodes the frames of some videos.

    Args:
        videos: Key -> file, as the library says.
        keys: The videos wanted; one that the library does not have gets none.
        workers: Decoding threads.
    """
    wanted = [key for key in dict.fromkeys(keys) if key in videos]
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="thumbnail") as pool:
        found = pool.map(lambda key: film_strip(videos[key]), wanted)
        return dict(zip(wanted, found, strict=True))


def film_strip(path: Path) -> Thumbnail:
    """Frames of a video, evenly spaced in time; never raises for a bad video."""
    try:
        width, height = probe(path).upright_size
        aspect = min(max(width / height, 1 / _MAX_ASPECT), _MAX_ASPECT)
        batch = sample_frames(
            path,
            height=_FRAME_HEIGHT,
            width=max(1, round(_FRAME_HEIGHT * aspect)),
            options=_SAMPLING,
            num_threads=1,
        )
    except VideoError as error:
        return Thumbnail(missing=f"{error.type}: no frame can be shown")
    picture = Image.fromarray(_sheet(batch.frames, columns=2 if aspect > 1 else NUM_FRAMES))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    uri = "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")
    return Thumbnail(uri=uri, width=picture.width, height=picture.height)


def _sheet(frames: NDArray[np.uint8], *, columns: int) -> NDArray[np.uint8]:
    """Pictures [T, H, W, 3] in rows, in reading order; T must fill the rows."""
    framed = np.pad(frames, ((0, 0), (0, _GAP), (0, _GAP), (0, 0)), constant_values=_GAP_GREY)
    parts = np.split(framed, len(frames) // columns)
    rows = [np.concatenate(list(row), axis=1) for row in parts]
    return np.concatenate(rows)[:-_GAP, :-_GAP]
