"""The table of benchmarks/README.md: every method on the same folds of the same real clips.

    python benchmarks/cross_validate.py benchmarks/realclips.h5 -o benchmarks/results/table.json

Five folds by group over all sources. Temporal models are trained for a fixed number of epochs, so
no fold's test videos choose anything; they are only watched. Every figure is per source, with
its interval; every row is compared with logistic regression on the same videos.
``--against`` names features of the same clips from another backbone, to compare with;
``--degraded`` adds degraded versions of training clips; ``--cross-fitted`` scores the ensembles of
a run of ``vidkind train --cross-fit`` out of fold, as the shipped bundle was trained, in place of
ensembles trained here.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from provenance import write_result
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedGroupKFold

from vidkind.evaluation.baselines import (
    logistic_regression_probabilities,
    majority_probabilities,
)
from vidkind.evaluation.evaluate import ensemble_view_probabilities
from vidkind.evaluation.paired import paired_test
from vidkind.evaluation.quick_look import quick_sequences
from vidkind.evaluation.scores import ScoredSet, score
from vidkind.features.splits import split_file
from vidkind.features.store import FeatureSet, read_features
from vidkind.inference.effort import QUICK_FRAMES
from vidkind.inference.tta import softmax
from vidkind.training import (
    LoadedMember,
    fold_folder,
    load_members,
    member_logits,
    read_cross_fit,
    train_ensemble,
)

NUM_FOLDS = 5
DEGRADED = " (with degraded)"
SHIPPED = "shipped recipe"
Method = Callable[[FeatureSet, FeatureSet], dict[str, np.ndarray]]


def folds(videos: FeatureSet, count: int, seed: int = 0):
    """(train rows, test rows) of a stratified split by group."""
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    yield from splitter.split(videos.labels, videos.labels, groups=videos.groups)


def temporal(preset: str, seeds: tuple[int, ...], prefix: str) -> Method:
    """Trains an ensemble on a fold: members, ensemble, ensemble with TTA, and a quick look."""

    def method(train: FeatureSet, test: FeatureSet) -> dict[str, np.ndarray]:
        with tempfile.TemporaryDirectory() as folder:
            train_ensemble(
                train, test, Path(folder),
                preset=preset, seeds=seeds, progress=False, dashboards=False,
            )  # fmt: skip
            members = load_members(Path(folder))
        return answers(members, test, prefix)

    return method


def answers(members: list[LoadedMember], test: FeatureSet, prefix: str) -> dict[str, np.ndarray]:
    """Probabilities of members, ensemble, ensemble with TTA, and of a quick look."""
    logits = lambda features, steps: member_logits(members, features, steps)  # noqa: E731
    plain = ensemble_view_probabilities(logits, test, use_tta=False)
    views = ensemble_view_probabilities(logits, test, use_tta=True)
    quick, steps = quick_sequences(test.features, test.num_frames)
    rows = {f"{prefix}, seed {m.seed}": p for m, p in zip(members, plain, strict=True)}
    return {
        **rows,
        f"{prefix}, ensemble": plain.mean(axis=0),
        f"{prefix}, ensemble + TTA": views.mean(axis=0),
        f"{prefix}, ensemble, {QUICK_FRAMES} frames": softmax(logits(quick, steps)).mean(axis=0),
    }


def cross_fitted(run: Path, videos: FeatureSet) -> dict[str, np.ndarray]:
    """What the ensembles of a cross-fitted run say of videos, each by one that lacks its group.

    The run may have learned from more videos, in folders of their own: paths are compared from
    their ends.
    """
    folds = read_cross_fit(run)
    if folds is None:
        raise SystemExit(f"{run} was not trained with --cross-fit")
    fold_of = {
        path[start:]: fold
        for path, fold in folds.fold_of.items()
        for start in (0, *(i + 1 for i, letter in enumerate(path) if letter == "/"))
    }
    number = np.array([fold_of[path] for path in videos.paths])
    found: dict[str, np.ndarray] = {}
    for fold in range(1, folds.num_folds + 1):
        rows = np.flatnonzero(number == fold)
        members = load_members(fold_folder(run, fold))
        for name, values in answers(members, videos.subset(rows), SHIPPED).items():
            shape = (len(videos), len(videos.categories))
            found.setdefault(name, np.full(shape, np.nan))[rows] = values
    return found


def with_degraded(method: Method, degraded: FeatureSet) -> Method:
    """The same method, which also learns from the degraded versions of its training videos."""

    def widened(train: FeatureSet, test: FeatureSet) -> dict[str, np.ndarray]:
        found = method(joined_degraded(train, degraded), test)
        return {f"{name}{DEGRADED}": values for name, values in found.items()}

    return widened


def joined_degraded(train: FeatureSet, degraded: FeatureSet) -> FeatureSet:
    """Training videos together with the degraded versions of these, and of no other."""
    known = set(train.paths)
    return train.joined(degraded.subset([i for i, p in enumerate(degraded.paths) if p in known]))


def metadata_only(table: dict[str, list[float]]) -> Method:
    """A random forest on width, height, frame rate, duration and bit rate."""

    def method(train: FeatureSet, test: FeatureSet) -> dict[str, np.ndarray]:
        forest = RandomForestClassifier(300, class_weight="balanced", random_state=0)
        forest.fit([table[path] for path in train.paths], train.labels)
        return {"metadata only": forest.predict_proba([table[path] for path in test.paths])}

    return method


def cross_validated(videos: FeatureSet, method: Method) -> tuple[dict[str, np.ndarray], float]:
    """Out-of-fold probabilities of every row a method gives, and the seconds it took."""
    found: dict[str, np.ndarray] = {}
    start = time.perf_counter()
    for train_rows, test_rows in folds(videos, NUM_FOLDS):
        train, test = videos.subset(train_rows), videos.subset(test_rows)
        for name, probabilities in method(train, test).items():
            shape = (len(videos), len(videos.categories))
            found.setdefault(name, np.full(shape, np.nan))[test_rows] = probabilities
    # A replaced seed has no figure in the other folds; it is part of the ensemble's.
    whole = {name: values for name, values in found.items() if not np.isnan(values).any()}
    return whole, time.perf_counter() - start


def learning_curve(videos: FeatureSet, shares: tuple[float, ...]) -> list[dict]:
    """Accuracy per source of logistic regression on a growing share of the training groups."""
    curve = []
    for share in shares:
        found = np.zeros((len(videos), len(videos.categories)))
        sources = []
        for number, (train_rows, test_rows) in enumerate(folds(videos, NUM_FOLDS)):
            groups = sorted({videos.groups[i] for i in train_rows})
            generator = np.random.default_rng(number)
            kept = set(generator.permutation(groups)[: round(share * len(groups))])
            rows = [i for i in train_rows if videos.groups[i] in kept]
            sources.append(len({videos.source_ids[i] for i in rows}))
            found[test_rows] = logistic_regression_probabilities(
                videos.subset(rows), videos.subset(test_rows)
            )
        accuracy = score("", found, scored_set(videos)).per_source.accuracy
        curve.append({"sources": float(np.mean(sources)), "accuracy": asdict(accuracy)})
    return curve


def scored_set(videos: FeatureSet) -> ScoredSet:
    """Labels, weights and bootstrap draws of the videos."""
    return ScoredSet.create(videos.labels, videos.categories, videos.source_ids, seed=0)


def read_origins(path: Path) -> dict[str, dict[str, str]]:
    """Origin, metadata and subcategory of each clip."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["path"]: row for row in csv.DictReader(file)}


def wrong_by_subcategory(
    videos: FeatureSet, probabilities: np.ndarray, origins: dict[str, dict[str, str]]
) -> list[dict]:
    """Which subcategories are mistaken for what, commonest first."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for path, label, answer in zip(
        videos.paths, videos.labels, probabilities.argmax(axis=1), strict=True
    ):
        if label != answer:
            names = videos.categories[label], videos.categories[answer]
            counts[(names[0], origins[path]["subcategory"], names[1])] += 1
    return [
        {"category": key[0], "subcategory": key[1], "answered": key[2], "clips": count}
        for key, count in counts.most_common()
    ]


def main() -> None:
    """Cross-validates every method and writes one JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--origins", type=Path, default=Path(__file__).parent / "realclips.csv")
    parser.add_argument("--against", type=Path, nargs="*", default=[], help="NAME=FOLDER ...")
    parser.add_argument("--degraded", type=Path, help="Feature file of vidkind extract --degraded.")
    parser.add_argument("--cross-fitted", type=Path, help="Run of vidkind train --cross-fit.")
    parser.add_argument("--seeds", default="42,43,44,45")
    arguments = parser.parse_args()
    videos, origins = read_features(arguments.features), read_origins(arguments.origins)
    columns = ("width", "height", "fps", "duration_s", "size_bytes")
    table = {path: [float(row[c]) for c in columns] for path, row in origins.items()}
    seeds = tuple(int(seed) for seed in arguments.seeds.split(","))

    def regression(train: FeatureSet, test: FeatureSet) -> dict[str, np.ndarray]:
        return {"logistic regression": logistic_regression_probabilities(train, test)}

    compact = [] if arguments.cross_fitted else [temporal("compact", seeds, "compact")]
    methods: list[tuple[FeatureSet, Method]] = [
        (videos, lambda train, test: {"majority class": majority_probabilities(train, len(test))}),
        (videos, metadata_only(table)),
        (videos, regression),
    ]
    if arguments.degraded:
        degraded = read_features(arguments.degraded)
        methods += [(videos, with_degraded(method, degraded)) for method in (regression, *compact)]
    else:
        methods += [(videos, method) for method in compact]
    for other in arguments.against:
        name, _, file = str(other).partition("=")
        methods.append((aligned(Path(file), videos), named_regression(name)))
    found: dict[str, np.ndarray] = {}
    seconds: dict[str, float] = {}
    for data, method in methods:
        rows, taken = cross_validated(data, method)
        found |= rows
        seconds |= dict.fromkeys(rows, taken)
        print(*rows, f"{taken:.0f} s", flush=True)
    shipped = "compact, ensemble" + (DEGRADED if arguments.degraded else "")
    if arguments.cross_fitted:
        rows = cross_fitted(arguments.cross_fitted, videos)
        found, seconds = found | rows, seconds | dict.fromkeys(rows, None)
        shipped = f"{SHIPPED}, ensemble"
    test = scored_set(videos)
    right = {name: values.argmax(axis=1) == videos.labels for name, values in found.items()}
    reference = "logistic regression"
    result = {
        "features": arguments.features.name,
        "num_videos": len(videos),
        "num_sources": len(set(videos.source_ids)),
        "rows": [
            {**asdict(score(name, p, test)), "seconds": seconds[name]} for name, p in found.items()
        ],
        "against_" + reference: {
            name: asdict(
                paired_test(right[name], right[reference], test.source_weights, test.draws)
            )
            for name in found
            if name != reference
        },
        "against_other_backbones": {
            name: asdict(paired_test(right[shipped], right[name], test.source_weights, test.draws))
            for name in found
            if " + logistic" in name
        },
        "learning_curve": learning_curve(videos, (0.125, 0.25, 0.5, 0.75, 1.0)),
        "wrong": wrong_by_subcategory(videos, found[shipped], origins),
        "shipped": shipped,
    }
    write_result(arguments.output, result)
    for row in result["rows"]:
        accuracy, f1 = row["per_source"]["accuracy"], row["per_source"]["f1_macro"]
        print(
            f"{row['name']:<36}{accuracy['value']:6.1f} "
            f"[{accuracy['low']:.1f}, {accuracy['high']:.1f}]   "
            f"F1 {f1['value']:.1f} [{f1['low']:.1f}, {f1['high']:.1f}]"
        )


def named_regression(name: str) -> Method:
    """Logistic regression on another backbone's features, under its own name."""
    return lambda a, b: {f"{name} + logistic regression": logistic_regression_probabilities(a, b)}


def aligned(folder: Path, videos: FeatureSet) -> FeatureSet:
    """Features of another extraction of the same clips, in the order of this one."""
    train, val = (read_features(split_file(folder, split)) for split in ("train", "val"))
    joined = train.joined(val)
    place = {path: i for i, path in enumerate(joined.paths)}
    return joined.subset([place[path] for path in videos.paths])


if __name__ == "__main__":
    main()
