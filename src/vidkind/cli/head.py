"""``vidkind head``: a backbone learns to tell the kind of single pictures."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vidkind.cli.options import existing_file, existing_path
from vidkind.cli.progress import progress_bar
from vidkind.errors import LibraryError, MissingExtraError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vidkind.dataset import Library
    from vidkind.features import Backbone
    from vidkind.records import VideoItem

_log = logging.getLogger(__name__)


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
    try:
        from vidkind.dataset import read_library
        from vidkind.features import load_backbone
        from vidkind.features.head import head_path, write_head
        from vidkind.training.picture_head import fit_picture_head
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "torch", "train") from error

    import numpy as np

    opened = load_backbone(backbone)
    library = read_library(pictures, pictures=True)
    features, items = _embed(library, opened)
    head = fit_picture_head(
        features,
        np.array([library.categories.index(item.label) for item in items], dtype=np.int64),
        [item.group for item in items],
        library.categories,
        backbone_sha256=opened.card.sha256,
    )
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


def _embed(library: Library, backbone: Backbone) -> tuple[NDArray[np.float32], list[VideoItem]]:
    """Features float32 [N, D] of the pictures that can be read, and which those are."""
    import numpy as np

    from vidkind.dataset.pictures import read_picture
    from vidkind.parallel import in_order

    spec, workers = backbone.card.input, backbone.parallel_calls

    def embed(item: VideoItem) -> NDArray[np.float32] | LibraryError:
        try:
            picture = read_picture(item.path, height=spec.height, width=spec.width)
        except LibraryError as error:
            return error
        features: NDArray[np.float32] = backbone.embed(picture[None])[0]
        return features

    found, items = [], []
    with progress_bar("Embedding pictures", len(library.items)) as advance:
        results = in_order(embed, library.items, workers=workers, ahead=2 * workers)
        for item, result in zip(library.items, results, strict=True):
            if isinstance(result, LibraryError):
                _log.warning("left out: %s", result)
            else:
                found.append(result)
                items.append(item)
            advance()
    if not items:
        raise LibraryError(f"{library.root}: none of {len(library.items)} pictures can be read")
    return np.stack(found), items
