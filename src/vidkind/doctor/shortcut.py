"""The metadata-only probe: how well a file's header alone, without a picture, gives the label.

In: labelled headers. Out: accuracy per source under group cross-validation with its interval,
beside chance, for all fields and for each alone. What predicts the label here can be learnt in
place of the content, and fails on other people's files (Geirhos et al., "Shortcut Learning in
Deep Neural Networks", Nature Machine Intelligence 2020).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkind.dataset.groups import joined_groups
from vidkind.doctor.findings import Evidence, Finding
from vidkind.errors import MissingExtraError
from vidkind.evaluation.intervals import Interval
from vidkind.records import VideoInfo, VideoItem

try:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import StratifiedGroupKFold

    from vidkind.evaluation.scores import ScoredSet, Scores, score
except ImportError as error:
    raise MissingExtraError("scikit-learn", "train") from error

_TREES, _SINGLE_TREES = 100, 10
_MOST_FOLDS, _FEWEST_FOLDS = 5, 3
# Trees learn no more of six fields from further videos.
_VIDEOS_PER_TREE = 5000
# Points above chance, beyond the interval, from which the header is a shortcut.
_FAR = 10.0
_FAR_F1 = 20.0

REMEDY = (
    "make the files alike before training, for example: ffmpeg -i IN -t 5 -vf scale=-2:360,fps=25 "
    "-c:v libx264 -crf 23 -an OUT.mp4; train on degraded versions too: "
    "vidkind extract --degraded 2; test on files of another origin"
)


@dataclass(frozen=True, kw_only=True)
class FieldScore:
    """What one field of the header is worth by itself.

    Attributes:
        accuracy: Percent, per source.
        f1: Category -> F1 in percent, per source.
    """

    accuracy: float
    f1: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class MetadataProbe:
    """How far the header alone predicts the label; percent, every source weighing 1.

    Attributes:
        accuracy: Of a random forest on all fields.
        chance: Accuracy of always naming the commonest category.
        f1: Category -> F1 with its interval.
        chance_f1: Category -> F1 of always naming it.
        fields: Field -> what it is worth alone, best first.
        num_sources: Sources scored.
        folds: Folds of the cross-validation, by group.
    """

    accuracy: Interval
    chance: float
    f1: dict[str, Interval]
    chance_f1: dict[str, float]
    fields: dict[str, FieldScore]
    num_sources: int
    folds: int

    @property
    def far_above_chance(self) -> bool:
        """Whether the whole interval lies well above chance."""
        return self.accuracy.low > self.chance + _FAR

    @property
    def told_apart(self) -> tuple[str, ...]:
        """Categories that the header tells from all others."""
        return tuple(n for n, f1 in self.f1.items() if f1.low > self.chance_f1[n] + _FAR_F1)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {**asdict(self), "told_apart": list(self.told_apart)}


def probe_metadata(
    items: Sequence[VideoItem], infos: Sequence[VideoInfo], *, seed: int = 0
) -> MetadataProbe | None:
    """Predicts the label from width, height, frame rate, length, bit rate and codec alone.

    Args:
        items: The videos.
        infos: Their headers, in the same order.
        seed: Seed of the folds, the forests and the bootstrap.

    Returns:
        The probe; None where a category has fewer than three groups.
    """
    categories = sorted({item.label for item in items})
    labels = np.array([categories.index(item.label) for item in items])
    groups = np.array(joined_groups([i.group for i in items], [i.source_id for i in items]))
    folds = min(_MOST_FOLDS, *(len(set(groups[labels == k])) for k in range(len(categories))))
    if folds < _FEWEST_FOLDS:
        return None
    scored = ScoredSet.create(labels, categories, [item.source_id for item in items], seed=seed)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    parts = list(splitter.split(labels, labels, groups))
    fields = header_fields(infos)

    def result(names: Sequence[str], trees: int) -> Scores:
        table = np.column_stack([fields[name] for name in names])
        return score("metadata", _out_of_fold(table, scored, parts, trees, seed), scored)

    together = result(list(fields), _TREES)
    alone = {name: result([name], _SINGLE_TREES) for name in fields}
    shares = np.bincount(labels, scored.source_weights) / scored.source_weights.sum()
    return MetadataProbe(
        accuracy=together.per_source.accuracy,
        chance=100 * float(shares.max()),
        f1={name: found.f1_interval for name, found in together.classes.items()},
        chance_f1={n: 200 * float(q / (1 + q)) for n, q in zip(categories, shares, strict=True)},
        fields=_best_first(alone),
        num_sources=len(set(scored.sources)),
        folds=folds,
    )


def header_fields(infos: Sequence[VideoInfo]) -> dict[str, NDArray[np.float64]]:
    """Name -> float64 [N, columns] of every field; NaN where a header does not say."""
    codecs = [name for name, _ in Counter(info.codec for info in infos).most_common()]
    seconds = _column(info.duration_seconds for info in infos)
    bits = _column(8.0 * info.size_bytes for info in infos)
    return {
        "width": _column(info.width for info in infos),
        "height": _column(info.height for info in infos),
        "frame rate": _column(info.fps for info in infos),
        "length": seconds,
        "bit rate": bits / np.where(seconds > 0, seconds, np.nan),
        "codec": np.array([[float(info.codec == name) for name in codecs] for info in infos]),
    }


def shortcut_findings(probe: MetadataProbe) -> Iterator[Finding]:
    """A warning where the header gives the label away."""
    if not (probe.far_above_chance or probe.told_apart):
        return
    apart = f"; it tells apart {', '.join(probe.told_apart)}" if probe.told_apart else ""
    yield Finding(
        severity="warning",
        code="metadata-predicts-label",
        message=f"size, frame rate, length, bit rate and codec alone give the label of "
        f"{probe.accuracy} % of sources, chance is {probe.chance:.1f} %{apart}",
        remedy=REMEDY,
        evidence=(*_apart(probe), *_alone(probe)),
    )


def _alone(probe: MetadataProbe) -> Iterator[Evidence]:
    for name, field in probe.fields.items():
        yield Evidence(
            detail=f"{name} alone: {field.accuracy:.1f} %",
            values={"field": name, "accuracy": field.accuracy},
        )


def _apart(probe: MetadataProbe) -> Iterator[Evidence]:
    for category in probe.told_apart:
        name, field = max(probe.fields.items(), key=lambda pair: pair[1].f1[category])
        yield Evidence(
            detail=f"{category}: F1 {probe.f1[category]}, by {name} alone "
            f"{field.f1[category]:.1f}, chance {probe.chance_f1[category]:.1f}",
            values={"category": category, "field": name, "f1": probe.f1[category].value},
        )


def _out_of_fold(
    table: NDArray[np.float64],
    scored: ScoredSet,
    parts: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
    trees: int,
    seed: int,
) -> NDArray[np.float64]:
    """Probabilities [N, K] of each video from the folds it is not in."""
    probabilities = np.zeros((len(table), len(scored.categories)))
    for train, test in parts:
        forest = RandomForestClassifier(
            trees,
            max_samples=min(len(train), _VIDEOS_PER_TREE),
            class_weight="balanced",
            random_state=seed,
        )
        forest.fit(table[train], scored.labels[train], scored.source_weights[train])
        probabilities[np.ix_(test, forest.classes_)] = forest.predict_proba(table[test])
    return probabilities


def _best_first(alone: dict[str, Scores]) -> dict[str, FieldScore]:
    found = {
        name: FieldScore(
            accuracy=scores.per_source.accuracy.value,
            f1={category: c.f1 for category, c in scores.classes.items()},
        )
        for name, scores in alone.items()
    }
    return dict(sorted(found.items(), key=lambda pair: -pair[1].accuracy))


def _column(values: Any) -> NDArray[np.float64]:
    column = np.array([np.nan if v is None else v for v in values], np.float64)
    return column.reshape(-1, 1)
