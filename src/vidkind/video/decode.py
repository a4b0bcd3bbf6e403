"""Reads the frames of one video in the order they are shown, from any key frame on.

In: a path and its ``Timeline``. Out: decoded frames, each with its presentation time in
ticks. Holds two frames at most, whatever the length of the video; goes on after damage.
"""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

import av
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vidkind.video.container import open_video
from vidkind.video.index import Timeline
from vidkind.video.lookahead import Lookahead

logger = logging.getLogger(__name__)

# Codecs whose streams say of each frame, bindingly, whether others refer to it.
_SAYS_WHAT_REFERS = frozenset({"h264"})


class OutOfOrderError(Exception):
    """Presentation times of decoded frames go back: they cannot be used."""


class MissedFrameError(Exception):
    """A frame that its packet announced did not come: the stream has to be read plainly."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One decoded frame.

    Attributes:
        time: When it begins to be shown, in ticks of the timeline.
        end: When it stops being shown.
        image: The decoder's frame, in its own pixel format.
    """

    time: int
    end: int
    image: VideoFrame


class FrameReader:
    """Frames of one video in the order they are shown. A context manager.

    Attributes:
        frames_decoded: How many frames the decoder has put out so far.
        current: The frame returned last; None after a seek.
        at_end: Whether reading on has come to the end of what decodes.
        seekable: False once a seek has failed to lead to a frame.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        timeline: Timeline,
        *,
        num_threads: int = 0,
        may_skip: bool = True,
    ) -> None:
        """Opens the file.

        Args:
            path: A video file.
            timeline: Of its video stream.
            num_threads: Decoder threads; 0 lets FFmpeg choose.
            may_skip: Whether frames that nobody looks at may be left out (``aim``).
        """
        self.frames_decoded = 0
        self.current: Shown | None = None
        self.at_end = False
        self.seekable = not timeline.by_number
        self._path = path
        self._timeline = timeline
        self._step = max(1, round(timeline.frame_ticks))
        self._num_threads = num_threads
        self._next: Shown | None = None
        self._may_skip = None if may_skip and not timeline.by_number else False
        self._targets: Sequence[int] | None = None
        self._ends: frozenset[int] = frozenset()
        self._leave: int | None = None
        self._left = self._skipping = False
        self._open()

    def __enter__(self) -> FrameReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def has_moved(self) -> bool:
        """Whether the reader stands elsewhere than at the first frame."""
        return not self._fresh or self.current is not None

    def peek(self) -> Shown | None:
        """The frame that comes next, without taking it; None at the end."""
        if self._next is None:
            self._next = next(self._frames, None)
            self.at_end = self._next is None and not self._left
        return self._next

    def aim(self, targets: Sequence[int], ends: Iterable[int]) -> None:
        """Say beforehand what will be asked for, so that other frames need not be decoded.

        The frames on screen at the targets come as without it; of the others some do. Nothing
        changes for codecs that do not say which frames others refer to.

        Args:
            targets: Times that ``shown_at`` will be called with, rising, in ticks.
            ends: Those of them after which a seek or nothing follows: the decoder is emptied
                there instead of being fed on.
        """
        if self._can_skip():
            self._targets, self._ends = targets, frozenset(ends)
            self._packets_ahead.aim(targets)

    def _can_skip(self) -> bool:
        if self._may_skip is None:
            first = self.peek()
            says = self._stream.codec_context.name in _SAYS_WHAT_REFERS
            # Of interlaced video, a packet may hold but one field of a frame.
            self._may_skip = says and first is not None and not first.image.interlaced_frame
        return self._may_skip

    def shown_at(self, time: int) -> Shown | None:
        """Read on to the frame on screen at ``time``, the last that begins by then.

        Args:
            time: Ticks; not before the frame returned last.

        Returns:
            The frame; None where none at or after the current position begins by ``time``.

        Raises:
            MissedFrameError: After ``aim``, where the stream does not keep what it announces.
        """
        self._leave = time if self.seekable and time in self._ends else None
        while (ahead := self.peek()) is not None and ahead.time <= time:
            self.current, self._next = ahead, None
        expected = self._packets_ahead.expected(time)
        came = None if self.current is None else self.current.time
        if self._targets is not None and expected is not None and came != expected[0]:
            raise MissedFrameError
        return self.current

    def seek(self, time: int, key_time: int) -> None:
        """Go on from a key frame that is shown at or before ``time``.

        Where that fails, go on from the start and give up seeking in this video.

        Args:
            time: Ticks.
            key_time: About when the last key frame until then is shown.
        """
        if self.seekable and self._jump(time, key_time):
            self._frames = self._timed(self._images_from_key(key_time))
            ahead = self.peek()
            if ahead is not None and ahead.time <= time:
                return
        logger.debug("%s: no key frame found by seeking to %d", self._path, time)
        self.seekable = False
        self.restart()

    def key_frame(self, time: int, key_time: int) -> Shown | None:
        """Decode one key frame and nothing else; the reader then stands nowhere.

        Args:
            time: A time not before the key frame, and before the next one.
            key_time: About when the key frame is shown.

        Returns:
            The frame, or None where it is damaged or cannot be reached.
        """
        if not self._jump(time, key_time):
            return None
        key_packet = next(self._from_key(key_time), None)
        if key_packet is None:
            return None
        self._skip(False)
        return next(self._timed(iter([*self._feed(key_packet), *self._feed(None)])), None)

    def restart(self) -> None:
        """Go back to the first frame."""
        self.close()
        self._open()

    def close(self) -> None:
        """Let go of the decoder and the file; once closed, ``restart`` opens them anew."""
        # The generator refers to the reader: unbroken, the circle keeps the decoder's frames
        # in memory until the next full garbage collection.
        self._frames = iter(())
        self._next = self.current = None
        self._container.close()

    def _open(self) -> None:
        self._container, self._stream = open_video(self._path)
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = self._num_threads
        self._frames = self._timed(self._images(self._packets()))
        self._packets_ahead = Lookahead(iter(()), None)
        self._leave, self._left, self._skipping = None, False, False
        self._fresh = True

    def _jump(self, time: int, key_time: int) -> bool:
        if self._fresh:
            # Some H.264 files decode to green frames when a seek comes before the first frame.
            self.peek()
        self._fresh = False
        self._frames = iter(())
        self._next = self.current = self._leave = None
        self._left = False
        margin = self._timeline.seek_margin
        try:
            self._container.seek(key_time - margin if margin else time, stream=self._stream)
        except av.FFmpegError:
            return False
        return True

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        packets = iter(self._container.demux(self._stream))
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError):
                return
            if packet.size:
                yield packet

    def _from_key(self, key_time: int) -> Iterator[Packet[VideoStream]]:
        earliest = key_time if self._timeline.seek_margin else None
        return itertools.dropwhile(
            lambda packet: not packet.is_keyframe or _before(packet.pts, earliest), self._packets()
        )

    def _images(
        self, packets: Iterable[Packet[VideoStream]], earliest: int | None = None
    ) -> Iterator[VideoFrame]:
        for packet in itertools.chain(self._wanted(packets), [None]):
            yield from (f for f in self._feed(packet) if not _before(f.pts, earliest))

    def _wanted(self, packets: Iterable[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
        ahead = self._packets_ahead = Lookahead(iter(packets), self._targets)
        for packet, wanted in ahead:
            self._skip(not wanted)
            yield packet
            if self._leave is not None and self._shows_throughout(self._leave):
                self._left = not ahead.is_empty
                return

    def _shows_throughout(self, time: int) -> bool:
        # Where nothing is said to be on screen at the time, only reading on can tell whether the
        # stream breaks off before.
        expected = self._packets_ahead.expected(time)
        if expected is None or not self._packets_ahead.is_past(time):
            return False
        return expected[0] + (expected[1] or self._step) > time

    def _skip(self, skip: bool) -> None:
        if skip != self._skipping:
            self._stream.codec_context.skip_frame = "NONREF" if skip else "DEFAULT"
            self._skipping = skip

    def _images_from_key(self, key_time: int) -> Iterator[VideoFrame]:
        packets = self._from_key(key_time)
        key_packet = next(packets, None)
        if key_packet is not None:
            # What is shown before the key frame refers to frames that were not decoded.
            yield from self._images(itertools.chain([key_packet], packets), key_packet.pts)

    def _feed(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        try:
            frames = self._stream.decode(packet)
        except (av.FFmpegError, EOFError) as error:
            logger.debug("%s: a packet does not decode: %s", self._path, error)
            return []
        self.frames_decoded += len(frames)
        return frames

    def _timed(self, images: Iterator[VideoFrame]) -> Iterator[Shown]:
        last: Shown | None = None
        for number, image in enumerate(images):
            fallback = 0 if last is None else last.end
            time = number if self._timeline.by_number else _time_of(image, fallback)
            if last is not None and time < last.time:
                raise OutOfOrderError
            length = self._step if self._timeline.by_number else image.duration or self._step
            last = Shown(time, time + length, image)
            yield last


def _time_of(image: VideoFrame, fallback: int) -> int:
    if image.pts is not None:
        return image.pts
    return fallback if image.dts is None else image.dts


def _before(time: int | None, earliest: int | None) -> bool:
    return time is not None and earliest is not None and time < earliest
