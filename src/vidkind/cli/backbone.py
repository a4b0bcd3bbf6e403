"""Which backbone a command means."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vidkind.config import RuntimeOptions
    from vidkind.features import Backbone


def open_backbone(spec: str | None, options: RuntimeOptions | None = None) -> Backbone:
    """Opens a backbone by name or path; None means that of the shipped bundle."""
    from vidkind.features import load_backbone

    if spec is not None:
        return load_backbone(spec, options=options)
    from vidkind.bundle import load_bundle
    from vidkind.features.backbones_onnx import OnnxBackbone

    bundle = load_bundle()
    return OnnxBackbone(bundle.backbone_file, card=bundle.manifest.backbone, options=options)
