"""What sampling a video would decode, by running the samplers on its timeline alone."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from vidkind.config import SamplingOptions
from vidkind.performance.layout import Layout
from vidkind.video.decode import FrameReader, Shown
from vidkind.video.sampling import SAMPLERS, target_times

# A file is opened for its timeline and for its pictures, and each time FFmpeg decodes its first
# key frame to see what pictures it has.
OPENINGS = 2


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """What the decoder has to do for one video.

    Attributes:
        frames_decoded: Frames it puts out, at most: those that no other frame refers to may be
            left out.
        bytes_decoded: Their size as stored, with what opening the file decodes.
        seeks: How often it starts anew from a key frame.
        pictures: Different frames that are resized and embedded.
        share_read: Share of the file's frames whose packets are read, 0..1.
    """

    frames_decoded: int
    bytes_decoded: float
    seeks: int
    pictures: int
    share_read: float


class DryReader(FrameReader):
    """Stands in for a reader: moves along a timeline and counts, without a file.

    Frames are taken to be evenly spaced from the first key frame on.
    """

    def __init__(self, layout: Layout) -> None:
        # Not the base's: that one opens the file.
        timeline = layout.timeline
        self.frames_decoded = 0
        self.bytes_decoded = OPENINGS * layout.key_bytes
        self.seeks = 0
        self.current: Shown | None = None
        self.at_end = False
        self.seekable = not timeline.by_number
        self._first = int(timeline.key_times[0]) if len(timeline.key_times) else 0
        self._ticks = max(timeline.frame_ticks, 1e-9)
        self.num_frames = max(1, round((timeline.end - self._first) / self._ticks))
        self._key_bytes, self._other_bytes = layout.key_bytes, layout.other_bytes
        self._keys = [self._number(int(time)) for time in timeline.key_times]
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
        self._taken = self._decoded = self._number(key_time)

    def _number(self, time: int) -> int:
        return round((time - self._first) / self._ticks)

    def _decode_until(self, number: int) -> None:
        """Counts what the decoder puts out until it has given ``number`` frames of the video."""
        number = min(number, self.num_frames)
        if number <= self._decoded:
            return
        frames = number - self._decoded
        keys = bisect_left(self._keys, number) - bisect_left(self._keys, self._decoded)
        self.frames_decoded += frames
        self.bytes_decoded += keys * self._key_bytes + (frames - keys) * self._other_bytes
        self._decoded = number

    def _frame(self, number: int) -> Shown:
        time = self._first + round(number * self._ticks)
        return Shown(time, time + round(self._ticks), cast(Any, None))


def dry_run(layout: Layout, options: SamplingOptions) -> Decoding:
    """Counts what sampling would decode.

    Args:
        layout: Of the video.
        options: How frames are picked.
    """
    reader, timeline = DryReader(layout), layout.timeline
    reader.peek()
    targets = target_times(reader.first, timeline.end, options.num_frames)
    times = [shown.time for shown in SAMPLERS[options.sampler](reader, timeline, targets)]
    share = reader.frames_decoded / reader.num_frames
    return Decoding(
        frames_decoded=reader.frames_decoded,
        bytes_decoded=reader.bytes_decoded,
        seeks=reader.seeks,
        pictures=max(1, len(set(times))),
        share_read=min(1.0, share),
    )
