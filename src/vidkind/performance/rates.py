"""What each step costs on this machine: a few rates, and a video's forecast made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkind.performance.dry_run import OPENINGS, Decoding

# Codecs that are not measured cost what this one does; it is the commonest.
FALLBACK_CODEC = "h264"


@dataclass(frozen=True)
class CodecRates:
    """Seconds of one core that decoding takes, while all cores are busy.

    Attributes:
        frame: A decoded frame, whatever its size.
        megapixel: 1e6 decoded pixels.
        megabyte: 1e6 bytes of stored frames: the entropy decoder goes through every bit.
        seek: Starting anew from a key frame.
        picture: A sampled frame's resize, whatever its size.
        picture_megapixel: 1e6 pixels of a sampled frame.
    """

    frame: float
    megapixel: float
    megabyte: float
    seek: float
    picture: float
    picture_megapixel: float

    def seconds(self, decoding: Decoding, megapixels: float) -> float:
        """Seconds for what a dry run counted, of frames of so many 1e6 pixels."""
        costs = np.array([getattr(self, f.name) for f in fields(self)])
        return float(quantities(decoding, megapixels) @ costs)


def quantities(decoding: Decoding, megapixels: float) -> NDArray[np.float64]:
    """How often each of the six costs of ``CodecRates`` arises, float64 [6]."""
    frames, pictures = decoding.frames_decoded + OPENINGS, decoding.pictures
    return np.array(
        [
            frames,
            frames * megapixels,
            decoding.bytes_decoded / 1e6,
            decoding.seeks,
            pictures,
            pictures * megapixels,
        ],
        np.float64,
    )


def fit_codec(rows: Sequence[NDArray[np.float64]], seconds: Sequence[float]) -> CodecRates:
    """The rates that explain measured times best, none of them negative.

    Least squares of relative errors; what comes out negative is taken for zero and the rest
    fitted again.

    Args:
        rows: ``quantities`` of each measurement.
        seconds: What it took.
    """
    times = np.asarray(seconds, np.float64)
    matrix = np.stack(rows) / times[:, None]
    kept = list(range(matrix.shape[1]))
    solution = np.zeros(matrix.shape[1])
    while kept:
        found, *_ = np.linalg.lstsq(matrix[:, kept], np.ones(len(times)), rcond=None)
        if (found >= 0).all():
            solution[kept] = found
            break
        kept.pop(int(found.argmin()))
    return CodecRates(*solution.tolist())


@dataclass(frozen=True, kw_only=True)
class MachineRates:
    """Rates of one machine with one backbone, measured while all its cores were busy.

    Attributes:
        key: What they hold for: machine, versions, backbone, workers.
        date: When they were measured, ISO 8601.
        open: Seconds to open a file and read its index.
        embed: Seconds of one core to embed a frame.
        answer: Seconds of one core for the temporal models' answer.
        answer_tta: The same with test-time augmentation.
        spread: How much repeated measurements differ: half the middle half, relative.
        codecs: Rates of each codec that was measured.
    """

    key: str
    date: str
    open: float
    embed: float
    answer: float
    answer_tta: float
    spread: float
    codecs: dict[str, CodecRates] = field(default_factory=dict)

    def of_codec(self, codec: str) -> CodecRates:
        """Rates of a codec; those of the commonest one where it was not measured."""
        return self.codecs.get(codec) or self.codecs[FALLBACK_CODEC]

    def decode_seconds(self, decoding: Decoding, codec: str, megapixels: float) -> float:
        """Seconds of one core until a video's pictures are there."""
        return self.open + self.of_codec(codec).seconds(decoding, megapixels)

    def embed_seconds(self, decoding: Decoding) -> float:
        """Seconds of one core to embed a video's pictures, each different one once."""
        return self.embed * decoding.pictures

    def to_json(self) -> dict[str, Any]:
        """The rates as plain JSON types."""
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> MachineRates:
        """Reads what ``to_json`` gave.

        Raises:
            KeyError, TypeError: It is something else.
        """
        codecs = {name: CodecRates(**rates) for name, rates in data["codecs"].items()}
        return MachineRates(**{**data, "codecs": codecs})
