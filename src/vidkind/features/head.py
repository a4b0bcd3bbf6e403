"""The head of a backbone: a linear classifier that tells the kind of a single picture.

It lies beside the weights as JSON, as the card does, and goes with them to features and runs.
Temporal models may take its opinion of every frame as one of several.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidkind.errors import BackboneError
from vidkind.features.card import KEPT_NAME
from vidkind.files import atomic_path

# So many digits give the same float32 again.
_DIGITS = 9


@dataclass(frozen=True, kw_only=True, eq=False)
class PictureHead:
    """Logits of one picture are ``weight @ features + bias``.

    Attributes:
        weight: float32 [K, D].
        bias: float32 [K].
        categories: Names of the K categories in index order.
        backbone_sha256: Hash of the backbone whose features it reads.
        num_pictures: Pictures it was fitted on.
        num_groups: Groups of pictures that look alike among them.
        left_out_recall: Percent of each category's pictures that heads fitted without their group
            recognise, each group counting as in the fit; mean over the categories.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    categories: tuple[str, ...]
    backbone_sha256: str
    num_pictures: int
    num_groups: int
    left_out_recall: float

    def __post_init__(self) -> None:
        classes = len(self.categories)
        if (
            self.weight.ndim != 2
            or self.weight.shape[0] != classes
            or self.bias.shape != (classes,)
        ):
            raise BackboneError(
                f"weight is {list(self.weight.shape)} and bias {list(self.bias.shape)}; expected "
                f"[{classes}, D] and [{classes}] for {classes} categories"
            )

    @property
    def feature_dim(self) -> int:
        """D, length of the feature vectors it reads."""
        return int(self.weight.shape[1])

    @property
    def sha256(self) -> str:
        """Hash of its numbers."""
        return hashlib.sha256(self.weight.tobytes() + self.bias.tobytes()).hexdigest()


def head_path(weights: Path) -> Path:
    """Where the head of an ONNX backbone is expected: beside it, as ``.head.json``."""
    return weights.with_suffix(".head.json")


def kept_head(folder: Path) -> Path | None:
    """The head that an extraction or a run keeps in its folder, if there is one."""
    path = head_path(folder / KEPT_NAME)
    return path if path.is_file() else None


def keep_head(head: PictureHead, folder: Path) -> None:
    """Keeps a head in the folder of features or of a run, where it is found again."""
    write_head(head_path(folder / KEPT_NAME), head)


def write_head(path: Path, head: PictureHead) -> None:
    """Writes a head as JSON, whole or not at all."""
    values = asdict(head)
    for name in ("weight", "bias"):
        values[name] = _rounded(values[name]).tolist()
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(values) + "\n", encoding="utf-8")


def _rounded(values: NDArray[np.float32]) -> NDArray[np.float64]:
    texts = [f"{value:.{_DIGITS}g}" for value in values.ravel()]
    return np.array(texts, dtype=np.float64).reshape(values.shape)


def read_head(path: Path) -> PictureHead:
    """Reads a head.

    Raises:
        BackboneError: No such file, damaged, or its parts do not fit together.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        for name in ("weight", "bias"):
            values[name] = np.array(values[name], dtype=np.float32)
        return PictureHead(**{**values, "categories": tuple(values["categories"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BackboneError(
            f"{path} is no picture head ({error}); expected a file made by: vidkind head"
        ) from error
