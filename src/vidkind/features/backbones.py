"""Backbones: uint8 frames in, one feature vector a frame out, whatever runs underneath."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vidkind.config import RuntimeOptions
from vidkind.errors import BackboneError
from vidkind.features.card import BackboneCard

TORCH_BACKBONES: tuple[str, ...] = (
    "efficientnet_v2_s",
    "efficientnet_v2_m",
    "resnet50",
    "resnet101",
    "mobilenet_v3_small",
)


class Backbone(Protocol):
    """What every backbone can do; preprocessing is its own business."""

    @property
    def card(self) -> BackboneCard:
        """Identity, input and output."""

    @property
    def parallel_calls(self) -> int:
        """Calls of ``embed`` at once that keep the machine busy; 1 where one call does."""

    @property
    def batch_size(self) -> int:
        """Frames a call is at its best with; ``embed`` takes any number."""

    @property
    def precision(self) -> str:
        """Number format of its arithmetic, e.g. ``float32``."""

    def embed(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeds frames; any number of threads may call at once.

        Args:
            frames: uint8 [B, H, W, 3], RGB, at the card's height and width.

        Returns:
            float32 [B, D].

        Raises:
            BackboneError: The frames do not have the card's size.
        """


def load_backbone(
    spec: str | Path, *, num_threads: int = 0, options: RuntimeOptions | None = None
) -> Backbone:
    """Loads a backbone by name (torch family) or by path (ONNX family).

    Args:
        spec: One of ``TORCH_BACKBONES``, or an ``.onnx`` file with its card beside it.
        num_threads: CPU threads that embed one video's frames; 0 takes all cores.
        options: Runtime and precision; None takes the defaults.

    Raises:
        BackboneError: No such name or file, or weights and card do not fit together.
        MissingExtraError: A torch backbone without the ``train`` extra, or OpenVINO is asked for
            without the ``openvino`` extra.
        DownloadError: Pretrained weights could not be fetched.
    """
    if Path(spec).suffix.lower() == ".onnx":
        from vidkind.features.backbones_onnx import OnnxBackbone

        return OnnxBackbone(Path(spec), num_threads=num_threads, options=options)
    if str(spec) in TORCH_BACKBONES:
        from vidkind.features.backbones_torch import TorchBackbone

        return TorchBackbone(str(spec), options=options)
    close = difflib.get_close_matches(str(spec), TORCH_BACKBONES, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    raise BackboneError(
        f"no backbone {str(spec)!r}; {hint}expected one of {', '.join(TORCH_BACKBONES)} "
        "or the path of an .onnx file with its card"
    )
