"""Folds by group, for figures that are not scored on what they were fitted on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

NUM_FOLDS = 5

Rows = NDArray[np.int64]


def group_folds(
    groups: Sequence[str], right: NDArray[np.bool_], *, count: int = NUM_FOLDS
) -> Iterator[tuple[Rows, Rows]]:
    """Deals groups to folds, so that each fold has its share of wrong answers.

    Unlike scikit-learn's ``StratifiedGroupKFold`` it takes any number of groups; a single one
    gives one fold that fits and is held at once.

    Args:
        groups: Group of each of N videos; a group is never divided.
        right: bool [N], whether each is answered rightly.
        count: Number of folds, fewer where there are fewer groups.

    Yields:
        Rows to fit on and rows held out.
    """
    _, index = np.unique(np.asarray(groups), return_inverse=True)
    wrong = np.bincount(index, weights=~right)
    sizes = np.bincount(index)
    # Most wrong answers first, then the largest; dealt in turn, forth and back.
    order = np.lexsort((-sizes, -wrong))
    count = min(count, len(order))
    turn = np.concatenate([np.arange(count), np.arange(count)[::-1]])
    fold_of_group = np.empty(len(order), dtype=np.int64)
    fold_of_group[order] = np.resize(turn, len(order))
    fold = fold_of_group[index]
    for number in range(count):
        held = fold == number
        yield np.flatnonzero(~held if count > 1 else held), np.flatnonzero(held)
