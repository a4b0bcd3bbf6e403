"""What sampling a video would decode, by running the samplers on its timeline alone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import numpy as np

from vidkind.config import SamplingOptions
from vidkind.records import VideoInfo
from vidkind.video.container import open_video
from vidkind.video.decode import FrameReader, Shown
from vidkind.video.index import Timeline, is_indexed, read_timeline
from vidkind.video.sampling import SAMPLERS, target_times

# A container without an index has to be read as a whole for its timeline: up to here that is
# quick, beyond it key frames are taken to come as regularly as those that probing has seen.
_MAX_READ_BYTES = 8 << 20
_FALLBACK_FPS = 25.0


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """What the decoder has to do for one video.

    Attributes:
        frames_decoded: Frames it puts out, at most: those that no other frame refers to may be
            left out.
        seeks: How often it starts anew from a key frame.
        pictures: Different frames that are resized and embedded.
        share_read: Share of the file's frames whose packets are read, 0..1.
    """

    frames_decoded: int
    seeks: int
    pictures: int
    share_read: float


class DryReader(FrameReader):
    """Stands in for a reader: moves along a timeline and counts, without a file.

    Frames are taken to be evenly spaced from the first key frame on.
    """

    def __init__(self, timeline: Timeline) -> None:
        # Not the base's: that one opens the file.
        self.frames_decoded = 0
        self.seeks = 0
        self.current: Shown | None = None
        self.at_end = False
        self.seekable = not timeline.by_number
        self._first = int(timeline.key_times[0]) if len(timeline.key_times) else 0
        self._ticks = max(timeline.frame_ticks, 1e-9)
        self.num_frames = max(1, round((timeline.end - self._first) / self._ticks))
        self._taken = 0  # number of the frame that comes next
        self._decoded = 0  # number of the frame that the decoder puts out next

    @property
    def first(self) -> int:
        """When the first frame is shown, in ticks."""
        return self._first

    def peek(self) -> Shown | None:
        """The frame that comes next; None at the end."""
        self._decode_until(self._taken + 1)
        self.at_end = self._taken >= self.num_frames
        return None if self.at_end else self._frame(self._taken)

    def aim(self, targets: Sequence[int], ends: Iterable[int]) -> None:
        """Leaves no frame out: which ones others refer to is only seen in their packets."""

    def shown_at(self, time: int) -> Shown | None:
        """Moves on to the frame on screen at ``time``."""
        number = min(int((time - self._first) / self._ticks), self.num_frames - 1)
        if number >= self._taken:
            self._taken = number + 1
            self.current = self._frame(number)
        self.peek()
        return self.current

    def seek(self, time: int, key_time: int) -> None:
        """Goes on from a key frame."""
        self._start_at(key_time)
        self.peek()

    def key_frame(self, time: int, key_time: int) -> Shown | None:
        """One key frame and nothing else."""
        self._start_at(key_time)
        self._decode_until(self._taken + 1)
        return self._frame(self._taken)

    def restart(self) -> None:
        """Goes back to the first frame."""
        self._start_at(self._first)

    def _start_at(self, key_time: int) -> None:
        self.seeks += 1
        self.current = None
        self._taken = self._decoded = round((key_time - self._first) / self._ticks)

    def _decode_until(self, number: int) -> None:
        """Counts what the decoder puts out until it has given ``number`` frames of the video."""
        number = min(number, self.num_frames)
        self.frames_decoded += max(0, number - self._decoded)
        self._decoded = max(self._decoded, number)

    def _frame(self, number: int) -> Shown:
        time = self._first + round(number * self._ticks)
        return Shown(time, time + round(self._ticks), cast(Any, None))


def dry_run(timeline: Timeline, options: SamplingOptions) -> Decoding:
    """Counts what sampling would decode.

    Args:
        timeline: Of the video.
        options: How frames are picked.
    """
    reader = DryReader(timeline)
    reader.peek()
    targets = target_times(reader.first, timeline.end, options.num_frames)
    times = [shown.time for shown in SAMPLERS[options.sampler](reader, timeline, targets)]
    share = reader.frames_decoded / reader.num_frames
    return Decoding(
        frames_decoded=reader.frames_decoded,
        seeks=reader.seeks,
        pictures=max(1, len(set(times))),
        share_read=min(1.0, share),
    )


def timeline_of(path: str | os.PathLike[str], info: VideoInfo) -> Timeline:
    """The timeline of a probed video, from its index where it has one.

    Raises:
        VideoError: The file can no longer be opened.
    """
    container, stream = open_video(path)
    with container:
        if not is_indexed(container) and info.size_bytes > _MAX_READ_BYTES:
            return _regular(info, stream.time_base or Fraction(1, 1000))
        timeline = read_timeline(container, stream)
    return timeline if timeline.ordered else timeline.counted(_num_frames(info))


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
