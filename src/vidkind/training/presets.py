"""Options of models, training and devices, and the preset table; each default written once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeVar, get_args

from vidkind.config import Preset
from vidkind.errors import ConfigError

Accelerator = Literal["auto", "cpu", "gpu", "cuda", "mps"]

Precision = Literal["32-true", "bf16-mixed", "16-mixed", "64-true"]

DEFAULT_SEEDS: tuple[int, ...] = (42, 43, 44, 45)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


def _require_positive(options: Any, *names: str) -> None:
    for name in names:
        value = getattr(options, name)
        _require(value > 0, f"{name} is {value}; expected a number above 0")


def _require_share(options: Any, *names: str) -> None:
    for name in names:
        value = getattr(options, name)
        _require(0 <= value < 1, f"{name} is {value}; expected a number from 0 to below 1")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Sizes of ``SuperEnhancedTemporalModel``; the fields are its published arguments.

    Attributes:
        feature_dim: D, length of a feature vector.
        num_classes: K.
        hidden_dim: H, width of the projection and of each LSTM direction.
        num_lstm_layers: Stacked LSTM layers.
        num_attention_heads: Heads of the self-attention over the LSTM's output.
        dropout: Dropout between LSTM layers, in attention and in the classifier.
        bidirectional: Whether the LSTM reads both ways.
    """

    feature_dim: int
    num_classes: int
    hidden_dim: int = 768
    num_lstm_layers: int = 4
    num_attention_heads: int = 12
    dropout: float = 0.4
    bidirectional: bool = True

    def __post_init__(self) -> None:
        _require_positive(
            self, "feature_dim", "hidden_dim", "num_lstm_layers", "num_attention_heads"
        )
        _require_share(self, "dropout")
        _require(self.num_classes >= 2, f"num_classes is {self.num_classes}; expected at least 2")
        width = self.hidden_dim * (2 if self.bidirectional else 1)
        _require(
            width % self.num_attention_heads == 0,
            f"num_attention_heads is {self.num_attention_heads}; expected a divisor of {width}, "
            "the width of the LSTM's output",
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain ``model_config`` of a checkpoint: exactly the published keys."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class CompactModelConfig:
    """Sizes of ``CompactTemporalModel``.

    Attributes:
        feature_dim: D, length of a feature vector.
        num_classes: K.
        hidden_dim: H, width of the projection and of the bidirectional LSTM's output.
        num_attention_heads: Heads of the self-attention.
        dropout: Dropout inside the temporal branch.
        input_dropout: Share of the input features left out of a video, the same at every step.
        statistics_dropout: Dropout on the pooled statistics, before the classifier.
        picture_reader: Whether it also asks the head of the backbone.
    """

    feature_dim: int
    num_classes: int
    hidden_dim: int = 64
    num_attention_heads: int = 4
    dropout: float = 0.3
    input_dropout: float = 0.3
    statistics_dropout: float = 0.5
    picture_reader: bool = False

    def __post_init__(self) -> None:
        _require_positive(self, "feature_dim", "hidden_dim", "num_attention_heads")
        _require_share(self, "dropout", "input_dropout", "statistics_dropout")
        _require(self.num_classes >= 2, f"num_classes is {self.num_classes}; expected at least 2")
        _require(
            self.hidden_dim % (2 * self.num_attention_heads) == 0,
            f"hidden_dim is {self.hidden_dim}; expected a multiple of "
            f"{2 * self.num_attention_heads}, twice the number of attention heads",
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain ``model_config`` of a checkpoint, with the key that tells it apart."""
        return {"architecture": "compact", **asdict(self)}


AnyModelConfig = ModelConfig | CompactModelConfig


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How one member is trained; the defaults are the published hyper-parameters.

    Attributes:
        learning_rate: Peak rate of AdamW.
        weight_decay: Decoupled weight decay of AdamW.
        beta1: First momentum constant of AdamW.
        beta2: Second momentum constant of AdamW.
        batch_size: Videos a step.
        num_epochs: Most epochs.
        patience: Epochs without a better validation accuracy after which training stops, the best
            epoch being kept; None goes through all epochs and keeps the last.
        restart_epochs: T_0 of the cosine schedule: epochs of the first cycle.
        restart_factor: T_mult: each cycle is this many times as long as the one before.
        min_learning_rate: eta_min: lowest rate of a cycle.
        warmup_epochs: Epochs over which the rate climbs linearly at the start.
        gradient_clip_norm: Gradients are scaled down to this norm.
        focal_gamma: Exponent of the focal loss.
        label_smoothing: Probability mass spread over the other K-1 classes.
        min_class_weight: Lower clip of the class weights N / (K n_c).
        max_class_weight: Upper clip of the class weights.
        min_frame_share: Least share of a video's steps that random frame dropping keeps.
        min_segments: Least number of equal segments of time from each of which one random step is
            read, in place of frame dropping; None drops frames.
        max_time_shift: Steps by which a video is shifted at most, either way.
        noise_std: Standard deviation of the Gaussian noise on features.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 5e-4
    beta1: float = 0.9
    beta2: float = 0.999
    batch_size: int = 48
    num_epochs: int = 150
    patience: int | None = 25
    restart_epochs: int = 20
    restart_factor: int = 2
    min_learning_rate: float = 1e-6
    warmup_epochs: int = 3
    gradient_clip_norm: float = 1.0
    focal_gamma: float = 2.0
    label_smoothing: float = 0.1
    min_class_weight: float = 0.5
    max_class_weight: float = 10.0
    min_frame_share: float = 0.7
    min_segments: int | None = None
    max_time_shift: int = 3
    noise_std: float = 0.01

    def __post_init__(self) -> None:
        _require_positive(self, "learning_rate", "batch_size", "num_epochs", "restart_epochs")
        _require_positive(self, "restart_factor", "gradient_clip_norm", "min_class_weight")
        for name in ("patience", "min_segments"):
            value = getattr(self, name)
            _require(
                value is None or value >= 1, f"{name} is {value}; expected at least 1, or None"
            )
        _require_share(self, "beta1", "beta2", "label_smoothing")
        for name in ("weight_decay", "warmup_epochs", "focal_gamma", "max_time_shift", "noise_std"):
            value = getattr(self, name)
            _require(value >= 0, f"{name} is {value}; expected a number of 0 or more")
        _require(
            0 < self.min_frame_share <= 1,
            f"min_frame_share is {self.min_frame_share}; expected a number above 0, at most 1",
        )
        _require(
            self.min_class_weight <= self.max_class_weight,
            f"min_class_weight is {self.min_class_weight}; expected at most max_class_weight, "
            f"which is {self.max_class_weight}",
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain ``training_config`` of a checkpoint."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class DeviceOptions:
    """Where training runs; handed to Lightning Fabric.

    Attributes:
        accelerator: ``auto`` takes a GPU where there is one.
        devices: Devices a node.
        num_nodes: Machines.
        strategy: Fabric's strategy, e.g. ``ddp`` for several devices.
        precision: Fabric's precision, e.g. ``32-true`` or ``bf16-mixed``.
    """

    accelerator: Accelerator = "auto"
    devices: int = 1
    num_nodes: int = 1
    strategy: str = "auto"
    precision: Precision = "32-true"

    def __post_init__(self) -> None:
        _require_positive(self, "devices", "num_nodes")
        for name, choices in (("accelerator", Accelerator), ("precision", Precision)):
            value, allowed = getattr(self, name), get_args(choices)
            _require(value in allowed, f"{name} is {value!r}; expected {', '.join(allowed)}")


_Options = TypeVar("_Options", ModelConfig, CompactModelConfig, TrainingConfig)


def model_config(
    preset: Preset, *, feature_dim: int, num_classes: int, **overrides: Any
) -> AnyModelConfig:
    """The model of a preset for features of length D and K categories.

    Raises:
        ConfigError: An override is unknown or outside its domain.
    """
    values = {"feature_dim": feature_dim, "num_classes": num_classes, **overrides}
    if preset == "compact":
        return _build(CompactModelConfig, values)
    return _build(ModelConfig, values)


def training_config(preset: Preset, **overrides: Any) -> TrainingConfig:
    """The training options of a preset, some of them replaced.

    Raises:
        ConfigError: An override is unknown or outside its domain.
    """
    defaults: dict[str, Any] = {}
    if preset == "compact":
        # One cycle, however long: the last epoch is kept, and has to be the coolest.
        one_cycle = {"restart_epochs": overrides.get("num_epochs", _COMPACT_EPOCHS)}
        defaults = {**_COMPACT_TRAINING, **one_cycle}
    return _build(TrainingConfig, {**defaults, **overrides})


# Where the compact preset leaves the published hyper-parameters; docs/experiments.md says why.
_COMPACT_EPOCHS = 15
_COMPACT_TRAINING: Mapping[str, Any] = {
    "num_epochs": _COMPACT_EPOCHS,
    "patience": None,
    "weight_decay": 0.05,
    "focal_gamma": 0.0,
    "max_class_weight": 1.0,
    "min_class_weight": 1.0,
    "min_segments": 4,
}


def _build(kind: type[_Options], values: Mapping[str, Any]) -> _Options:
    known = [item.name for item in fields(kind)]
    for name in values:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(known)}"
            raise ConfigError(f"{kind.__name__} has no option {name!r}; {hint}")
    return kind(**values)
