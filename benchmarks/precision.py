"""What int8 costs and saves: both precisions answer the same real clips in turn.

    python benchmarks/precision.py CLIPS/manifest.csv -o benchmarks/results/precision.json

ONNX Runtime alone. Cost of a frame: batches of eight frames of those clips on one core. Folder:
the clips in portions, decoded, embedded and answered by all workers; a ratio is the median over
pairs. Trust and its thresholds were fitted on float32 features.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from efforts import mixed_clips
from provenance import write_result

from vidkind import SingleVideoClassifier
from vidkind.bundle import load_bundle
from vidkind.config import Effort, Precision, RuntimeOptions, SamplingOptions
from vidkind.errors import ConfigError
from vidkind.evaluation.paired import paired_test
from vidkind.evaluation.scores import ScoredSet, score
from vidkind.features.engines import cosines
from vidkind.records import Prediction
from vidkind.video import sample_frames

PRECISIONS: tuple[Precision, ...] = ("float32", "int8")
EFFORTS: tuple[Effort, ...] = ("normal", "full")
MAX_ERRORS = (0.02, 0.03, 0.05, 0.1)
PORTION, BATCHES = 14, 24

Answers = dict[Precision, list[Prediction]]


def frame_cost(opened: dict[Precision, SingleVideoClassifier], paths: list[Path]) -> dict:
    """Processor time of a frame in both precisions, and how far their features agree."""
    backbones = [opened[precision].backbone for precision in PRECISIONS]
    spec = backbones[0].card.input
    options = SamplingOptions(num_frames=8)
    times, agreement = [], []
    for path in paths[: BATCHES + 1]:
        frames = sample_frames(path, height=spec.height, width=spec.width, options=options).frames
        pair, features = [], []
        for backbone in backbones:
            begin = time.thread_time()
            features.append(backbone.embed(frames))
            pair.append(1000 * (time.thread_time() - begin) / len(frames))
        times.append(pair)
        agreement += cosines(*features).tolist()
    pairs = times[1:]  # the first one warms up
    return {
        "ms_per_frame": dict(zip(PRECISIONS, map(statistics.median, zip(*pairs, strict=True)),
                                 strict=True)),
        "times_faster": statistics.median(a / b for a, b in pairs),
        "mean_cosine": statistics.fmean(agreement),
        "least_cosine": min(agreement),
        "num_frames": len(agreement),
    }  # fmt: skip


def answer_all(
    opened: dict[Precision, SingleVideoClassifier], paths: list[Path], effort: Effort
) -> tuple[Answers, dict]:
    """Answers of both precisions, and how fast they came."""
    answers: Answers = {precision: [] for precision in PRECISIONS}
    seconds: dict[Precision, list[float]] = {precision: [] for precision in PRECISIONS}
    for classifier in opened.values():
        list(classifier.classify_videos(paths[:4], effort=effort))
    for start in range(0, len(paths), PORTION):
        for precision, classifier in opened.items():
            begin = time.perf_counter()
            answers[precision] += classifier.classify_videos(
                paths[start : start + PORTION], effort=effort
            )
            seconds[precision].append(time.perf_counter() - begin)
    ratios = np.divide(*seconds.values())
    return answers, {
        "videos_per_second": {p: len(paths) / sum(times) for p, times in seconds.items()},
        "times_faster": float(np.median(ratios)),
        "times_faster_middle_half": np.quantile(ratios, [0.25, 0.75]).tolist(),
    }


def differences(answers: Answers, test: ScoredSet) -> dict:
    """What int8 changes about the answers."""
    before, after = answers["float32"], answers["int8"]
    names = np.array(test.categories)
    right = {p: np.array([a.category for a in answers[p]]) == names[test.labels] for p in answers}
    scores = {p: np.array([list(a.scores.values()) for a in answers[p]]) for p in answers}
    trust = np.array([[a.trust for a in answers[p]] for p in PRECISIONS])
    return {
        "other_answers": sum(a.category != b.category for a, b in zip(before, after, strict=True)),
        "accuracy": {p: asdict(score(p, scores[p], test)) for p in PRECISIONS},
        "against_float32": asdict(
            paired_test(right["int8"], right["float32"], test.source_weights, test.draws)
        ),
        "change_of_score": quantiles(np.abs(scores["int8"] - scores["float32"]).max(1)),
        "change_of_trust": quantiles(np.abs(trust[1] - trust[0])),
    }


def quantiles(values: np.ndarray) -> dict[str, float]:
    """Mean, median and largest."""
    found = {"mean": np.mean(values), "median": np.median(values), "largest": np.max(values)}
    return {name: float(value) for name, value in found.items()}


def thresholds(bundle: Path | None) -> dict[float, float]:
    """Wanted error -> least trust of an answer that is kept, where the bundle can promise it."""
    found = {}
    for max_error in MAX_ERRORS:
        with contextlib.suppress(ConfigError):
            point = SingleVideoClassifier(bundle, max_error=max_error).operating_point
            assert point is not None
            found[max_error] = point.threshold
    return found


def withheld(answers: Answers, labels: np.ndarray, max_error: float, threshold: float) -> dict:
    """Which answers are kept at the threshold of a wanted error, and how many of those err."""
    kept = {p: np.array([a.trust >= threshold for a in answers[p]]) for p in PRECISIONS}
    wrong = {p: np.array([a.category for a in answers[p]]) != labels for p in PRECISIONS}
    return {
        "max_error": max_error,
        "threshold": threshold,
        "withheld": {p: float(1 - kept[p].mean()) for p in PRECISIONS},
        "error_of_kept": {
            p: float(wrong[p][kept[p]].mean()) if kept[p].any() else 0.0 for p in PRECISIONS
        },
        "decided_otherwise": int((kept["int8"] != kept["float32"]).sum()),
    }


def main() -> None:
    """Measures both and writes one JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--split", default="val")
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    rows = mixed_clips(arguments.manifest, arguments.split)
    paths = [arguments.manifest.parent / row["path"] for row in rows]
    opened = {
        precision: SingleVideoClassifier(
            arguments.bundle, runtime=RuntimeOptions(runtime="onnxruntime", precision=precision)
        )
        for precision in PRECISIONS
    }
    names = opened["float32"].categories
    labels = np.array([row["label"] for row in rows])
    numbers = np.array([names.index(label) for label in labels])
    test = ScoredSet.create(numbers, names, [row["source_id"] for row in rows], seed=0)
    limits = thresholds(arguments.bundle)
    frame = frame_cost(opened, paths)
    efforts = {}
    for effort in EFFORTS:
        answers, speed = answer_all(opened, paths, effort)
        efforts[effort] = {**speed, **differences(answers, test)}
    card = load_bundle(arguments.bundle).manifest.int8
    assert card is not None
    write_result(
        arguments.output,
        {
            "split": arguments.split,
            "num_videos": len(rows),
            "int8": asdict(card),
            "frame": frame,
            "efforts": efforts,
            "withheld": [withheld(answers, labels, *limit) for limit in limits.items()],
        },
    )


if __name__ == "__main__":
    main()
