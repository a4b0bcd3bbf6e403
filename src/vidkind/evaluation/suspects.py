"""Label suspects: videos whose label is probably wrong, by confident learning.

Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels"
(JAIR 2021): from probabilities that no video's own label had a part in, section 3 estimates
how many videos of each category carry another one's label, and section 4 picks them. cleanlab
does both; used is the rule ``C+NR``, which picks what both prunings agree on. The
probabilities are those of the logistic regression of ``baselines``, cross-validated by group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from vidkind.errors import FeatureFileError, MissingExtraError
from vidkind.evaluation.baselines import linear_probabilities, time_statistics
from vidkind.features.store import FeatureSet

try:
    from cleanlab.filter import find_label_issues
except ImportError as error:
    raise MissingExtraError("cleanlab", "train") from error

NUM_FOLDS = 5
_RULE = "both"


@dataclass(frozen=True, kw_only=True)
class LabelSuspect:
    """One video whose label is probably wrong.

    Attributes:
        path: Its key in the library.
        split: Split it is in.
        given: Its label.
        suggested: The most probable category.
        score: Probability of the given label, 0..1, without that label's help; low is suspect.
        suggested_probability: Probability of the suggested category, 0..1.
    """

    path: str
    split: str
    given: str
    suggested: str
    score: float
    suggested_probability: float


def find_suspects(
    splits: Mapping[str, FeatureSet], *, num_folds: int = NUM_FOLDS, seed: int = 0
) -> tuple[LabelSuspect, ...]:
    """Finds videos whose label is probably wrong, worst first.

    Args:
        splits: Split name -> its videos, of one extraction. All are judged together: labels
            are wrong in training data too.
        num_folds: Folds of the cross-validation; fewer where a category has fewer groups.
        seed: Seed of the folds.

    Raises:
        FeatureFileError: A category has fewer than two groups, so that without one of them
            nothing is known of it; or a fold leaves videos of a single category.
    """
    sets = list(splits.values())
    categories = sets[0].categories
    statistics = np.concatenate([time_statistics(s.features, s.num_frames) for s in sets])
    labels = np.concatenate([s.labels for s in sets])
    groups = np.concatenate([_groups(name, s) for name, s in splits.items()])
    folds = _num_folds(labels, groups, categories, num_folds)
    probabilities = _cross_validated(statistics, labels, groups, folds, len(categories), seed)
    paths = np.concatenate([_paths(s) for s in sets])
    names = np.repeat(list(splits), [len(s) for s in sets])
    found = find_label_issues(
        labels,
        probabilities,
        filter_by=_RULE,
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    best = probabilities.argmax(axis=1)
    return tuple(
        LabelSuspect(
            path=str(paths[i]),
            split=str(names[i]),
            given=categories[labels[i]],
            suggested=categories[best[i]],
            score=float(probabilities[i, labels[i]]),
            suggested_probability=float(probabilities[i, best[i]]),
        )
        for i in found
    )


def _paths(videos: FeatureSet) -> NDArray[np.str_]:
    """Names of the videos; in files that lack them, their numbers from 1."""
    return np.asarray(videos.paths or [f"video {i + 1}" for i in range(len(videos))])


def _groups(split: str, videos: FeatureSet) -> NDArray[np.str_]:
    """Groups of the videos; in files that lack them, every video has its own."""
    return np.asarray(videos.groups or [f"{split}: {path}" for path in _paths(videos)])


def _num_folds(
    labels: NDArray[np.int64],
    groups: NDArray[np.str_],
    categories: tuple[str, ...],
    wanted: int,
) -> int:
    per_category = [len(np.unique(groups[labels == k])) for k in range(len(categories))]
    fewest = int(np.argmin(per_category))
    if per_category[fewest] < 2:
        raise FeatureFileError(
            f"{categories[fewest]} has {per_category[fewest]} group of videos; expected 2 or more "
            "to cross-validate labels: add videos of it from elsewhere"
        )
    return min(wanted, per_category[fewest])


def _cross_validated(
    statistics: NDArray[np.float32],
    labels: NDArray[np.int64],
    groups: NDArray[np.str_],
    num_folds: int,
    num_categories: int,
    seed: int,
) -> NDArray[np.float64]:
    """Probabilities [N, K], each from a model that saw no video of the same group."""
    probabilities = np.zeros((len(labels), num_categories))
    splitter = StratifiedGroupKFold(num_folds, shuffle=True, random_state=seed)
    for train, test in splitter.split(labels, labels, groups=groups):
        if len(np.unique(labels[train])) < 2:
            raise FeatureFileError(
                "without one fold of groups a single category is left to learn from; expected "
                "groups of one category each, or more of them, to cross-validate labels"
            )
        probabilities[test] = linear_probabilities(
            statistics[train], labels[train], statistics[test], num_categories=num_categories
        )
    return probabilities
