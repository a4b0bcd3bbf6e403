"""Rendering a labelled library of the four default categories, for those who have no clips.

In: a folder, a number of clips per category, a seed. Out: encoded clips, a manifest, a notice.
Everything is drawn with Pillow and numpy ([train] extra, imported when first used); nothing is
taken from other media. Knows nothing of features or models. What a model scores on these
clips says nothing about real video.
"""

from __future__ import annotations

from vidkind.dataset.synthesize.clips import Clip, clip_families, plan_clips, render_frames
from vidkind.dataset.synthesize.library import NOTICE, synthesize_library

__all__ = [
    "NOTICE",
    "Clip",
    "clip_families",
    "plan_clips",
    "render_frames",
    "synthesize_library",
]
