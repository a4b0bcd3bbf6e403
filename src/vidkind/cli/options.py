"""Options that several commands share; their defaults come from ``vidkind.config``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from vidkind.config import Effort, Precision, Runtime, RuntimeOptions, Sampler, SamplingOptions

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_DEFAULT = SamplingOptions()
_RUNTIME = RuntimeOptions()

existing_path = click.Path(path_type=Path, exists=True)
existing_file = click.Path(path_type=Path, exists=True, dir_okay=False)
existing_folder = click.Path(path_type=Path, exists=True, file_okay=False)

SHIPPED = "default"


def bundle_path(spec: str | None) -> Path | None:
    """Where a bundle lies; None for the one shipped with vidkind, which is called ``default``."""
    return None if spec is None or (spec == SHIPPED and not Path(spec).exists()) else Path(spec)


bundle_option = click.option(
    "--bundle",
    metavar="PATH",
    callback=lambda context, parameter, spec: bundle_path(spec),
    help="Bundle folder or zip. Default: the one shipped with vidkind, which the word default "
    "stands for, too.",
)
effort_option = click.option(
    "--effort",
    type=click.Choice(get_args(Effort)),
    default="normal",
    show_default=True,
    help="full: all frames the bundle asks for. normal: 6 key frames first, all only where trust "
    "in their answer is too low. fast: 6 key frames, then 24 where needed.",
)
workers_option = click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Videos worked on at once, one core each. Default: one a core, fewer where memory is "
    "short.",
)


def runtime_options(command: Decorated) -> Decorated:
    """Adds the options from which ``RuntimeOptions`` is made."""
    command = click.option(
        "--precision",
        type=click.Choice(get_args(Precision)),
        default=_RUNTIME.precision,
        show_default=True,
        help="How backbones compute. float32 gives the same answers on every machine. bfloat16 "
        "takes half the time on processors that have it, needs the openvino extra (or torch), and "
        "changes scores slightly; auto takes it where it is faster and the features agree. int8 "
        "runs the int8 graph that vidkind quantize made: less than half the time on processors "
        "with VNNI, less gain on others; no extra needed; scores change a little more. vidkind "
        "bench says what it brings here.",
    )(command)
    return click.option(
        "--runtime",
        type=click.Choice(get_args(Runtime)),
        default=_RUNTIME.runtime,
        show_default=True,
        help="What runs .onnx backbones; auto takes the faster one, measured once on each machine.",
    )(command)


def sampler_option(default: Sampler | None) -> Callable[[Decorated], Decorated]:
    """The option that chooses a sampler; without a default it is the bundle's."""
    return click.option(
        "--sampler",
        type=click.Choice(get_args(Sampler)),
        default=default,
        show_default=True,
        help="exact: the frame shown at each moment; keyframe: the nearest key frame, "
        "much faster on long files." + ("" if default else " Default: as the bundle says."),
    )


def sampling_options(command: Decorated) -> Decorated:
    """Adds the options from which ``SamplingOptions`` is made."""
    for option in reversed(
        (
            click.option(
                "--frames",
                "num_frames",
                type=click.IntRange(min=1),
                default=_DEFAULT.num_frames,
                show_default=True,
                help="Frames sampled from each video, evenly in time.",
            ),
            sampler_option(_DEFAULT.sampler),
            click.option(
                "--keep-black",
                is_flag=True,
                help="Keep black frames instead of leaving them out.",
            ),
            click.option(
                "--keep-bars",
                is_flag=True,
                help="Keep black bars around the picture instead of cutting them off.",
            ),
            click.option("--sharpen", is_flag=True, help="Sharpen sampled frames (unsharp mask)."),
        )
    ):
        command = option(command)
    return command
