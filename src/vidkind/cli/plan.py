"""``vidkind plan``: how long a run over a library will take, before it is started."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vidkind.cli.options import (
    bundle_option,
    effort_option,
    runtime_options,
    sampler_option,
    workers_option,
)
from vidkind.cli.progress import progress_bar
from vidkind.config import (
    Effort,
    MultiScaleOptions,
    Precision,
    Runtime,
    RuntimeOptions,
    Sampler,
    SamplingOptions,
)
from vidkind.errors import ConfigError

if TYPE_CHECKING:
    from vidkind.performance import Forecast, Plan, Run

_Opened = TypeVar("_Opened")

# Below this share of the time another way is worth naming.
_CHEAPER = 0.7


@click.command("plan", short_help="Forecast how long a run over a library takes.")
@click.argument("library", type=click.Path())
@click.option("--for", "command", type=click.Choice(["classify", "extract"]), default="classify",
              show_default=True, help="The run to forecast.")  # fmt: skip
@bundle_option
@click.option("--backbone", help="With --for extract: as vidkind extract takes it.")
@click.option("--frames", "num_frames", type=click.IntRange(min=1),
              help="With --for extract: frames sampled from each video.")  # fmt: skip
@effort_option
@sampler_option(None)
@click.option("--tta", is_flag=True, help="With --for classify: forecast a run with --tta.")
@click.option("--calibrate", "try_seconds", type=click.FloatRange(min=0), default=8.0,
              show_default=True, metavar="SECONDS",
              help="Work so long on files of the library to correct the forecast; 0 goes by "
              "probing alone.")  # fmt: skip
@click.option("--sample", type=click.IntRange(min=1), metavar="COUNT",
              help="Look at COUNT files only, drawn at random, and scale up.")  # fmt: skip
@click.option("--list", "listed", default=5, show_default=True, type=click.IntRange(min=0),
              help="Of the slowest files, name so many.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Write everything as JSON to stdout.")
@runtime_options
@workers_option
def plan_command(
    library: str,
    command: str,
    bundle: Path | None,
    backbone: str | None,
    num_frames: int | None,
    effort: Effort,
    sampler: Sampler | None,
    tta: bool,
    try_seconds: float,
    sample: int | None,
    listed: int,
    as_json: bool,
    runtime: Runtime,
    precision: Precision,
    workers: int | None,
) -> None:
    """Forecast a run of vidkind classify or extract over LIBRARY on this machine.

    LIBRARY is a folder, a file, a glob pattern, or a CSV with the columns path,label. Every file
    is probed, none decoded: from its length, size, codec and key frames follows how many frames
    a run decodes. What a frame costs here is measured once, in some six seconds for each codec,
    and kept (vidkind bench measures it anew). Then some of the library's own files are tried for
    a few seconds, which corrects the forecast.

    The forecast comes with a 95 % interval, the files that cannot be read, and those that take
    longest. Exit code 1 when no file can be read.

    \b
    vidkind plan library/
    vidkind plan library/ --for extract --backbone efficientnet_v2_s
    vidkind plan archive/ --sample 2000 --json | jq .forecast
    """
    from vidkind.performance import plan_run

    # A run starts Python, too, which takes little but the processor.
    started = time.perf_counter() - time.process_time()
    paths = _paths(library)
    options = RuntimeOptions(runtime=runtime, precision=precision)
    if command == "classify":
        _refuse(command, backbone=backbone, frames=num_frames)
        run = _classify_run(bundle, options, effort, sampler, tta, workers, started)
    else:
        _refuse(command, bundle=bundle, tta=tta)
        run = _extract_run(backbone, options, num_frames, sampler, workers, started)
    plan = plan_run(
        paths, run, sample=sample, try_seconds=try_seconds, listed=listed, bars=progress_bar
    )
    if as_json:
        click.echo(json.dumps(_to_json(plan, command), indent=1, ensure_ascii=False))
    else:
        _print(plan, command)
    if not plan.found.videos:
        error = plan.found.failures[0][1]
        raise click.ClickException(f"no file of {library} can be read, the first: {error.message}")


def _refuse(command: str, **given: object) -> None:
    """Options of the other run would change nothing."""
    for name, value in given.items():
        if value:
            other = "extract" if command == "classify" else "classify"
            raise ConfigError(f"--{name} goes with --for {other}; here it is --for {command}")


def _paths(library: str) -> list[str]:
    """The files of a library, labelled or not."""
    from vidkind.cli.inputs import expand_inputs
    from vidkind.dataset import read_library

    if library.lower().endswith(".csv"):
        return list(dict.fromkeys(i.path for i in read_library(Path(library), strict=False).items))
    return expand_inputs([library])


def _classify_run(
    bundle: Path | None,
    options: RuntimeOptions,
    effort: Effort,
    sampler: Sampler | None,
    tta: bool,
    workers: int | None,
    started: float,
) -> Run:
    from vidkind.inference import SingleVideoClassifier
    from vidkind.performance import classify_run

    classifier, seconds = _opened(
        lambda: SingleVideoClassifier(bundle, sampler=sampler, runtime=options), started
    )
    return classify_run(
        classifier, effort=effort, use_tta=tta, workers=workers, startup_seconds=seconds
    )


def _extract_run(
    backbone: str | None,
    options: RuntimeOptions,
    num_frames: int | None,
    sampler: Sampler | None,
    workers: int | None,
    started: float,
) -> Run:
    from vidkind.bundle.backbone import open_backbone
    from vidkind.performance import extract_run

    usual = SamplingOptions()
    opened, seconds = _opened(lambda: open_backbone(backbone, options), started)
    return extract_run(
        opened,
        sampling=replace(
            usual, num_frames=num_frames or usual.num_frames, sampler=sampler or usual.sampler
        ),
        multi_scale=MultiScaleOptions(),
        workers=workers,
        startup_seconds=seconds,
    )


def _opened(opening: Callable[[], _Opened], started: float) -> tuple[_Opened, float]:
    """What a run opens, and the seconds from its start until that is open.

    The first time on a machine, opening measures which runtime is the fastest, which is no part
    of the run that is planned: so it is opened twice.
    """
    from vidkind.features.backbones_onnx import OnnxBackbone  # brings its runtime, as opening does

    imported = time.perf_counter()
    opened = opening()
    if not isinstance(getattr(opened, "backbone", opened), OnnxBackbone):
        return opened, time.perf_counter() - started
    begin = time.perf_counter()
    opened = opening()
    return opened, imported - started + time.perf_counter() - begin


def _to_json(plan: Plan, command: str) -> dict[str, Any]:
    return {
        "command": command,
        "workers": plan.workers,
        "num_files": plan.found.drawn_from,
        "num_probed": plan.found.num_files,
        "forecast": asdict(plan.forecast),
        "forecast_keyframe": asdict(plan.key_frames_only),
        "correction": asdict(plan.correction),
        "rates": plan.rates.to_json(),
        "failures": [
            {"path": path, "type": error.type, "message": error.message}
            for path, error in plan.found.failures
        ],
    }


def _print(plan: Plan, command: str) -> None:
    for line in (
        *_library_lines(plan),
        *_run_lines(plan, command),
        *_slowest_lines(plan.forecast),
        *_basis_lines(plan),
    ):
        click.echo(line)


def _library_lines(plan: Plan) -> Sequence[str]:
    found, figures = plan.found, plan.forecast
    about = "about " if found.scale > 1 else ""
    lines = [
        f"Library   {found.drawn_from:,} files, {about}{_bytes(figures.library_bytes)}, "
        f"{about}{_time(figures.video_seconds)} of video"
    ]
    if found.failures:
        kinds = Counter(error.type for _, error in found.failures)
        named = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        lines.append(
            f"          {len(found.failures)} of {found.num_files} probed cannot be read ({named})"
        )
    return lines


def _run_lines(plan: Plan, command: str) -> Sequence[str]:
    figures = plan.forecast
    written = f", writes {_bytes(figures.bytes_written)}" if figures.bytes_written else ""
    return [
        f"Work      reads {_bytes(figures.bytes_read)}, decodes {figures.frames_decoded:,} frames, "
        f"embeds {figures.frames_embedded:,}{written}",
        f"Time      {_time(figures.seconds)} for vidkind {command}, {plan.workers} workers "
        f"(95 %: {_time(figures.low)} to {_time(figures.high)}); decoding takes "
        f"{figures.decode_share:.0%} of it, embedding {figures.embed_share:.0%}",
    ]


def _slowest_lines(figures: Forecast) -> Sequence[str]:
    lines = ["Slowest   of one core, on average"] if figures.slowest else []
    for video in figures.slowest:
        lines.append(
            f"{_time(video.seconds):>9} {video.share:>4.0%} {video.frames_decoded:>8,} frames"
            f"  {video.path}"
        )
    if figures.slowest and figures.slowest[0].seconds > figures.seconds / 2:
        lines.append("          One file takes most of the time: more workers will not help.")
    return lines


def _basis_lines(plan: Plan) -> Sequence[str]:
    tried, rates = plan.correction, plan.rates
    lines = [f"Basis     this machine as measured on {rates.date}"]
    if tried.num_files:
        lines.append(
            f"          corrected by {tried.num_files} of the library's own files: decoding x "
            f"{tried.decode:.2f}, embedding x {tried.embed:.2f}"
        )
    else:
        lines.append("          no file of the library was tried: --calibrate makes it closer")
    if tried.first_look_share is not None:
        lines.append(
            f"          the first look was enough for {tried.first_look_share:.0%} of them"
        )
    cheaper = plan.key_frames_only.seconds
    if cheaper < _CHEAPER * plan.forecast.seconds:
        lines.append(f"Faster    {_time(cheaper)} with --sampler keyframe; frames then differ")
    return lines


def _bytes(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} TB"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"
