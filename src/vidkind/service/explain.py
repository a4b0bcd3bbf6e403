"""The result of a job: the answer every way of asking gives, and what it rests on."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vidkind.features import EmbeddedVideo
from vidkind.inference import SingleVideoClassifier
from vidkind.records import Prediction, VideoInfo

# Pictures under an answer; twelve fill a phone's width in two rows.
NUM_MOMENTS = 12
_LONG_SIDE = 160


def to_result(
    classifier: SingleVideoClassifier,
    prediction: Prediction,
    embedded: EmbeddedVideo,
    info: VideoInfo,
    *,
    name: str,
    sha256: str,
) -> dict[str, Any]:
    """The row of the command line and of Python, with what explains it.

    Args:
        classifier: What answered.
        prediction: Its answer.
        embedded: The frames and features it rests on.
        info: What the file says about itself.
        name: What to call the video towards people.
        sha256: Hash of the file.

    Returns:
        JSON types: the keys of ``Prediction.to_row``, then ``member_scores``, ``frame_times``
        and ``attention`` of every step, ``moments`` (time, share of the attention, scores of
        that part alone, picture), ``num_frames``, ``tta``, ``sha256`` and ``video``.
    """
    assert prediction.attention is not None and prediction.frame_times is not None, "it answered"
    return {
        **replace(prediction, path=name).to_row(),
        "member_scores": [dict(scores) for scores in prediction.member_scores],
        "frame_times": [round(t, 3) for t in prediction.frame_times.tolist()],
        "attention": [round(a, 6) for a in prediction.attention.tolist()],
        "moments": _moments(classifier, prediction.attention, embedded, info),
        "num_frames": prediction.num_frames,
        "tta": prediction.tta,
        "sha256": sha256,
        "video": {
            "codec": info.codec,
            "width": info.width,
            "height": info.height,
            "fps": info.fps,
            "size_bytes": info.size_bytes,
        },
    }


def _moments(
    classifier: SingleVideoClassifier,
    attention: NDArray[np.float32],
    embedded: EmbeddedVideo,
    info: VideoInfo,
) -> list[dict[str, Any]]:
    sequence, batch = embedded.sequence, embedded.frames
    moments = []
    # No frame is shown twice where few were looked at.
    count = min(NUM_MOMENTS, len(batch.frames))
    for part in np.array_split(np.arange(len(sequence.times)), count):
        time = float(sequence.times[part].mean())
        nearest = int(np.abs(batch.times - time).argmin())
        moments.append(
            {
                "time": round(time, 3),
                "attention": round(float(attention[part].sum()), 6),
                "scores": classifier.scores_of(sequence.features[part]),
                "thumbnail": thumbnail(batch.frames[nearest], info),
            }
        )
    return moments


def thumbnail(frame: NDArray[np.uint8], info: VideoInfo) -> str:
    """A sampled frame [H, W, 3] in the video's own shape, as a ``data:`` URL of a JPEG."""
    width, height = info.upright_size
    scale = _LONG_SIDE / max(width, height, 1)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    file = io.BytesIO()
    Image.fromarray(frame).resize(size).save(file, "JPEG", quality=72)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
