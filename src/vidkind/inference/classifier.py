"""One video in, one answer out; many videos in, one row each out; looks until it is sure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from numbers import Real
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidkind.bundle import Bundle, load_bundle
from vidkind.config import Effort, RuntimeOptions, Sampler, SamplingOptions, require_choice
from vidkind.errors import BundleError, ConfigError, VidkindError
from vidkind.features import EmbeddedVideo, embed_video
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.inference.conformal import label_set
from vidkind.inference.effort import Look, plan_looks
from vidkind.inference.ensemble import EnsembleAnswer, TemporalEnsemble
from vidkind.inference.operating import OperatingPoint
from vidkind.inference.trust import TrustKind, pooled_features, trust_signals
from vidkind.inference.trust_file import TrustModel, read_trust
from vidkind.parallel import default_workers, in_order
from vidkind.records import UNCLASSIFIED, ErrorRecord, Prediction

# Answers that may wait for a slow video before them, for each worker; they hold no pictures.
_AHEAD = 64


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
        sampler: Sampler | None = None,
        num_threads: int = 0,
        runtime: RuntimeOptions | None = None,
        max_error: float | None = None,
        strict: bool = False,
        coverage: float | None = None,
        trust: TrustKind = "learned",
    ) -> None:
        """Opens a bundle.

        Args:
            bundle: A bundle, its folder or zip; None takes the one shipped with the package.
            sampler: ``exact`` or ``keyframe``, which is much faster on long files; None takes the
                one that the bundle was made with.
            num_threads: CPU threads that embed one video's frames; 0 takes all cores.
            runtime: What runs the backbone, and how exactly; None takes the defaults.
            max_error: Withhold answers, as ``Unclassified``, so that on average at most this
                share of the others is wrong; None withholds nothing.
            strict: Promise that with 95 % confidence.
            coverage: Give with each answer the categories among which the right one is with
                this probability; None gives none.
            trust: ``learned`` on validation data, or ``published``: weights set by hand.

        Raises:
            BundleError: The bundle is missing, damaged or does not fit together, knows nothing
                of trust and ``max_error`` or ``coverage`` asks for it, or holds no int8 graph and
                ``runtime`` asks for it.
            ConfigError: ``max_error``, ``coverage`` or ``runtime`` cannot be kept, or there is no
                such ``sampler`` or ``trust``.
            MissingExtraError: ``runtime`` names one that is not installed.
        """
        require_choice("trust", trust, TrustKind)
        if sampler is not None:
            require_choice("sampler", sampler, Sampler)
        for name, share in (("max_error", max_error), ("coverage", coverage)):
            if share is not None and not isinstance(share, Real):
                raise ConfigError(f"{name} is {share!r}; expected a share from 0 to 1, e.g. 0.05")
        self._bundle = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
        manifest = self._bundle.manifest
        own = manifest.sampling
        self._sampling = own if sampler is None else replace(own, sampler=sampler)
        if runtime is not None and runtime.precision == "int8" and manifest.int8 is None:
            raise BundleError(
                f"{self.bundle.path} holds no int8 graph of its backbone; add one with: vidkind "
                f"quantize {self.bundle.path} VIDEOS -o OUTPUT, or leave --precision at float32"
            )
        self._backbone = OnnxBackbone(
            self.bundle.backbone_file,
            card=manifest.backbone,
            num_threads=num_threads,
            options=runtime,
        )
        self._ensemble = TemporalEnsemble(
            self.bundle.temporal_file,
            num_members=manifest.temporal.num_members,
            temperature=manifest.temperature,
            num_threads=num_threads,
            feature_dim=manifest.temporal.feature_dim,
            num_categories=len(manifest.categories),
        )
        if strict and max_error is None:
            raise ConfigError("strict needs max_error; give one (--max-error), e.g. 0.1")
        self._trust_kind: TrustKind = trust
        self._trust = self._open_trust(max_error, coverage)
        self._operating_point: OperatingPoint | None = None
        self._label_limit: float | None = None
        if self._trust is not None and max_error is not None:
            table = self._trust.tables[trust]
            self._operating_point = table.largest_coverage(max_error, strict=strict)
        if self._trust is not None and coverage is not None:
            self._label_limit = self._trust.conformal.limit(coverage)

    def _open_trust(self, max_error: float | None, coverage: float | None) -> TrustModel | None:
        manifest, file = self.bundle.manifest, self.bundle.trust_file
        if file is not None:
            return read_trust(
                file,
                feature_dim=manifest.temporal.feature_dim,
                num_categories=len(manifest.categories),
            )
        if max_error is not None or coverage is not None:
            name = "max_error" if max_error is not None else "coverage"
            raise BundleError(
                f"{self.bundle.path} holds no trust statistics, which {name} needs; make it again "
                "with: vidkind evaluate RUN FEATURES, then vidkind bundle RUN, or leave it out"
            )
        return None

    def __repr__(self) -> str:
        return f"SingleVideoClassifier({str(self.bundle.path)!r}: {', '.join(self.categories)})"

    @property
    def bundle(self) -> Bundle:
        """Where the answers come from."""
        return self._bundle

    @property
    def backbone(self) -> OnnxBackbone:
        """What embeds the frames."""
        return self._backbone

    @property
    def sampling(self) -> SamplingOptions:
        """How frames are picked where a video is looked at in full."""
        return self._sampling

    @property
    def operating_point(self) -> OperatingPoint | None:
        """The threshold that ``max_error`` came to, and what it gave on validation data."""
        return self._operating_point

    @property
    def categories(self) -> tuple[str, ...]:
        """Names the answers are chosen from."""
        return self.bundle.manifest.categories

    def classify_video(
        self, path: Path | str, *, use_tta: bool = False, effort: Effort = "normal"
    ) -> Prediction:
        """Classifies one video, on all cores.

        Args:
            path: The video file.
            use_tta: Average over four views of the feature sequence.
            effort: ``full`` looks at as many frames as the bundle was made with; ``normal`` and
                ``fast`` look at a few key frames first and stop there where trust allows.

        Returns:
            Category, confidence, trust, all scores, per-member scores, frame times and
            attention.

        Raises:
            ConfigError: There is no such effort.
            VideoError: The video cannot be used; the type says why.
        """
        return self.classify_with(self._embedder(path), path, use_tta=use_tta, effort=effort)

    def classify_videos(
        self,
        paths: Iterable[Path | str],
        *,
        use_tta: bool = False,
        effort: Effort = "normal",
        workers: int | None = None,
    ) -> Iterator[Prediction]:
        """Classifies many videos: one row per path, in order, with an error where one fails.

        Args:
            paths: Video files; read only a few ahead of the answers.
            use_tta: Average over four views of the feature sequence.
            effort: As in ``classify_video``.
            workers: Videos worked on at once, one core each; None takes one a core, fewer where
                memory is short, and all for a single video.

        Raises:
            ConfigError: There is no such effort.
        """
        self.looks(effort)
        remaining = iter(paths)
        first = list(islice(remaining, 2))
        alone = len(first) == 1 and workers is None
        answer = partial(self._row, use_tta=use_tta, effort=effort, cores=None if alone else 1)
        workers = workers or default_workers()
        return in_order(answer, chain(first, remaining), workers=workers, ahead=_AHEAD * workers)

    def _row(
        self, path: Path | str, *, use_tta: bool, effort: Effort, cores: int | None
    ) -> Prediction:
        try:
            embed = self._embedder(path, cores=cores)
            return self.classify_with(embed, path, use_tta=use_tta, effort=effort)
        except VidkindError as error:
            return failed_prediction(path, error)

    def classify_with(
        self,
        embed: Callable[[SamplingOptions], EmbeddedVideo],
        path: Path | str,
        *,
        use_tta: bool = False,
        effort: Effort = "normal",
    ) -> Prediction:
        """Classifies one video that somebody else decodes and embeds, look by look.

        Args:
            embed: Samples and embeds the video as it is asked to.
            path: Name of the video in the answer.
            use_tta: As in ``classify_video``.
            effort: As in ``classify_video``.
        """
        decoded = embedded = 0
        for look in self.looks(effort):
            video = embed(look.sampling)
            decoded += video.frames.frames_decoded
            embedded += len(video.frames.frames)
            answer = self.classify_embedded(path, video, use_tta=use_tta)
            if look.suffices(answer.trust):
                break
        return replace(answer, frames_decoded=decoded, frames_embedded=embedded)

    def _embedder(
        self, path: Path | str, *, cores: int | None = None
    ) -> Callable[[SamplingOptions], EmbeddedVideo]:
        multi_scale = self.bundle.manifest.multi_scale
        return lambda sampling: embed_video(
            path, self._backbone, sampling=sampling, multi_scale=multi_scale, cores=cores
        )

    def looks(self, effort: Effort) -> tuple[Look, ...]:
        """The looks at a video that an effort allows, in order; see ``plan_looks``."""
        # Thresholds are of learned trust, and label sets hold for whole looks alone.
        if self._trust is None or self._trust_kind != "learned" or self._label_limit is not None:
            return plan_looks(effort, self.sampling, {})
        point = self.operating_point
        return plan_looks(
            effort,
            self.sampling,
            self._trust.quick_thresholds,
            quick_frames=self._trust.quick_frames,
            least_trust=0.0 if point is None else point.threshold,
        )

    def classify_embedded(
        self, path: Path | str, embedded: EmbeddedVideo, *, use_tta: bool = False
    ) -> Prediction:
        """Answers for a video that was decoded and embedded before."""
        answer = self._ensemble.answer(embedded.sequence.features, use_tta=use_tta)
        best = int(np.argmax(answer.scores))
        trust = self._trust_of(embedded, answer)
        point = self.operating_point
        withheld = point is not None and trust is not None and trust < point.threshold
        return Prediction(
            path=str(path),
            category=UNCLASSIFIED if withheld else self.categories[best],
            confidence=float(answer.scores[best]),
            trust=trust,
            label_set=self._label_set(answer.scores),
            scores=self._named(answer.scores),
            duration_seconds=round(embedded.frames.duration_seconds, 3),
            member_scores=tuple(self._named(row) for row in answer.member_scores),
            frame_times=embedded.sequence.times,
            attention=answer.attention,
            num_frames=len(embedded.frames.frames),
            frames_decoded=embedded.frames.frames_decoded,
            frames_embedded=len(embedded.frames.frames),
            tta=use_tta,
        )

    def scores_of(self, features: NDArray[np.float32]) -> dict[str, float]:
        """What the ensemble says of features float32 [T, D] alone, of a part of a video."""
        return self._named(self._ensemble.answer(features).scores)

    def _trust_of(self, embedded: EmbeddedVideo, answer: EnsembleAnswer) -> float | None:
        if self._trust is None:
            return None
        features = embedded.sequence.features
        steps = np.array([len(features)], dtype=np.int32)
        signals = trust_signals(
            answer.scores[None],
            answer.attention[None],
            steps,
            self._ensemble.segment_scores(features)[None],
            self._trust.statistics.distances(pooled_features(features[None], steps)),
        )
        return float(self._trust.trust(signals, self._trust_kind)[0])

    def _label_set(self, scores: NDArray[np.float64]) -> tuple[str, ...] | None:
        if self._label_limit is None:
            return None
        return tuple(self.categories[k] for k in label_set(scores, self._label_limit))

    def _named(self, scores: NDArray[np.float64]) -> dict[str, float]:
        return {name: float(s) for name, s in zip(self.categories, scores, strict=True)}


def failed_prediction(path: Path | str, error: VidkindError) -> Prediction:
    """The row of an input that has no answer."""
    return Prediction(path=str(path), error=ErrorRecord(type=error.type, message=str(error)))
