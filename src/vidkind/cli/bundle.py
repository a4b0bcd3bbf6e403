"""``vidkind bundle``: a trained run becomes something that answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vidkind.cli.options import existing_file, existing_folder

if TYPE_CHECKING:
    from vidkind.features import Backbone


@click.command("bundle", short_help="Turn a trained run into a bundle that answers.")
@click.argument("run", type=existing_folder)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True,
              help="Folder to make, or a name ending in .zip.")  # fmt: skip
@click.option("--backbone", help="Backbone the features were extracted with, by name or .onnx "
              "path. Default: the one the run was trained with.")  # fmt: skip
@click.option("--int8", type=existing_file, help="The backbone's int8 graph, made by vidkind "
              "quantize. Default: the one beside the backbone, if there is one.")  # fmt: skip
def bundle_command(run: Path, output: Path, backbone: str | None, int8: Path | None) -> None:
    """Export backbone and members of RUN to ONNX and write a bundle.

    The ONNX graphs are checked against torch; a bundle whose parts do not fit together is not
    written. Temperature and trust statistics are those that vidkind evaluate fitted on val.
    Use it with: vidkind classify clip.mp4 --bundle BUNDLE
    """
    from vidkind import __version__
    from vidkind.features.head import kept_head
    from vidkind.features.provenance import options_from_provenance
    from vidkind.training import load_members, read_run, saved_temperature, saved_trust
    from vidkind.training.export import export_bundle

    members = load_members(run)
    provenance = read_run(run)["provenance"]
    opened = _open_backbone(backbone, run, provenance)
    sampling, multi_scale = options_from_provenance(provenance)
    bundle = export_bundle(
        members,
        opened,
        output,
        categories=members[0].categories,
        sampling=sampling,
        multi_scale=multi_scale,
        temperature=saved_temperature(run),
        trust=saved_trust(run),
        int8=int8 or _int8_beside(opened),
        head=kept_head(run),
        version=__version__,
        provenance={"features": provenance, **_figures(run)},
    )
    size = sum(file.stat().st_size for file in bundle.folder.iterdir()) / 1e6
    click.echo(
        f"{output}: {bundle.manifest.temporal.num_members} members, "
        f"{', '.join(bundle.manifest.categories)}, {size:.1f} MB"
        f"{'' if bundle.int8_file is None else ', with an int8 graph'}"
    )
    if precision := provenance.get("precision"):
        click.echo(
            f"its models learned from {precision} features: answer with --precision {precision}, "
            "or extract and train in float32",
            err=True,
        )
    if bundle.trust_file is None:
        click.echo(
            "without trust statistics; fit them first with: vidkind evaluate RUN FEATURES", err=True
        )


def _open_backbone(spec: str | None, run: Path, provenance: dict[str, Any]) -> Backbone:
    """Opens the backbone and makes sure it is the one of the features."""
    from vidkind.cli.backbone import open_backbone
    from vidkind.errors import BundleError
    from vidkind.features import TORCH_BACKBONES
    from vidkind.features.splits import kept_backbone

    card = provenance["backbone"]
    named = card["name"] if card["name"] in TORCH_BACKBONES else None
    kept = kept_backbone(run)
    backbone = open_backbone(spec or named or (None if kept is None else str(kept)))
    if backbone.card.sha256 != card["sha256"]:
        raise BundleError(
            f"the features were made by {card['name']} ({card['sha256'][:12]}...), this is "
            f"{backbone.card.name} ({backbone.card.sha256[:12]}...); give it with --backbone"
        )
    return backbone


def _int8_beside(backbone: Backbone) -> Path | None:
    from vidkind.features.backbones_onnx import OnnxBackbone
    from vidkind.features.int8 import int8_path

    if not isinstance(backbone, OnnxBackbone):
        return None
    graph = int8_path(backbone.path)
    return graph if graph.is_file() else None


def _figures(run: Path) -> dict[str, Any]:
    """Evaluations saved in the run folder, to travel with the bundle, without file names."""
    from vidkind.training import read_evaluations

    return {
        name: {key: value for key, value in figures.items() if key != "label_suspects"}
        for name, figures in read_evaluations(run).items()
    }
