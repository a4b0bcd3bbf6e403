"""The stages of a run one by one, each the work of one core, so that each can be timed alone."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidkind.config import MultiScaleOptions, SamplingOptions
from vidkind.features import Backbone, EmbeddedVideo, to_sequence
from vidkind.features.embed import embed_distinct
from vidkind.inference import SingleVideoClassifier
from vidkind.inference.effort import Look
from vidkind.records import FrameBatch, Prediction
from vidkind.video import sample_frames


@dataclass(frozen=True, kw_only=True, eq=False)
class Stages:
    """What a run puts together.

    Attributes:
        backbone: What embeds.
        classifier: What answers; None where a run ends with features.
        looks: The looks that a run takes at a video.
        multi_scale: Temporal scales.
        workers: Videos done at once.
    """

    backbone: Backbone
    classifier: SingleVideoClassifier | None
    looks: tuple[Look, ...]
    multi_scale: MultiScaleOptions
    workers: int

    def decode(self, path: str | os.PathLike[str], sampling: SamplingOptions) -> FrameBatch:
        """Samples a video at the backbone's size.

        Raises:
            VideoError: The video cannot be used.
        """
        spec = self.backbone.card.input
        return sample_frames(
            path, height=spec.height, width=spec.width, options=sampling, num_threads=1
        )

    def embed(self, batch: FrameBatch) -> NDArray[np.float32]:
        """Embeds a video's pictures, each different one once: float32 [T, D]."""
        return embed_distinct(batch.frames, self.backbone)

    def answer(
        self, batch: FrameBatch, features: NDArray[np.float32], *, use_tta: bool = False
    ) -> Prediction | None:
        """The temporal models' answer from features float32 [T, D]; None without any."""
        if self.classifier is None:
            return None
        sequence = to_sequence(features, batch.times, self.multi_scale)
        embedded = EmbeddedVideo(frames=batch, sequence=sequence)
        return self.classifier.classify_embedded("", embedded, use_tta=use_tta)

    def suffices(self, look: Look, batch: FrameBatch, features: NDArray[np.float32]) -> bool:
        """Whether the answer from a look stands."""
        if look.threshold is None:
            return True
        answer = self.answer(batch, features)
        return answer is not None and look.suffices(answer.trust)

    def any_features(self) -> tuple[FrameBatch, NDArray[np.float32]]:
        """A batch and features of the right shapes; what they hold costs no time."""
        count = self.looks[-1].sampling.num_frames
        batch = FrameBatch(
            frames=np.zeros((count, 1, 1, 3), np.uint8),
            times=np.arange(count, dtype=np.float64),
            sharpness=np.zeros(count, np.float32),
            numbers=np.arange(count),
            duration_seconds=float(count),
        )
        generator = np.random.default_rng(0)
        return batch, generator.random((count, self.backbone.card.feature_dim), np.float32)
