"""One video in, one answer out; many videos in, one row each out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import tee
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidkind.bundle import Bundle, load_bundle
from vidkind.config import SamplingOptions
from vidkind.errors import VidkindError
from vidkind.features import EmbeddedVideo, embed_video, embed_videos
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.inference.ensemble import TemporalEnsemble
from vidkind.records import ErrorRecord, Prediction


class SingleVideoClassifier:
    """Answers questions about videos from a bundle.

    Example:
        >>> classifier = SingleVideoClassifier("my_bundle")  # doctest: +SKIP
        >>> classifier.classify_video("clip.mp4").category  # doctest: +SKIP
        'Gaming'
    """

    def __init__(
        self,
        bundle: Bundle | Path | str | None = None,
        *,
        sampling: SamplingOptions | None = None,
        num_threads: int = 0,
    ) -> None:
        """Opens a bundle.

        Args:
            bundle: A bundle, its folder or zip; None takes the one shipped with the package.
            sampling: Other sampling than the bundle was made with, e.g. key frames for speed.
            num_threads: CPU threads of the runtime; 0 lets it decide.

        Raises:
            BundleError: The bundle is missing, damaged or does not fit together.
        """
        self.bundle = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
        manifest = self.bundle.manifest
        self.sampling = sampling or manifest.sampling
        self._backbone = OnnxBackbone(
            self.bundle.backbone_file, card=manifest.backbone, num_threads=num_threads
        )
        self._ensemble = TemporalEnsemble(
            self.bundle.temporal_file,
            num_members=manifest.temporal.num_members,
            temperature=manifest.temperature,
            num_threads=num_threads,
            feature_dim=manifest.temporal.feature_dim,
            num_categories=len(manifest.categories),
        )

    @property
    def categories(self) -> tuple[str, ...]:
        """Names the answers are chosen from."""
        return self.bundle.manifest.categories

    def classify_video(self, path: Path | str, *, use_tta: bool = False) -> Prediction:
        """Classifies one video.

        Args:
            path: The video file.
            use_tta: Average over four views of the feature sequence.

        Returns:
            Category, confidence, all scores, per-member scores, frame times and attention.

        Raises:
            VideoError: The video cannot be used; the type says why.
        """
        embedded = embed_video(
            path,
            self._backbone,
            sampling=self.sampling,
            multi_scale=self.bundle.manifest.multi_scale,
        )
        return self._answer(path, embedded, use_tta)

    def classify_videos(
        self, paths: Iterable[Path | str], *, use_tta: bool = False, workers: int | None = None
    ) -> Iterator[Prediction]:
        """Classifies many videos: one row per path, in order, with an error where one fails.

        Args:
            paths: Video files; read only a few ahead of the answers.
            use_tta: Average over four views of the feature sequence.
            workers: Decoding threads; None chooses by the number of cores.
        """
        paths, ahead = tee(paths)
        outcomes = embed_videos(
            ahead,
            self._backbone,
            sampling=self.sampling,
            multi_scale=self.bundle.manifest.multi_scale,
            workers=workers,
        )
        for path, outcome in zip(paths, outcomes, strict=True):
            if isinstance(outcome, VidkindError):
                yield failed_prediction(path, outcome)
            else:
                yield self._answer(path, outcome, use_tta)

    @property
    def backbone(self) -> OnnxBackbone:
        """What embeds the frames."""
        return self._backbone

    def classify_embedded(
        self, path: Path | str, embedded: EmbeddedVideo, *, use_tta: bool = False
    ) -> Prediction:
        """Answers for a video that was decoded and embedded elsewhere."""
        return self._answer(path, embedded, use_tta)

    def scores_of(self, features: NDArray[np.float32]) -> dict[str, float]:
        """What the ensemble says of features float32 [T, D] alone, of a part of a video."""
        return self._named(self._ensemble.answer(features).scores)

    def _answer(self, path: Path | str, embedded: EmbeddedVideo, use_tta: bool) -> Prediction:
        answer = self._ensemble.answer(embedded.sequence.features, use_tta=use_tta)
        best = int(np.argmax(answer.scores))
        return Prediction(
            path=str(path),
            category=self.categories[best],
            confidence=float(answer.scores[best]),
            scores=self._named(answer.scores),
            duration_seconds=round(embedded.frames.duration_seconds, 3),
            member_scores=tuple(self._named(row) for row in answer.member_scores),
            frame_times=embedded.sequence.times,
            attention=answer.attention,
            num_frames=len(embedded.frames.frames),
            tta=use_tta,
        )

    def _named(self, scores: NDArray[np.float64]) -> dict[str, float]:
        return {name: float(s) for name, s in zip(self.categories, scores, strict=True)}


def failed_prediction(path: Path | str, error: VidkindError) -> Prediction:
    """The row of an input that has no answer."""
    return Prediction(path=str(path), error=ErrorRecord(type=error.type, message=str(error)))
