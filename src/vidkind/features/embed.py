"""From files to feature sequences: decoding runs ahead in threads while frames are embedded."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidkind.config import MultiScaleOptions, SamplingOptions
from vidkind.errors import DecodeError, VidkindError
from vidkind.features.backbones import Backbone
from vidkind.features.card import BackboneCard
from vidkind.features.multiscale import to_sequence
from vidkind.records import FeatureSequence, FrameBatch
from vidkind.video import sample_frames

_log = logging.getLogger(__name__)

# Further versions of a video's frames: (path, uint8 [T, H, W, 3]) -> the same shape, several.
Versions = Callable[[Path | str, NDArray[np.uint8]], list[NDArray[np.uint8]]]


@dataclass(frozen=True, kw_only=True)
class EmbeddedVideo:
    """A video's sampled frames and what was made of them.

    Attributes:
        frames: As decoded.
        sequence: Their feature sequence.
        versions: Feature sequences of further versions of the same frames.
    """

    frames: FrameBatch
    sequence: FeatureSequence
    versions: tuple[FeatureSequence, ...] = ()


def embed_video(
    path: Path | str,
    backbone: Backbone,
    *,
    sampling: SamplingOptions,
    multi_scale: MultiScaleOptions,
) -> EmbeddedVideo:
    """Samples, decodes and embeds one video; each frame is embedded once.

    Raises:
        VideoError: The video cannot be used.
    """
    return embed_frames(
        _decode(path, backbone.card, sampling, num_threads=0), backbone, multi_scale
    )


def embed_frames(
    frames: FrameBatch, backbone: Backbone, multi_scale: MultiScaleOptions
) -> EmbeddedVideo:
    """Embeds frames that are decoded already."""
    features = backbone.embed(frames.frames)
    return EmbeddedVideo(frames=frames, sequence=to_sequence(features, frames.times, multi_scale))


def embed_videos(
    paths: Iterable[Path | str],
    backbone: Backbone,
    *,
    sampling: SamplingOptions,
    multi_scale: MultiScaleOptions,
    workers: int | None = None,
    versions: Versions | None = None,
) -> Iterator[EmbeddedVideo | VidkindError]:
    """Embeds many videos; one result per path, in order, an error where a video fails.

    Decoding runs ahead in ``workers`` threads (PyAV releases the interpreter lock) while
    the caller's thread embeds. At most ``workers + 1`` videos' frames are held in memory.

    Args:
        paths: Video files.
        backbone: What embeds the frames.
        sampling: How frames are picked.
        multi_scale: Temporal scales.
        workers: Decoding threads; None chooses by the number of cores.
        versions: Makes further versions of a video's frames, which are embedded too.
    """
    workers = workers or min(4, os.cpu_count() or 1)
    remaining = iter(paths)
    card = backbone.card
    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:

        def submit(path: Path | str) -> Future[_Decoded | VidkindError]:
            return pool.submit(_decode_or_error, path, card, sampling, versions)

        pending = deque(submit(path) for path in islice(remaining, workers + 1))
        try:
            while pending:
                decoded = pending.popleft().result()
                pending.extend(submit(path) for path in islice(remaining, 1))
                if isinstance(decoded, VidkindError):
                    yield decoded
                else:
                    yield _embed_all(decoded, backbone, multi_scale)
        finally:
            # Whoever stops early, by Ctrl-C for one, waits for no video that has not begun.
            pool.shutdown(wait=False, cancel_futures=True)


def _decode(
    path: Path | str, card: BackboneCard, sampling: SamplingOptions, *, num_threads: int
) -> FrameBatch:
    return sample_frames(
        path,
        height=card.input.height,
        width=card.input.width,
        options=sampling,
        num_threads=num_threads,
    )


@dataclass(frozen=True, eq=False)
class _Decoded:
    """Frames, and further versions of them, on their way to the backbone."""

    frames: FrameBatch
    versions: list[NDArray[np.uint8]]


def _embed_all(
    decoded: _Decoded, backbone: Backbone, multi_scale: MultiScaleOptions
) -> EmbeddedVideo:
    times = decoded.frames.times
    return replace(
        embed_frames(decoded.frames, backbone, multi_scale),
        versions=tuple(
            to_sequence(backbone.embed(frames), times, multi_scale) for frames in decoded.versions
        ),
    )


def _decode_or_error(
    path: Path | str, card: BackboneCard, sampling: SamplingOptions, versions: Versions | None
) -> _Decoded | VidkindError:
    try:
        batch = _decode(path, card, sampling, num_threads=1)
        return _Decoded(batch, versions(path, batch.frames) if versions else [])
    except VidkindError as error:
        return error
    except Exception as error:  # one bad file must never end a batch
        _log.info("unexpected failure while decoding %s", path, exc_info=True)
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return DecodeError(
            f"{str(path)!r} could not be decoded ({reason}); expected a video that a player shows: "
            "please report it"
        )
