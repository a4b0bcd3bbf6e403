"""Makes the int8 graph of a convolutional backbone, and checks it on frames it has not seen.

Static quantisation (Jacob et al., 2018, section 3) by ``onnxruntime.quantization``: activations
uint8 with the range they have on real frames, weights int8 with a scale a channel. The first
convolution, which sees the pixels, and all that follows the last one stay in float32: there
rounding costs most and saves least.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vidkind.errors import BackboneError, MissingExtraError
from vidkind.features.backbones_onnx import OnnxBackbone, OnnxRuntimeEngine
from vidkind.features.engines import Pixels, cosines
from vidkind.features.int8 import Int8Card, Ranges
from vidkind.files import atomic_path

try:
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process
except ImportError as error:
    raise MissingExtraError("onnx", "train") from error

LEAST_AGREEMENT = 0.99
"""Mean cosine with float32 features below which a graph is refused, unless asked otherwise."""

_QUANTIZED = ("Conv", "Add", "Clip", "Relu")
_BATCH = 8


def quantize_backbone(
    backbone: OnnxBackbone,
    calibration: Iterable[NDArray[np.uint8]],
    held_out: Iterable[NDArray[np.uint8]],
    output: Path,
    *,
    seed: int,
    least_agreement: float = LEAST_AGREEMENT,
) -> Int8Card:
    """Writes the int8 graph of a backbone.

    Ranges are the widest seen, so that nothing is cut off. Where that agrees too little, as with
    activations that have rare large values, they are tried again as the mean over batches.

    Args:
        backbone: The float32 backbone.
        calibration: Frames of each video that sets ranges: uint8 [T, H, W, 3], RGB.
        held_out: Frames of other videos, to check agreement on.
        output: File to write; the old one stays where anything fails.
        seed: Seed with which the videos were drawn, for the card.
        least_agreement: Mean cosine with the float32 features that is asked for, 0..1.

    Returns:
        The card, which the graph carries too.

    Raises:
        BackboneError: The graph has fewer than two convolutions, or agrees too little.
    """
    videos = [np.asarray(frames) for frames in calibration]
    checked = np.concatenate(list(held_out))
    exact = backbone.embed(checked)
    cards = []
    with tempfile.TemporaryDirectory(prefix="vidkind-int8-") as name:
        folded, made = Path(name) / "folded.onnx", Path(name) / "int8.onnx"
        # Folds constants: weights stored in half precision become plain ones.
        quant_pre_process(backbone.path, folded, skip_symbolic_shape=True)
        choices = _choices(folded, backbone.path)
        for ranges in get_args(Ranges):
            _quantize(folded, made, _Frames(backbone, videos), choices, ranges)
            rough = _run(OnnxRuntimeEngine(made, backbone.card), backbone, checked)
            agreement = cosines(exact, rough)
            card = Int8Card(
                float32_sha256=backbone.card.sha256,
                num_videos=len(videos),
                num_frames=sum(map(len, videos)),
                checked_frames=len(checked),
                mean_cosine=round(float(agreement.mean()), 5),
                least_cosine=round(float(agreement.min()), 5),
                seed=seed,
                made_by=f"onnxruntime {onnxruntime.__version__}",
                ranges=ranges,
            )
            if card.mean_cosine >= least_agreement:
                _save(made, card, output)
                return card
            cards.append(card)
    best = max(cards, key=lambda card: card.mean_cosine)
    raise BackboneError(
        f"int8 features of {backbone.path} agree with float32 to a cosine of "
        f"{best.mean_cosine:.4f} on {len(checked)} held-out frames; expected at least "
        f"{least_agreement}: calibrate with more videos of more kinds, or stay with float32"
    )


def _quantize(folded: Path, made: Path, frames: _Frames, choices: _Choices, ranges: Ranges) -> None:
    quantize_static(
        folded,
        made,
        frames,
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=list(_QUANTIZED),
        nodes_to_exclude=choices.left_out,
        extra_options={
            "TensorQuantOverrides": choices.overrides,
            "CalibMovingAverage": ranges == "mean",
        },
    )


@dataclass(frozen=True, kw_only=True)
class _Choices:
    """What is left out, by name of its node, and which weights take seven bits."""

    left_out: list[str]
    overrides: dict[str, list[dict[str, Any]]]


def _choices(folded: Path, path: Path) -> _Choices:
    """What to do with each node of the folded graph, whose nodes get names."""
    model = onnx.load(str(folded))
    graph = model.graph
    for number, node in enumerate(graph.node):
        node.name = node.name or f"node_{number}"
    onnx.save(model, str(folded))
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    if len(convolutions) < 2:
        raise BackboneError(
            f"{path} has {len(convolutions)} convolutions; expected a convolutional network: int8 "
            "is for those"
        )
    last = max(n for n, node in enumerate(graph.node) if node.op_type == "Conv")
    stored = {tensor.name for tensor in graph.initializer}
    constant = [node for node in convolutions[1:] if node.input[1] in stored]
    # The activation after the last convolution is fused with it.
    head = graph.node[last + 1 :]
    fused = {convolutions[-1].output[0]}
    left = [node.name for node in head if not fused & set(node.input)]
    return _Choices(left_out=[convolutions[0].name, *left], overrides=_seven_bits(constant))


def _seven_bits(convolutions: Iterable[Any]) -> dict[str, list[dict[str, Any]]]:
    """Half the range for weights that are multiplied in pairs.

    x86 processors without VNNI add two products of uint8 and int8 in 16 bits, which overflow
    (vpmaddubsw): with all eight bits features are wrong there. Depthwise convolutions do not
    use that instruction.
    """
    seven = {"axis": 0, "quant_type": QuantType.QInt8, "symmetric": True, "reduce_range": True}
    return {node.input[1]: [dict(seven)] for node in convolutions if _groups(node) == 1}


def _groups(node: Any) -> int:
    return next((a.i for a in node.attribute if a.name == "group"), 1)


class _Frames(CalibrationDataReader):  # type: ignore[misc]
    """Prepared frames, a small batch at a time."""

    def __init__(self, backbone: OnnxBackbone, videos: Iterable[NDArray[np.uint8]]) -> None:
        name, frames = backbone.card.input.name, np.concatenate(list(videos))
        self._batches: Iterator[Mapping[str, Pixels]] = iter(
            {name: backbone.prepare(frames[i : i + _BATCH])} for i in range(0, len(frames), _BATCH)
        )

    def get_next(self) -> Mapping[str, Pixels] | None:
        """The next batch, or None."""
        return next(self._batches, None)


def _run(
    engine: OnnxRuntimeEngine, backbone: OnnxBackbone, frames: NDArray[np.uint8]
) -> NDArray[np.float32]:
    parts = range(0, len(frames), _BATCH)
    return np.concatenate([engine.run(backbone.prepare(frames[i : i + _BATCH])) for i in parts])


def _save(made: Path, card: Int8Card, output: Path) -> None:
    model = onnx.load(str(made))
    used = {node.domain for node in model.graph.node}
    # The optimiser declares every set of operators it knows.
    sets = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(sets)
    onnx.helper.set_model_props(model, card.to_metadata())
    onnx.checker.check_model(model)
    with atomic_path(output) as temporary:
        onnx.save(model, str(temporary))
