"""How a video's frames lie in its file: when they are shown, how large they are stored."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from vidkind.records import VideoInfo
from vidkind.video.container import open_video
from vidkind.video.index import (
    Timeline,
    index_sizes,
    is_indexed,
    read_timeline,
    shown_packets,
)

# A container without an index has to be read as a whole for its timeline: up to here that is
# quick, beyond it key frames are taken to come as regularly as those that probing has seen.
_MAX_READ_BYTES = 8 << 20
# Where the index has no sizes, those of so many packets stand for all.
_PACKETS_READ = 120
_FALLBACK_FPS = 25.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """What is known of a video's frames before one is decoded.

    Attributes:
        timeline: When they are shown.
        key_bytes: Mean size of a key frame as stored.
        other_bytes: Mean size of the others; of all where it is not known which are key frames.
    """

    timeline: Timeline
    key_bytes: float
    other_bytes: float


def layout_of(path: str | os.PathLike[str], info: VideoInfo) -> Layout:
    """The layout of a probed video, from its index where it has one.

    Raises:
        VideoError: The file can no longer be opened.
    """
    container, stream = open_video(path)
    with container:
        if not is_indexed(container) and info.size_bytes > _MAX_READ_BYTES:
            timeline = _regular(info, stream.time_base or Fraction(1, 1000))
        else:
            timeline = read_timeline(container, stream)
        sizes, keys = index_sizes(stream)
    if not timeline.ordered:
        timeline = timeline.counted(_num_frames(info))
    if not sizes.any():
        sizes, keys = _first_sizes(path)
    others = sizes[~keys] if len(timeline.key_times) else sizes
    return Layout(timeline=timeline, key_bytes=_mean(sizes[keys]), other_bytes=_mean(others))


def _first_sizes(path: str | os.PathLike[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Sizes of the first packets, and which of them are key frames."""
    container, stream = open_video(path)
    with container:
        packets = itertools.islice(shown_packets(container.demux(stream)), _PACKETS_READ)
        found = [(packet.size, packet.is_keyframe) for packet in packets]
    table = np.asarray(found, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1] == 1


def _mean(sizes: NDArray[np.int64]) -> float:
    return float(sizes.mean()) if len(sizes) else 0.0


def _regular(info: VideoInfo, time_base: Fraction) -> Timeline:
    """A timeline of evenly spaced key frames; of none where probing saw only one."""
    ticks = 1 / ((info.fps or _FALLBACK_FPS) * float(time_base))
    end = max(1, round(_num_frames(info) * ticks))
    interval = (info.keyframe_interval_seconds or 0) / float(time_base)
    keys = np.arange(0, end, interval) if interval >= 1 else np.empty(0)
    return Timeline(
        time_base=time_base,
        last=max(0, round(end - ticks)),
        end=end,
        frame_ticks=ticks,
        key_times=keys.astype(np.int64),
    )


def _num_frames(info: VideoInfo) -> int:
    if info.num_frames:
        return info.num_frames
    return max(1, round((info.duration_seconds or 0) * (info.fps or _FALLBACK_FPS)))
