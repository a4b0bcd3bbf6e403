"""Samples frames of a video uniformly in presentation time.

In: a path, a picture size and ``SamplingOptions``. Out: a ``FrameBatch``. Reads streams
whose announced frames do not come again, in plainer ways. On intact and on truncated files the
answer is the one plain decoding gives; where bytes are wrong, some frame may be another.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vidkind.config import SamplingOptions
from vidkind.errors import ConfigError, DecodeError
from vidkind.machine import usable_cores
from vidkind.records import WHOLE, Content, FrameBatch
from vidkind.video.container import open_video
from vidkind.video.content import find_content
from vidkind.video.decode import FrameReader, MissedFrameError, OutOfOrderError, Shown
from vidkind.video.examine import Sampled, examined, to_batch
from vidkind.video.index import Timeline, read_packet_times, read_timeline
from vidkind.video.picture import PictureMaker
from vidkind.video.sampling import (
    SAMPLERS,
    chosen_key_frames,
    exact,
    frames_to_read,
    key_frames,
    reaches,
    rising,
    stretches,
    target_times,
)
from vidkind.video.side_by_side import Readers

logger = logging.getLogger(__name__)

OnFrame = Callable[[int, NDArray[np.uint8]], None]
_Read = Callable[[FrameReader, Timeline, Sequence[int]], Iterator[Shown]]

# A reader holds a decoder with its reference frames: about 60 MB of 1080p.
MAX_READERS = 4
# A second reader has to be opened; below so many frames, or key frames, that costs what it saves.
MIN_FRAMES_EACH = 100
MIN_KEY_FRAMES_EACH = 8


@dataclass(frozen=True)
class _Request:
    path: str | os.PathLike[str]
    height: int
    width: int
    options: SamplingOptions
    num_threads: int
    on_frame: OnFrame | None


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
    centre (``exact``) or the key frame nearest to it (``keyframe``; each key frame once). A
    video of fewer frames gives some of them repeatedly. Where a stream breaks off, the part
    that decodes is the video. Memory does not grow with the video's length, but for the times
    of its frames.

    Args:
        path: A local video file.
        height: Height of the pictures in pixels; bars are cut off first, where ``options`` say so,
            and the aspect ratio is not kept.
        width: Width of the pictures in pixels.
        options: How many frames, by which sampler, and their hygiene.
        num_threads: Threads to decode with; 0 takes one a core, or what FFmpeg chooses.
        on_frame: Called in this thread after each sampled frame with its number, from 0, and
            its picture, uint8 [H, W, 3]: the one the batch holds, black ones too. Number 0
            again means that the stream turned out to be damaged and sampling begins anew.
            A picture that repeats the one before is the same object.

    Returns:
        Upright RGB pictures, at most N where black ones are skipped; transparent pixels are
        white, except in VP8 and VP9, whose transparency FFmpeg's decoders leave out. Times
        count from the first frame.

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
    request = _Request(path, height, width, options, num_threads, on_frame)
    return _sample(request, _timeline_of(path))


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


def _sample(request: _Request, timeline: Timeline) -> FrameBatch:
    try:
        workers = _num_workers(request, timeline)
        if workers > 1:
            return _sample_side_by_side(request, timeline, workers)
        return _sample_in_one_go(request, timeline, may_skip=True)
    except OutOfOrderError:
        logger.debug("%s: presentation times are unusable; frames are counted", request.path)
        return _sample_in_one_go(request, _counted(request.path, timeline), may_skip=False)
    except MissedFrameError:
        logger.debug("%s: announced frames do not come; all are decoded", request.path)
        return _sample_plainly(request, timeline)


def _sample_plainly(request: _Request, timeline: Timeline) -> FrameBatch:
    try:
        return _sample_in_one_go(request, timeline, may_skip=False)
    except OutOfOrderError:
        logger.debug("%s: presentation times are unusable; frames are counted", request.path)
        return _sample_in_one_go(request, _counted(request.path, timeline), may_skip=False)


def _sample_in_one_go(request: _Request, timeline: Timeline, *, may_skip: bool) -> FrameBatch:
    path, options = request.path, request.options
    num_threads = _threads_in_one_go(request, timeline)
    with FrameReader(path, timeline, num_threads=num_threads, may_skip=may_skip) as reader:
        start, content = _begin(request, reader, timeline)
        targets = target_times(start, timeline.end, options.num_frames)
        shown = SAMPLERS[options.sampler](reader, timeline, targets)
        maker = PictureMaker(height=request.height, width=request.width, content=content)
        every = _told(request, examined(shown, maker, options))
        decoded, last = reader.frames_decoded, _broken_off(reader, timeline, targets)
    if last is not None:
        logger.debug("%s breaks off after %d of %d ticks", path, last.end, timeline.end)
        cut = replace(timeline, end=last.end, last=last.time)
        return _sample_in_one_go(request, cut, may_skip=may_skip)
    return to_batch(
        every,
        start,
        timeline,
        skip_black=options.skip_black,
        frames_decoded=decoded,
        content=content,
    )


def _sample_side_by_side(request: _Request, timeline: Timeline, workers: int) -> FrameBatch:
    options = request.options
    threads = max(1, _num_threads(request) // workers)
    with Readers(lambda: FrameReader(request.path, timeline, num_threads=threads)) as readers:
        with readers.one() as reader:
            start, content = _begin(request, reader, timeline)
        read, parts = _plan(options, timeline, start)

        def read_part(reader: FrameReader, part: Sequence[int]) -> Iterator[Sampled]:
            if part is parts[0] and reader.has_moved:
                reader.restart()
            maker = PictureMaker(height=request.height, width=request.width, content=content)
            yield from examined(read(reader, timeline, part), maker, options)
            if not reader.seekable or _broken_off(reader, timeline, part) is not None:
                raise MissedFrameError

        # Where ``on_frame`` raises, those who decode are waited for before their files are closed.
        with closing(readers.read(parts, read_part, workers)) as sampled:
            every = _told(request, rising(sampled) if read is key_frames else sampled)
        if not every:
            raise MissedFrameError
        if read is key_frames and not reaches(timeline, parts[-1][-1], every[-1].time):
            raise MissedFrameError
        return to_batch(
            every,
            start,
            timeline,
            skip_black=options.skip_black,
            frames_decoded=readers.frames_decoded,
            content=content,
        )


def _begin(request: _Request, reader: FrameReader, timeline: Timeline) -> tuple[int, Content]:
    """When the video begins, in ticks, and what of its pictures is kept; the reader stays there."""
    first = reader.peek()
    if first is None:
        raise DecodeError(
            f"no frame of {os.fspath(request.path)!r} decodes; expected an intact stream: "
            "check whether a player shows it, and export it again"
        )
    content = find_content(reader, timeline) if request.options.crop_bars else WHOLE
    if reader.has_moved:
        reader.restart()
    return first.time, content


def _told(request: _Request, sampled: Iterator[Sampled]) -> list[Sampled]:
    every = []
    for number, each in enumerate(sampled):
        every.append(each)
        if request.on_frame is not None:
            request.on_frame(number, each.picture)
    return every


def _broken_off(reader: FrameReader, timeline: Timeline, targets: Sequence[int]) -> Shown | None:
    """The last frame that decodes, where that is before the end; else None."""
    last = reader.current if reader.at_end else None
    if last is None or last.time >= timeline.last or last.end > targets[-1]:
        return None
    return last


def _threads_in_one_go(request: _Request, timeline: Timeline) -> int:
    # Key frames are decoded one at a time, which the threads of a decoder do not make faster.
    takes_keys = (
        len(timeline.key_times)
        and _plan(request.options, timeline, int(timeline.key_times[0]))[0] is key_frames
    )
    return 1 if takes_keys else request.num_threads


def _num_threads(request: _Request) -> int:
    return request.num_threads or usable_cores()


def _num_workers(request: _Request, timeline: Timeline) -> int:
    """How many parts of the video are worth reading at a time."""
    if not len(timeline.key_times) or timeline.by_number:
        return 1
    read, parts = _plan(request.options, timeline, int(timeline.key_times[0]))
    worth = len(parts)
    if read is exact:
        worth = min(worth, int(frames_to_read(timeline, parts) // MIN_FRAMES_EACH))
    return max(1, min(_num_threads(request), MAX_READERS, worth))


def _plan(
    options: SamplingOptions, timeline: Timeline, start: int
) -> tuple[_Read, list[Sequence[int]]]:
    """How parts are read, and the parts: target times, or numbers of key frames."""
    targets = target_times(start, timeline.end, options.num_frames)
    if options.sampler == "keyframe":
        chosen = chosen_key_frames(timeline, targets)
        if chosen:
            size = MIN_KEY_FRAMES_EACH
            return key_frames, [chosen[i : i + size] for i in range(0, len(chosen), size)]
    return exact, stretches(timeline, targets)
