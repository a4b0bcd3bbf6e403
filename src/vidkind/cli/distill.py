"""``vidkind distill``: pictures and clips in, a compact backbone out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click

from vidkind.cli.progress import progress_bar
from vidkind.distillation.options import CorpusOptions, DistillOptions

_DEFAULT, _CORPUS = DistillOptions(), CorpusOptions()


@click.command("distill", short_help="Train a compact backbone from a teacher backbone.")
@click.argument("stills", type=click.Path(path_type=Path))
@click.argument("clips", type=click.Path(path_type=Path))
@click.option("--teacher", type=click.Path(path_type=Path), required=True,
              help="Backbone to learn from, its card beside it: mobilenet_v2_1.0 or "
              "efficientnet_lite0 (benchmarks/export_teacher.py).")  # fmt: skip
@click.option("--crop-size", default=_DEFAULT.crop_size, show_default=True,
              help="Side of the crops the student learns from.")  # fmt: skip
@click.option("--teacher-crop-size", default=_DEFAULT.teacher_crop_size, show_default=True,
              help="Side of the same crops as the teacher sees them. More shows it more "
              "detail.")  # fmt: skip
@click.option("--zoom", type=(float, float), default=_DEFAULT.zoom, show_default=True,
              help="Least and largest share of a picture's side that a crop spans; 0.85 1 shows "
              "nearly whole pictures.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True,
              help="Run folder: corpus, checkpoint, log, dashboard.png, compact.onnx.")  # fmt: skip
@click.option("--start-from", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="last.pt of a finished run of the same teacher: start with its weights instead "
              "of random ones. Give --forced-steps 0 beside it.")  # fmt: skip
@click.option("--picture-size", default=_CORPUS.picture_size, show_default=True,
              help="Side of the rendered pictures, which crops are cut from.")  # fmt: skip
@click.option("--frames-per-clip", default=_CORPUS.frames_per_clip, show_default=True,
              help="Frames taken from each training clip in each round.")  # fmt: skip
@click.option("--steps", default=_DEFAULT.steps, show_default=True, help="Optimiser steps.")
@click.option("--forced-steps", default=_DEFAULT.forced_steps, show_default=True,
              help="Steps at the start in which every stage is fed the teacher's "
              "map.")  # fmt: skip
@click.option("--batch-size", default=_DEFAULT.batch_size, show_default=True,
              help="Crops a step.")  # fmt: skip
@click.option("--lr", default=_DEFAULT.lr, show_default=True,
              help="Highest learning rate while forced; half of it afterwards.")  # fmt: skip
@click.option("--threads", default=_DEFAULT.threads, show_default=True,
              help="CPU cores to train on.")  # fmt: skip
@click.option("--seed", default=_DEFAULT.seed, show_default=True,
              help="Seed of weights, batches and augmentation.")  # fmt: skip
@click.option("--use-clip-labels", is_flag=True,
              help="Train on the labels of clips too; cross-validation over those clips is then "
              "optimistic.")  # fmt: skip
@click.option("--workers", type=click.IntRange(min=1),
              help="Processes that render pictures. Default: one a core.")  # fmt: skip
def distill_command(
    stills: Path,
    clips: Path,
    teacher: Path,
    crop_size: int,
    teacher_crop_size: int,
    zoom: tuple[float, float],
    output: Path,
    start_from: Path | None,
    picture_size: int,
    frames_per_clip: int,
    steps: int,
    forced_steps: int,
    batch_size: int,
    lr: float,
    threads: int,
    seed: int,
    use_clip_labels: bool,
    workers: int | None,
) -> None:
    """Train a compact backbone on STILLS and the train split of CLIPS.

    STILLS is a manifest CSV with the columns path,label,group, or its folder; CLIPS is a labelled
    library with splits. The student starts from random weights and learns the teacher's maps
    and features of crops of both, degraded in many ways. Killed anywhere and run again, it goes on
    after the last checkpoint and ends with the same weights. It runs on a GPU if there is one.

    \b
    vidkind distill stills/ clips/ --teacher mobilenet_v2.onnx -o backbone_run/
    vidkind extract library/ -o features/ --backbone backbone_run/compact.onnx
    """
    from vidkind.errors import MissingExtraError

    try:
        from vidkind.distillation.run import distill_backbone
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "torch", "train") from error

    options = DistillOptions(
        steps=steps,
        forced_steps=forced_steps,
        batch_size=batch_size,
        lr=lr,
        crop_size=crop_size,
        teacher_crop_size=teacher_crop_size,
        zoom=zoom,
        threads=threads,
        seed=seed,
        use_clip_labels=use_clip_labels,
    )
    with ExitStack() as stack:

        def start(text: str, total: int) -> Callable[[int], None]:
            stack.close()  # one bar at a time
            advance = stack.enter_context(progress_bar(text, total))

            def move(count: int) -> None:
                for _ in range(count):
                    advance()

            return move

        card = distill_backbone(
            stills,
            clips,
            teacher,
            output,
            corpus_options=CorpusOptions(
                picture_size=picture_size, frames_per_clip=frames_per_clip
            ),
            options=options,
            start_from=start_from,
            workers=workers,
            progress=start,
        )
    click.echo(f"{output / card.file}: {card.feature_dim} features a frame")
    click.echo(f"log and dashboard are in {output}")
