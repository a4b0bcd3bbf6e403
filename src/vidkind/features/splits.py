"""Finding the features of one split: in a folder of files, or inside one file."""

from __future__ import annotations

from pathlib import Path

from vidkind.errors import FeatureFileError
from vidkind.features.card import KEPT_NAME
from vidkind.features.store import FeatureSet, read_features


def split_file(folder: Path, split: str) -> Path:
    """The feature file of a split in a folder, with several scales or one.

    Raises:
        FeatureFileError: The folder holds neither.
    """
    names = (f"{split}_features_multiscale.h5", f"{split}_features.h5")
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise FeatureFileError(
        f"{folder} holds neither {names[0]} nor {names[1]}; make them with: vidkind extract"
    )


def read_split(path: Path, split: str) -> FeatureSet:
    """Reads one split.

    Args:
        path: Folder written by ``vidkind extract``, a feature file with a ``splits`` dataset
            that names several, or a feature file of one split, which is then taken whole.
        split: ``train``, ``val`` or ``test``.

    Raises:
        FeatureFileError: The split is not there, or the file cannot be read.
    """
    if path.is_dir():
        return read_features(split_file(path, split))
    found = read_features(path)
    names = set(found.splits or ())
    if split in names or len(names) > 1:
        return found.split(split)
    if path.name.startswith(("train_", "val_", "test_")) and not path.name.startswith(f"{split}_"):
        raise FeatureFileError(f"{path} is not the {split} split; give the folder that holds both")
    return found


def kept_backbone(features: Path) -> Path | None:
    """The ONNX backbone that an extraction left beside its feature files, if there is one."""
    folder = features if features.is_dir() else features.parent
    weights = folder / KEPT_NAME
    return weights if weights.is_file() else None
