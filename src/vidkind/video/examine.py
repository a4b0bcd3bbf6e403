"""From decoded frames to a batch of pictures: resizing, hygiene, black ones left out.

In: frames with their times. Out: ``Sampled`` pictures, and a ``FrameBatch`` of them. Knows
nothing of how the frames were reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidkind.config import SamplingOptions
from vidkind.records import WHOLE, Content, FrameBatch
from vidkind.video.decode import Shown
from vidkind.video.hygiene import is_black, luma, sharpness, unsharp_mask
from vidkind.video.index import Timeline
from vidkind.video.picture import PictureMaker


@dataclass(frozen=True, eq=False)
class Sampled:
    """A sampled frame's picture.

    Attributes:
        time: When it begins to be shown, in ticks.
        picture: uint8 [H, W, 3], finished.
        sharpness: Variance of the Laplacian, before sharpening.
        is_black: Whether all but a few pixels are black.
    """

    time: int
    picture: NDArray[np.uint8]
    sharpness: float
    is_black: bool


def examined(
    frames: Iterator[Shown], maker: PictureMaker, options: SamplingOptions
) -> Iterator[Sampled]:
    """Pictures of the frames; one that repeats the one before is the same object."""
    before: Shown | None = None
    for frame in frames:
        if frame is not before:
            before, sampled = frame, _examine(frame, maker, options)
        yield sampled


def _examine(frame: Shown, maker: PictureMaker, options: SamplingOptions) -> Sampled:
    picture = maker(frame.image)
    grey = luma(picture)
    return Sampled(
        time=frame.time,
        picture=unsharp_mask(picture) if options.sharpen else picture,
        sharpness=sharpness(grey),
        is_black=is_black(grey, options.black_luma),
    )


def to_batch(
    every: Sequence[Sampled],
    start: int,
    timeline: Timeline,
    *,
    skip_black: bool,
    frames_decoded: int,
    content: Content = WHOLE,
) -> FrameBatch:
    """The batch of the pictures that are kept.

    Args:
        every: In presentation order, at least one.
        start: When the first frame of the video is shown, in ticks.
        timeline: Of the video.
        skip_black: Whether black pictures are left out, unless all are black.
        frames_decoded: What it took.
        content: The part of the frames that the pictures show.
    """
    keep = [i for i, sampled in enumerate(every) if not (skip_black and sampled.is_black)]
    keep = keep or list(range(len(every)))
    times = np.array([every[i].time - start for i in keep], np.float64)
    return FrameBatch(
        frames=np.stack([every[i].picture for i in keep]),
        times=times * float(timeline.time_base),
        sharpness=np.array([every[i].sharpness for i in keep], np.float32),
        numbers=np.array(keep, np.int64),
        duration_seconds=float((timeline.end - start) * timeline.time_base),
        num_black=len(every) - len(keep),
        frames_decoded=frames_decoded,
        content=content,
    )
