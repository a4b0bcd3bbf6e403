"""Measures the rates of this machine on rendered clips, and keeps them in the cache folder."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import json
import logging
import platform
import statistics
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib.metadata import version
from itertools import repeat
from pathlib import Path

import numpy as np

from vidkind.config import SamplingOptions
from vidkind.errors import ConfigError
from vidkind.files import atomic_path
from vidkind.machine import cache_folder, usable_cores
from vidkind.performance.bars import Bars, no_bars
from vidkind.performance.dry_run import OPENINGS, dry_run
from vidkind.performance.layout import layout_of
from vidkind.performance.patterns import ENCODERS, ClipShape, render_pattern
from vidkind.performance.rates import (
    FALLBACK_CODEC,
    CodecRates,
    MachineRates,
    fit_codec,
    quantities,
)
from vidkind.performance.stages import Stages
from vidkind.performance.under_load import seconds_under_load, spread_of
from vidkind.video import probe

_log = logging.getLogger(__name__)

# Counted up when the rates mean something else; those of other versions are measured anew.
RATES_VERSION = 2
_FILE_NAME = "machine_rates.json"
_REPEATS = 3
_TINY = ClipShape(width=64, height=36, num_frames=8, key_frame_every=8)
_SMALL = ClipShape(width=320, height=180, num_frames=192, key_frame_every=48)
_LARGE = ClipShape(width=1280, height=720, num_frames=32, key_frame_every=32)
_KEYS = ClipShape(width=1280, height=720, num_frames=24, key_frame_every=3)
_TRIALS = (
    (_SMALL, SamplingOptions(num_frames=192)),
    (_SMALL, SamplingOptions(num_frames=4)),
    (_LARGE, SamplingOptions(num_frames=32)),
    (_LARGE, SamplingOptions(num_frames=4)),
    (_KEYS, SamplingOptions(num_frames=8, sampler="keyframe")),
)


def rates_for(
    stages: Stages,
    codecs: Iterable[str] = (),
    *,
    cache: Path | None = None,
    fresh: bool = False,
    bars: Bars = no_bars,
) -> MachineRates:
    """The rates of this machine, out of the cache or measured now and put there.

    Args:
        stages: What a run puts together.
        codecs: Codecs it will meet; those that nothing here can encode are left out.
        cache: Folder to keep rates in; None takes the user's.
        fresh: Measure everything anew.
        bars: Opens a progress bar, where something has to be measured.
    """
    file = (cache or cache_folder()) / _FILE_NAME
    key = _key(stages)
    found = None if fresh else _read(file).get(key)
    known = set() if found is None else set(found.codecs)
    missing = sorted({*codecs, FALLBACK_CODEC} & set(ENCODERS) - known)
    if found is not None and not missing:
        return found
    with bars("Measuring this machine", 1 + len(missing)) as advance:
        rates = found or _measure_all_but_codecs(stages, key)
        advance()
        for codec in missing:
            measured = _measured_or_none(codec, stages, rates.open)
            rates = replace(rates, codecs={**rates.codecs, **measured})
            advance()
    _write(file, rates)
    return rates


def measure_codec(codec: str, stages: Stages, open_seconds: float) -> CodecRates:
    """Renders clips of a codec and times sampling them in different ways.

    Args:
        codec: A key of ``ENCODERS``.
        stages: What decodes, on how many cores.
        open_seconds: What opening a file takes of each time.

    Raises:
        ConfigError: Nothing here encodes it.
    """
    rows, times = [], []
    with tempfile.TemporaryDirectory(prefix="vidkind-") as folder:
        shapes = itertools.product((_SMALL, _LARGE, _KEYS), (False, True))
        clips = {
            (shape, low_rate): render_pattern(
                Path(folder) / f"{number}.mkv", shape, codec=codec, low_rate=low_rate
            )
            for number, (shape, low_rate) in enumerate(shapes)
        }
        for (shape, sampling), low_rate in itertools.product(_TRIALS, (False, True)):
            clip = clips[shape, low_rate]
            seconds = _sampling_seconds(clip, sampling, stages)
            decoding = dry_run(layout_of(clip, probe(clip)), sampling)
            rows.append(quantities(decoding, shape.megapixels))
            times.append(max(seconds - open_seconds, seconds / 10))
    return fit_codec(rows, times)


def _sampling_seconds(clip: Path, sampling: SamplingOptions, stages: Stages) -> float:
    return _median_under_load(lambda: stages.decode(clip, sampling), stages.workers)


def _measure_all_but_codecs(stages: Stages, key: str) -> MachineRates:
    embed = _embed_times(stages)
    return MachineRates(
        key=key,
        date=datetime.date.today().isoformat(),
        open=_open_seconds(stages.workers),
        embed=statistics.median(embed),
        answer=_answer_seconds(stages, use_tta=False),
        answer_tta=_answer_seconds(stages, use_tta=True),
        spread=spread_of(embed),
    )


def _embed_times(stages: Stages) -> list[float]:
    spec, count = stages.backbone.card.input, stages.backbone.batch_size
    generator = np.random.default_rng(0)
    frames = generator.integers(0, 256, (count, spec.height, spec.width, 3), np.uint8)
    times = [
        seconds_under_load(lambda: stages.backbone.embed(frames), stages.workers) / count
        for _ in repeat(None, 3 * _REPEATS + 1)
    ]
    return times[1:]  # the first one warms up


def _answer_seconds(stages: Stages, *, use_tta: bool) -> float:
    if stages.classifier is None:
        return 0.0
    batch, features = stages.any_features()

    def answer() -> None:
        stages.answer(batch, features, use_tta=use_tta)

    answer()
    return _median_under_load(answer, stages.workers)


def _open_seconds(workers: int) -> float:
    """Opening a file as often as sampling does, and reading its index.

    Its pictures are so small that decoding them takes nothing: ``quantities`` counts that.
    """
    with tempfile.TemporaryDirectory(prefix="vidkind-") as folder:
        clip = render_pattern(Path(folder) / "clip.mp4", _TINY)
        info = probe(clip)
        return OPENINGS * _median_under_load(lambda: layout_of(clip, info), workers)


def _measured_or_none(codec: str, stages: Stages, open_seconds: float) -> dict[str, CodecRates]:
    try:
        return {codec: measure_codec(codec, stages, open_seconds)}
    except ConfigError as error:  # this FFmpeg was built without the encoder
        _log.info("%s is not measured: %s", codec, error)
        return {}


def _median_under_load(work: Callable[[], object], workers: int) -> float:
    return statistics.median(seconds_under_load(work, workers) for _ in repeat(None, _REPEATS))


def _key(stages: Stages) -> str:
    """Names what rates hold for: another machine, runtime or backbone has others."""
    backbone = stages.backbone
    parts = (
        RATES_VERSION,
        platform.node(),
        platform.processor() or platform.machine(),
        usable_cores(),
        stages.workers,
        *(version(name) for name in ("vidkind", "av", "onnxruntime")),
        backbone.card.sha256,
        getattr(backbone, "runtime", type(backbone).__name__),
        backbone.precision,
        stages.looks[-1].sampling.num_frames,
        stages.classifier is not None,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _read(file: Path) -> dict[str, MachineRates]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return {key: MachineRates.from_json(rates) for key, rates in data.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # made again, as everything in a cache


def _write(file: Path, rates: MachineRates) -> None:
    every = {**_read(file), rates.key: rates}
    text = json.dumps({key: kept.to_json() for key, kept in every.items()}, indent=1)
    try:
        with atomic_path(file) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        _log.info("rates of this machine are not kept: %s", error)
