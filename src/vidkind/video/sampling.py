"""Which frames of a video are sampled, and how a reader gets to them.

In: a ``FrameReader``, the video's ``Timeline`` and target times. Out: the frames shown, in
order. Two samplers behind one signature, ``SAMPLERS[name](reader, timeline, targets)``.
Knows nothing of files, pictures or threads.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

import numpy as np

from vidkind.config import Sampler
from vidkind.video.decode import FrameReader, Shown
from vidkind.video.index import Ticks, Timeline

# A seek empties the decoder's pipeline and costs about as much as decoding this many frames.
SEEK_COST_FRAMES = 4
# So few key frames show too little of a video: where decoding all of it takes no longer than
# some fifty key frames would, the exact sampler is as quick and shows more.
MIN_KEY_FRAMES = 4
MAX_FRAMES_INSTEAD = 300


class _Timed(Protocol):
    @property
    def time(self) -> int: ...


Timed = TypeVar("Timed", bound=_Timed)


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
    """The key frames nearest to the target times, each once; else as ``exact``.

    The exact sampler takes over where there are too few (``chosen_key_frames``), or where none
    decodes.
    """
    chosen = chosen_key_frames(timeline, targets)
    shown = None
    for shown in rising(key_frames(reader, timeline, chosen)):
        yield shown
    if shown is None:
        if len(chosen):
            reader.restart()
        yield from exact(reader, timeline, targets)
    elif not reaches(timeline, chosen[-1], shown.time):
        # Only reading on tells whether one key frame is damaged or the stream breaks off here.
        reader.seek(shown.time, shown.time)
        reader.shown_at(timeline.last)


SAMPLERS: dict[Sampler, Callable[[FrameReader, Timeline, Sequence[int]], Iterator[Shown]]] = {
    "exact": exact,
    "keyframe": keyframe,
}


def target_times(start: int, end: int, num_frames: int) -> list[int]:
    """Centres of ``num_frames`` equal slices of [start, end), rounded down to ticks."""
    length = max(1, end - start)
    return [start + (2 * i + 1) * length // (2 * num_frames) for i in range(num_frames)]


def chosen_key_frames(timeline: Timeline, targets: Sequence[int]) -> Sequence[int]:
    """Numbers of the key frames nearest to the targets, each once.

    Empty where all frames should be read instead: below ``MIN_KEY_FRAMES`` in a video of at
    most ``MAX_FRAMES_INSTEAD`` frames, and where a long one has but a single key frame.
    """
    numbers: list[int] = np.unique(_nearest(timeline.key_times, targets)).tolist()
    enough = min(MIN_KEY_FRAMES, len(targets))
    num_frames = (
        (timeline.end - int(timeline.key_times[0])) / timeline.frame_ticks if numbers else 0
    )
    if len(numbers) >= enough or (len(numbers) > 1 and num_frames > MAX_FRAMES_INSTEAD):
        return numbers
    return []


def key_frames(reader: FrameReader, timeline: Timeline, numbers: Sequence[int]) -> Iterator[Shown]:
    """The key frames of these numbers, as far as they decode.

    Where the index is a little wrong, two of its entries lead to one frame: see ``rising``.
    """
    for number in numbers:
        shown = _key_frame(reader, timeline.key_times, number)
        if shown is not None:
            yield shown


def rising(frames: Iterator[Timed]) -> Iterator[Timed]:
    """Those of the frames that are shown later than all before them."""
    latest: int | None = None
    for frame in frames:
        if latest is None or frame.time > latest:
            latest = frame.time
            yield frame


def reaches(timeline: Timeline, number: int, time: int) -> bool:
    """Whether a key frame shown at ``time`` may be that of this number, and not the one before."""
    before = int(timeline.key_times[max(0, number - 1)])
    return 2 * time > before + int(timeline.key_times[number]) or number == 0


def stretches(timeline: Timeline, targets: Sequence[int]) -> list[Sequence[int]]:
    """The targets, cut before each one that ``exact`` seeks to: no part needs another."""
    jumps = _jumps(timeline, targets)
    cuts = [i for i, target in enumerate(targets) if target in jumps and i]
    return [targets[a:b] for a, b in itertools.pairwise([0, *cuts, len(targets)])]


def frames_to_read(timeline: Timeline, parts: Sequence[Sequence[int]]) -> float:
    """About how many frames lie in these stretches, from their key frames to the last targets."""
    begins = [timeline.key_times[_key_before(timeline.key_times, part[:1])[0]] for part in parts]
    ticks = sum(int(part[-1] - begin) for part, begin in zip(parts, begins, strict=True))
    return ticks / timeline.frame_ticks


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
    """Number of the key frame nearest to each target; empty where there are none."""
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
