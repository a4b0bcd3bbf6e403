"""Which backbone a name, a path or nothing at all means."""

from __future__ import annotations

from vidkind.bundle.reader import load_bundle
from vidkind.config import RuntimeOptions
from vidkind.features import Backbone, load_backbone
from vidkind.features.backbones_onnx import OnnxBackbone


def open_backbone(spec: str | None = None, options: RuntimeOptions | None = None) -> Backbone:
    """Opens a backbone by name or path; None means that of the shipped bundle.

    Raises:
        BackboneError: There is no such backbone, or its file and card do not fit together.
        BundleError: None was given and this installation carries no bundle.
    """
    if spec is not None:
        return load_backbone(spec, options=options)
    bundle = load_bundle()
    return OnnxBackbone(bundle.backbone_file, card=bundle.manifest.backbone, options=options)
