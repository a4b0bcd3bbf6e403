"""``vidkind head``: a backbone learns to tell the kind of single pictures."""

from __future__ import annotations

from pathlib import Path

import click

from vidkind.cli.options import existing_file, existing_path
from vidkind.cli.progress import progress_bar


@click.command("head", short_help="Teach a backbone the kind of single pictures.")
@click.argument("backbone", type=existing_file)
@click.argument("pictures", type=existing_path)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
              help="File to write. Default: beside BACKBONE, as NAME.head.json, where vidkind "
              "extract and train find it.")  # fmt: skip
def head_command(backbone: Path, pictures: Path, output: Path | None) -> None:
    """Fit a head for BACKBONE: a classifier of single pictures, on the labelled PICTURES.

    BACKBONE is an .onnx file with its card beside it. PICTURES is a folder of category folders, or
    a CSV with the columns path,label and, where several pictures show one thing, group. Labelled
    pictures are easier to come by than labelled videos, and of more places: models trained with
    vidkind train take the head's opinion of every frame as one of three. Its categories must be
    those of the videos. Leave out pictures of what videos for validation or test show.

    \b
    vidkind extract library/ -o features/
    vidkind head features/backbone.onnx pictures/
    vidkind train features/ -o run/
    """
    from vidkind.features.head import head_path, write_head
    from vidkind.runs import learn_head

    head = learn_head(backbone, pictures, progress=progress_bar)
    target = output or head_path(backbone)
    write_head(target, head)
    click.echo(
        f"{target}: {', '.join(head.categories)}, from {head.num_pictures} pictures in "
        f"{head.num_groups} groups"
    )
    click.echo(
        f"of pictures whose group is left out it recognises {head.left_out_recall:.1f} % (mean of "
        "the categories)"
    )
