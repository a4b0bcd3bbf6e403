"""Training an ensemble: one member a seed, dead seeds put aside and replaced once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vidkind.config import Preset
from vidkind.errors import CheckpointError, ConfigError, TrainingError
from vidkind.features.head import PictureHead, keep_head
from vidkind.features.store import FeatureSet
from vidkind.training.checkpoint import load_checkpoint
from vidkind.training.data import check_head, check_splits
from vidkind.training.devices import make_fabric
from vidkind.training.health import dead_reason
from vidkind.training.presets import (
    DEFAULT_SEEDS,
    AnyModelConfig,
    CompactModelConfig,
    DeviceOptions,
    TrainingConfig,
    model_config,
    training_config,
)
from vidkind.training.progress import TrainingProgress
from vidkind.training.run_features import fingerprint, keep_learned
from vidkind.training.run_folder import (
    CROSS_FIT_NAME,
    DeadSeed,
    EnsembleResult,
    MemberRecord,
    best_name,
    claim,
    last_name,
    quarantine,
    read_ensemble,
    remove_leftovers,
    write_ensemble,
)
from vidkind.training.state import TrainingState
from vidkind.training.trainer import EnhancedTemporalModelTrainer
from vidkind.training.visualizer import RealTimeTrainingVisualizer

if TYPE_CHECKING:
    from lightning.fabric import Fabric

# A member's own seed and one replacement.
_MAX_ATTEMPTS = 2
# torch's generators take twice as many; a replacement is one above.
_MAX_SEED = 2**63 - 1
_logger = logging.getLogger(__name__)


def train_ensemble(
    train: FeatureSet,
    val: FeatureSet,
    run_dir: Path,
    *,
    preset: Preset = "compact",
    model: AnyModelConfig | None = None,
    training: TrainingConfig | None = None,
    seeds: Sequence[int] = DEFAULT_SEEDS,
    device: DeviceOptions | None = None,
    feature_files: Sequence[str] = (),
    progress: bool = True,
    dashboards: bool = True,
    held_out: bool = True,
    head: PictureHead | None = None,
) -> EnsembleResult:
    """Trains one member a seed, in ``run_dir``, going on where an earlier call was stopped.

    Args:
        train: Videos to learn from.
        val: Videos that choose each member's epoch and show whether a seed is dead.
        run_dir: Run folder. With several machines it must be one that all of them see.
        preset: Where sizes and hyper-parameters come from.
        model: Sizes in place of the preset's.
        training: Hyper-parameters in place of the preset's.
        seeds: One member each; at least one, all different.
        device: Where training runs.
        feature_files: Names of the two feature files, kept in ``run.json``.
        progress: Show progress bars where stderr is a terminal.
        dashboards: Draw a PNG after each epoch.
        held_out: Whether no group of ``val`` may be in ``train``. Without it ``val`` must choose
            nothing: the schedule is fixed, and only dead seeds are watched for.
        head: Head of the backbone that gave the features; ``compact`` models ask it too, others
            do not.

    Returns:
        Live members and dead seeds, as in ``ensemble.json``.

    Raises:
        ConfigError: Seeds are missing or repeated, early stopping has no videos of its own, or the
            model asks a head and there is none.
        TrainingError: The sets or the head do not fit together, or every seed died.
        CheckpointError: The folder holds a run with other options or features.
    """
    if not seeds or len(set(seeds)) != len(seeds) or min(seeds) < 0 or max(seeds) > _MAX_SEED:
        raise ConfigError(
            f"seeds are {list(seeds)}; expected different whole numbers from 0 to {_MAX_SEED}"
        )
    check_splits(train, val, held_out=held_out)
    if held_out and (run_dir / CROSS_FIT_NAME).is_file():
        raise CheckpointError(
            f"{run_dir} holds a run that was begun with --cross-fit; use the same option to go on, "
            "or another run folder"
        )
    chosen = model or _preset_model(preset, train, head)
    job = _Job(
        train=train,
        val=val,
        run_dir=run_dir,
        model=chosen,
        training=training or training_config(preset),
        seeds=tuple(seeds),
        fabric=make_fabric(device or DeviceOptions()),
        held_out=held_out,
        head=_asked_head(chosen, train, head),
    )
    job.claim(preset, feature_files)
    drawing = dashboards and job.fabric.is_global_zero
    visualizer = (
        RealTimeTrainingVisualizer(train.categories, run_dir, held_out=held_out)
        if drawing
        else None
    )
    try:
        with TrainingProgress(enabled=progress and job.fabric.is_global_zero) as bars:
            return job.run(bars, visualizer)
    finally:
        if visualizer is not None:
            visualizer.close()


def _preset_model(preset: Preset, videos: FeatureSet, head: PictureHead | None) -> AnyModelConfig:
    reader = {"picture_reader": True} if head is not None and preset == "compact" else {}
    return model_config(
        preset, feature_dim=videos.feature_dim, num_classes=len(videos.categories), **reader
    )


def _asked_head(
    model: AnyModelConfig, videos: FeatureSet, head: PictureHead | None
) -> PictureHead | None:
    """The head, where the model asks one and it fits."""
    if not (isinstance(model, CompactModelConfig) and model.picture_reader):
        return None
    if head is None:
        raise ConfigError("picture_reader is set, but there is no head; expected one to ask")
    check_head(head, videos)
    return head


@dataclass(frozen=True, kw_only=True, eq=False)
class _Job:
    """Everything the members of one run share."""

    train: FeatureSet
    val: FeatureSet
    run_dir: Path
    model: AnyModelConfig
    training: TrainingConfig
    seeds: tuple[int, ...]
    fabric: Fabric
    held_out: bool
    head: PictureHead | None

    def claim(self, preset: str, feature_files: Sequence[str]) -> None:
        if self.fabric.is_global_zero:
            claim(self.run_dir, self._description(preset, feature_files))
            keep_learned(self.run_dir, self.train, self.val)
            if self.head is not None:
                keep_head(self.head, self.run_dir)
            remove_leftovers(self.run_dir)
        self.fabric.barrier()

    def _description(self, preset: str, feature_files: Sequence[str]) -> dict[str, object]:
        return {
            "format_version": 1,
            "preset": preset,
            "model_config": self.model.to_dict(),
            "training_config": self.training.to_dict(),
            "seeds": self.seeds,
            "categories": self.train.categories,
            "feature_files": [Path(name).name for name in feature_files],
            "features_sha256": {"train": fingerprint(self.train), "val": fingerprint(self.val)},
            "num_videos": {"train": len(self.train), "val": len(self.val)},
            "picture_head": None if self.head is None else self.head.sha256,
            "provenance": self.train.provenance or None,
        }

    def run(
        self, bars: TrainingProgress, visualizer: RealTimeTrainingVisualizer | None
    ) -> EnsembleResult:
        bars.start_run(len(self.seeds), self.training.num_epochs)
        begun = EnsembleResult(run_dir=self.run_dir, categories=self.train.categories)
        result = read_ensemble(self.run_dir) or begun
        for index in range(1, len(self.seeds) + 1):
            while self._wants_training(result, index):
                result = self._attempt(result, index, bars, visualizer)
        if not result.members:
            reasons = "; ".join(f"seed {dead.seed}: {dead.reason}" for dead in result.dead)
            raise TrainingError(
                f"every seed died ({reasons}); check labels and features, or lower learning_rate"
            )
        return result

    @staticmethod
    def _wants_training(result: EnsembleResult, index: int) -> bool:
        alive = any(member.index == index for member in result.members)
        attempts = sum(dead.index == index for dead in result.dead)
        return not alive and attempts < _MAX_ATTEMPTS

    def _attempt(
        self,
        result: EnsembleResult,
        index: int,
        bars: TrainingProgress,
        visualizer: RealTimeTrainingVisualizer | None,
    ) -> EnsembleResult:
        """Trains a member with its own seed or the replacement; adds what came of it."""
        self._finish_quarantine(result, index)
        seed = self._next_seed(result, index)
        trainer = EnhancedTemporalModelTrainer(
            self.train,
            self.val,
            model=self.model,
            training=self.training,
            run_dir=self.run_dir,
            index=index,
            seed=seed,
            fabric=self.fabric,
            progress=bars,
            visualizer=visualizer,
            held_out=self.held_out,
            head=self.head,
        )
        state = trainer.fit()
        reason = dead_reason(state.best_metrics, self.val.categories, state.train_metrics)
        if reason is None:
            result = replace(result, members=(*result.members, _record(index, seed, state)))
        else:
            _logger.warning("seed %d of member %d is dead: %s", seed, index, reason)
            dead = DeadSeed(index=index, seed=seed, reason=reason)
            result = replace(result, dead=(*result.dead, dead))
        if self.fabric.is_global_zero:
            write_ensemble(result)
        self._finish_quarantine(result, index)
        return result

    def _next_seed(self, result: EnsembleResult, index: int) -> int:
        if not any(dead.index == index for dead in result.dead):
            return self.seeds[index - 1]
        tried = [item.seed for item in result.members] + [item.seed for item in result.dead]
        return 1 + max(*self.seeds, *tried)

    def _finish_quarantine(self, result: EnsembleResult, index: int) -> None:
        """Moves what dead seeds of a member left; killed before, it is done on the next call."""
        dead = {item.seed for item in result.dead if item.index == index}
        path = self.run_dir / last_name(index)
        if dead and self.fabric.is_global_zero and path.is_file():
            seed = load_checkpoint(path)["training_config"]["seed"]
            if seed in dead:
                quarantine(self.run_dir, index, seed)
        self.fabric.barrier()


def _record(index: int, seed: int, state: TrainingState) -> MemberRecord:
    return MemberRecord(
        index=index,
        seed=seed,
        file=best_name(index),
        best_val_acc=state.best_val_acc,
        best_epoch=state.best_epoch,
        num_epochs=state.epoch,
    )
