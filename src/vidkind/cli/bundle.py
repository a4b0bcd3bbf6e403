"""``vidkind bundle``: a trained run becomes something that answers."""

from __future__ import annotations

from pathlib import Path

import click

from vidkind.cli.options import existing_file, existing_folder


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
    from vidkind.runs import bundle_run

    bundle = bundle_run(run, output, backbone=backbone, int8=int8)
    size = sum(file.stat().st_size for file in bundle.folder.iterdir()) / 1e6
    click.echo(
        f"{output}: {bundle.manifest.temporal.num_members} members, "
        f"{', '.join(bundle.manifest.categories)}, {size:.1f} MB"
        f"{'' if bundle.int8_file is None else ', with an int8 graph'}"
    )
    if precision := bundle.manifest.provenance["features"].get("precision"):
        click.echo(
            f"its models learned from {precision} features: answer with --precision {precision}, "
            "or extract and train in float32",
            err=True,
        )
    if bundle.trust_file is None:
        click.echo(
            "without trust statistics; fit them first with: vidkind evaluate RUN FEATURES", err=True
        )
