"""Times every stage of an answer on this machine, in turn, again and again."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle, pairwise
from pathlib import Path

import numpy as np

from vidkind.config import Effort
from vidkind.features import Backbone
from vidkind.features.engines import cosines
from vidkind.inference import SingleVideoClassifier
from vidkind.performance.patterns import ClipShape, render_pattern
from vidkind.performance.peak import peak_gflops
from vidkind.performance.stages import Stages
from vidkind.performance.under_load import seconds_under_load, spread_of
from vidkind.records import FrameBatch

RENDERED = ClipShape(width=1280, height=720, num_frames=150, key_frame_every=150)
STAGES = ("decode", "embed", "temporal models", "the same with TTA")
EFFORTS: tuple[Effort, ...] = ("full", "normal", "fast")
ONE_WORKER = "one worker"
_LEAST_ROUNDS = 3
# Each worker does so many videos in a row from end to end, so that starting counts little.
_VIDEOS_A_WORKER = 2


@dataclass(frozen=True, kw_only=True)
class StageTime:
    """How fast one stage is.

    Attributes:
        name: Of the stage.
        seconds: Of one core a video while all workers are busy; from end to end, wall time of
            the whole run a video. Median over rounds.
        videos_per_second: Of all workers together.
        frames_per_second: Frames that the stage works on, of all workers together; None where
            a stage does not go by frames.
        spread: Half the range of the middle half of the rounds, relative.
    """

    name: str
    seconds: float
    videos_per_second: float
    spread: float
    frames_per_second: float | None = None


@dataclass(eq=False)
class Clock:
    """Times of every round.

    Attributes:
        seconds: Name -> seconds a video, one entry a round.
        decoded: Frames decoded in each round.
        embedded: Different frames embedded in each round.
        agreement: Backbone -> least cosine of a picture's features with the first backbone's, one
            entry a round.
        peaks: Rate of the float32 matrix product in each round, in 1e9 operations a second.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    decoded: list[int] = field(default_factory=list)
    embedded: list[int] = field(default_factory=list)
    agreement: dict[str, list[float]] = field(default_factory=dict)
    peaks: list[float] = field(default_factory=list)

    @property
    def rounds(self) -> int:
        """How often everything was timed."""
        return len(self.decoded)

    def stage(self, name: str, workers: int = 1) -> StageTime:
        """Median and spread of one stage.

        Args:
            name: Of the stage.
            workers: Videos done at once; 1 where the times are of a whole run already.
        """
        times = self.seconds[name]
        frames = {"decode": self.decoded, "embed": self.embedded}.get(name)
        return StageTime(
            name=name,
            seconds=statistics.median(times),
            videos_per_second=workers / statistics.median(times),
            spread=spread_of(times),
            frames_per_second=None
            if frames is None
            else workers * statistics.median(f / t for f, t in zip(frames, times, strict=True)),
        )

    def ratio(self, name: str, *others: str) -> float:
        """Median over rounds of one time over the sum of others."""
        sums = [sum(times) for times in zip(*(self.seconds[n] for n in others), strict=True)]
        ratios = [a / b for a, b in zip(self.seconds[name], sums, strict=True)]
        return float(statistics.median(ratios))


def time_stages(
    stages: Stages,
    classifier: SingleVideoClassifier,
    videos: Sequence[str] = (),
    *,
    backbones: Mapping[str, Backbone],
    seconds: float,
    progress: Callable[[float], None] = lambda share: None,
) -> Clock:
    """Times decode, embed, temporal models and all together in turn until time is up.

    Args:
        stages: Of a run that looks at everything.
        classifier: What answers from end to end.
        videos: Files to measure with, one a round; none renders a clip of 6 s at 1280x720.
        backbones: Other ways to embed, timed beside, by name; the first is what others agree with.
        seconds: How long to go on; every video is used, and every stage timed three times.
        progress: Called after each round with the share that is done.

    Raises:
        VideoError: A video cannot be used.
    """
    clock = Clock()
    with _clips(videos) as clips:
        start = time.perf_counter()
        _round(Clock(), stages, classifier, backbones, clips[0])  # warms up
        wanted = max(_LEAST_ROUNDS, len(clips))
        for clip in cycle(clips):
            _round(clock, stages, classifier, backbones, clip)
            used = (time.perf_counter() - start) / seconds
            progress(min(1.0, used, clock.rounds / wanted))
            if used >= 1 and clock.rounds >= wanted:
                break
    return clock


@contextmanager
def _clips(videos: Sequence[str]) -> Iterator[Sequence[str]]:
    if videos:
        yield videos
        return
    with tempfile.TemporaryDirectory(prefix="vidkind-") as folder:
        yield [str(render_pattern(Path(folder) / "clip.mp4", RENDERED))]


def _round(
    clock: Clock,
    stages: Stages,
    classifier: SingleVideoClassifier,
    backbones: Mapping[str, Backbone],
    clip: str,
) -> None:
    sampling, workers = stages.looks[-1].sampling, stages.workers
    batch = stages.decode(clip, sampling)
    _, features = stages.any_features()
    features = features[: len(batch.frames)]
    works: dict[str, Callable[[], object]] = {
        "decode": lambda: stages.decode(clip, sampling),
        "embed": lambda: stages.embed(batch),
        "temporal models": lambda: stages.answer(batch, features),
        "the same with TTA": lambda: stages.answer(batch, features, use_tta=True),
    }
    found = {name: seconds_under_load(work, workers) for name, work in works.items()}
    size = stages.backbone.batch_size
    few = batch.frames[:: max(1, len(batch.frames) // size)][:size]
    embedded = {name: backbone.embed(few) for name, backbone in backbones.items()}
    for name, backbone in backbones.items():
        found[name] = seconds_under_load(partial(backbone.embed, few), workers) / len(few)
    for effort in EFFORTS:
        found[effort] = _end_to_end(classifier, clip, workers, effort)
    found[ONE_WORKER] = _end_to_end(classifier, clip, 1, "full")
    for name, seconds in found.items():
        clock.seconds.setdefault(name, []).append(seconds)
    for name, others in embedded.items():
        agreement = cosines(next(iter(embedded.values())), others).min()
        clock.agreement.setdefault(name, []).append(float(agreement))
    clock.decoded.append(batch.frames_decoded)
    clock.embedded.append(_num_distinct(batch))
    clock.peaks.append(peak_gflops(workers, repeats=3))


def _end_to_end(
    classifier: SingleVideoClassifier, clip: str, workers: int, effort: Effort
) -> float:
    """Wall seconds a video of a run over copies of one clip."""
    count = _VIDEOS_A_WORKER * workers
    start = time.perf_counter()
    for _ in classifier.classify_videos([clip] * count, workers=workers, effort=effort):
        pass
    return (time.perf_counter() - start) / count


def _num_distinct(batch: FrameBatch) -> int:
    return 1 + sum(not np.array_equal(a, b) for a, b in pairwise(batch.frames))
