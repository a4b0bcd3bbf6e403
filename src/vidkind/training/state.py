"""How far the training of one member is: history, best epoch, patience."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from vidkind.evaluation.metrics import Metrics
from vidkind.training.checkpoint import plain
from vidkind.training.presets import TrainingConfig

HISTORY_COLUMNS: tuple[str, ...] = (
    "train_loss",
    "val_loss",
    "train_acc",
    "val_acc",
    "train_f1",
    "val_f1",
    "val_f1_per_class",
    "learning_rate",
    "seconds",
)


@dataclass(frozen=True, kw_only=True)
class EpochRecord:
    """What one epoch gave.

    Attributes:
        train_loss: Mean loss over the augmented training batches.
        val_loss: Loss over the validation videos.
        train_metrics: Metrics over the augmented training batches.
        metrics: Validation metrics.
        learning_rate: Rate of the epoch.
        seconds: Wall time.
    """

    train_loss: float
    val_loss: float
    train_metrics: Metrics
    metrics: Metrics
    learning_rate: float
    seconds: float


@dataclass(kw_only=True)
class TrainingState:
    """What resuming needs beside weights and optimiser; the fields are checkpoint keys.

    Attributes:
        epoch: Last finished epoch, from 1; 0 before the first.
        metrics: Validation metrics of that epoch.
        train_metrics: Training metrics of that epoch.
        history: Column name -> one value an epoch.
        best_val_acc: Validation accuracy of the epoch kept so far, in percent; -1 before the first.
        best_epoch: That epoch.
        best_metrics: Validation metrics of the best epoch.
        patience_counter: Epochs since the best one.
        finished: Whether training has ended.
    """

    epoch: int = 0
    metrics: dict[str, Any] = field(default_factory=dict)
    train_metrics: dict[str, Any] = field(default_factory=dict)
    history: dict[str, list[Any]] = field(
        default_factory=lambda: {column: [] for column in HISTORY_COLUMNS}
    )
    best_val_acc: float = -1.0
    best_epoch: int = 0
    best_metrics: dict[str, Any] = field(default_factory=dict)
    patience_counter: int = 0
    finished: bool = False

    @staticmethod
    def from_checkpoint(checkpoint: Mapping[str, Any]) -> TrainingState:
        """The state inside a checkpoint."""
        return TrainingState(**{item.name: checkpoint[item.name] for item in fields(TrainingState)})

    def to_checkpoint(self) -> dict[str, Any]:
        """The state as checkpoint keys."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def advance(self, record: EpochRecord, config: TrainingConfig) -> bool:
        """Takes in a finished epoch; says whether it is the best so far.

        Without patience each epoch replaces the one before: nothing is chosen on the validation
        videos. Training ends after the last epoch, when patience is used up, or when the loss is no
        longer finite, which no later epoch mends.
        """
        self.epoch += 1
        self.metrics = plain(record.metrics)
        self.train_metrics = plain(record.train_metrics)
        self._append(record)
        improved = config.patience is None or record.metrics["accuracy"] > self.best_val_acc
        self.patience_counter = 0 if improved else self.patience_counter + 1
        if improved:
            self.best_val_acc = record.metrics["accuracy"]
            self.best_epoch = self.epoch
            self.best_metrics = self.metrics
        self.finished = (
            self.epoch >= config.num_epochs
            or (config.patience is not None and self.patience_counter >= config.patience)
            or not math.isfinite(record.train_loss)
        )
        return improved

    def _append(self, record: EpochRecord) -> None:
        row = (
            record.train_loss,
            record.val_loss,
            record.train_metrics["accuracy"],
            record.metrics["accuracy"],
            record.train_metrics["f1_weighted"],
            record.metrics["f1_weighted"],
            plain(record.metrics["f1_per_class"]),
            record.learning_rate,
            record.seconds,
        )
        for column, value in zip(HISTORY_COLUMNS, row, strict=True):
            self.history[column].append(value)
