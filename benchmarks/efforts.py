"""What a quick look costs and saves: accuracy and time of every `--effort` on the same real clips.

    python benchmarks/efforts.py CLIPS/manifest.csv -o benchmarks/results/efforts.json

The clips are done in portions, each by every effort in turn; a ratio of times is the median over
portions. The shipped bundle has learned from `val` clips too: with `--bundle` give one that has
not, trained without `--cross-fit`; its thresholds were fitted on `val`, from stored features.
"""

from __future__ import annotations

import argparse
import csv
import time
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import numpy as np
from provenance import write_result

from vidkind import SingleVideoClassifier
from vidkind.config import Effort
from vidkind.evaluation.paired import paired_test
from vidkind.evaluation.scores import ScoredSet, score
from vidkind.records import Prediction

EFFORTS: tuple[Effort, ...] = get_args(Effort)
PORTION = 20


def figures(effort: Effort, answers: list[Prediction], test: ScoredSet) -> dict:
    """Accuracy and work of one effort."""
    scores = np.array([list(answer.scores.values()) for answer in answers])
    return {
        **asdict(score(effort, scores, test)),
        "frames_decoded": float(np.mean([a.frames_decoded for a in answers])),
        "frames_embedded": float(np.mean([a.frames_embedded for a in answers])),
    }


def mixed_clips(manifest: Path, split: str) -> list[dict[str, str]]:
    """Rows of a split; clips of one category lie together, and mixed, portions are alike."""
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    return [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]


def main() -> None:
    """Answers every clip three times and writes one JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--split", default="val")
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    rows = mixed_clips(arguments.manifest, arguments.split)
    classifier = SingleVideoClassifier(arguments.bundle)
    answers: dict[Effort, list[Prediction]] = {effort: [] for effort in EFFORTS}
    seconds: dict[Effort, list[float]] = {effort: [] for effort in EFFORTS}
    for start in range(0, len(rows), PORTION):
        paths = [arguments.manifest.parent / row["path"] for row in rows[start : start + PORTION]]
        for effort in EFFORTS:
            begin = time.perf_counter()
            answers[effort] += classifier.classify_videos(paths, effort=effort)
            seconds[effort].append(time.perf_counter() - begin)
    names = classifier.categories
    labels = np.array([names.index(row["label"]) for row in rows])
    test = ScoredSet.create(labels, names, [row["source_id"] for row in rows], seed=0)
    right = {
        e: np.array([a.category for a in answers[e]]) == np.array(names)[labels] for e in EFFORTS
    }
    full = np.array(seconds["full"])
    write_result(
        arguments.output,
        {
            "split": arguments.split,
            "num_videos": len(rows),
            "rows": [
                {
                    **figures(effort, answers[effort], test),
                    "videos_per_second": len(rows) / sum(seconds[effort]),
                    "times_faster": float(np.median(full / np.array(seconds[effort]))),
                    "other_answers": int(
                        sum(
                            a.category != b.category
                            for a, b in zip(answers[effort], answers["full"], strict=True)
                        )
                    ),
                    "against_full": asdict(
                        paired_test(right[effort], right["full"], test.source_weights, test.draws)
                    ),
                }
                for effort in EFFORTS
            ],
        },
    )


if __name__ == "__main__":
    main()
