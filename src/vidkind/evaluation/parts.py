"""Which ensemble answers which videos: one for all, or one a fold where a run was cross-fitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vidkind.errors import FeatureFileError
from vidkind.evaluation.trust_fit import AttentionFunction, LogitsFunction, Observed
from vidkind.features.store import FeatureSet

Real = TypeVar("Real", np.float32, np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """An ensemble and the videos it answers.

    Attributes:
        rows: int64 [n], rows of the scored videos.
        logits: The ensemble.
        attention: Where it looks; None where trust is not wanted.
        train: What it was trained on, for baselines and distances; None where not at hand.
    """

    rows: NDArray[np.int64]
    logits: LogitsFunction
    attention: AttentionFunction | None = None
    train: FeatureSet | None = None


def fold_parts(
    held: Sequence[NDArray[np.int64]],
    videos: FeatureSet,
    ensemble: Callable[[int], tuple[LogitsFunction, AttentionFunction]],
) -> list[Part]:
    """The parts of a cross-fitted run: each fold with the ensemble trained on the others.

    Args:
        held: Rows of ``videos`` that each fold holds.
        videos: Every video of the run.
        ensemble: Number of a fold, from 1, to the ensemble trained without it.
    """
    parts = []
    for number, rows in enumerate(held, start=1):
        logits, attention = ensemble(number)
        train = videos.subset(np.setdiff1d(np.arange(len(videos)), rows))
        parts.append(Part(rows=rows, logits=logits, attention=attention, train=train))
    return parts


def ask(
    parts: Sequence[Part],
    videos: FeatureSet,
    question: Callable[[Part, FeatureSet], NDArray[Real]],
    *,
    axis: int,
) -> NDArray[Real]:
    """Puts a question to each part about its videos; the answers in the order of ``videos``.

    Args:
        parts: Their rows cover ``videos`` once.
        videos: N videos.
        question: (part, its videos) to an array with n videos along ``axis``.
        axis: Which axis counts videos.

    Raises:
        FeatureFileError: The parts differ in their number of members.
    """
    found = [question(part, videos.subset(part.rows)) for part in parts]
    if len({values.shape[:axis] for values in found}) > 1:
        counts = sorted({len(values) for values in found})
        raise FeatureFileError(
            f"the folds have {counts[0]} to {counts[-1]} live members; expected as many in each: "
            "train again with other seeds"
        )
    return np.concatenate(found, axis=axis).take(_places(parts), axis=axis)


def joined_observations(parts: Sequence[Part], observed: Sequence[Observed]) -> Observed:
    """What each part observed of its videos, in the order of the scored videos."""
    return Observed.joined(observed).subset(_places(parts))


def _places(parts: Sequence[Part]) -> NDArray[np.int64]:
    """Where each scored video is when the parts' videos lie one after the other."""
    return np.argsort(np.concatenate([part.rows for part in parts]))
