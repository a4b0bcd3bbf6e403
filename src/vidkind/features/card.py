"""The card of a backbone: what it expects and gives, kept beside its weights as JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vidkind.errors import BackboneError
from vidkind.features.int8 import int8_path
from vidkind.files import atomic_path, copy_whole

KEPT_NAME = "backbone.onnx"


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """What a backbone takes; preprocessing travels with the weights.

    Attributes:
        name: Name of the graph input.
        layout: ``NCHW`` or ``NHWC``.
        color: Order of the channels; only ``RGB``.
        height: Rows, pixels.
        width: Columns, pixels.
        dtype: ``float32`` or ``uint8``.
        scale: Multiplied with the 0..255 pixel before ``offset`` is added (float32 inputs).
        offset: Added after ``scale`` (float32 inputs).
        resize: Interpolation the weights were trained with.
    """

    name: str = "frames"
    layout: Literal["NCHW", "NHWC"] = "NHWC"
    color: Literal["RGB"] = "RGB"
    height: int = 256
    width: int = 256
    dtype: Literal["float32", "uint8"] = "uint8"
    scale: float = 1.0
    offset: float = 0.0
    resize: str = "bilinear"

    def __post_init__(self) -> None:
        expected = {"layout": ("NCHW", "NHWC"), "color": ("RGB",), "dtype": ("float32", "uint8")}
        for field, allowed in expected.items():
            if getattr(self, field) not in allowed:
                raise BackboneError(
                    f"backbone card: input.{field} is {getattr(self, field)!r}; "
                    f"expected one of {', '.join(allowed)}"
                )


@dataclass(frozen=True, kw_only=True)
class BackboneCard:
    """Identity, input and output of a backbone.

    Attributes:
        name: Short name, e.g. ``efficientnet_v2_s``.
        feature_dim: D, length of one frame's feature vector.
        input: What it takes.
        sha256: Hash of the weights; provenance of every feature file and bundle.
        file: Name of the ONNX file; empty for a torch backbone.
        output: Name of the graph output.
        pretrained_on: Data the weights were trained on.
        license: Licence of the weights.
        source: Where the weights come from.
    """

    name: str
    feature_dim: int
    input: InputSpec
    sha256: str
    file: str = ""
    output: str = "features"
    pretrained_on: str = "unknown"
    license: str = "unknown"
    source: str = "unknown"

    def check_frames(self, frames: NDArray[np.uint8]) -> None:
        """Makes sure that frames are uint8 [B, H, W, 3] at the card's size.

        Raises:
            BackboneError: They are not.
        """
        wanted = (self.input.height, self.input.width, 3)
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1:] != wanted:
            raise BackboneError(
                f"frames are {frames.dtype} {list(frames.shape)}; {self.name} expects uint8 "
                f"[B, {wanted[0]}, {wanted[1]}, 3]"
            )

    def to_json(self) -> dict[str, Any]:
        """The card as plain JSON types."""
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> BackboneCard:
        """Reads a card; keys it does not know are ignored.

        Raises:
            BackboneError: A key is missing or has a value outside its domain.
        """
        try:
            known = {f.name for f in fields(BackboneCard)} - {"input"}
            values = {key: value for key, value in data.items() if key in known}
            spec_keys = {f.name for f in fields(InputSpec)}
            spec = InputSpec(**{k: v for k, v in data["input"].items() if k in spec_keys})
            return BackboneCard(input=spec, **values)
        except (KeyError, TypeError, AttributeError) as error:
            raise BackboneError(
                f"backbone card does not fit: {error}; expected the keys name, feature_dim, "
                "sha256 and input {name, layout, height, width, dtype, scale, offset}"
            ) from error


def keep_weights(source: Path, card: BackboneCard, folder: Path) -> Path:
    """Copies an ONNX backbone, its card and its int8 graph into a folder, as ``backbone.onnx``.

    Features, runs and bundles made with a backbone carry it along, so that a bundle can be
    made from a run without asking where the backbone was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / KEPT_NAME
    kept = json.dumps(replace(card, file=KEPT_NAME).to_json(), indent=1) + "\n"
    if (int8 := int8_path(source)).is_file():
        copy_whole(int8, int8_path(target))
    elif source != target:
        int8_path(target).unlink(missing_ok=True)  # of a backbone that was here before
    # The card first: weights are taken for whole wherever they are found.
    with atomic_path(card_path(target)) as temporary:
        temporary.write_text(kept, encoding="utf-8")
    copy_whole(source, target)
    return target


def card_path(weights: Path) -> Path:
    """Where the card of an ONNX file is expected: same name, ending ``.json``."""
    return weights.with_suffix(".json")


def read_card(weights: Path) -> BackboneCard:
    """Reads the card beside an ONNX file.

    Raises:
        BackboneError: The card is missing or does not fit.
    """
    path = card_path(weights)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BackboneError(
            f"no card beside {weights}; expected {path.name} with layout, scale and feature_dim"
        ) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BackboneError(f"{path} is not JSON: {error}") from error
    return BackboneCard.from_json(data)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
