"""From a run folder to a bundle: backbone, members, head, temperature, trust and figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vidkind import __version__
from vidkind.bundle import Bundle
from vidkind.bundle.backbone import open_backbone
from vidkind.errors import BundleError
from vidkind.features import TORCH_BACKBONES, Backbone
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.features.head import kept_head
from vidkind.features.int8 import int8_path
from vidkind.features.provenance import options_from_provenance
from vidkind.features.splits import kept_backbone
from vidkind.training import (
    load_members,
    read_evaluations,
    read_run,
    saved_temperature,
    saved_trust,
)
from vidkind.training.export import export_bundle


def bundle_run(
    run_dir: Path, output: Path, *, backbone: str | None = None, int8: Path | None = None
) -> Bundle:
    """Exports backbone and members to ONNX and writes a bundle.

    Args:
        run_dir: Written by ``train_run``; temperature and trust are those that ``score_run`` kept.
        output: Folder to make, or a name ending in ``.zip``.
        backbone: Name or path of the backbone of the features; None takes the one that the run
            was trained with.
        int8: The backbone's int8 graph; None takes the one beside it, if there is one.

    Raises:
        CheckpointError: The folder is no run, or it is damaged.
        BundleError: The backbone is another one than the features' or not at hand, or the parts
            do not fit together.
    """
    members = load_members(run_dir)
    provenance = read_run(run_dir)["provenance"]
    opened = _backbone_of_features(backbone, run_dir, provenance)
    sampling, multi_scale = options_from_provenance(provenance)
    return export_bundle(
        members,
        opened,
        output,
        categories=members[0].categories,
        sampling=sampling,
        multi_scale=multi_scale,
        temperature=saved_temperature(run_dir),
        trust=saved_trust(run_dir),
        int8=int8 or _int8_beside(opened),
        head=kept_head(run_dir),
        version=__version__,
        provenance={"features": provenance, **_figures(run_dir)},
    )


def _backbone_of_features(spec: str | None, run_dir: Path, provenance: dict[str, Any]) -> Backbone:
    """Opens the backbone and makes sure it is the one of the features."""
    card = provenance["backbone"]
    named = card["name"] if card["name"] in TORCH_BACKBONES else None
    kept = kept_backbone(run_dir)
    backbone = open_backbone(spec or named or (None if kept is None else str(kept)))
    if backbone.card.sha256 != card["sha256"]:
        raise BundleError(
            f"the features were made by {card['name']} ({card['sha256'][:12]}...), this is "
            f"{backbone.card.name} ({backbone.card.sha256[:12]}...); give it with --backbone"
        )
    return backbone


def _int8_beside(backbone: Backbone) -> Path | None:
    if not isinstance(backbone, OnnxBackbone):
        return None
    graph = int8_path(backbone.path)
    return graph if graph.is_file() else None


def _figures(run_dir: Path) -> dict[str, Any]:
    """Evaluations kept in the run folder, to travel with the bundle, without file names."""
    return {
        name: {key: value for key, value in figures.items() if key != "label_suspects"}
        for name, figures in read_evaluations(run_dir).items()
    }
