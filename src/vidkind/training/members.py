"""Trained members: finding them in a run folder, loading them, asking them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vidkind.errors import CheckpointError
from vidkind.training.checkpoint import (
    checkpoint_categories,
    load_checkpoint,
    load_model,
)
from vidkind.training.health import dead_reason
from vidkind.training.layers import TemporalModel
from vidkind.training.run_folder import EnsembleResult, best_name, read_ensemble

_BATCH_SIZE = 64
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedMember:
    """One member of an ensemble, ready to answer.

    Attributes:
        model: The temporal model, in eval mode, on the CPU.
        model_config: Its sizes, as in the checkpoint; ``feature_dim`` is D.
        categories: Names in label order.
        index: Its number in the run, from 1.
        seed: Seed it was trained with; None in published files.
        best_val_acc: Its validation accuracy in percent.
        best_epoch: Epoch the weights are from.
        path: The checkpoint.
    """

    model: TemporalModel
    model_config: dict[str, Any]
    categories: tuple[str, ...]
    index: int
    seed: int | None
    best_val_acc: float
    best_epoch: int
    path: Path

    @property
    def name(self) -> str:
        """What it is called where members are listed."""
        return f"member {self.index}" + ("" if self.seed is None else f" (seed {self.seed})")

    @property
    def feature_dim(self) -> int:
        """D, length of the feature vectors it reads."""
        return int(self.model_config["feature_dim"])

    @property
    def num_parameters(self) -> int:
        """Trainable numbers."""
        return sum(parameter.numel() for parameter in self.model.parameters())


def load_members(run_dir: Path) -> list[LoadedMember]:
    """Loads the live members of a run.

    They are those that ``ensemble.json`` lists. A folder without it (published checkpoints) is
    searched for ``best_ensemble_model_*.pt``; a collapsed one is left out with a warning.

    Raises:
        CheckpointError: No live member, a damaged file, or members that do not fit together.
    """
    members = []
    listing = read_ensemble(run_dir)
    for index, path in _member_paths(run_dir, listing):
        checkpoint = load_checkpoint(path)
        categories = checkpoint_categories(path, checkpoint)
        reason = None if listing else dead_reason(checkpoint["metrics"], categories)
        if reason is not None:
            _logger.warning("%s is left out of the ensemble: %s", path, reason)
            continue
        members.append(
            LoadedMember(
                model=load_model(path, checkpoint),
                model_config=dict(checkpoint["model_config"]),
                categories=categories,
                index=index,
                seed=checkpoint["training_config"].get("seed"),
                best_val_acc=float(checkpoint["best_val_acc"]),
                best_epoch=int(checkpoint["best_epoch"]),
                path=path,
            )
        )
    _check_members(run_dir, members)
    return members


def members_of_all(ensembles: Sequence[Sequence[LoadedMember]]) -> list[list[LoadedMember]]:
    """Of each ensemble, the members that are alive in all of them, in the same order.

    Raises:
        CheckpointError: There is none.
    """
    alive = set.intersection(*({member.index for member in found} for found in ensembles))
    if not alive:
        raise CheckpointError(
            f"no member is alive in all {len(ensembles)} ensembles of the run; expected at least "
            "one: train again with other seeds"
        )
    return [[member for member in found if member.index in alive] for found in ensembles]


def _member_paths(run_dir: Path, listing: EnsembleResult | None) -> Iterator[tuple[int, Path]]:
    if listing is not None:
        yield from ((member.index, run_dir / member.file) for member in listing.members)
        return
    found = sorted(run_dir.glob(best_name("*")), key=lambda path: _number(path))
    yield from ((_number(path), path) for path in found)


def _number(path: Path) -> int:
    text = path.stem.rpartition("_")[2]
    return int(text) if text.isdigit() else 0


def _check_members(run_dir: Path, members: Sequence[LoadedMember]) -> None:
    if not members:
        raise CheckpointError(
            f"{run_dir} holds no live member ({best_name('*')}); train one with: vidkind train"
        )
    first = members[0]
    for member in members[1:]:
        same = member.categories == first.categories and member.feature_dim == first.feature_dim
        if not same:
            raise CheckpointError(
                f"{member.path} has categories {list(member.categories)} and D = "
                f"{member.feature_dim}, {first.path.name} has {list(first.categories)} and "
                f"D = {first.feature_dim}; expected members of one run"
            )


def member_logits(
    members: Sequence[LoadedMember],
    features: NDArray[np.float32],
    num_frames: NDArray[np.int32],
) -> NDArray[np.float32]:
    """Asks every member about every video, in batches.

    Args:
        members: M models.
        features: float32 [N, T, D], zero beyond ``num_frames``.
        num_frames: int32 [N], valid steps.

    Returns:
        Logits float32 [M, N, K].

    Raises:
        CheckpointError: The features have another length than the members were trained on.
    """
    expected = members[0].feature_dim
    if features.shape[-1] != expected:
        raise CheckpointError(
            f"features have D = {features.shape[-1]}, the members expect {expected}; extract them "
            "with the backbone of the training run"
        )
    steps = torch.from_numpy(num_frames.astype(np.int64))
    rows = torch.from_numpy(features)
    logits = [predict(member.model, rows, steps).numpy() for member in members]
    return np.stack(logits)


def member_attention(
    members: Sequence[LoadedMember],
    features: NDArray[np.float32],
    num_frames: NDArray[np.int32],
) -> NDArray[np.float32]:
    """Where the members look: pooling weights float32 [M, N, T], zero beyond ``num_frames``.

    Takes what ``member_logits`` takes.
    """
    rows, steps = torch.from_numpy(features), torch.from_numpy(num_frames.astype(np.int64))
    found = np.zeros((len(members), *features.shape[:2]), dtype=np.float32)
    for i, member in enumerate(members):
        first = 0
        for part, masked in _batches(rows, steps, torch.device("cpu")):
            with torch.inference_mode():
                weights = member.model.forward_with_attention(part, masked)[1]
            found[i, first : first + len(part), : part.shape[1]] = weights.numpy()
            first += len(part)
    return found


def predict(model: torch.nn.Module, features: Tensor, lengths: Tensor) -> Tensor:
    """Logits [N, K] of a model in eval mode; features [N, T, D] go to its device in batches."""
    device = next(model.parameters()).device
    with torch.inference_mode():
        parts = [model(*batch).float().cpu() for batch in _batches(features, lengths, device)]
    return torch.cat(parts)


def _batches(
    features: Tensor, lengths: Tensor, device: torch.device
) -> Iterator[tuple[Tensor, Tensor | None]]:
    for rows, steps in zip(
        torch.split(features, _BATCH_SIZE), torch.split(lengths, _BATCH_SIZE), strict=True
    ):
        longest = int(steps.max())
        # Rows that are all full need no packing, which costs time.
        masked = None if int(steps.min()) == longest else steps.to(device)
        yield rows[:, :longest].to(device), masked
