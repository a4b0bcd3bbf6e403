"""What a client may choose, and under which key an answer is kept.

The key is a hash of everything that the answer depends on.

Server and worker each make the key from what they run with, so that after a restart with
another bundle, or with a worker that has another one, no answer is taken for another's.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import get_args

import vidkind
from vidkind.bundle import Bundle
from vidkind.config import Effort
from vidkind.features import file_sha256
from vidkind.service.options import ServiceOptions

EFFORTS: tuple[Effort, ...] = get_args(Effort)


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a client may choose, for each video.

    Attributes:
        use_tta: Average over four views in time.
        effort: How much of the video is looked at.
    """

    use_tta: bool = False
    effort: Effort = "normal"


class OptionsKeys:
    """Keys of one bundle with one set of options."""

    def __init__(self, bundle: Bundle, options: ServiceOptions) -> None:
        """Reads the bundle's manifest once: what is in memory is what answers."""
        self._content = {
            "bundle": file_sha256(bundle.folder / "bundle.json"),
            "max_error": options.max_error,
            "coverage": options.coverage,
            "runtime": options.runtime,
            "precision": options.precision,
            "vidkind": vidkind.__version__,
        }

    def of(self, choices: Choices) -> str:
        """SHA-256 of everything but the file that an answer depends on."""
        content = {**self._content, **asdict(choices)}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def result_key(sha256: str, options_key: str) -> str:
    """Key of the answer for a file, given by its hash, with certain options."""
    return hashlib.sha256(f"{sha256}:{options_key}".encode()).hexdigest()
