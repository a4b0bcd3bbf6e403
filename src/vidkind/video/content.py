"""Finds out, once a video, which part of its pictures is content and not bars.

In: a ``FrameReader`` and the video's ``Timeline``. Out: a ``Content``, the same however many
frames are sampled afterwards and by whichever sampler. Knows nothing of files or threads.
"""

from __future__ import annotations

import numpy as np

from vidkind.records import WHOLE, Content
from vidkind.video.bars import find_bars, may_have_bars
from vidkind.video.decode import FrameReader
from vidkind.video.index import Timeline
from vidkind.video.picture import PictureMaker, glimpse
from vidkind.video.sampling import keyframe, target_times

# Moments at which bars have to be there, and the side of the pictures they are measured in.
MOMENTS, SIDE = 8, 512
# One pixel of a glimpse lies inside even the thinnest bar.
GLIMPSE_SIDE = 64


def find_content(reader: FrameReader, timeline: Timeline) -> Content:
    """The part of the pictures that is not bars at any of a few moments.

    Only the first frame is looked at, at next to no cost, where that shows no bars: other frames
    are read where its edges are black, until one shows none.

    Args:
        reader: At the first frame; left anywhere.
        timeline: Of the video.
    """
    first = reader.peek()
    if first is None or not may_have_bars(glimpse(first.image, GLIMPSE_SIDE)):
        return WHOLE
    maker = PictureMaker(height=SIDE, width=SIDE)
    pictures = []
    for shown in keyframe(reader, timeline, target_times(first.time, timeline.end, MOMENTS)):
        pictures.append(maker(shown.image))
        if not may_have_bars(pictures[-1]):
            return WHOLE
    return find_bars(np.stack(pictures)) if pictures else WHOLE
