"""Samples frames of a video uniformly in presentation time.

In: a path, a picture size and ``SamplingOptions``. Out: a ``FrameBatch``. Two samplers
behind one signature, ``SAMPLERS[name](reader, timeline, targets)``: each yields one frame
per target time, in order.
"""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vidkind.config import Sampler, SamplingOptions
from vidkind.errors import ConfigError, DecodeError
from vidkind.records import FrameBatch
from vidkind.video.container import open_video
from vidkind.video.decode import FrameReader, MissedFrameError, OutOfOrderError, Shown
from vidkind.video.hygiene import is_black, luma, sharpness, unsharp_mask
from vidkind.video.index import Ticks, Timeline, read_packet_times, read_timeline
from vidkind.video.picture import PictureMaker

logger = logging.getLogger(__name__)

OnFrame = Callable[[int, NDArray[np.uint8]], None]


@dataclass(frozen=True)
class _Request:
    path: str | os.PathLike[str]
    maker: PictureMaker
    options: SamplingOptions
    num_threads: int
    on_frame: OnFrame | None


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
    on_frame: OnFrame | None = None,
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
        on_frame: Called in this thread after each sampled frame with its number, from 0, and
            its picture, uint8 [H, W, 3]: the one the batch holds, black ones too. Number 0
            again means that the stream turned out to be damaged and sampling begins anew.
            A picture that repeats the one before is the same object.

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
    request = _Request(path, maker, options, num_threads, on_frame)
    return _sample(request, _timeline_of(path))


def exact(reader: FrameReader, timeline: Timeline, targets: Sequence[int]) -> Iterator[Shown]:
    """The frame on screen at each target time, the last that begins by then.

    Seeks where a key frame lies far enough ahead for that to be cheaper than decoding
    everything in between; the frames are the same either way.
    """
    jumps = _jumps(timeline, targets)
    last = [before for before, after in itertools.pairwise(targets) if after in jumps]
    reader.aim(targets, [*last, targets[-1]])
    for target in targets:
        if target in jumps and reader.seekable:
            reader.seek(target, jumps[target])
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


def _sample(request: _Request, timeline: Timeline, *, may_skip: bool = True) -> FrameBatch:
    try:
        batch, cut = _sample_once(request, timeline, may_skip)
    except OutOfOrderError:
        logger.debug("%s: presentation times are unusable; frames are counted", request.path)
        return _sample(request, _counted(request.path, timeline))
    except MissedFrameError:
        logger.debug("%s: announced frames do not come; all are decoded", request.path)
        return _sample(request, timeline, may_skip=False)
    return batch if cut is None else _sample(request, cut, may_skip=may_skip)


def _sample_once(
    request: _Request, timeline: Timeline, may_skip: bool
) -> tuple[FrameBatch, Timeline | None]:
    """The frames; and the timeline cut short where the stream breaks off, else None."""
    path, options = request.path, request.options
    with FrameReader(path, timeline, num_threads=request.num_threads, may_skip=may_skip) as reader:
        first = reader.peek()
        if first is None:
            raise DecodeError(
                f"no frame of {os.fspath(path)!r} decodes; expected an intact stream: "
                "check whether a player shows it, and export it again"
            )
        targets = target_times(first.time, timeline.end, options.num_frames)
        shown = SAMPLERS[options.sampler](reader, timeline, targets)
        batch = _batch(shown, first.time, timeline, request)
        batch = replace(batch, frames_decoded=reader.frames_decoded)
        last = reader.current if reader.at_end else None
    if last is None or last.time >= timeline.last or last.end > targets[-1]:
        return batch, None
    logger.debug("%s breaks off after %d of %d ticks", path, last.end, timeline.end)
    return batch, replace(timeline, end=last.end, last=last.time)


def _batch(
    shown: Iterator[Shown],
    start: int,
    timeline: Timeline,
    request: _Request,
) -> FrameBatch:
    options = request.options
    pictures, times, sharp, black = [], [], [], []
    previous: Shown | None = None
    for number, frame in enumerate(shown):
        if frame is not previous:
            picture = request.maker(frame.image)
            grey = luma(picture)
            measured = sharpness(grey), is_black(grey, options.black_luma)
            picture = unsharp_mask(picture) if options.sharpen else picture
            previous = frame
        if request.on_frame is not None:
            request.on_frame(number, picture)
        pictures.append(picture)
        times.append(frame.time - start)
        sharp.append(measured[0])
        black.append(measured[1])
    keep = _kept(black, options.skip_black)
    return FrameBatch(
        frames=np.stack([pictures[i] for i in keep]),
        times=np.array(times)[keep] * float(timeline.time_base),
        sharpness=np.array(sharp, np.float32)[keep],
        numbers=np.array(keep, np.int64),
        duration_seconds=float((timeline.end - start) * timeline.time_base),
        num_black=len(black) - len(keep),
    )


def _kept(black: Sequence[bool], skip_black: bool) -> list[int]:
    if not skip_black or all(black):
        return list(range(len(black)))
    return [i for i, is_dark in enumerate(black) if not is_dark]


def _jumps(timeline: Timeline, targets: Sequence[int]) -> dict[int, int]:
    """The targets before which a seek pays, and when the key frames to go to are shown."""
    jumps: dict[int, int] = {}
    if not len(timeline.key_times):
        return jumps
    keys = timeline.key_times[_key_before(timeline.key_times, targets)]
    position = int(timeline.key_times[0])
    for target, key_time in zip(targets, keys.tolist(), strict=True):
        saved = (key_time - position) / timeline.frame_ticks
        if key_time <= target and saved > SEEK_COST_FRAMES:
            jumps[target] = key_time
        position = target
    return jumps


def _key_before(key_times: Ticks, targets: Sequence[int]) -> Ticks:
    return np.maximum(np.searchsorted(key_times, targets, side="right") - 1, 0)


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
