"""What a feature file says of its making, and the options read back out of it."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from vidkind.config import MultiScaleOptions, SamplingOptions
from vidkind.errors import FeatureFileError
from vidkind.features.backbones import Backbone
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.features.card import file_sha256


def feature_provenance(
    backbone: Backbone, sampling: SamplingOptions, multi_scale: MultiScaleOptions
) -> dict[str, Any]:
    """Everything that decides a feature sequence, as plain JSON types."""
    # Features in float32 are the same whatever computes them.
    computed = {} if backbone.precision == "float32" else {"precision": backbone.precision}
    if isinstance(backbone, OnnxBackbone) and backbone.precision == "int8":
        computed["int8_sha256"] = file_sha256(backbone.graph)
        computed["runtime"] = backbone.runtime
    return {
        **computed,
        "backbone": backbone.card.to_json(),
        "sampling": asdict(sampling),
        "multi_scale": {**asdict(multi_scale), "scales": list(multi_scale.scales)},
        "vidkind_version": version("vidkind"),
    }


def options_from_provenance(
    provenance: dict[str, Any],
) -> tuple[SamplingOptions, MultiScaleOptions]:
    """The options a feature file was made with, out of what ``feature_provenance`` gave.

    Raises:
        FeatureFileError: The file says nothing of its making, as published files do.
    """
    try:
        scales = provenance["multi_scale"]
        return (
            SamplingOptions.from_json(provenance["sampling"]),
            MultiScaleOptions(**{**scales, "scales": tuple(scales["scales"])}),
        )
    except (KeyError, TypeError) as error:
        raise FeatureFileError(
            f"the features do not say how they were made ({error}); extract them again with: "
            "vidkind extract"
        ) from error
