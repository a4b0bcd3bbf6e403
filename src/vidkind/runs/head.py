"""From labelled pictures to a head: a backbone learns to tell the kind of single pictures."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidkind.dataset import Library, read_library
from vidkind.dataset.pictures import read_picture
from vidkind.errors import LibraryError
from vidkind.features import Backbone, load_backbone
from vidkind.features.head import PictureHead
from vidkind.parallel import in_order
from vidkind.records import VideoItem
from vidkind.runs.progress import Progress, no_progress
from vidkind.training.picture_head import fit_picture_head

_log = logging.getLogger(__name__)


def learn_head(backbone: Path, pictures: Path, *, progress: Progress = no_progress) -> PictureHead:
    """Fits a head: a classifier of single pictures on a backbone's features.

    A picture that cannot be read is left out with a warning.

    Args:
        backbone: An ``.onnx`` file with its card beside it.
        pictures: Folder of category folders, or a CSV with the columns path,label and, where
            several pictures show one thing, group.
        progress: Shows a bar while pictures are embedded.

    Raises:
        BackboneError: There is no such backbone, or its card does not fit.
        LibraryError: There are no pictures, or none can be read.
        TrainingError: They do not suffice.
    """
    opened = load_backbone(backbone)
    library = read_library(pictures, pictures=True)
    features, items = _embed(library, opened, progress)
    return fit_picture_head(
        features,
        np.array([library.categories.index(item.label) for item in items], dtype=np.int64),
        [item.group for item in items],
        library.categories,
        backbone_sha256=opened.card.sha256,
    )


def _embed(
    library: Library, backbone: Backbone, progress: Progress
) -> tuple[NDArray[np.float32], list[VideoItem]]:
    """Features float32 [N, D] of the pictures that can be read, and which those are."""
    spec, workers = backbone.card.input, backbone.parallel_calls

    def embed(item: VideoItem) -> NDArray[np.float32] | LibraryError:
        try:
            picture = read_picture(item.path, height=spec.height, width=spec.width)
        except LibraryError as error:
            return error
        features: NDArray[np.float32] = backbone.embed(picture[None])[0]
        return features

    found, items = [], []
    with progress("Embedding pictures", len(library.items)) as advance:
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
