"""From a trained run to a bundle: torch modules become ONNX graphs that give the same numbers."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vidkind.bundle import Bundle, BundleManifest, FileCard, TemporalCard, write_bundle
from vidkind.bundle.manifest import BACKBONE_NAME, TEMPORAL_NAME, TRUST_NAME
from vidkind.config import MultiScaleOptions, SamplingOptions
from vidkind.errors import BundleError
from vidkind.features.backbones import Backbone
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.features.card import BackboneCard, file_sha256
from vidkind.files import copy_whole
from vidkind.inference.ensemble import TemporalEnsemble
from vidkind.training.layers import TemporalModel
from vidkind.training.members import LoadedMember

TOLERANCE = 1e-4
_OPSET = 18


class StackedMembers(nn.Module):
    """All members as one module, so that an answer is one call of one graph."""

    def __init__(self, members: Sequence[TemporalModel]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self._calls = [member.forward_with_attention for member in members]

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Full sequences [B, T, D] in; logits [M, B, K] and attention [M, B, T] out."""
        logits, attention = zip(*(call(features) for call in self._calls), strict=True)
        return torch.stack(logits), torch.stack(attention)


def export_temporal(members: Sequence[TemporalModel], feature_dim: int, path: Path) -> None:
    """Writes all members as one ONNX graph with free batch and length.

    Raises:
        BundleError: The graph does not give torch's numbers within ``TOLERANCE``.
    """
    stacked = StackedMembers(members).eval()
    _export(
        stacked,
        torch.randn(2, 9, feature_dim),
        path,
        inputs={"features": {0: "batch", 1: "time"}},
        outputs={"logits": {1: "batch"}, "attention": {1: "batch", 2: "time"}},
    )
    ensemble = TemporalEnsemble(path, num_members=len(members))
    for shape in ((1, 1), (3, 73), (2, 109)):
        values = torch.randn(*shape, feature_dim)
        with torch.inference_mode():
            expected = stacked(values)
        found = ensemble.run(values.numpy())
        _check_equal("temporal models", [e.numpy() for e in expected], found)


def export_backbone(backbone: Backbone, path: Path) -> BackboneCard:
    """Writes a backbone as ONNX: an ONNX backbone is copied, a torch one is exported.

    Returns:
        The card of the written file.

    Raises:
        BundleError: The graph does not give torch's numbers within ``TOLERANCE``.
    """
    card = backbone.card
    if isinstance(backbone, OnnxBackbone):
        copy_whole(backbone.path, path)
        return replace(card, file=path.name)
    frames = torch.randint(0, 256, (2, card.input.height, card.input.width, 3), dtype=torch.uint8)
    module: nn.Module = backbone.module.cpu().eval()  # type: ignore[attr-defined]
    _export(
        module,
        frames,
        path,
        inputs={card.input.name: {0: "batch"}},
        outputs={card.output: {0: "batch"}},
    )
    written = replace(card, file=path.name, sha256=file_sha256(path))
    with torch.inference_mode():
        expected = module(frames).numpy()
    _check_equal(card.name, [expected], [OnnxBackbone(path, card=written).embed(frames.numpy())])
    return written


def export_bundle(
    members: Sequence[LoadedMember],
    backbone: Backbone,
    output: Path,
    *,
    categories: Sequence[str],
    sampling: SamplingOptions,
    multi_scale: MultiScaleOptions,
    temperature: float = 1.0,
    trust: Path | None = None,
    int8: Path | None = None,
    head: Path | None = None,
    version: str,
    provenance: dict[str, Any],
) -> Bundle:
    """Exports backbone and members, checks both against torch, and writes the bundle.

    ``trust`` is a file of trust statistics fitted at this temperature, ``int8`` the backbone's
    int8 graph, ``head`` the picture head that the members ask.

    Raises:
        BackboneError: ``int8`` was not made by ``vidkind quantize``.
        BundleError: Backbone and members do not fit together, or a graph gives other numbers.
    """
    models = [member.model for member in members]
    feature_dim = backbone.card.feature_dim
    trained_dim = members[0].feature_dim
    if trained_dim != feature_dim:
        raise BundleError(
            f"the members were trained on {trained_dim} features, {backbone.card.name} gives "
            f"{feature_dim}; give the backbone the features were extracted with"
        )
    with tempfile.TemporaryDirectory(prefix="vidkind-export-") as folder:
        temporal_file, backbone_file = Path(folder, TEMPORAL_NAME), Path(folder, BACKBONE_NAME)
        export_temporal(models, feature_dim, temporal_file)
        manifest = BundleManifest(
            categories=tuple(categories),
            backbone=export_backbone(backbone, backbone_file),
            temporal=_temporal_card(members, feature_dim, temporal_file),
            sampling=sampling,
            multi_scale=multi_scale,
            temperature=temperature,
            trust=None if trust is None else _trust_card(trust),
            vidkind_version=version,
            provenance=provenance,
        )
        return write_bundle(
            output,
            manifest=manifest,
            backbone=backbone_file,
            temporal=temporal_file,
            trust=trust,
            int8=int8,
            head=head,
        )


def _trust_card(file: Path) -> FileCard:
    return FileCard(file=TRUST_NAME, sha256=file_sha256(file))


def _temporal_card(members: Sequence[LoadedMember], feature_dim: int, file: Path) -> TemporalCard:
    return TemporalCard(
        file=file.name,
        sha256=file_sha256(file),
        architecture=type(members[0].model).__name__,
        feature_dim=feature_dim,
        num_members=len(members),
        parameters_per_member=members[0].num_parameters,
        seeds=tuple(-1 if member.seed is None else member.seed for member in members),
    )


def _export(
    module: nn.Module,
    example: Tensor,
    path: Path,
    *,
    inputs: dict[str, dict[int, str]],
    outputs: dict[str, dict[int, str]],
) -> None:
    """Exports a module; ``inputs`` and ``outputs`` name the free axes of each tensor."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's remarks on its own internals
        # The newer exporter unrolls an LSTM over the example's length; this one keeps it whole.
        torch.onnx.export(
            module,
            (example,),
            str(path),
            dynamo=False,
            opset_version=_OPSET,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={**inputs, **outputs},
        )


def _check_equal(
    name: str, expected: Sequence[np.ndarray[Any, Any]], found: Sequence[np.ndarray[Any, Any]]
) -> None:
    worst = max(float(np.abs(e - f).max()) for e, f in zip(expected, found, strict=True))
    if not worst <= TOLERANCE:
        raise BundleError(
            f"the ONNX graph of {name} differs from torch by {worst:.1e}; expected at most "
            f"{TOLERANCE:.0e}; this is a fault of the exporter, try another torch version"
        )
