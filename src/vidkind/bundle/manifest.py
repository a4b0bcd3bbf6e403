"""``bundle.json``: what is in a bundle and everything an answer depends on."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from typing import Any

from vidkind.config import MultiScaleOptions, SamplingOptions
from vidkind.errors import BackboneError, BundleError, ConfigError
from vidkind.features.card import BackboneCard
from vidkind.features.int8 import Int8Card

FORMAT_VERSION = 1
MANIFEST_NAME = "bundle.json"
BACKBONE_NAME = "backbone.onnx"
INT8_NAME = "backbone.int8.onnx"
TEMPORAL_NAME = "temporal.onnx"
TRUST_NAME = "trust.npz"
HEAD_NAME = "picture_head.json"


@dataclass(frozen=True, kw_only=True)
class TemporalCard:
    """The temporal graph.

    It takes ``features`` [B, T, D] and gives ``logits`` [M, B, K] and ``attention`` [M, B, T].

    Attributes:
        file: Name of the ONNX file.
        sha256: Hash of that file.
        architecture: Class name of the members.
        feature_dim: D.
        num_members: M.
        parameters_per_member: Trainable numbers of one member.
        seeds: Seed each member was trained with.
    """

    file: str
    sha256: str
    architecture: str
    feature_dim: int
    num_members: int
    parameters_per_member: int
    seeds: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class FileCard:
    """A further file of a bundle that has to be the one it was made with.

    Attributes:
        file: Name of the file.
        sha256: Hash of that file.
    """

    file: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Int8File:
    """The backbone's int8 graph.

    Attributes:
        file: Name of the ONNX file.
        sha256: Hash of that file.
        card: What it was made from, and how far it agrees with that.
    """

    file: str
    sha256: str
    card: Int8Card


@dataclass(frozen=True, kw_only=True)
class BundleManifest:
    """Content of ``bundle.json``.

    Attributes:
        categories: Names in label order.
        backbone: Card of ``backbone.onnx``.
        temporal: Card of ``temporal.onnx``.
        sampling: How frames are picked.
        multi_scale: Temporal scales.
        temperature: Divides the logits before softmax (Guo et al., 2017); 1 changes nothing.
        trust: Trust statistics fitted on validation data, ``trust.npz``: plain arrays; None in a
            bundle that knows nothing of trust.
        head: The backbone's picture head, for those who train further models on its features; None
            in a bundle whose members do not ask one. Answers do not need it.
        int8: The backbone's int8 graph; None in a bundle without.
        vidkind_version: Version that wrote the bundle.
        provenance: Where the training data and figures come from; free form.
        format_version: Version of this layout.
    """

    categories: tuple[str, ...]
    backbone: BackboneCard
    temporal: TemporalCard
    sampling: SamplingOptions
    multi_scale: MultiScaleOptions
    temperature: float = 1.0
    trust: FileCard | None = None
    head: FileCard | None = None
    int8: Int8File | None = None
    vidkind_version: str = "unknown"
    provenance: dict[str, Any] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        if self.backbone.feature_dim != self.temporal.feature_dim:
            raise BundleError(
                f"the backbone gives {self.backbone.feature_dim} features and the temporal "
                f"models expect {self.temporal.feature_dim}; they are not from one run"
            )
        if self.int8 is not None and self.int8.card.float32_sha256 != self.backbone.sha256:
            raise BundleError(
                f"the int8 graph was made from a backbone {self.int8.card.float32_sha256[:12]}..., "
                f"the bundle's is {self.backbone.sha256[:12]}...; make it again with: vidkind "
                "quantize"
            )
        if len(set(self.categories)) != len(self.categories) or len(self.categories) < 2:
            raise BundleError(
                f"categories are {list(self.categories)}; expected two or more different names"
            )
        if not 0 < self.temperature < math.inf:
            raise BundleError(f"temperature is {self.temperature}; expected a number above 0")

    @property
    def identity(self) -> str:
        """Hash of everything an answer depends on: other bundles have others."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """The manifest as JSON text."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @staticmethod
    def from_json(text: str) -> BundleManifest:
        """Reads a manifest.

        Raises:
            BundleError: Not JSON, another format version, or a key is missing or wrong.
        """
        try:
            data = json.loads(text)
            found = data["format_version"]
            if found != FORMAT_VERSION:
                raise BundleError(
                    f"the bundle has format version {found}; this vidkind reads {FORMAT_VERSION}; "
                    "make the bundle again or install the matching vidkind"
                )
            return _from_dict(data)
        except (ValueError, KeyError, TypeError, BackboneError, ConfigError) as error:
            raise BundleError(f"{MANIFEST_NAME} does not fit: {error!r}") from error


def _from_dict(data: dict[str, Any]) -> BundleManifest:
    scales = data["multi_scale"]
    temporal = data["temporal"]
    return BundleManifest(
        categories=_names(data["categories"]),
        backbone=BackboneCard.from_json(data["backbone"]),
        temporal=TemporalCard(**{**temporal, "seeds": tuple(temporal["seeds"])}),
        sampling=SamplingOptions.from_json(data["sampling"]),
        multi_scale=MultiScaleOptions(**{**scales, "scales": tuple(scales["scales"])}),
        temperature=float(data["temperature"]),
        trust=FileCard(**data["trust"]) if data.get("trust") else None,
        head=FileCard(**data["head"]) if data.get("head") else None,
        int8=_int8(data["int8"]) if data.get("int8") else None,
        vidkind_version=data["vidkind_version"],
        provenance=data["provenance"],
    )


def _names(data: Any) -> tuple[str, ...]:
    if not isinstance(data, list) or not all(isinstance(name, str) for name in data):
        raise TypeError(f"categories are {data!r}; expected a list of names")
    return tuple(data)


def _int8(data: dict[str, Any]) -> Int8File:
    return Int8File(**{**data, "card": Int8Card.from_json(data["card"])})
