"""Options of every stage, each default written once, here.

In: nothing. Out: frozen dataclasses that check themselves and raise ``ConfigError``.
CLI flags and documentation take their defaults from these classes.
Standard library only; knows no other room but ``errors``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal, get_args

from vidkind.errors import ConfigError

DEFAULT_CATEGORIES: tuple[str, ...] = ("Animation", "Flat_Content", "Gaming", "Natural_Content")

Sampler = Literal["exact", "keyframe"]
Alignment = Literal["time", "index"]
Preset = Literal["compact", "reference"]
Runtime = Literal["auto", "onnxruntime", "openvino"]
Precision = Literal["auto", "float32", "bfloat16", "int8"]
Effort = Literal["fast", "normal", "full"]


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


def require_choice(name: str, value: str, choices: object) -> None:
    """Makes sure that a value is one of those of a ``Literal`` type.

    Raises:
        ConfigError: It is not.
    """
    allowed = get_args(choices)
    _require(value in allowed, f"{name} is {value!r}; expected one of {', '.join(allowed)}")


@dataclass(frozen=True, kw_only=True)
class SamplingOptions:
    """How frames are picked out of a video.

    Attributes:
        num_frames: Frames per video (T), uniform in presentation time.
        sampler: ``exact`` decodes the frame shown at each wanted time; ``keyframe``
            takes the nearest key frames, each once, so there may be fewer than
            ``num_frames``; where there are too few, it decodes as ``exact`` does.
        skip_black: Leave out frames whose pixels are all but black, unless all are.
        black_luma: A frame is black when all but a thousandth of its luma is below this (0..255).
        sharpen: Unsharp-mask each sampled frame before it is embedded.
        crop_bars: Leave black bars (letterbox, pillarbox) out of the pictures, where the whole
            video has them.
    """

    num_frames: int = 64
    sampler: Sampler = "exact"
    skip_black: bool = True
    black_luma: float = 16.0
    sharpen: bool = False
    crop_bars: bool = True

    def __post_init__(self) -> None:
        _require(
            isinstance(self.num_frames, Integral) and self.num_frames >= 1,
            f"num_frames is {self.num_frames}; expected a whole number >= 1",
        )
        require_choice("sampler", self.sampler, Sampler)
        _require(0 <= self.black_luma <= 255, f"black_luma is {self.black_luma}; expected 0 to 255")

    @classmethod
    def untouched(cls, num_frames: int) -> SamplingOptions:
        """Frames as they are, black ones and bars too: frame i of a copy is that of its original.

        Args:
            num_frames: Frames per video.
        """
        return cls(num_frames=num_frames, skip_black=False, crop_bars=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SamplingOptions:
        """The options that a feature file or bundle was made with.

        Args:
            data: Name -> value. Without ``crop_bars`` it is from before there was that option:
                bars were kept.
        """
        return cls(**{"crop_bars": False, **data})


@dataclass(frozen=True, kw_only=True)
class MultiScaleOptions:
    """At which temporal scales the frame features are read and averaged.

    Attributes:
        scales: Temporal scales; 0.85 of 64 frames is 54 steps, 1.15 is 73. One scale
            (``(1.0,)``) switches multi-scale off.
        alignment: ``time`` averages what was shown at the same moment; ``index`` averages
            equal indices with zero padding, as the published features were made.
    """

    scales: tuple[float, ...] = (1.0, 0.85, 1.15)
    alignment: Alignment = "time"

    def __post_init__(self) -> None:
        _require(
            len(self.scales) > 0 and all(0 < s <= 4 for s in self.scales),
            f"scales is {self.scales}; expected one or more numbers in (0, 4]",
        )
        require_choice("alignment", self.alignment, Alignment)

    @property
    def enabled(self) -> bool:
        """Whether more than the plain frame sequence is read."""
        return tuple(self.scales) != (1.0,)


@dataclass(frozen=True, kw_only=True)
class RuntimeOptions:
    """What runs a backbone, and how exactly.

    Attributes:
        runtime: ``onnxruntime``; ``openvino``, where it is installed; ``auto`` takes the faster
            one, measured once on each machine. Torch backbones run in torch.
        precision: ``float32``; ``bfloat16``, where the processor computes in it; ``auto`` takes
            it where it is faster and the features agree. ``int8`` runs the backbone's int8
            graph, in either runtime. Features differ slightly.
    """

    runtime: Runtime = "auto"
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        require_choice("runtime", self.runtime, Runtime)
        require_choice("precision", self.precision, Precision)
        _require(
            self.runtime != "onnxruntime" or self.precision != "bfloat16",
            "precision is bfloat16 with the runtime onnxruntime, which computes in float32; "
            "expected the runtime openvino or auto",
        )


@dataclass(frozen=True, kw_only=True)
class SplitOptions:
    """How a library without splits is divided, by group.

    Attributes:
        train: Share of the videos wanted in ``train``.
        val: Share of the videos wanted in ``val``.
        test: Share of the videos wanted in ``test``.
        seed: Seed of the assignment.
    """

    train: float = 0.7
    val: float = 0.2
    test: float = 0.1
    seed: int = 42

    def __post_init__(self) -> None:
        shares = (self.train, self.val, self.test)
        _require(
            all(s >= 0 for s in shares) and abs(sum(shares) - 1) < 1e-6,
            f"split shares are {shares}; expected three numbers >= 0 that add up to 1",
        )


@dataclass(frozen=True, kw_only=True)
class SynthesisOptions:
    """What rendered clips are like; each clip draws its own values around these.

    Attributes:
        seconds: Middle length of a clip; lengths lie within 15 % of it.
        size: Longest short side in pixels; short sides are 70 % to 100 % of it.
    """

    seconds: float = 3.0
    size: int = 256

    def __post_init__(self) -> None:
        _require(0.2 <= self.seconds <= 60, f"seconds is {self.seconds}; expected 0.2 to 60")
        _require(48 <= self.size <= 1080, f"size is {self.size}; expected 48 to 1080")


@dataclass(frozen=True, kw_only=True)
class DoctorOptions:
    """What the doctor looks for in a library.

    Attributes:
        num_frames: Frames hashed per video, uniform in presentation time.
        mirrored: Also look for copies mirrored left to right.
        precision: Wanted half-width of the 95 % interval of a category's recall, 0..1; None
            asks for none.
        seed: Seed of the metadata-only probe.
    """

    num_frames: int = 8
    mirrored: bool = False
    precision: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        _require(1 <= self.num_frames <= 64, f"num_frames is {self.num_frames}; expected 1 to 64")
        _require(
            self.precision is None or 0.001 <= self.precision <= 0.5,
            f"precision is {self.precision}; expected 0.001 to 0.5, for example 0.05",
        )
