"""Samples frames of a video uniformly in presentation time.

In: a path, a picture size and ``SamplingOptions``. Out: a ``FrameBatch``. Two samplers
behind one signature, ``SAMPLERS[name](reader, timeline, targets)``: each yields one frame
per target time, in order.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from vidkind.config import Sampler, SamplingOptions
from vidkind.errors import ConfigError, DecodeError
from vidkind.records import FrameBatch
from vidkind.video.container import open_video
from vidkind.video.decode import FrameReader, OutOfOrderError, Shown
from vidkind.video.hygiene import is_black, luma, sharpness, unsharp_mask
from vidkind.video.index import Ticks, Timeline, read_packet_times, read_timeline
from vidkind.video.picture import PictureMaker

logger = logging.getLogger(__name__)

# Below max(MIN_KEY_FRAMES, N // MIN_KEY_FRAME_SHARE) distinct key frames for N targets, the
# keyframe sampler would show too little of the video and hands over to the exact one.
MIN_KEY_FRAMES = 8
MIN_KEY_FRAME_SHARE = 4
# A seek empties the decoder's pipeline and costs about as much as decoding this many frames.
SEEK_COST_FRAMES = 12


def sample_frames(
    path: str | os.PathLike[str],
    *,
    height: int,
    width: int,
    options: SamplingOptions = SamplingOptions(),  # noqa: B008 (frozen)
    num_threads: int = 0,
    on_frame: Callable[[int], None] | None = None,
) -> FrameBatch:
    """Sample ``options.num_frames`` frames, uniformly in presentation time.

    The video is cut into N equal slices of time; each gives the frame on screen at its
    centre (``exact``) or the key frame nearest to it (``keyframe``). A video of fewer frames
    gives some of them repeatedly. Where a stream breaks off, the part that decodes is
    the video. Memory does not grow with the video's length, but for the times of its frames.

    Args:
        path: A local video file.
        height: Height of the pictures in pixels; the aspect ratio is not kept.
        width: Width of the pictures in pixels.
        options: How many frames, by which sampler, and their hygiene.
        num_threads: Decoder threads; 0 lets FFmpeg choose.
        on_frame: Called after each sampled frame with how many there are so far; counting
            begins again where a stream turns out to be damaged.

    Returns:
        Upright RGB pictures, at most N where black ones are skipped; transparent pixels are
        white. Times count from the first frame.

    Raises:
        ConfigError: The size or the number of threads is out of range.
        VideoNotFoundError: Nothing is there, or it is not a regular file.
        VideoPermissionError: The file may not be read.
        EmptyFileError: The file has zero bytes.
        NotAVideoError: FFmpeg recognises no container.
        NoVideoStreamError: The container holds no video stream.
        DecodeError: No frame decodes.
    """
    if height < 1 or width < 1:
        raise ConfigError(f"picture size is {width}x{height}; expected at least 1x1 pixels")
    if num_threads < 0:
        raise ConfigError(f"num_threads is {num_threads}; expected 0 (automatic) or more")
    maker = PictureMaker(height=height, width=width)
    timeline = _timeline_of(path)
    try:
        return _sample(path, timeline, maker, options, num_threads, on_frame)
    except OutOfOrderError:
        logger.debug("%s: presentation times are unusable; frames are counted", path)
        return _sample(path, _counted(path, timeline), maker, options, num_threads, on_frame)


def exact(reader: FrameReader, timeline: Timeline, targets: Sequence[int]) -> Iterator[Shown]:
    """The frame on screen at each target time, the last that begins by then.

    Seeks where a key frame lies far enough ahead for that to be cheaper than decoding
    everything in between; the frames are the same either way.
    """
    for target in targets:
        key_time = _key_time_before(timeline.key_times, target)
        if key_time is not None and _seek_pays(reader, timeline, key_time):
            reader.seek(target, key_time)
        shown = reader.shown_at(target)
        if shown is not None:
            yield shown


def keyframe(reader: FrameReader, timeline: Timeline, targets: Sequence[int]) -> Iterator[Shown]:
    """The key frame nearest to each target time; ``exact`` where there are too few."""
    nearest = _nearest(timeline.key_times, targets)
    wanted = max(MIN_KEY_FRAMES, len(targets) // MIN_KEY_FRAME_SHARE)
    if len(np.unique(nearest)) < min(wanted, len(targets)):
        yield from exact(reader, timeline, targets)
        return
    shown: Shown | None = None
    for i, number in enumerate(nearest):
        if i == 0 or number != nearest[i - 1]:
            shown = _key_frame(reader, timeline.key_times, int(number)) or shown
        if shown is None:
            reader.restart()
            shown = reader.shown_at(targets[i])
        if shown is not None:
            yield shown


SAMPLERS: dict[Sampler, Callable[[FrameReader, Timeline, Sequence[int]], Iterator[Shown]]] = {
    "exact": exact,
    "keyframe": keyframe,
}


def target_times(start: int, end: int, num_frames: int) -> list[int]:
    """Centres of ``num_frames`` equal slices of [start, end), rounded down to ticks."""
    length = max(1, end - start)
    return [start + (2 * i + 1) * length // (2 * num_frames) for i in range(num_frames)]


def _timeline_of(path: str | os.PathLike[str]) -> Timeline:
    # A container of its own: reading packets would move the decoder's.
    container, stream = open_video(path)
    with container:
        timeline = read_timeline(container, stream)
    return timeline if timeline.ordered else _counted(path, timeline)


def _counted(path: str | os.PathLike[str], timeline: Timeline) -> Timeline:
    container, stream = open_video(path)
    with container:
        times = read_packet_times(container.demux(stream))
    return timeline.counted(len(times.pts) + times.without_pts)


def _sample(
    path: str | os.PathLike[str],
    timeline: Timeline,
    maker: PictureMaker,
    options: SamplingOptions,
    num_threads: int,
    on_frame: Callable[[int], None] | None,
) -> FrameBatch:
    with FrameReader(path, timeline, num_threads=num_threads) as reader:
        first = reader.peek()
        if first is None:
            raise DecodeError(
                f"no frame of {os.fspath(path)!r} decodes; expected an intact stream: "
                "check whether a player shows it, and export it again"
            )
        targets = target_times(first.time, timeline.end, options.num_frames)
        shown = SAMPLERS[options.sampler](reader, timeline, targets)
        if on_frame is not None:
            shown = _reported(shown, on_frame)
        batch = _batch(shown, first.time, timeline, maker, options)
        batch = replace(batch, frames_decoded=reader.frames_decoded)
        last = reader.current if reader.at_end else None
    if last is not None and last.time < timeline.last and last.end <= targets[-1]:
        logger.debug("%s breaks off after %d of %d ticks", path, last.end, timeline.end)
        cut = replace(timeline, end=last.end, last=last.time)
        return _sample(path, cut, maker, options, num_threads, on_frame)
    return batch


def _reported(shown: Iterator[Shown], on_frame: Callable[[int], None]) -> Iterator[Shown]:
    for count, frame in enumerate(shown, start=1):
        yield frame
        on_frame(count)


def _batch(
    shown: Iterator[Shown],
    start: int,
    timeline: Timeline,
    maker: PictureMaker,
    options: SamplingOptions,
) -> FrameBatch:
    pictures, times, sharp, black = [], [], [], []
    previous: Shown | None = None
    for frame in shown:
        if frame is not previous:
            picture = maker(frame.image)
            grey = luma(picture)
            measured = sharpness(grey), is_black(grey, options.black_luma)
            picture = unsharp_mask(picture) if options.sharpen else picture
            previous = frame
        pictures.append(picture)
        times.append(frame.time - start)
        sharp.append(measured[0])
        black.append(measured[1])
    keep = _kept(black, options.skip_black)
    return FrameBatch(
        frames=np.stack([pictures[i] for i in keep]),
        times=np.array(times)[keep] * float(timeline.time_base),
        sharpness=np.array(sharp, np.float32)[keep],
        duration_seconds=float((timeline.end - start) * timeline.time_base),
        num_black=len(black) - len(keep),
    )


def _kept(black: Sequence[bool], skip_black: bool) -> list[int]:
    if not skip_black or all(black):
        return list(range(len(black)))
    return [i for i, is_dark in enumerate(black) if not is_dark]


def _key_time_before(key_times: Ticks, target: int) -> int | None:
    number = int(np.searchsorted(key_times, target, side="right"))
    return int(key_times[number - 1]) if number else None


def _seek_pays(reader: FrameReader, timeline: Timeline, key_time: int) -> bool:
    ahead = reader.peek()
    if ahead is None or not reader.seekable:
        return False
    return key_time - ahead.time > SEEK_COST_FRAMES * timeline.frame_ticks


def _nearest(key_times: Ticks, targets: Sequence[int]) -> Ticks:
    """Index of the key frame nearest to each target; empty where there are none."""
    if not len(key_times):
        return key_times
    middles = (key_times[:-1] + key_times[1:]) // 2
    return np.searchsorted(middles, np.asarray(targets, np.int64), side="left")


def _key_frame(reader: FrameReader, key_times: Ticks, number: int) -> Shown | None:
    key_time = int(key_times[number])
    if number + 1 == len(key_times):
        return reader.key_frame(key_time, key_time)
    # Halfway to the next one is between the two even where times are off by a few frames.
    return reader.key_frame((key_time + int(key_times[number + 1])) // 2, key_time)
