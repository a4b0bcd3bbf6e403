"""From a trained student to a backbone anyone can run: an ONNX graph and its card.

In: a student and the corpus. Out: ``<name>.onnx`` (uint8 [B, H, W, 3] in, float32 [B, D] out;
normalisation and a fixed projection inside, batch normalisation folded away, weights stored as
float16) and ``<name>.json``.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

from vidkind.distillation.corpus import Corpus
from vidkind.distillation.student import Student, normalise
from vidkind.features import BackboneCard, InputSpec, file_sha256
from vidkind.features.card import card_path
from vidkind.files import atomic_path

_OPSET = 17
# Tensors below this size are left in float32: they save nothing.
_SMALLEST_HALVED = 256
_MAX_STILLS, _SEED, _BATCH = 2600, 11, 32


class Backbone(nn.Module):
    """What is exported: preprocessing, student, projection."""

    def __init__(self, student: Student, projection: nn.Linear) -> None:
        super().__init__()
        self.student = student
        self.projection = projection

    def forward(self, frames: Tensor) -> Tensor:
        """uint8 [B, H, W, 3] -> float32 [B, D]."""
        features: Tensor = self.projection(self.student(normalise(frames)))
        return features


def fit_projection(student: Student, corpus: Corpus, *, size: int, dim: int) -> nn.Linear:
    """The principal components of the pooled feature, mixed by a random rotation.

    Channels are brought to one deviation first (the rare ones to at most four times theirs). No
    label and no group is asked, so that figures of models downstream are not flattered by what
    the backbone knows of their videos. The components keep their own deviations; the rotation
    mixes them, so that a model that standardises each feature does not blow up the small ones.

    Args:
        student: The network, in evaluation mode.
        corpus: Up to 2,600 stills and one frame of each training clip are used, clean and degraded.
        size: Working size, pixels.
        dim: D, components kept.

    Returns:
        A linear layer [P -> D]; its outputs have mean 0 and variance about 1.
    """
    rows = _sample(corpus)
    versions = [corpus.rounds[0].pictures[rows, k] for k in (0, 1)]
    pooled = np.concatenate([pooled_features(student, pictures, size) for pictures in versions])
    mean, deviation = pooled.mean(0), pooled.std(0)
    deviation = np.maximum(deviation, max(1e-6, 0.25 * float(np.median(deviation))))
    features = (pooled - mean) / deviation
    matrix = _principal_directions(features)[:, :dim]
    matrix /= np.sqrt((features @ matrix).var(0).mean())
    matrix = (matrix / deviation[:, None]) @ _rotation(matrix.shape[1])
    projection = nn.Linear(*matrix.shape)
    with torch.no_grad():
        projection.weight.copy_(torch.from_numpy(matrix.T.copy()))
        projection.bias.copy_(torch.from_numpy(-mean @ matrix))
    return projection


def _rotation(dim: int) -> NDArray[Any]:
    """A random orthogonal matrix [D, D]."""
    drawn = np.random.default_rng(_SEED).standard_normal((dim, dim))
    return np.asarray(np.linalg.qr(drawn)[0])


def _principal_directions(features: NDArray[Any]) -> NDArray[Any]:
    """[N, P] of mean 0 -> [P, P], the direction of most variance first."""
    return np.asarray(np.linalg.eigh(features.T @ features)[1][:, ::-1])


def pooled_features(student: Student, pictures: NDArray[np.uint8], size: int) -> NDArray[Any]:
    """uint8 [N, S, S, 3] -> float64 [N, P] at the working size."""
    device = next(student.parameters()).device
    parts = []
    with torch.inference_mode():
        for i in range(0, len(pictures), _BATCH):
            x = normalise(torch.from_numpy(pictures[i : i + _BATCH]).to(device))
            x = F.interpolate(x, size=(size, size), mode="bilinear", antialias=True)
            parts.append(student(x).double().cpu().numpy())
    return np.concatenate(parts)


def _sample(corpus: Corpus) -> NDArray[np.int64]:
    is_clip = np.array([source.is_clip for source in corpus.sources])
    stills = np.flatnonzero(~is_clip)
    if len(stills) > _MAX_STILLS:
        rng = np.random.default_rng(_SEED)
        stills = np.sort(rng.choice(stills, _MAX_STILLS, replace=False))
    clips = [i for i in np.flatnonzero(is_clip) if corpus.sources[i].frame == 0]
    return np.concatenate([stills, np.array(clips, np.int64)])


def export_backbone(
    backbone: Backbone,
    path: Path,
    *,
    size: int,
    pretrained_on: str,
    name: str = "vidkind_compact",
    license_name: str = "Apache-2.0",
    source: str = "vidkind distill",
) -> BackboneCard:
    """Writes the graph and its card.

    Args:
        backbone: The network; it is put into evaluation mode, on the CPU.
        path: The ``.onnx`` file; the card goes beside it.
        size: Working size, pixels: height and width of the frames it will be given.
        pretrained_on: What it has learnt from, for the card.
        name: Name of the backbone.
        license_name: Licence of the weights.
        source: Where the weights come from.

    Returns:
        The card.
    """
    example = torch.zeros((2, size, size, 3), dtype=torch.uint8)
    with atomic_path(path) as temporary:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                backbone.cpu().eval(),
                (example,),
                str(temporary),
                dynamo=False,
                opset_version=_OPSET,
                input_names=["frames"],
                output_names=["features"],
                dynamic_axes={"frames": {0: "B"}, "features": {0: "B"}},
            )
        graph = onnx.load(str(temporary))
        store_as_half(graph)
        onnx.checker.check_model(graph)
        onnx.save(graph, str(temporary))
    card = BackboneCard(
        name=name,
        feature_dim=backbone.projection.out_features,
        input=InputSpec(height=size, width=size),
        sha256=file_sha256(path),
        file=path.name,
        pretrained_on=pretrained_on,
        license=license_name,
        source=source,
    )
    with atomic_path(card_path(path)) as temporary:
        temporary.write_text(json.dumps(card.to_json(), indent=1) + "\n", encoding="utf-8")
    return card


def store_as_half(model: Any) -> None:
    """Stores large float32 weights as float16, in place; a cast restores them when loaded.

    Half the file for the same speed: runtimes fold the casts once, at load time.
    """
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _SMALLEST_HALVED:
            continue
        stored = f"{tensor.name}_half"
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), stored))
        casts.append(
            helper.make_node(
                "Cast", [stored], [tensor.name], to=TensorProto.FLOAT, name=f"cast_{tensor.name}"
            )
        )
    for position, node in enumerate(casts):
        graph.node.insert(position, node)
