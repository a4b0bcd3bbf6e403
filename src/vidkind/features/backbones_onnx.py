"""The ONNX family of backbones: a graph and its card, run by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vidkind.errors import BackboneError
from vidkind.features.card import BackboneCard, file_sha256, read_card

# Small batches stay in the cache; larger ones were measured slower on CPUs.
_MAX_BATCH = 8


class OnnxBackbone:
    """A backbone in an ``.onnx`` file, checked against its card when loaded."""

    def __init__(
        self, path: Path, *, card: BackboneCard | None = None, num_threads: int = 0
    ) -> None:
        """Loads and checks the graph.

        Args:
            path: The ``.onnx`` file.
            card: Its card; read from the ``.json`` beside the file when not given.
            num_threads: Threads inside one operator; 0 lets the runtime decide.

        Raises:
            BackboneError: File or card is missing, or they do not fit together.
        """
        if not path.is_file():
            raise BackboneError(f"no backbone at {path}; expected an .onnx file with its card")
        self.path = path
        self._card = card or read_card(path)
        actual = file_sha256(path)
        if actual != self._card.sha256:
            raise BackboneError(
                f"{path} has SHA-256 {actual[:12]}..., its card says {self._card.sha256[:12]}...; "
                "restore the file or its card"
            )
        self._session = open_session(path, num_threads=num_threads)
        self._check_graph(path)

    @property
    def card(self) -> BackboneCard:
        """Identity, input and output."""
        return self._card

    def embed(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeds uint8 [B, H, W, 3] frames: float32 [B, D]; see ``Backbone.embed``."""
        self._card.check_frames(frames)
        spec = self._card.input
        parts = [
            self._session.run(
                [self._card.output], {spec.name: self._prepare(frames[i : i + _MAX_BATCH])}
            )[0]
            for i in range(0, len(frames), _MAX_BATCH)
        ]
        return np.concatenate(parts).reshape(len(frames), -1).astype(np.float32, copy=False)

    def _prepare(self, frames: NDArray[np.uint8]) -> NDArray[np.uint8] | NDArray[np.float32]:
        spec = self._card.input
        pixels = frames if spec.layout == "NHWC" else frames.transpose(0, 3, 1, 2)
        if spec.dtype == "uint8":
            return np.ascontiguousarray(pixels)
        return np.ascontiguousarray(pixels, dtype=np.float32) * np.float32(spec.scale) + np.float32(
            spec.offset
        )

    def _check_graph(self, path: Path) -> None:
        inputs = {node.name: node for node in self._session.get_inputs()}
        outputs = {node.name: node for node in self._session.get_outputs()}
        spec = self._card.input
        if list(inputs) != [spec.name] or self._card.output not in outputs:
            raise BackboneError(
                f"{path} has inputs {list(inputs)} and outputs {list(outputs)}; its card says "
                f"{spec.name!r} and {self._card.output!r}"
            )
        dim = outputs[self._card.output].shape[1]
        if isinstance(dim, int) and dim != self._card.feature_dim:
            raise BackboneError(
                f"{path} gives {dim} features, its card says {self._card.feature_dim}"
            )


def open_session(path: Path, *, num_threads: int = 0) -> onnxruntime.InferenceSession:
    """Opens an ONNX graph on the CPU.

    Raises:
        BackboneError: The file is no ONNX graph that this runtime can run.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.log_severity_level = 3
    # Waiting threads sleep: spinning ones would take the cores that decoding needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # the runtime raises several unrelated types
        raise BackboneError(
            f"{path} cannot be run by ONNX Runtime {onnxruntime.__version__}: "
            f"{str(error).splitlines()[0]}"
        ) from error
