"""When the frames of a stream are shown, found without decoding any.

In: an open container. Out: a ``Timeline``. Where the container has an index, only the
index and the packets after the last key frame are read; elsewhere every packet is read
once (input and output only, nothing is decoded).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

Ticks = NDArray[np.int64]

# Containers with an index, whose seeks land on a key frame at or before the time asked for.
INDEXED_FORMATS = frozenset({"mov", "matroska", "avi"})
_REORDERING_CODECS = frozenset({"h264", "hevc", "vc1"})
_FALLBACK_FPS = Fraction(25)
# Transport streams seek by bisecting decode times, which are earlier than presentation times.
_BISECTED_FORMAT = "mpegts"
_SEEK_MARGIN_SECONDS = 1
# A longer step from frame to frame is no picture that stays but a clock that was set anew. The
# limits are those of FFplay, for formats that are often joined and for others.
_LONGEST_STEP_SECONDS = 3600
_LONGEST_STEP_SECONDS_JOINED = 10
_JOINED_FORMATS = frozenset({"mpegts", "mpeg"})
_BEFORE_ALL = -(2**62)


@dataclass(frozen=True, kw_only=True, eq=False)
class Timeline:
    """When the frames of a stream are shown, in ticks of ``time_base``.

    Attributes:
        time_base: Seconds per tick.
        last: When the last frame begins to be shown.
        end: When the last frame stops being shown.
        frame_ticks: Average spacing of frames.
        key_times: int64, presentation times of the key frames, sorted; empty where seeking
            is not safe. In MP4 they may be off by a few frames: its index has decode times.
        ordered: False where the packets carry no usable presentation times, or where most of
            the time between the first and the last is a jump of the clock.
        seek_margin: How much earlier than a key frame a seek has to aim; 0 where seeks lead
            to key frames by themselves.
        by_number: Whether a tick is one frame, because presentation times are unusable.
    """

    time_base: Fraction
    last: int
    end: int
    frame_ticks: float
    key_times: Ticks
    ordered: bool = True
    seek_margin: int = 0
    by_number: bool = False

    def counted(self, num_frames: int) -> Timeline:
        """The same stream timed by counting frames at the average rate."""
        return replace(
            self,
            time_base=Fraction(self.frame_ticks).limit_denominator(1_000_000) * self.time_base,
            last=num_frames - 1,
            end=num_frames,
            frame_ticks=1.0,
            key_times=np.empty(0, np.int64),
            by_number=True,
        )


@dataclass(kw_only=True, eq=False)
class PacketTimes:
    """Times of the packets of one demuxing pass, in decode order, in ticks.

    Attributes:
        pts: Presentation times of the packets that have one.
        durations: Their durations, 0 where unknown.
        keys: 1 where the packet is a key frame.
        first_offset: Presentation minus decode time of the first packet.
        without_pts: Number of further packets, without a presentation time.
        dts_falls: Whether decode times ever go back (joined recordings).
    """

    pts: array[int] = field(default_factory=lambda: array("q"))
    durations: array[int] = field(default_factory=lambda: array("q"))
    keys: bytearray = field(default_factory=bytearray)
    first_offset: int = 0
    without_pts: int = 0
    dts_falls: bool = False

    @property
    def reliable(self) -> bool:
        """Whether every packet has a presentation time that means something."""
        return not self.without_pts and not self.dts_falls

    @property
    def last(self) -> int:
        """When the last packet begins to be shown; 0 without packets."""
        return max(self.pts, default=0)

    @property
    def end(self) -> int:
        """When the last shown packet stops being shown; 0 without packets."""
        if not self.pts:
            return 0
        pts = np.frombuffer(self.pts, np.int64)
        last = int(pts.argmax())
        return int(pts[last]) + (self.durations[last] or _last_step(pts) or 1)

    def jump(self, longest_step: int) -> bool:
        """Whether most of the time passes in steps longer than ``longest_step`` ticks."""
        steps = np.diff(self.sorted_pts())
        return bool(2 * steps[steps > longest_step].sum() > steps.sum())

    @property
    def usual_step(self) -> float:
        """Median step from frame to frame in ticks; at least two packets are needed."""
        return float(np.median(np.diff(self.sorted_pts())))

    def sorted_pts(self) -> Ticks:
        """Presentation times, sorted."""
        return np.sort(np.asarray(self.pts, np.int64))

    def sorted_key_times(self) -> Ticks:
        """Presentation times of the key frames, sorted."""
        return np.sort(np.asarray(self.pts, np.int64)[np.asarray(self.keys, np.bool_)])


def shown_packets(packets: Iterable[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
    """The packets that become frames, up to the end of the file or the first read error."""
    iterator = iter(packets)
    while True:
        try:
            packet = next(iterator)
        except (StopIteration, av.FFmpegError):
            return
        if packet.size and not packet.is_discard:
            yield packet


def read_packet_times(packets: Iterable[Packet[VideoStream]]) -> PacketTimes:
    """Collect the times of packets; 17 bytes are kept per packet."""
    times = PacketTimes()
    last_dts: int | None = None
    for packet in shown_packets(packets):
        if packet.dts is not None:
            times.dts_falls |= last_dts is not None and packet.dts < last_dts
            last_dts = packet.dts
        if packet.pts is None:
            times.without_pts += 1
            continue
        if not times.pts and packet.dts is not None:
            times.first_offset = packet.pts - packet.dts
        times.pts.append(packet.pts)
        times.durations.append(packet.duration or 0)
        times.keys.append(packet.is_keyframe)
    return times


def index_times(stream: VideoStream) -> tuple[Ticks, Ticks]:
    """Decode times of the container's index: of all its entries, and of its key frames."""
    entries = [(e.timestamp, e.is_keyframe) for e in stream.index_entries if not e.is_discard]
    table = np.asarray(entries, np.int64).reshape(-1, 2)
    return table[:, 0], table[table[:, 1] == 1, 0]


def index_sizes(stream: VideoStream) -> tuple[Ticks, NDArray[np.bool_]]:
    """Bytes of each entry of the container's index, 0 where it does not say; is it a key frame."""
    entries = [(e.size, e.is_keyframe) for e in stream.index_entries if not e.is_discard]
    table = np.asarray(entries, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1] == 1


def index_key_times(stream: VideoStream) -> Ticks:
    """Decode times of the key frames in the container's index."""
    entries = stream.index_entries
    times: list[int] = []
    # From one to the next: an MP4 lists every frame, and most are no key frames.
    number = entries.search_timestamp(_BEFORE_ALL, backward=False)
    while number >= 0:
        times.append(entries[number].timestamp)
        number = entries.search_timestamp(times[-1] + 1, backward=False)
    return np.array(times, np.int64)


def read_timeline(container: InputContainer, stream: VideoStream) -> Timeline:
    """Find out when the frames are shown; the container is read, and left anywhere.

    Args:
        container: Freshly opened.
        stream: Its video stream.
    """
    tail = read_tail(container, stream)
    timeline = None if tail is None else _from_index(container, stream, tail)
    if timeline is None or _may_jump(container, timeline):
        # Only after a seek was tried: what cannot go back to its start has not moved either.
        if is_indexed(container):
            _seek_quietly(container, stream, stream.start_time or 0)
        times = read_packet_times(container.demux(stream))
        timeline = _from_packets(container, stream, times)
    return _trimmed(timeline, stream)


def read_tail(container: InputContainer, stream: VideoStream) -> PacketTimes | None:
    """Times of the packets from the last key frame on; None where they are out of reach."""
    declared_end = _declared_end(container, stream)
    if not is_indexed(container) or declared_end is None:
        return None
    if not _seek_quietly(container, stream, declared_end):
        return None
    tail = read_packet_times(container.demux(stream))
    complete = len(tail.pts) > 1 or (len(tail.pts) == 1 and tail.durations[0] > 0)
    return tail if complete and tail.reliable else None


def is_indexed(container: InputContainer) -> bool:
    """Whether the container's format carries an index for seeking."""
    return container.format.name.split(",")[0] in INDEXED_FORMATS


def average_fps(stream: VideoStream) -> Fraction | None:
    """Average frame rate in 1/s, or None where unknown."""
    rate = stream.average_rate
    # A frame a tick is what FFmpeg says, of DV among others, where it has counted no frames.
    if not rate or rate * _time_base(stream) == 1:
        rate = stream.guessed_rate or rate
    return Fraction(rate) if rate else None


def _declared_end(container: InputContainer, stream: VideoStream) -> int | None:
    # A fragmented MP4 declares no frames up front and indexes only what has been read.
    if container.format.name.startswith("mov") and not stream.frames:
        return None
    if stream.duration:
        return int((stream.start_time or 0) + stream.duration)
    if container.duration and stream.time_base:
        return int(Fraction(container.duration, av.time_base) / stream.time_base)
    return None


def _seek_quietly(container: InputContainer, stream: VideoStream, ticks: int) -> bool:
    try:
        container.seek(ticks, stream=stream)
    except av.FFmpegError:
        return False
    return True


def _from_index(container: InputContainer, stream: VideoStream, tail: PacketTimes) -> Timeline:
    key_times = index_key_times(stream)
    return Timeline(
        time_base=_time_base(stream),
        last=tail.last,
        end=tail.end,
        frame_ticks=_frame_ticks(stream),
        key_times=np.sort(key_times + tail.first_offset),
        ordered=not _lacks_pts(container, stream),
    )


def _may_jump(container: InputContainer, timeline: Timeline) -> bool:
    steps = np.diff(np.append(timeline.key_times, timeline.end))
    return bool(np.any(steps > _longest_step(container, timeline.time_base)))


def _longest_step(container: InputContainer, time_base: Fraction) -> int:
    joined = container.format.name in _JOINED_FORMATS
    seconds = _LONGEST_STEP_SECONDS_JOINED if joined else _LONGEST_STEP_SECONDS
    return int(seconds / time_base)


def _from_packets(container: InputContainer, stream: VideoStream, times: PacketTimes) -> Timeline:
    bisected = container.format.name == _BISECTED_FORMAT
    seekable = bisected or is_indexed(container)
    jumps = times.jump(_longest_step(container, _time_base(stream)))
    return Timeline(
        time_base=_time_base(stream),
        last=times.last,
        end=times.end,
        frame_ticks=times.usual_step if jumps else _frame_ticks(stream),
        key_times=times.sorted_key_times() if seekable else np.empty(0, np.int64),
        ordered=times.reliable and not jumps and not _lacks_pts(container, stream),
        seek_margin=round(_SEEK_MARGIN_SECONDS / _time_base(stream)) if bisected else 0,
    )


def _trimmed(timeline: Timeline, stream: VideoStream) -> Timeline:
    # An edit list may end the video while its last frame is still on screen.
    if not stream.duration:
        return timeline
    declared_end = (stream.start_time or 0) + stream.duration
    if timeline.last < declared_end < timeline.end:
        return replace(timeline, end=declared_end)
    return timeline


def _lacks_pts(container: InputContainer, stream: VideoStream) -> bool:
    # AVI stores decode order only; what FFmpeg makes of it is wrong with B-frames.
    context = stream.codec_context
    return container.format.name == "avi" and (
        bool(context.has_b_frames) or context.name in _REORDERING_CODECS
    )


def _time_base(stream: VideoStream) -> Fraction:
    return stream.time_base or 1 / _FALLBACK_FPS


def _frame_ticks(stream: VideoStream) -> float:
    return float(1 / ((average_fps(stream) or _FALLBACK_FPS) * _time_base(stream)))


def _last_step(pts: Ticks) -> int:
    if len(pts) < 2:
        return 0
    before_last, last = np.partition(pts, len(pts) - 2)[-2:]
    return int(last - before_last)
