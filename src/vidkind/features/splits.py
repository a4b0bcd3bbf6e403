"""Finding the features of one split: in a folder of files, or inside one file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from vidkind.errors import FeatureFileError
from vidkind.features.card import KEPT_NAME
from vidkind.features.store import FeatureSet, read_features
from vidkind.records import Split


def split_file(folder: Path, split: str) -> Path:
    """The feature file of a split in a folder, with several scales or one.

    Raises:
        FeatureFileError: The folder holds neither, or both.
    """
    names = (f"{split}_features_multiscale.h5", f"{split}_features.h5")
    found = [folder / name for name in names if (folder / name).is_file()]
    if not found:
        raise FeatureFileError(
            f"{folder} holds neither {names[0]} nor {names[1]}; make them with: vidkind extract"
        )
    if len(found) > 1:
        raise FeatureFileError(
            f"{folder} holds both {names[0]} and {names[1]}; expected the files of one "
            "extraction: move one of them away"
        )
    return found[0]


def read_split(path: Path, split: str) -> FeatureSet:
    """Reads one split.

    A file that does not say which splits it holds, as published ones do not, is taken whole
    for the split its name begins with; under any other name it is val or test, as asked, but
    never train, lest a model be scored on the videos it learned from.

    Args:
        path: Folder written by ``vidkind extract``, or a feature file.
        split: ``train``, ``val`` or ``test``.

    Raises:
        FeatureFileError: The split is not there, or the file cannot be read.
    """
    if path.is_dir():
        return read_features(split_file(path, split))
    found = read_features(path)
    if any(found.splits or ()):
        return found.split(split)
    named = path.name.split("_")[0]
    if named != split and (split == "train" or named in get_args(Split)):
        raise FeatureFileError(
            f"{path} is not the {split} split; expected a folder or file that holds it, or the "
            f"name {split}_features.h5"
        )
    return found


def read_train_and_val(path: Path) -> FeatureSet:
    """Both splits that may teach: the training videos, then the validation videos."""
    return read_split(path, "train").joined(read_split(path, "val"))


def read_degraded(path: Path, splits: Sequence[str] = ("train",)) -> FeatureSet | None:
    """Degraded versions of the videos of some splits, where the extraction made any.

    Args:
        path: Folder written by ``vidkind extract``; a single feature file has none.
        splits: Of ``train`` and ``val``.
    """
    found = None
    for split in splits if path.is_dir() else ():
        for name in (f"{split}_degraded_features_multiscale.h5", f"{split}_degraded_features.h5"):
            if (path / name).is_file():
                versions = read_features(path / name)
                found = versions if found is None else found.joined(versions)
    return found


def kept_backbone(features: Path) -> Path | None:
    """The ONNX backbone that an extraction left beside its feature files, if there is one."""
    folder = features if features.is_dir() else features.parent
    weights = folder / KEPT_NAME
    return weights if weights.is_file() else None
