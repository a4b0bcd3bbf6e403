"""``vidkind bench``: how fast this machine answers, and what bounds it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vidkind.cli.options import bundle_option, runtime_options, workers_option
from vidkind.cli.progress import progress_bar
from vidkind.config import Precision, Runtime, RuntimeOptions

if TYPE_CHECKING:
    from rich.console import Console

    from vidkind.performance import BenchReport

_STEPS = 20
_COLUMNS = ("frames/s", "videos/s", "ms a video", "spread")


@click.command("bench", short_help="Measure how fast this machine is, and what bounds it.")
@click.argument("videos", nargs=-1, metavar="[VIDEO...]")
@bundle_option
@click.option("--seconds", type=click.FloatRange(min=1, max=3600), default=20.0,
              show_default=True, help="How long to time the stages, each three times at "
              "least. Before that, measuring every codec for vidkind plan takes half a minute or "
              "more.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Write the figures as JSON to stdout.")
@runtime_options
@workers_option
def bench_command(
    videos: tuple[str, ...],
    bundle: Path | None,
    seconds: float,
    as_json: bool,
    runtime: Runtime,
    precision: Precision,
    workers: int | None,
) -> None:
    """Measure decoding, embedding, the temporal models and all together on this machine.

    VIDEO is a video file, a folder or a glob pattern: measure with what you will classify.
    Without one, a clip of 6 s at 1280x720 is rendered. Stages are timed in turn, again and
    again, with all workers busy; figures are medians, and the spread says how far to trust
    them. Every installed runtime and precision is tried, int8 too where the bundle has a graph
    for it; cosine says how far their features agree with float32, at least. What is measured
    is kept for vidkind plan.

    \b
    vidkind bench
    vidkind bench clip.mp4 --seconds 60
    vidkind bench library/ --json | jq .stages
    """
    from vidkind.cli.inputs import expand_inputs
    from vidkind.inference import SingleVideoClassifier
    from vidkind.performance import run_bench

    options = RuntimeOptions(runtime=runtime, precision=precision)
    classifier = SingleVideoClassifier(bundle, runtime=options)
    with progress_bar("Measuring", _STEPS) as advance:
        report = run_bench(
            classifier,
            expand_inputs(videos),
            workers=workers,
            seconds=seconds,
            progress=_steps(advance),
        )
    if as_json:
        click.echo(json.dumps(asdict(report), indent=1))
    else:
        _print(report)


def _steps(advance: Callable[[], None]) -> Callable[[float], None]:
    """Turns the share that is done into steps of the bar."""
    done = 0

    def show(share: float) -> None:
        nonlocal done
        while done < round(share * _STEPS):
            advance()
            done += 1

    return show


def _print(report: BenchReport) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    counted = "" if report.frame_gflop is None else f", {report.frame_gflop:.2f} GFLOP a frame"
    console.print(
        f"{report.cores} cores, {report.workers} workers; matrix product at best "
        f"{report.peak_gflops:.0f} GFLOP/s in float32\n"
        f"{report.backbone}{counted}, run by {report.runtime} in {report.precision}\n",
        markup=False,
    )
    _print_stages(console, report)
    _print_engines(console, report)
    console.print(
        f"\nEnd to end with --effort full takes {1 / report.efficiency:.2f} times its stages "
        f"alone; the temporal models with TTA take {report.tta_share:.1%} of decode and embed. "
        f"{report.rounds} rounds."
    )
    for suggestion in report.suggestions:
        console.print(f"-> {suggestion}", markup=False)


def _print_stages(console: Console, report: BenchReport) -> None:
    from rich.table import Table

    table = Table(box=None)
    table.add_column("all workers busy")
    for name in _COLUMNS:
        table.add_column(name, justify="right")
    for stage in report.stages:
        rate = stage.frames_per_second
        whole = stage.name in ("full", "normal", "fast")
        table.add_row(
            f"end to end, --effort {stage.name}" if whole else stage.name,
            "-" if rate is None else f"{rate:,.0f}",
            f"{stage.videos_per_second:,.2f}",
            f"{1000 * stage.seconds:,.1f}",
            f"{stage.spread:.0%}",
        )
    console.print(table)


def _print_engines(console: Console, report: BenchReport) -> None:
    from rich.table import Table

    table = Table(box=None)
    for name in ("runtime", "precision"):
        table.add_column(name)
    for name in ("frames/s", "of float32 peak", "cosine"):
        table.add_column(name, justify="right")
    for engine in report.engines:
        share = engine.share_of_peak
        table.add_row(
            engine.runtime,
            engine.precision,
            f"{engine.frames_per_second:,.0f}",
            "-" if share is None else f"{share:.0%}",
            f"{engine.agreement:.4f}",
        )
    console.print()
    console.print(table)
