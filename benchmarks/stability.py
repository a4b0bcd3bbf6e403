"""Do answers survive re-encoding, and does the bundle read pictures rather than metadata?

    python benchmarks/stability.py CLIPS/manifest.csv -o benchmarks/results/stability.json

Re-encodes the clips of one split in nine ways, asks the bundle about each, and reports the
share of answers that flip. The uniform re-encoding (same size, rate, length and quality for
every clip) gives the shortcut test: accuracy on it beside the original's, and a probe that
sees only width, height, fps, duration and bit rate before and after.
"""

from __future__ import annotations

import argparse
import csv
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np
from provenance import write_result
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from transforms import TRANSFORMS, UNIFORM, apply

from vidkind import SingleVideoClassifier
from vidkind.evaluation.intervals import wilson
from vidkind.video import probe

ALL = {**TRANSFORMS, "uniform": UNIFORM}


def reencode(job: tuple[str, Path, Path]) -> Path:
    """One clip, one re-encoding, in a process of its own."""
    name, clip, folder = job
    return apply(ALL[name], clip, folder / name.replace(" ", "_").replace("%", "percent"))


def metadata(path: Path) -> list[float]:
    """What a file says about itself: width, height, fps, duration, bit rate."""
    info = probe(path)
    seconds = info.duration_seconds or 0.0
    return [info.width, info.height, info.fps or 0, seconds, info.size_bytes / max(seconds, 0.1)]


def probe_accuracy(paths: list[Path], labels: np.ndarray, groups: list[str]) -> dict:
    """Accuracy of a random forest that sees metadata only, by group cross-validation."""
    table = np.array([metadata(path) for path in paths])
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    forest = RandomForestClassifier(300, class_weight="balanced", random_state=0)
    found = cross_val_predict(forest, table, labels, groups=groups, cv=folds)
    majority = np.bincount(labels).max() / len(labels)
    accuracy = wilson(int(np.sum(found == labels)), len(labels))
    return {"accuracy": asdict(accuracy), "majority_percent": 100 * majority}


def main() -> None:
    """Runs the whole comparison and writes one JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--split", default="val")
    parser.add_argument("--work", type=Path, default=Path("results/stability"))
    arguments = parser.parse_args()
    with arguments.manifest.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == arguments.split]
    clips = [arguments.manifest.parent / row["path"] for row in rows]
    classifier = SingleVideoClassifier(arguments.bundle)
    labels = np.array([classifier.categories.index(row["label"]) for row in rows])
    groups = [row["group"] for row in rows]
    original = answers(classifier, clips)
    result = {"num_clips": len(clips), "original": accuracy(original, labels), "transforms": {}}
    with ProcessPoolExecutor() as pool:
        for name in ALL:
            jobs = [(name, clip, arguments.work) for clip in clips]
            changed = list(pool.map(reencode, jobs, chunksize=4))
            found = answers(classifier, changed)
            flips = wilson(int(np.sum(found != original)), len(clips))
            result["transforms"][name] = {
                "flipped": asdict(flips),
                "accuracy": accuracy(found, labels),
            }
            print(
                f"{name:<18} flipped {flips} %   accuracy {accuracy(found, labels)['value']:.1f} %"
            )
    result["metadata_probe_original"] = probe_accuracy(clips, labels, groups)
    result["metadata_probe_uniform"] = probe_accuracy(changed, labels, groups)
    result["bundle"] = classifier.bundle.manifest.temporal.sha256
    write_result(arguments.output, result)


def answers(classifier: SingleVideoClassifier, paths: list[Path]) -> np.ndarray:
    """Category index of every file; -1 where there is no answer."""
    names = [*classifier.categories]
    return np.array(
        [names.index(p.category) if p.category else -1 for p in classifier.classify_videos(paths)]
    )


def accuracy(found: np.ndarray, labels: np.ndarray) -> dict:
    """Accuracy per clip with its Wilson interval."""
    return asdict(wilson(int(np.sum(found == labels)), len(labels)))


if __name__ == "__main__":
    main()
