"""The ensemble of temporal models: one graph, all members and equal-length views in one call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidkind.errors import BundleError
from vidkind.features.backbones_onnx import open_session
from vidkind.inference.trust import segment_indices
from vidkind.inference.tta import ensemble_probabilities, softmax, tta_views

# The operators of a compact member are too short to be worth waking a second thread.
_SMALL_GRAPH_BYTES = 64 << 20


@dataclass(frozen=True, kw_only=True, eq=False)
class EnsembleAnswer:
    """What the ensemble says about one feature sequence.

    Attributes:
        scores: float64 [K], softmax averaged over members and views.
        member_scores: float64 [M, K], softmax averaged over views.
        attention: float32 [T], of the unchanged sequence, averaged over members.
    """

    scores: NDArray[np.float64]
    member_scores: NDArray[np.float64]
    attention: NDArray[np.float32]


class TemporalEnsemble:
    """All members of a bundle in one ONNX graph."""

    def __init__(
        self,
        path: Path,
        *,
        num_members: int,
        temperature: float = 1.0,
        num_threads: int = 0,
        feature_dim: int | None = None,
        num_categories: int | None = None,
    ) -> None:
        """Opens the graph.

        Args:
            path: ONNX file: ``features`` [B, T, D] in, ``logits`` [M, B, K] and
                ``attention`` [M, B, T] out.
            num_members: M, as the manifest says.
            temperature: Divides the logits before softmax.
            num_threads: Threads inside one operator; 0 takes one for a small graph and lets
                the runtime decide for a large one.
            feature_dim: D to expect; None takes any.
            num_categories: K to expect; None takes any.

        Raises:
            BackboneError: The file is no ONNX graph that this runtime can run.
            BundleError: The graph has other inputs or outputs, or another M, D or K.
        """
        if path.stat().st_size < _SMALL_GRAPH_BYTES:
            num_threads = num_threads or 1
        self._session = open_session(path, num_threads=num_threads)
        self._check_graph(path, {"M": num_members, "D": feature_dim, "K": num_categories})
        self._temperature = temperature

    def run(self, features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Runs all members on sequences of one length.

        Args:
            features: float32 [B, T, D].

        Returns:
            Logits float32 [M, B, K] and attention float32 [M, B, T].
        """
        logits, attention = self._session.run(["logits", "attention"], {"features": features})
        return logits, attention

    def answer(self, features: NDArray[np.float32], *, use_tta: bool = False) -> EnsembleAnswer:
        """Answers for one feature sequence float32 [T, D], with or without TTA.

        Views of equal length share a call; softmax is averaged over members, then views.
        """
        views = tta_views(features) if use_tta else {"original": features}
        probabilities, attention = [], None
        for length in sorted({len(view) for view in views.values()}):
            names = [name for name, view in views.items() if len(view) == length]
            logits, weights = self.run(np.stack([views[name] for name in names]))
            probabilities.append(softmax(logits / self._temperature))
            if "original" in names:
                attention = weights[:, names.index("original")].mean(axis=0)
        assert attention is not None, "the unchanged sequence is always a view"
        members = np.concatenate(probabilities, axis=1).mean(axis=1)
        return EnsembleAnswer(
            scores=members.mean(axis=0), member_scores=members, attention=attention
        )

    def segment_scores(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """What the ensemble says about stretches of a sequence alone: [T, D] to [S, K]."""
        logits, _ = self.run(features[segment_indices(len(features))])
        return ensemble_probabilities(logits / self._temperature)

    def _check_graph(self, path: Path, expected: dict[str, int | None]) -> None:
        inputs = [node.name for node in self._session.get_inputs()]
        outputs = [node.name for node in self._session.get_outputs()]
        if inputs != ["features"] or outputs != ["logits", "attention"]:
            raise BundleError(
                f"{path} has inputs {inputs} and outputs {outputs}; expected ['features'] and "
                "['logits', 'attention']"
            )
        members, _, categories = self._session.get_outputs()[0].shape
        found = {"M": members, "D": self._session.get_inputs()[0].shape[2], "K": categories}
        for axis, size in found.items():
            # Axes without a fixed size have a name instead.
            if isinstance(size, int) and expected[axis] not in (size, None):
                raise BundleError(
                    f"{path} has {axis} = {size}, its bundle says {expected[axis]}; expected files "
                    "of one bundle: make it again with: vidkind bundle"
                )
