"""Two bundles on the same videos: who is better, by how much, is it real, which videos flip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkind.errors import BundleError, LibraryError, MissingExtraError
from vidkind.evaluation.intervals import Interval, weighted_share
from vidkind.evaluation.paired import paired_test
from vidkind.records import ErrorRecord, Prediction, VideoItem

try:
    from sklearn.metrics import confusion_matrix

    from vidkind.evaluation.result import Comparison
    from vidkind.evaluation.scores import ScoredSet, Scores, score
except ImportError as error:
    raise MissingExtraError("scikit-learn", "train") from error


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What answering cost.

    Attributes:
        num_videos: Videos that were timed.
        seconds: Wall-clock seconds for all of them, decoding included.
        num_frames: Frames that were embedded.
    """

    num_videos: int
    seconds: float
    num_frames: int

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            num_videos=self.num_videos + other.num_videos,
            seconds=self.seconds + other.seconds,
            num_frames=self.num_frames + other.num_frames,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Answered:
    """What one bundle said.

    Attributes:
        name: Row name.
        predictions: One a video, in the order of the library.
        cost: None where nothing was timed, as with rows from a file.
    """

    name: str
    predictions: tuple[Prediction, ...]
    cost: Cost | None = None


@dataclass(frozen=True, kw_only=True)
class Flip:
    """One video that the two answer differently.

    Attributes:
        path: Its key in the library.
        label: Its label.
        a: Answer of A.
        b: Answer of B.
        a_confidence: Probability A gives its answer, 0..1.
        b_confidence: Probability B gives its answer, 0..1.
    """

    path: str
    label: str
    a: str
    b: str
    a_confidence: float
    b_confidence: float


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One video that one of the two has no answer for; it is left out of every figure."""

    path: str
    name: str
    error: ErrorRecord


@dataclass(frozen=True, kw_only=True, eq=False)
class BundleComparison:
    """Everything one comparison found.

    Attributes:
        categories: Names in label order.
        rows: Scores of A and of B.
        comparison: The paired test of A against B.
        agreement: Share of sources (each weighs 1) that both answer alike, right or wrong.
        agreement_matrix: Clip counts [K, K]; rows are the answers of A, columns those of B.
        flips: Videos answered differently: first those only A has right, then only B, then
            neither.
        failures: Videos without an answer, one entry for each bundle that has none.
        costs: Cost of A and of B; None where nothing was timed.
        num_videos: Videos scored.
        num_sources: Sources they come from.
    """

    categories: tuple[str, ...]
    rows: tuple[Scores, Scores]
    comparison: Comparison
    agreement: Interval
    agreement_matrix: list[list[int]]
    flips: tuple[Flip, ...]
    failures: tuple[Failure, ...]
    costs: tuple[Cost | None, Cost | None]
    num_videos: int
    num_sources: int

    @property
    def summary(self) -> list[str]:
        """What it comes to, in sentences."""
        a, b = (row.name for row in self.rows)
        test, same = self.comparison.test, self.agreement
        neither = len(self.flips) - test.only_a_right - test.only_b_right
        lines = [
            f"{self.comparison.verdict}.",
            f"They answer {same.value:.1f} % of sources alike (95 % interval {same.low:.1f} to "
            f"{same.high:.1f} %).",
            f"{len(self.flips)} of {self.num_videos} videos flip: only {a} is right on "
            f"{test.only_a_right}, only {b} on {test.only_b_right}, neither on {neither}.",
        ]
        ms = [1000 * cost.seconds / cost.num_videos for cost in self.costs if cost is not None]
        if len(ms) == 2:
            lines.append(f"A video costs {a} {ms[0]:.0f} ms and {b} {ms[1]:.0f} ms here.")
        if self.failures:
            count = len({failure.path for failure in self.failures})
            lines.append(f"Videos without an answer from one or both, left out: {count}.")
        return lines

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "num_videos": self.num_videos,
            "num_sources": self.num_sources,
            "categories": list(self.categories),
            "summary": self.summary,
            "test": asdict(self.comparison.test),
            "rows": [asdict(row) for row in self.rows],
            "agreement": asdict(self.agreement),
            "agreement_matrix": self.agreement_matrix,
            "costs": [cost and asdict(cost) for cost in self.costs],
            "flips": [asdict(flip) for flip in self.flips],
            "failures": [asdict(failure) for failure in self.failures],
        }


def compare_answers(
    items: Sequence[VideoItem], a: Answered, b: Answered, *, seed: int = 0
) -> BundleComparison:
    """Compares what two bundles said of the same labelled videos.

    Args:
        items: The videos, with labels.
        a: One prediction a video.
        b: The same of the other bundle.
        seed: Seed of the bootstrap.

    Raises:
        BundleError: The two answer with different categories.
        LibraryError: No video has both answers, or a label is none of the categories.
    """
    failures = _failures(items, (a, b))
    failed = {failure.path for failure in failures}
    rows = [i for i, item in enumerate(items) if item.key not in failed]
    if not rows:
        raise LibraryError(
            f"none of {len(items)} videos was answered by both {a.name} and {b.name}: "
            + (failures[0].error.message if failures else "the library has no such videos")
        )
    kept = [items[i] for i in rows]
    said = [[answered.predictions[i] for i in rows] for answered in (a, b)]
    categories = _categories(a.name, said[0], b.name, said[1])
    labels = _labels(kept, categories)
    scored = ScoredSet.create(labels, categories, [item.source_id for item in kept], seed=seed)
    probabilities = [_probabilities(one, categories) for one in said]
    best = [p.argmax(axis=1) for p in probabilities]
    return BundleComparison(
        categories=categories,
        rows=(score(a.name, probabilities[0], scored), score(b.name, probabilities[1], scored)),
        comparison=_test(a.name, b.name, best[0] == labels, best[1] == labels, scored),
        agreement=weighted_share(best[0] == best[1], scored.source_weights),
        agreement_matrix=confusion_matrix(best[0], best[1], labels=range(len(categories))).tolist(),
        flips=_flips(kept, categories, best, probabilities),
        failures=failures,
        costs=(a.cost, b.cost),
        num_videos=len(kept),
        num_sources=len(set(scored.sources)),
    )


def _failures(items: Sequence[VideoItem], both: Sequence[Answered]) -> tuple[Failure, ...]:
    found = [
        (item.key, one.name, one.predictions[i].error)
        for i, item in enumerate(items)
        for one in both
    ]
    return tuple(Failure(path=k, name=name, error=e) for k, name, e in found if e is not None)


def _categories(
    a: str, said_a: Sequence[Prediction], b: str, said_b: Sequence[Prediction]
) -> tuple[str, ...]:
    first, second = tuple(said_a[0].scores), tuple(said_b[0].scores)
    if set(first) != set(second):
        raise BundleError(
            f"{a} answers with {', '.join(first)}, {b} with {', '.join(second)}; expected two "
            "bundles of the same categories"
        )
    return first


def _labels(items: Sequence[VideoItem], categories: Sequence[str]) -> NDArray[np.int64]:
    unknown = sorted({item.label for item in items} - set(categories))
    if unknown:
        raise LibraryError(
            f"the library has the category {unknown[0]!r}, the bundles answer with "
            f"{', '.join(categories)}; expected a library of these categories"
        )
    return np.array([categories.index(item.label) for item in items], dtype=np.int64)


def _probabilities(
    predictions: Sequence[Prediction], categories: Sequence[str]
) -> NDArray[np.float64]:
    return np.array([[p.scores[name] for name in categories] for p in predictions])


def _test(
    a: str, b: str, right_a: NDArray[np.bool_], right_b: NDArray[np.bool_], scored: ScoredSet
) -> Comparison:
    test = paired_test(right_a, right_b, scored.source_weights, scored.draws)
    return Comparison(a=a, b=b, test=test)


def _flips(
    items: Sequence[VideoItem],
    categories: Sequence[str],
    best: Sequence[NDArray[np.int64]],
    probabilities: Sequence[NDArray[np.float64]],
) -> tuple[Flip, ...]:
    flips = [
        Flip(
            path=items[i].key,
            label=items[i].label,
            a=categories[best[0][i]],
            b=categories[best[1][i]],
            a_confidence=float(probabilities[0][i].max()),
            b_confidence=float(probabilities[1][i].max()),
        )
        for i in np.flatnonzero(best[0] != best[1]).tolist()
    ]
    return tuple(sorted(flips, key=lambda f: (f.label != f.a, f.label != f.b, f.path)))
