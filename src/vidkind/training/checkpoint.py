"""Checkpoints: the published keys, plain types inside, whole files only."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vidkind.config import DEFAULT_CATEGORIES
from vidkind.errors import CheckpointError, ConfigError, first_line
from vidkind.files import atomic_path
from vidkind.training.layers import TemporalModel
from vidkind.training.model import SuperEnhancedTemporalModel
from vidkind.training.model_compact import CompactTemporalModel
from vidkind.training.presets import AnyModelConfig, CompactModelConfig, ModelConfig

CHECKPOINT_KEYS: tuple[str, ...] = (
    "epoch",
    "model_state_dict",
    "optimizer_state_dict",
    "metrics",
    "train_metrics",
    "history",
    "best_val_acc",
    "best_epoch",
    "patience_counter",
    "model_config",
    "training_config",
)

# Published files hold their metrics as numpy arrays and scalars. These few constructors build
# plain arrays only; the restricted unpickler still refuses everything else.
_NUMPY_CONSTRUCTORS: list[Any] = [
    np.ndarray,
    np.dtype,
    np.dtypes.Float64DType,
    np.dtypes.Float32DType,
    np.dtypes.Int64DType,
    *(
        (constructor, f"{module}.{name}")
        for name, constructor in (
            ("_reconstruct", np.zeros(1).__reduce__()[0]),
            ("scalar", np.float64(0).__reduce__()[0]),
        )
        for module in ("numpy._core.multiarray", "numpy.core.multiarray")
    ),
]


def build_model(config: AnyModelConfig) -> TemporalModel:
    """A model with start weights, from the global torch seed."""
    if isinstance(config, CompactModelConfig):
        arguments = config.to_dict()
        del arguments["architecture"]
        return CompactTemporalModel(**arguments)
    return SuperEnhancedTemporalModel(**config.to_dict())


def model_config_from_dict(values: Mapping[str, Any]) -> AnyModelConfig:
    """Reads the ``model_config`` of a checkpoint.

    Raises:
        CheckpointError: A key is missing, unknown or outside its domain.
    """
    arguments = dict(values)
    compact = arguments.pop("architecture", None) == "compact"
    try:
        return CompactModelConfig(**arguments) if compact else ModelConfig(**arguments)
    except (TypeError, ConfigError) as error:
        raise CheckpointError(f"model_config {dict(values)} does not fit: {error}") from error


def save_checkpoint(path: Path, checkpoint: Mapping[str, Any]) -> None:
    """Writes a checkpoint so that the file is whole or the old one stays.

    Numpy values become plain Python, so that ``weights_only=True`` loads the file.
    """
    with atomic_path(path) as temporary:
        torch.save(plain(checkpoint), temporary)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Reads a checkpoint, ours or published, with ``weights_only=True``.

    Raises:
        CheckpointError: No such file, damaged, holds more than weights and plain values, or
            lacks a published key.
    """
    if not path.is_file():
        raise CheckpointError(f"no checkpoint at {path}; make one with: vidkind train")
    try:
        with torch.serialization.safe_globals(_NUMPY_CONSTRUCTORS):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint ({first_line(error)}); "
            "restore it or train again"
        ) from error
    missing = [key for key in CHECKPOINT_KEYS if key not in checkpoint]
    if missing:
        raise CheckpointError(f"{path} lacks {', '.join(missing)}; expected the published keys")
    return dict(checkpoint)


def load_model(path: Path, checkpoint: Mapping[str, Any]) -> TemporalModel:
    """Builds a checkpoint's model in eval mode.

    Raises:
        CheckpointError: Weights and ``model_config`` do not fit together.
    """
    model = build_model(model_config_from_dict(checkpoint["model_config"]))
    try:
        model.load_state_dict(checkpoint["model_state_dict"], strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(
            f"{path}: weights and model_config do not fit together: {reason}"
        ) from error
    return model.eval()


def checkpoint_categories(path: Path, checkpoint: Mapping[str, Any]) -> tuple[str, ...]:
    """Names in label order; published checkpoints lack them and have the default four.

    Raises:
        CheckpointError: No names inside, and not four classes.
    """
    names = checkpoint["training_config"].get("categories")
    classes = int(checkpoint["model_config"]["num_classes"])
    if names is None and classes == len(DEFAULT_CATEGORIES):
        return DEFAULT_CATEGORIES
    if names is None or len(names) != classes:
        raise CheckpointError(
            f"{path} has {classes} classes and names {names}; expected training_config to hold "
            "one category name per class"
        )
    return tuple(names)


def plain(value: Any) -> Any:
    """The same value with numpy arrays as lists and numpy scalars as plain Python numbers."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value)
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.item() if isinstance(value, np.generic) else value
