"""The typed records that travel along the arrows between rooms.

In: nothing. Out: frozen dataclasses that check their own shapes and dtypes.
Standard library and numpy only; knows no other room.
Letters: T time steps, H W C image, D feature size, K categories, M members.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "val", "test"]

UNCLASSIFIED = "Unclassified"
"""Category of an answer that is withheld because too little speaks for it."""


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """What probing a file says about its video stream.

    Attributes:
        path: The file, as given.
        codec: FFmpeg's name of the codec, e.g. ``h264``.
        pixel_format: FFmpeg's name of the pixel format, e.g. ``yuv420p10le``.
        width: Stored width in pixels, before rotation.
        height: Stored height in pixels, before rotation.
        rotation_degrees: Clockwise turn a player applies: 0, 90, 180 or 270.
        duration_seconds: Length in seconds, or None where the file does not say.
        fps: Average frame rate in 1/s, or None where unknown.
        frame_rate_kind: ``constant``, ``variable`` or ``unknown``.
        num_frames: Number of frames, or None where the file does not say.
        keyframe_interval_seconds: Median spacing of key frames, or None where unknown.
        size_bytes: Size of the file.
    """

    path: str
    codec: str
    pixel_format: str
    width: int
    height: int
    rotation_degrees: int
    duration_seconds: float | None
    fps: float | None
    frame_rate_kind: Literal["constant", "variable", "unknown"]
    num_frames: int | None
    keyframe_interval_seconds: float | None
    size_bytes: int

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height in pixels as a player shows it."""
        lying = self.rotation_degrees in (90, 270)
        return (self.height, self.width) if lying else (self.width, self.height)


@dataclass(frozen=True, kw_only=True)
class Content:
    """The part of a video's upright pictures that is kept, in shares of their height and width.

    Attributes:
        top: Where it begins, from the upper edge, 0..1.
        bottom: Where it ends, from the upper edge, 0..1.
        left: Where it begins, from the left edge, 0..1.
        right: Where it ends, from the left edge, 0..1.
    """

    top: float = 0.0
    bottom: float = 1.0
    left: float = 0.0
    right: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.top < self.bottom <= 1 and 0 <= self.left < self.right <= 1):
            raise ValueError(f"{self} is no part of a picture; expected shares in 0..1, rising")


WHOLE = Content()
"""Everything, as where there are no bars."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameBatch:
    """Frames sampled from one video, upright, in presentation order.

    Attributes:
        frames: uint8 [T, H, W, 3], RGB.
        times: float64 [T], presentation time of each frame in seconds, not decreasing.
        sharpness: float32 [T], variance of the Laplacian of each frame's luma
            (Pech-Pacheco et al., 2000); low means blurred.
        numbers: int64 [T], which of the sampled frames these are, counted from 0; rising. All,
            but for the black ones left out.
        duration_seconds: Length of the video as decoded.
        num_black: How many sampled frames were left out because they were black.
        frames_decoded: How many frames the decoder had to produce for this batch. Each decoder
            begins with one; how many were at work side by side can differ between two calls.
        content: The part of the video's pictures that these show; the rest was bars.
    """

    frames: NDArray[np.uint8]
    times: NDArray[np.float64]
    sharpness: NDArray[np.float32]
    numbers: NDArray[np.int64]
    duration_seconds: float
    num_black: int = 0
    frames_decoded: int = 0
    content: Content = WHOLE

    def __post_init__(self) -> None:
        if self.frames.dtype != np.uint8 or self.frames.ndim != 4 or self.frames.shape[3] != 3:
            raise ValueError(
                f"frames is {self.frames.dtype} {self.frames.shape}; expected uint8 [T, H, W, 3]"
            )
        if len(self.frames) == 0:
            raise ValueError("frames is empty; expected at least one frame")
        for name in ("times", "sharpness", "numbers"):
            shape = getattr(self, name).shape
            if shape != (len(self.frames),):
                raise ValueError(f"{name} is {shape}; expected [{len(self.frames)}]")
        if np.any(np.diff(self.times) < 0):
            raise ValueError("times decrease; expected presentation order")
        if np.any(np.diff(self.numbers) <= 0):
            raise ValueError("numbers do not rise; expected each sampled frame once, in order")

    def __repr__(self) -> str:
        return (
            f"FrameBatch(frames=uint8{list(self.frames.shape)}, "
            f"times={self.times[0]:.3f}..{self.times[-1]:.3f} s, num_black={self.num_black})"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureSequence:
    """Feature sequence of one video, after multi-scale gathering.

    Attributes:
        features: float32 [T, D].
        times: float64 [T], the moment in seconds each step stands for.
    """

    features: NDArray[np.float32]
    times: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.features.dtype != np.float32 or self.features.ndim != 2:
            raise ValueError(
                f"features is {self.features.dtype} {self.features.shape}; expected float32 [T, D]"
            )
        if self.times.shape != (len(self.features),):
            raise ValueError(f"times is {self.times.shape}; expected [{len(self.features)}]")

    def __repr__(self) -> str:
        return f"FeatureSequence(features=float32{list(self.features.shape)})"


@dataclass(frozen=True, kw_only=True)
class VideoItem:
    """One labelled video of a library.

    Attributes:
        path: The file on disk.
        key: Path relative to the library, with ``/``: the video's name in every output.
        label: Name of its category.
        split: ``train``, ``val`` or ``test``; None until the library is split.
        group: Videos that must stay on one side of a split share a group.
        source_id: The recording the clip was cut from.
        subcategory: What kind of its category it is; empty where the library does not say.
    """

    path: str
    key: str
    label: str
    split: Split | None
    group: str
    source_id: str
    subcategory: str = ""


@dataclass(frozen=True, kw_only=True)
class ErrorRecord:
    """Why one input has no answer.

    Attributes:
        type: Stable class name of the error, e.g. ``NotAVideoError``.
        message: One line: what was found, what was expected, what to do next.
    """

    type: str
    message: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """The answer for one input: exactly one per input, right or failed.

    Attributes:
        path: The input, as given.
        category: Name of the most probable category, or ``Unclassified`` where the answer is
            withheld; None on failure.
        confidence: Probability of the most probable category, 0..1; None on failure.
        trust: How likely the answer is right, 0..1; None on failure, and from a bundle
            without trust statistics.
        label_set: Every category that cannot be ruled out at the wanted coverage, most
            probable first; None where no coverage was asked for.
        scores: Category name -> probability, adding up to 1; empty on failure.
        duration_seconds: Length of the video; None on failure.
        member_scores: One ``scores`` dictionary per ensemble member.
        frame_times: float64 [T], seconds.
        attention: float32 [T], weight of each step, adding up to 1, averaged over members.
        num_frames: Frames that the answer was given from.
        frames_decoded: Frames the decoder had to produce, in all looks at the video.
        frames_embedded: Frames whose features the answer was made from, in all looks. One that
            only repeats the frame before shares its features.
        tta: Whether test-time augmentation was used.
        error: None, or why there is no answer.
    """

    path: str
    category: str | None = None
    confidence: float | None = None
    trust: float | None = None
    label_set: tuple[str, ...] | None = None
    scores: dict[str, float] = field(default_factory=dict)
    duration_seconds: float | None = None
    member_scores: tuple[dict[str, float], ...] = ()
    frame_times: NDArray[np.float64] | None = None
    attention: NDArray[np.float32] | None = None
    num_frames: int = 0
    frames_decoded: int = 0
    frames_embedded: int = 0
    tta: bool = False
    error: ErrorRecord | None = None

    def __repr__(self) -> str:
        if self.error is not None:
            return f"Prediction({self.path!r}: {self.error.type}: {self.error.message})"
        scores = ", ".join(f"{name}={score:.3f}" for name, score in self.scores.items())
        trust = "" if self.trust is None else f", trust={self.trust:.3f}"
        return f"Prediction({self.path!r}: {self.category}{trust}, {scores})"

    def to_row(self) -> dict[str, Any]:
        """The machine-readable row: the keys every output format shares."""
        return {
            "path": self.path,
            "category": self.category,
            "confidence": self.confidence,
            "trust": self.trust,
            "label_set": None if self.label_set is None else list(self.label_set),
            "scores": dict(self.scores),
            "duration_seconds": self.duration_seconds,
            "frames_decoded": self.frames_decoded,
            "frames_embedded": self.frames_embedded,
            "error": None
            if self.error is None
            else {"type": self.error.type, "message": self.error.message},
        }
