"""The two long runs, ``classify`` and ``extract``, opened so that they can be timed and planned."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from vidkind.config import Effort, MultiScaleOptions, SamplingOptions
from vidkind.features import Backbone, output_length
from vidkind.features.shards import Shard, ShardFolder
from vidkind.inference import SingleVideoClassifier
from vidkind.inference.effort import Look
from vidkind.parallel import default_workers
from vidkind.performance.bars import Bars, no_bars
from vidkind.performance.calibrate import Correction, calibrate
from vidkind.performance.measure import rates_for
from vidkind.performance.plan import Forecast, RunKind, forecast
from vidkind.performance.rates import MachineRates
from vidkind.performance.stages import Stages
from vidkind.performance.survey import Survey, survey
from vidkind.records import FeatureSequence

_STORED_AT_ONCE = 8
# A file's content is told by its first and last mebibyte, see ``video_fingerprint``.
_FINGERPRINT_BYTES = 2 << 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """A run that is ready to start.

    Attributes:
        stages: What it puts together.
        kind: What it does beside decoding and embedding.
        use_tta: Whether answers use test-time augmentation.
    """

    stages: Stages
    kind: RunKind
    use_tta: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """A run over a library, thought through.

    Attributes:
        found: The library.
        forecast: What the run takes.
        correction: What the library's own files said.
        rates: Of this machine.
        workers: Videos done at once.
        key_frames_only: The same run with the ``keyframe`` sampler.
    """

    found: Survey
    forecast: Forecast
    correction: Correction
    rates: MachineRates
    workers: int
    key_frames_only: Forecast


def classify_run(
    classifier: SingleVideoClassifier,
    *,
    effort: Effort = "normal",
    use_tta: bool = False,
    workers: int | None = None,
    startup_seconds: float = 0.0,
) -> Run:
    """``vidkind classify`` with an opened bundle.

    Args:
        classifier: What answers.
        effort: How much of each video it looks at.
        use_tta: Average over four views of the feature sequence.
        workers: Videos done at once; None takes one a core, fewer where memory is short.
        startup_seconds: What it takes to open all that.
    """
    stages = Stages(
        backbone=classifier.backbone,
        classifier=classifier,
        looks=classifier.looks(effort),
        multi_scale=classifier.bundle.manifest.multi_scale,
        workers=workers or default_workers(),
    )
    kind = RunKind(name="classify", startup_seconds=startup_seconds)
    return Run(stages=stages, kind=kind, use_tta=use_tta)


def extract_run(
    backbone: Backbone,
    *,
    sampling: SamplingOptions,
    multi_scale: MultiScaleOptions,
    dtype: str = "float32",
    workers: int | None = None,
    startup_seconds: float = 0.0,
) -> Run:
    """``vidkind extract`` with an opened backbone.

    Args:
        backbone: What embeds the frames.
        sampling: How frames are picked.
        multi_scale: Temporal scales.
        dtype: Of the stored features.
        workers: Videos done at once; None takes one a core, fewer where memory is short.
        startup_seconds: What it takes to open all that.

    Raises:
        MissingExtraError: h5py, which the run needs, is not installed.
    """
    steps = output_length(sampling.num_frames, multi_scale)
    seconds, stored = _store(steps, backbone.card.feature_dim, dtype)
    stages = Stages(
        backbone=backbone,
        classifier=None,
        looks=(Look(sampling=sampling),),
        multi_scale=multi_scale,
        workers=workers or default_workers(),
    )
    kind = RunKind(
        name="extract",
        startup_seconds=startup_seconds,
        serial_seconds=seconds,
        bytes_written=stored,
        extra_bytes_read=_FINGERPRINT_BYTES,
    )
    return Run(stages=stages, kind=kind)


def plan_run(
    paths: Sequence[str],
    run: Run,
    *,
    sample: int | None = None,
    try_seconds: float = 8.0,
    cache: Path | None = None,
    listed: int = 5,
    bars: Bars = no_bars,
) -> Plan:
    """Forecasts a run over a library.

    Args:
        paths: Every file of the library.
        run: What is to be done with them.
        sample: Look at so many files, drawn at random, and scale up; None looks at all.
        try_seconds: How long to work on files of the library to correct the forecast; 0 tries
            none.
        cache: Folder of this machine's rates; None takes the user's.
        listed: How many of the slowest videos to name.
        bars: Opens a progress bar for each part of the work.
    """
    stages, chosen = run.stages, _chosen(paths, sample)
    with bars("Probing", len(chosen)) as advance:
        found = survey(
            chosen,
            [look.sampling for look in stages.looks],
            drawn_from=len(paths),
            progress=advance,
        )
    codecs = {video.info.codec for video in found.videos}
    rates = rates_for(stages, codecs, cache=cache, bars=bars)
    kind = replace(run.kind, answer_seconds=rates.answer_tta if run.use_tta else rates.answer)
    correction = calibrate(
        found, rates, stages, answer=kind.answer_seconds, seconds=try_seconds, bars=bars
    )
    foresee = partial(
        forecast,
        rates=rates,
        kind=kind,
        workers=stages.workers,
        correction=correction,
        listed=listed,
    )
    return Plan(
        found=found,
        forecast=foresee(found),
        correction=correction,
        rates=rates,
        workers=stages.workers,
        key_frames_only=foresee(found.with_key_frames()),
    )


def _chosen(paths: Sequence[str], sample: int | None) -> list[str]:
    if sample is None or sample >= len(paths):
        return list(paths)
    # In the library's order: how a run ends depends on what comes last.
    numbers = sorted(random.Random(0).sample(range(len(paths)), sample))
    return [paths[number] for number in numbers]


def _store(steps: int, feature_dim: int, dtype: str) -> tuple[float, float]:
    """Seconds and bytes to store one video's features, as a shard and in a feature file."""
    from vidkind.features.store import FeatureRow, write_features

    features = np.random.default_rng(0).random((steps, feature_dim), np.float32)
    times = np.arange(steps, dtype=np.float64)
    sequence = FeatureSequence(features=features, times=times)
    row = FeatureRow(features=features, times=times, duration_seconds=1.0, label=0, text={})
    with tempfile.TemporaryDirectory(prefix="vidkind-") as name:
        folder, start = Path(name), time.perf_counter()
        shards = ShardFolder(folder / "shards", {})
        for number in range(_STORED_AT_ONCE):
            shards.save(str(number), Shard(sequence=sequence, duration_seconds=1.0))
            shards.load(str(number))
        write_features(
            folder / "features.h5",
            (row for _ in range(_STORED_AT_ONCE)),
            count=_STORED_AT_ONCE,
            max_frames=steps,
            feature_dim=feature_dim,
            categories=("any",),
            multi_scale=True,
            dtype=dtype,
        )
        seconds = time.perf_counter() - start
        stored = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return seconds / _STORED_AT_ONCE, stored / _STORED_AT_ONCE
