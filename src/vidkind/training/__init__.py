"""Training: from feature files to an ensemble of temporal models.

In: two ``FeatureSet`` (train, val) and options. Out: a run folder of checkpoints in the
published format, and ``LoadedMember`` for evaluation and export. The only home of the temporal
models, their loss, sampling, augmentation, schedule, dead-seed watch and dashboards.
Does not know: videos, backbones, bundles (but for ``export``), the command line.
"""

from vidkind.training.checkpoint import build_model, load_checkpoint, save_checkpoint
from vidkind.training.cross_fit import CrossFit, cross_fit_ensemble, fold_folder, read_cross_fit
from vidkind.training.devices import is_first_process
from vidkind.training.ensemble import train_ensemble
from vidkind.training.loss import FocalLoss
from vidkind.training.members import (
    LoadedMember,
    load_members,
    member_attention,
    member_logits,
    members_of_all,
)
from vidkind.training.model import SuperEnhancedTemporalModel
from vidkind.training.model_compact import CompactTemporalModel
from vidkind.training.presets import (
    DEFAULT_SEEDS,
    CompactModelConfig,
    DeviceOptions,
    ModelConfig,
    TrainingConfig,
    model_config,
    training_config,
)
from vidkind.training.run_features import check_features, made_otherwise, unseen_rows
from vidkind.training.run_folder import (
    OUT_OF_FOLD,
    DeadSeed,
    EnsembleResult,
    MemberRecord,
    evaluation_file,
    read_evaluations,
    read_histories,
    read_run,
    saved_temperature,
    saved_trust,
    stops_early,
    trust_file,
)
from vidkind.training.trainer import EnhancedTemporalModelTrainer
from vidkind.training.visualizer import RealTimeTrainingVisualizer

__all__ = [
    "DEFAULT_SEEDS",
    "OUT_OF_FOLD",
    "CompactModelConfig",
    "CompactTemporalModel",
    "CrossFit",
    "DeadSeed",
    "DeviceOptions",
    "EnhancedTemporalModelTrainer",
    "EnsembleResult",
    "FocalLoss",
    "LoadedMember",
    "MemberRecord",
    "ModelConfig",
    "RealTimeTrainingVisualizer",
    "SuperEnhancedTemporalModel",
    "TrainingConfig",
    "build_model",
    "check_features",
    "cross_fit_ensemble",
    "evaluation_file",
    "fold_folder",
    "is_first_process",
    "load_checkpoint",
    "load_members",
    "made_otherwise",
    "member_attention",
    "member_logits",
    "members_of_all",
    "model_config",
    "read_cross_fit",
    "read_evaluations",
    "read_histories",
    "read_run",
    "save_checkpoint",
    "saved_temperature",
    "saved_trust",
    "stops_early",
    "train_ensemble",
    "training_config",
    "trust_file",
    "unseen_rows",
]
