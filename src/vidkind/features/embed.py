"""From files to feature sequences: one video on all cores, or many videos, one a core."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidkind.config import MultiScaleOptions, SamplingOptions
from vidkind.errors import DecodeError, VidkindError
from vidkind.features.backbones import Backbone
from vidkind.features.card import BackboneCard
from vidkind.features.multiscale import to_sequence
from vidkind.features.stream import EmbeddingStream, is_same
from vidkind.parallel import default_workers, in_order
from vidkind.records import FeatureSequence, FrameBatch
from vidkind.video import sample_frames

_log = logging.getLogger(__name__)

# Further versions of a video's frames: (path, uint8 [T, H, W, 3]) -> the same shape, several.
Versions = Callable[[Path | str, NDArray[np.uint8]], list[NDArray[np.uint8]]]

# What results that wait for a slow video before them may take, pictures included.
_WAITING_BYTES = 256 << 20


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
    cores: int | None = None,
) -> EmbeddedVideo:
    """Samples, decodes and embeds one video; each frame is embedded once.

    Args:
        path: The video file.
        backbone: What embeds the frames.
        sampling: How frames are picked.
        multi_scale: Temporal scales.
        cores: None takes all, and embeds frames while further ones are decoded; 1 does
            everything in this thread, as a worker does that has others beside it.

    Raises:
        VideoError: The video cannot be used.
    """
    if cores == 1:
        frames = _decode(path, backbone.card, sampling, num_threads=1)
        features = embed_distinct(frames.frames, backbone)
    else:
        with EmbeddingStream(backbone, calls=cores) as stream:
            threads = cores or 0
            frames = _decode(path, backbone.card, sampling, threads, on_frame=stream.add)
            features = stream.features()[frames.numbers]
    return EmbeddedVideo(frames=frames, sequence=to_sequence(features, frames.times, multi_scale))


def embed_frames(
    frames: FrameBatch, backbone: Backbone, multi_scale: MultiScaleOptions
) -> EmbeddedVideo:
    """Embeds frames that are decoded already, on all cores."""
    features = embed_distinct(frames.frames, backbone, calls=backbone.parallel_calls)
    return EmbeddedVideo(frames=frames, sequence=to_sequence(features, frames.times, multi_scale))


def embed_distinct(
    frames: NDArray[np.uint8], backbone: Backbone, *, calls: int = 1
) -> NDArray[np.float32]:
    """Embeds frames, those that only repeat the one before not again.

    Args:
        frames: uint8 [T, H, W, 3], RGB, at the card's height and width.
        backbone: What embeds them.
        calls: Batches embedded at once; 1 embeds in this thread.

    Returns:
        float32 [T, D].
    """
    if calls > 1:
        with EmbeddingStream(backbone, calls=calls) as stream:
            for number, picture in enumerate(frames):
                stream.add(number, picture)
            return stream.features()
    new = np.array([True, *(not is_same(a, b) for a, b in pairwise(frames))])
    distinct = frames if new.all() else frames[new]
    features: NDArray[np.float32] = backbone.embed(distinct)[np.cumsum(new) - 1]
    return features


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

    Each of ``workers`` threads does a whole video, decoding and embedding on one core. Results
    that wait for a slow video before them are held up to 256 MiB of pictures.

    Args:
        paths: Video files.
        backbone: What embeds the frames.
        sampling: How frames are picked.
        multi_scale: Temporal scales.
        workers: Videos done at once; None takes one a core, fewer where memory is short.
        versions: Makes further versions of a video's frames, which are embedded too.
    """
    workers = workers or default_workers()
    spec = backbone.card.input
    video_bytes = sampling.num_frames * spec.height * spec.width * 3
    do = partial(
        _embed_or_error,
        backbone=backbone,
        sampling=sampling,
        multi_scale=multi_scale,
        versions=versions,
    )
    ahead = max(workers + 1, _WAITING_BYTES // video_bytes)
    return in_order(do, paths, workers=workers, ahead=ahead)


def _embed_or_error(
    path: Path | str,
    *,
    backbone: Backbone,
    sampling: SamplingOptions,
    multi_scale: MultiScaleOptions,
    versions: Versions | None,
) -> EmbeddedVideo | VidkindError:
    try:
        batch = _decode(path, backbone.card, sampling, num_threads=1)
        further = versions(path, batch.frames) if versions else []
    except VidkindError as error:
        return error
    sequences = [
        to_sequence(embed_distinct(frames, backbone), batch.times, multi_scale)
        for frames in (batch.frames, *further)
    ]
    return EmbeddedVideo(frames=batch, sequence=sequences[0], versions=tuple(sequences[1:]))


def _decode(
    path: Path | str,
    card: BackboneCard,
    sampling: SamplingOptions,
    num_threads: int,
    on_frame: Callable[[int, NDArray[np.uint8]], None] | None = None,
) -> FrameBatch:
    try:
        return sample_frames(
            path,
            height=card.input.height,
            width=card.input.width,
            options=sampling,
            num_threads=num_threads,
            on_frame=on_frame,
        )
    except VidkindError:
        raise
    except Exception as error:  # one bad file must never end a batch
        _log.info("unexpected failure while decoding %s", path, exc_info=True)
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise DecodeError(
            f"{str(path)!r} could not be decoded ({reason}); expected a video that a player "
            "shows: please report it"
        ) from error
