"""Training one member of the ensemble: epochs, early stopping, checkpoints, resume."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from vidkind.errors import CheckpointError, ConfigError
from vidkind.evaluation.metrics import Metrics, compute_metrics
from vidkind.features.head import PictureHead
from vidkind.features.store import FeatureSet
from vidkind.training.augmentation import augment
from vidkind.training.checkpoint import (
    CHECKPOINT_KEYS,
    build_model,
    load_checkpoint,
    save_checkpoint,
)
from vidkind.training.data import FeatureBatch, FeatureDataset, balanced_loader, check_splits
from vidkind.training.devices import make_fabric
from vidkind.training.loss import FocalLoss, class_weights
from vidkind.training.members import predict
from vidkind.training.presets import AnyModelConfig, DeviceOptions, TrainingConfig
from vidkind.training.progress import TrainingProgress
from vidkind.training.run_folder import best_name, last_name, write_history
from vidkind.training.schedule import learning_rate_at, set_learning_rate
from vidkind.training.state import EpochRecord, TrainingState
from vidkind.training.visualizer import RealTimeTrainingVisualizer

if TYPE_CHECKING:
    from lightning.fabric import Fabric

_logger = logging.getLogger(__name__)


class EnhancedTemporalModelTrainer:
    """Trains one member and keeps its files in the run folder.

    The random generators are set anew at every epoch from (seed, epoch), so a run that was
    killed and started again ends with the weights of an undisturbed one (CPU, same machine and
    number of threads).
    """

    def __init__(
        self,
        train: FeatureSet,
        val: FeatureSet,
        *,
        model: AnyModelConfig,
        training: TrainingConfig,
        run_dir: Path = Path("results"),
        index: int = 1,
        seed: int = 42,
        fabric: Fabric | None = None,
        progress: TrainingProgress | None = None,
        visualizer: RealTimeTrainingVisualizer | None = None,
        held_out: bool = True,
        head: PictureHead | None = None,
    ) -> None:
        """Prepares data and loss.

        Args:
            train: Videos to learn from.
            val: Videos that choose the epoch.
            model: Sizes of the model.
            training: Hyper-parameters.
            run_dir: Where checkpoints and histories go.
            index: Number of the member, from 1; part of its file names.
            seed: Seed of start weights, sampling, augmentation and dropout.
            fabric: A launched Fabric; one GPU where there is one, else the CPU, by default.
            progress: Bars to move; none when not given.
            visualizer: Draws a dashboard after each epoch; none when not given.
            held_out: Whether no group of ``val`` may be in ``train``; without it the schedule
                must be fixed.
            head: The backbone's head, for a model that reads frames one by one.

        Raises:
            ConfigError: Early stopping has no videos of its own.
            TrainingError: The two sets do not fit together.
        """
        check_splits(train, val, held_out=held_out)
        if not held_out and training.patience is not None:
            raise ConfigError(
                f"patience is {training.patience}, but no video is held out to stop by; expected "
                "a fixed schedule, as compact has"
            )
        self._train, self._val = FeatureDataset(train), FeatureDataset(val)
        self._model_config, self._config = model, training
        self._run_dir, self._index, self._seed = run_dir, index, seed
        self._head = head
        self._fabric = fabric or make_fabric(DeviceOptions())
        self._progress = progress or TrainingProgress(enabled=False)
        self._visualizer = visualizer
        weights = class_weights(self._train.labels, len(train.categories), training)
        self._loss = FocalLoss(
            weights, gamma=training.focal_gamma, smoothing=training.label_smoothing
        ).to(self._fabric.device)
        self._options = {
            "model_config": model.to_dict(),
            "training_config": {
                **training.to_dict(),
                "seed": seed,
                "categories": list(train.categories),
            },
        }
        self._sampling = torch.Generator()
        self._augmentation = torch.Generator(self._fabric.device)
        self.state = TrainingState()

    @staticmethod
    def compute_metrics(outputs: Tensor, labels: Tensor) -> Metrics:
        """Scores raw logits [B, K] against labels [B]; see ``vidkind.evaluation.metrics``."""
        return compute_metrics(outputs.detach().float().cpu().numpy(), labels.cpu().numpy())

    def fit(self) -> TrainingState:
        """Trains to the end, going on where an earlier call was stopped.

        Returns:
            The final state; the best weights are in ``best_ensemble_model_{index}.pt``.

        Raises:
            CheckpointError: The folder's files of this member come from other options.
        """
        self._build()
        self._resume()
        self._progress.start_member(
            self._index, self._seed, self._config.num_epochs, self.state.epoch
        )
        while not self.state.finished:
            self._run_epoch()
        return self.state

    def _build(self) -> None:
        torch.manual_seed(self._seed)
        model = build_model(self._model_config)
        # The training data lies on the CPU, and so must the source of randomness.
        model.fit_closed_form(
            self._train.features,
            self._train.lengths,
            self._train.labels,
            torch.Generator().manual_seed(self._seed),
        )
        if self._head is not None:
            model.take_head(torch.from_numpy(self._head.weight), torch.from_numpy(self._head.bias))
        optimizer = torch.optim.AdamW(
            model.parameters(),
            lr=self._config.learning_rate,
            weight_decay=self._config.weight_decay,
            betas=(self._config.beta1, self._config.beta2),
        )
        self._model, self._optimizer = self._fabric.setup(model, optimizer)
        loader = balanced_loader(self._train, self._config.batch_size, self._sampling)
        self._loader: Any = self._fabric.setup_dataloaders(loader, move_to_device=False)

    def _resume(self) -> None:
        path = self._run_dir / last_name(self._index)
        self.state = TrainingState()
        if not path.is_file():
            return
        checkpoint = load_checkpoint(path)
        for key, wanted in self._options.items():
            if checkpoint[key] != wanted:
                raise CheckpointError(
                    f"{path} was trained with {key} {checkpoint[key]}, now it is {wanted}; use "
                    "the same options to go on, or another run folder"
                )
        self._model.load_state_dict(checkpoint["model_state_dict"])
        self._optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
        self.state = TrainingState.from_checkpoint(checkpoint)
        self._report()
        _logger.info("member %d goes on after epoch %d", self._index, self.state.epoch)

    def _run_epoch(self) -> None:
        started = time.perf_counter()
        epoch = self.state.epoch + 1
        self._reseed(epoch)
        rate = learning_rate_at(epoch - 1, self._config)
        set_learning_rate(self._optimizer, rate)
        train_loss, train_metrics = self._train_pass()
        val_loss, metrics = self._validate()
        record = EpochRecord(
            train_loss=train_loss,
            val_loss=val_loss,
            train_metrics=train_metrics,
            metrics=metrics,
            learning_rate=rate,
            seconds=time.perf_counter() - started,
        )
        # Devices round differently; the first one's figures decide for all.
        improved = self.state.advance(self._fabric.broadcast(record), self._config)
        self._save(improved)
        self._report()

    def _reseed(self, epoch: int) -> None:
        def state(*key: int) -> int:
            return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> 1)

        # Every process draws the same sample and takes its share; the rest differs by process.
        rank = self._fabric.global_rank
        self._sampling.manual_seed(state(self._seed, epoch, 0))
        self._augmentation.manual_seed(state(self._seed, epoch, 1, rank))
        torch.manual_seed(state(self._seed, epoch, 2, rank))

    def _train_pass(self) -> tuple[float, Metrics]:
        self._model.train()
        losses, logits, labels = [], [], []
        self._progress.start_epoch(len(self._loader))
        for batch in self._augmented_batches():
            outputs = self._model(batch.features, batch.lengths)
            loss = self._loss(outputs, batch.labels)
            self._step(loss)
            losses.append(loss.detach())
            logits.append(outputs.detach().float())
            labels.append(batch.labels)
            self._progress.step_batch()
        outputs, truth = self._gather(torch.cat(logits)), self._gather(torch.cat(labels))
        return float(torch.stack(losses).mean()), self.compute_metrics(outputs, truth)

    def _augmented_batches(self) -> Iterator[FeatureBatch]:
        for batch in self._loader:
            moved = batch.to(self._fabric.device)
            features, lengths = augment(
                moved.features, moved.lengths, self._config, self._augmentation
            )
            yield FeatureBatch(features=features, lengths=lengths, labels=moved.labels)

    def _step(self, loss: Tensor) -> None:
        self._optimizer.zero_grad(set_to_none=True)
        self._fabric.backward(loss)
        # A loss that is no longer finite ends training after the epoch; it need not raise here.
        self._fabric.clip_gradients(
            self._model,
            self._optimizer,
            max_norm=self._config.gradient_clip_norm,
            error_if_nonfinite=False,
        )
        self._optimizer.step()

    def _gather(self, values: Tensor) -> Tensor:
        if self._fabric.world_size == 1:
            return values
        gathered: Any = self._fabric.all_gather(values)
        return torch.as_tensor(gathered).flatten(0, 1)

    def _validate(self) -> tuple[float, Metrics]:
        self._model.eval()
        logits = predict(self._model, self._val.features, self._val.lengths)
        with torch.no_grad():
            loss = self._loss(
                logits.to(self._fabric.device), self._val.labels.to(self._fabric.device)
            )
        return float(loss), self.compute_metrics(logits, self._val.labels)

    def _save(self, improved: bool) -> None:
        if self._fabric.is_global_zero:
            checkpoint = {
                **self.state.to_checkpoint(),
                **self._options,
                "model_state_dict": self._model.state_dict(),
                "optimizer_state_dict": self._optimizer.state_dict(),
            }
            # Best first: killed in between, the epoch is run again and gives the same file.
            if improved:
                published = {key: checkpoint[key] for key in CHECKPOINT_KEYS}
                save_checkpoint(self._run_dir / best_name(self._index), published)
            save_checkpoint(self._run_dir / last_name(self._index), checkpoint)
        self._fabric.barrier()

    def _report(self) -> None:
        state = self.state
        note = (
            f"val {state.metrics['accuracy']:.1f} % (best {state.best_val_acc:.1f} % at epoch "
            f"{state.best_epoch})"
        )
        self._progress.end_epoch(state.epoch, note)
        if not self._fabric.is_global_zero:
            return
        _logger.info("member %d epoch %d: %s", self._index, state.epoch, note)
        write_history(self._run_dir, self._index, state.history)
        if self._visualizer is not None:
            self._visualizer.update(state.history, index=self._index, seed=self._seed)
