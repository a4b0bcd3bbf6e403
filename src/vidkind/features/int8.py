"""The int8 graph of a backbone: where it lies, and what it says of its own making.

The card travels inside the graph, as metadata, so that one file says which float32 graph it was
made from and how far its features agree with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from vidkind.errors import BackboneError

METADATA_KEY = "vidkind.int8"

Ranges = Literal["widest", "mean"]


@dataclass(frozen=True, kw_only=True)
class Int8Card:
    """What an int8 graph was made from, and how far it agrees with that.

    Attributes:
        float32_sha256: Hash of the float32 graph, the one in the backbone's card.
        num_videos: Videos whose frames set the ranges of the activations.
        num_frames: Frames of those videos.
        checked_frames: Frames of other videos, on which agreement was checked.
        mean_cosine: Cosine of a frame's features with the float32 ones, mean over those frames.
        least_cosine: The same, of the frame that agrees least.
        seed: Seed with which the videos were drawn.
        made_by: Library and version.
        ranges: What the range of an activation is: ``widest`` of all frames, or ``mean`` of what
            is widest in each batch of them.
    """

    float32_sha256: str
    num_videos: int
    num_frames: int
    checked_frames: int
    mean_cosine: float
    least_cosine: float
    seed: int
    made_by: str
    ranges: Ranges = "widest"

    def to_metadata(self) -> dict[str, str]:
        """The card as metadata of an ONNX graph."""
        return {METADATA_KEY: json.dumps(asdict(self))}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Int8Card:
        """Reads a card; keys it does not know are ignored.

        Raises:
            BackboneError: A key is missing.
        """
        known = {field.name for field in fields(Int8Card)}
        try:
            return Int8Card(**{key: value for key, value in data.items() if key in known})
        except (TypeError, AttributeError) as error:
            raise BackboneError(
                f"card of an int8 graph does not fit: {error}; make the graph again with: "
                "vidkind quantize"
            ) from error

    @staticmethod
    def from_metadata(path: Path, metadata: Mapping[str, str]) -> Int8Card:
        """Reads the card out of a graph's metadata.

        Raises:
            BackboneError: The graph was not made by ``vidkind quantize``.
        """
        if METADATA_KEY not in metadata:
            raise BackboneError(
                f"{path} does not say which backbone it was made from; expected an int8 graph "
                "made by: vidkind quantize"
            )
        return Int8Card.from_json(json.loads(metadata[METADATA_KEY]))


def int8_path(weights: Path) -> Path:
    """Where the int8 graph of an ONNX backbone is expected: beside it, as ``.int8.onnx``."""
    return weights.with_suffix(".int8.onnx")
