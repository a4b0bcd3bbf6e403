"""What a measurement of this machine says, and what to do with it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vidkind.config import RuntimeOptions
from vidkind.errors import BackboneError, ConfigError, MissingExtraError
from vidkind.features import Backbone
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.inference import SingleVideoClassifier
from vidkind.machine import usable_cores
from vidkind.performance.bench import EFFORTS, ONE_WORKER, STAGES, Clock, StageTime, time_stages
from vidkind.performance.measure import rates_for
from vidkind.performance.operations import GraphCost, backbone_cost
from vidkind.performance.runs import classify_run

# Below this a difference is the machine's noise, or not worth another setting.
_WORTH_SAYING = 1.15
# int8 changes answers more than the others do, and has to bring more.
_WORTH_INT8 = 1.2
# Above this, figures of one bench are no basis for a choice.
_NOISY = 0.1
_ENGINES = (
    RuntimeOptions(runtime="onnxruntime", precision="float32"),
    RuntimeOptions(runtime="openvino", precision="float32"),
    RuntimeOptions(runtime="openvino", precision="bfloat16"),
    RuntimeOptions(runtime="onnxruntime", precision="int8"),
    RuntimeOptions(runtime="openvino", precision="int8"),
)


@dataclass(frozen=True, kw_only=True)
class EngineTime:
    """How fast one runtime embeds in one precision.

    Attributes:
        runtime: ``onnxruntime`` or ``openvino``.
        precision: ``float32``, ``bfloat16`` or ``int8``.
        frames_per_second: Of all workers together, median over rounds.
        agreement: Least cosine of a picture's features with those in float32, over the pictures
            of some of each video.
        share_of_peak: Of numpy's float32 matrix product, in 0..1, or above where the runtime
            saves multiplications or computes in another precision; None where operations cannot
            be counted.
    """

    runtime: str
    precision: str
    frames_per_second: float
    agreement: float
    share_of_peak: float | None


@dataclass(frozen=True, kw_only=True)
class BenchReport:
    """What was measured.

    Attributes:
        cores: Cores this process may use.
        workers: Videos done at once.
        peak_gflops: Best float32 matrix product on all cores, 1e9 operations a second.
        backbone: Name of the backbone.
        runtime: What runs it.
        precision: In which precision.
        frame_gflop: Operations of one frame, in 1e9; None where they cannot be counted.
        rounds: How often everything was timed, in turn.
        stages: Decode, embed, temporal models and the same with TTA, from all frames that the
            bundle asks for; then each effort from end to end.
        engines: Every way to embed that is installed here.
        efficiency: Time of decode, embed and answer alone over the time from end to end, 0..1.
        tta_share: Temporal models with TTA over decode and embed.
        worker_gain: Videos a second of all workers over those of one.
        noise: Largest spread of a stage.
        suggestions: What to do with that, in words.
    """

    cores: int
    workers: int
    peak_gflops: float
    backbone: str
    runtime: str
    precision: str
    frame_gflop: float | None
    rounds: int
    stages: tuple[StageTime, ...]
    engines: tuple[EngineTime, ...]
    efficiency: float
    tta_share: float
    worker_gain: float
    noise: float
    suggestions: tuple[str, ...]


def run_bench(
    classifier: SingleVideoClassifier,
    videos: Sequence[str] = (),
    *,
    workers: int | None = None,
    seconds: float = 20.0,
    progress: Callable[[float], None] = lambda share: None,
) -> BenchReport:
    """Measures this machine with a bundle, and keeps the rates that plans are made of.

    Args:
        classifier: What answers.
        videos: Files to measure with; none renders a clip.
        workers: Videos done at once; None takes one a core, fewer where memory is short.
        seconds: How long the stages are timed, each three times at least; the rates of codecs are
            measured before that.
        progress: Called with the share that is done, 0..1.

    Raises:
        VideoError: A video cannot be used.
    """
    stages = classify_run(classifier, effort="full", workers=workers).stages
    rates_for(stages, fresh=True)
    progress(0.3)
    engines = dict(_engines(classifier))
    clock = time_stages(
        stages,
        classifier,
        videos,
        backbones=engines,
        seconds=0.7 * seconds,
        progress=lambda share: progress(0.3 + 0.7 * share),
    )
    return _report(clock, classifier, engines, stages.workers)


def _report(
    clock: Clock,
    classifier: SingleVideoClassifier,
    engines: Mapping[str, OnnxBackbone],
    workers: int,
) -> BenchReport:
    # The best of all rounds: what disturbs a round makes it no better.
    cost, peak = _frame_cost(classifier), max(clock.peaks)
    gflop = None if cost is None else cost.flops / 1e9
    times = tuple(
        _engine_time(clock, name, backbone, workers, gflop and gflop / peak)
        for name, backbone in engines.items()
    )
    stages = (
        *(clock.stage(name, workers) for name in STAGES),
        *(clock.stage(effort) for effort in EFFORTS),
    )
    noise = max(stage.spread for stage in stages)
    backbone = classifier.backbone
    return BenchReport(
        cores=usable_cores(),
        workers=workers,
        peak_gflops=peak,
        backbone=backbone.card.name,
        runtime=backbone.runtime,
        precision=backbone.precision,
        frame_gflop=gflop,
        rounds=clock.rounds,
        stages=stages,
        engines=times,
        efficiency=1 / (workers * clock.ratio("full", "decode", "embed", "temporal models")),
        tta_share=clock.ratio("the same with TTA", "decode", "embed"),
        worker_gain=clock.ratio(ONE_WORKER, "full"),
        noise=noise,
        suggestions=tuple(_suggestions(clock, times, backbone, workers, noise)),
    )


def _engines(classifier: SingleVideoClassifier) -> Iterator[tuple[str, OnnxBackbone]]:
    """Every runtime and precision that this installation and processor have."""
    for options in _ENGINES:
        if options.precision == "int8" and classifier.bundle.int8_file is None:
            continue
        try:
            backbone = OnnxBackbone(
                classifier.bundle.backbone_file, card=classifier.backbone.card, options=options
            )
        except (MissingExtraError, ConfigError):
            continue
        yield _name(options), backbone


def _name(engine: EngineTime | RuntimeOptions) -> str:
    return f"{engine.runtime} {engine.precision}"


def _engine_time(
    clock: Clock, name: str, backbone: OnnxBackbone, workers: int, frame_share: float | None
) -> EngineTime:
    rate = workers / statistics.median(clock.seconds[name])
    return EngineTime(
        runtime=backbone.runtime,
        precision=backbone.precision,
        frames_per_second=rate,
        agreement=min(clock.agreement[name]),
        share_of_peak=frame_share and frame_share * rate,
    )


def _frame_cost(classifier: SingleVideoClassifier) -> GraphCost | None:
    spec = classifier.backbone.card.input
    size = (spec.height, spec.width)
    shape = (1, *size, 3) if spec.layout == "NHWC" else (1, 3, *size)
    try:
        return backbone_cost(classifier.bundle.backbone_file, spec.name, shape, spec.dtype)
    except BackboneError:
        return None


def _suggestions(
    clock: Clock,
    engines: Sequence[EngineTime],
    backbone: Backbone,
    workers: int,
    noise: float,
) -> Iterator[str]:
    yield from _about_engines(clock, engines, backbone.precision)
    gain = clock.ratio(ONE_WORKER, "full")
    if workers > 1 and gain < _WORTH_SAYING and noise <= _NOISY:
        yield (
            f"--workers 1: {workers} workers are only {gain:.2f} times as fast as one here, and "
            "take more memory"
        )
    else:
        yield f"workers: {workers}, the default ({gain:.2f} times as fast as one)"
    gain = clock.ratio("full", "fast")
    if gain >= _WORTH_SAYING:
        yield f"--effort fast: {gain:.1f} times as fast as full on these videos"
    if noise > _NOISY:
        yield (
            f"measure again when the machine is idle: times differed by {noise:.0%} from round to "
            "round"
        )


def _about_engines(clock: Clock, engines: Sequence[EngineTime], precision: str) -> Iterator[str]:
    if all(engine.runtime == "onnxruntime" for engine in engines):
        yield (
            "runtime: onnxruntime, the only one installed; OpenVINO is faster on many processors: "
            'pip install "vidkind[openvino]"'
        )
    here = [e for e in engines if e.precision == precision == "float32"] or list(engines)
    usual = max(here, key=lambda engine: engine.frames_per_second)
    gains = {engine: clock.ratio(_name(usual), _name(engine)) for engine in engines}
    worth = [e for e, gain in gains.items() if gain >= _least_gain(e)]
    best = max(worth, key=lambda engine: gains[engine], default=usual)
    if best is usual:
        yield f"runtime: {usual.runtime} in {usual.precision}, the fastest here"
        return
    yield (
        f"--runtime {best.runtime} --precision {best.precision}: embeds {gains[best]:.1f} times as "
        f"fast as {usual.precision}; cosine of features {best.agreement:.4f} at least on these "
        "pictures, so answers differ slightly: classify some videos both ways first"
    )


def _least_gain(engine: EngineTime) -> float:
    return _WORTH_INT8 if engine.precision == "int8" else _WORTH_SAYING
