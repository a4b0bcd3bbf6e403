"""The same degradation for all frames of a video, as an editor or an encoder would do it.

In: sampled frames and a seed. Out: frames of the same shape, degraded alike: one colour change,
one logo, one crf for the whole video. Meant for training temporal models, next to the clean frames.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from vidkind.config import SamplingOptions
from vidkind.dataset.degrade import BILINEAR, STEPS, Picture, Step, h264, noise
from vidkind.video import sample_frames
from vidkind.video.encode import write_video

# How often frames are repeated, as if the video had a lower frame rate, and how many times.
_REPEAT_PROBABILITY, _MAX_REPEAT = 0.2, 4


def degrade_frames(frames: NDArray[np.uint8], seed: tuple[int, ...]) -> NDArray[np.uint8]:
    """Applies a random choice of ``STEPS``, at least one, to a whole video.

    Args:
        frames: uint8 [T, H, W, 3], RGB; H and W even.
        seed: The only source of randomness.

    Returns:
        uint8 [T, H, W, 3].
    """
    rng = np.random.default_rng(seed)
    chosen = [step for step in STEPS if rng.random() < step.probability]
    chosen = chosen or [STEPS[rng.integers(len(STEPS))]]
    if rng.random() < _REPEAT_PROBABILITY:
        every = int(rng.integers(2, _MAX_REPEAT + 1))
        frames = frames[np.arange(len(frames)) // every * every]
    for step in chosen:
        draw = int(rng.integers(2**63))
        if step.apply is h264:
            frames = _encoded(frames, np.random.default_rng(draw))
        else:
            frames = np.stack([_apply(step, frames, t, draw) for t in range(len(frames))])
    return frames


def _apply(step: Step, frames: NDArray[np.uint8], t: int, draw: int) -> NDArray[np.uint8]:
    # Noise is new in every frame; everything else stays where it is.
    rng = np.random.default_rng((draw, t) if step.apply is noise else draw)
    result: Picture = step.apply(Image.fromarray(frames[t]), rng)
    height, width = frames.shape[1:3]
    return np.asarray(result.resize((width, height), BILINEAR))


def _encoded(frames: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    """Through H.264 at crf 26 to 43, with its predicted frames."""
    options = {"crf": str(int(rng.integers(26, 44))), "preset": "veryfast"}
    count, height, width = frames.shape[:3]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        write_video(path, frames, fps=25, options=options)
        every = SamplingOptions.untouched(count)
        return sample_frames(path, height=height, width=width, options=every, num_threads=1).frames
