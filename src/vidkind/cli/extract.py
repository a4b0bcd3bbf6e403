"""``vidkind extract``: a labelled library in, feature files out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vidkind.cli.options import (
    existing_path,
    runtime_options,
    sampling_options,
    workers_option,
)
from vidkind.cli.progress import progress_bar
from vidkind.config import (
    Alignment,
    MultiScaleOptions,
    Precision,
    Runtime,
    RuntimeOptions,
    Sampler,
    SamplingOptions,
    SplitOptions,
)

if TYPE_CHECKING:
    from vidkind.features.extract import DegradedVersions
    from vidkind.records import Split

_SPLIT = SplitOptions()
_SCALES = MultiScaleOptions()


@click.command("extract", short_help="Turn a labelled library into feature files.")
@click.argument("library", type=existing_path)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True,
    help="Folder for the feature files.",
)  # fmt: skip
@click.option(
    "--backbone",
    help="An .onnx file with its card beside it, or a torchvision network: efficientnet_v2_s "
    "(the published one), efficientnet_v2_m, resnet50, resnet101, mobilenet_v3_small. "
    "Default: the backbone of the shipped bundle.",
)
@click.option("--single-scale", is_flag=True, help="One temporal scale instead of three.")
@click.option(
    "--alignment", type=click.Choice(["time", "index"]), default=_SCALES.alignment,
    show_default=True, help="index: average the scales out of step, as the published files were.",
)  # fmt: skip
@click.option(
    "--split", "shares", type=(float, float, float), metavar="TRAIN VAL TEST", show_default=True,
    default=(_SPLIT.train, _SPLIT.val, _SPLIT.test),
    help="Shares of the splits, by group, where the library brings none.",
)  # fmt: skip
@click.option(
    "--seed", default=_SPLIT.seed, show_default=True, help="Seed of the split and of degradation."
)
@click.option("--dtype", type=click.Choice(["float32", "float16"]), default="float32",
              show_default=True, help="float16 halves the files.")  # fmt: skip
@click.option("--degraded", type=click.IntRange(min=0), default=0, show_default=True,
              metavar="COUNT",
              help="Also embed COUNT degraded versions of every training video (compressed, grey, "
              "letterboxed, with a logo, ...), so that models learn not to mind.")  # fmt: skip
@click.option("--degrade-val", is_flag=True,
              help="And of every validation video, which vidkind train --cross-fit learns from "
              "too.")  # fmt: skip
@sampling_options
@workers_option
@runtime_options
def extract_command(
    library: Path,
    output: Path,
    backbone: str | None,
    single_scale: bool,
    alignment: Alignment,
    shares: tuple[float, float, float],
    seed: int,
    dtype: str,
    degraded: int,
    degrade_val: bool,
    num_frames: int,
    sampler: Sampler,
    keep_black: bool,
    keep_bars: bool,
    sharpen: bool,
    workers: int | None,
    runtime: Runtime,
    precision: Precision,
) -> None:
    """Embed every video of a labelled LIBRARY and write one HDF5 file per split.

    LIBRARY is a folder <Category>/**/video, a folder <split>/<Category>/**/video, or a CSV with
    the columns path,label and optionally split,group,source_id. Killed anywhere and run again,
    only what is missing is done. Videos that fail are listed in failures.csv.

    \b
    vidkind extract library/ -o features/
    vidkind extract clips/manifest.csv -o features/ --backbone mobilenet_v2.onnx
    """
    from vidkind.bundle.backbone import open_backbone
    from vidkind.dataset import assign_splits, read_library
    from vidkind.features.extract import extract_features

    sampling = SamplingOptions(
        num_frames=num_frames,
        sampler=sampler,
        skip_black=not keep_black,
        sharpen=sharpen,
        crop_bars=not keep_bars,
    )
    scales = (1.0,) if single_scale else _SCALES.scales
    multi_scale = MultiScaleOptions(scales=scales, alignment=alignment)
    options = RuntimeOptions(runtime=runtime, precision=precision)
    split = SplitOptions(train=shares[0], val=shares[1], test=shares[2], seed=seed)
    found = read_library(library)
    if not found.has_splits:
        found = assign_splits(found, split)
    with progress_bar("Extracting", len(found.items)) as advance:
        report = extract_features(
            found.items,
            found.categories,
            open_backbone(backbone, options),
            output,
            sampling=sampling,
            multi_scale=multi_scale,
            dtype=dtype,
            workers=workers,
            degraded=_degraded_versions(
                degraded, seed, ("train", "val") if degrade_val else ("train",)
            ),
            progress=lambda item: advance(),
        )
    for name, file in report.files.items():
        click.echo(f"{name:<6}{report.written[name]:>7} videos  {file}")
    for name, file in report.degraded_files.items():
        click.echo(f"{degraded} degraded versions of each {name} video: {file}")
    counted = sum(report.written.values())
    click.echo(
        f"{report.num_inputs} videos in: {counted} with features ({report.reused} from an earlier "
        f"run), {len(report.failures)} failed"
    )
    if report.failures:
        raise click.ClickException(
            f"{len(report.failures)} of {report.num_inputs} videos failed; "
            f"the reasons are in {report.failures_file}"
        )


def _degraded_versions(count: int, seed: int, splits: tuple[Split, ...]) -> DegradedVersions | None:
    from vidkind.errors import MissingExtraError
    from vidkind.features.extract import DegradedVersions

    if not count:
        return None
    try:
        from vidkind.dataset.degrade_video import degrade_frames
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "pillow", "train") from error
    return DegradedVersions(count=count, degrade=degrade_frames, seed=seed, splits=splits)
