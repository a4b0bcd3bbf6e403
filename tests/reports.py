"""A small evaluation and a small comparison, with everything a report can show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.clips import render
from tests.features import CATEGORIES, drawn_features
from vidkind.evaluation.compare import Answered, BundleComparison, Cost, compare_answers
from vidkind.evaluation.evaluate import evaluate
from vidkind.evaluation.result import ENSEMBLE, Evaluation
from vidkind.evaluation.suspects import find_suspects
from vidkind.features.store import FeatureSet
from vidkind.records import ErrorRecord, Prediction, VideoItem
from vidkind.report import EvaluationMaterial

HOSTILE = "<script>alert('1')</script> & \"$x_{1$\" </title>.mp4"
BROKEN = "broken.mp4"
NUM_VIDEOS = 48


def mean_rule(features: np.ndarray, num_frames: np.ndarray) -> np.ndarray:
    """Two members: how near the mean over time is to each class's own, sharp and blunt."""
    train = drawn_features(80, seed=5)
    means = train.features.sum(axis=1) / train.num_frames[:, None]
    centres = np.stack([means[train.labels == k].mean(axis=0) for k in range(len(CATEGORIES))])
    mean = features.sum(axis=1) / num_frames[:, None]
    near = -np.linalg.norm(mean[:, None] - centres, axis=2)
    return np.stack([2 * near, near]).astype(np.float32)


def loudness(features: np.ndarray, num_frames: np.ndarray) -> np.ndarray:
    """Attention [2, N, T] that follows the size of the features."""
    weights = np.linalg.norm(features, axis=2)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.stack([weights, weights]).astype(np.float32)


def small_evaluation() -> tuple[Evaluation, FeatureSet]:
    """An evaluation of the rule, with trust; the first wrong answer has a name that is HTML."""
    test, train = drawn_features(NUM_VIDEOS, seed=2, noise=9), drawn_features(80, seed=1, noise=9)
    result = evaluate(
        mean_rule,
        test,
        categories=CATEGORIES,
        train=train,
        member_names=("member 1 (seed 42)", "member 2 (seed 43)"),
        temperature=None,
        attention=loudness,
    )
    names = [f"{CATEGORIES[k]}/clip {i}.mp4" for i, k in enumerate(test.labels)]
    wrong = np.flatnonzero(result.probabilities[ENSEMBLE].argmax(axis=1) != test.labels)
    names[wrong[0]], names[wrong[1]] = HOSTILE, BROKEN
    times = np.tile(np.arange(test.max_frames, dtype=np.float32), (NUM_VIDEOS, 1)) / 4
    return result, replace(test, paths=tuple(names), times=times)


def history(epochs: int = 6) -> dict[str, list]:
    """A training history of a member."""
    rise = np.linspace(40, 80, epochs)
    return {
        "train_loss": (2 - rise / 50).tolist(),
        "val_loss": (2.2 - rise / 50).tolist(),
        "train_acc": (rise + 10).tolist(),
        "val_acc": rise.tolist(),
    }


def evaluation_material(folder: Path) -> EvaluationMaterial:
    """Everything an evaluation report is made from; every video is at hand, one is broken."""
    result, test = small_evaluation()
    clip = render(folder / "clip.mp4", 12)
    broken = folder / BROKEN
    broken.write_bytes(b"not a video")
    return EvaluationMaterial(
        result=result,
        test=test,
        split="val",
        run_name="run & <b>more</b>",
        attention=lambda values, steps: loudness(values, steps).mean(axis=0),
        histories={"member 1 (seed 42)": history(), "member 2 (seed 43)": history(4)},
        kept_epochs={"member 1 (seed 42)": 5, "member 2 (seed 43)": 4},
        suspects=find_suspects({"val": test}),
        videos={**dict.fromkeys(test.paths or (), clip), BROKEN: broken},
        version="0.0",
    )


def prediction(path: str, category: str, confidence: float = 0.7) -> Prediction:
    """An answer with the rest of the probability spread evenly."""
    rest = (1 - confidence) / (len(CATEGORIES) - 1)
    scores = {name: confidence if name == category else rest for name in CATEGORIES}
    return Prediction(path=path, category=category, confidence=confidence, scores=scores)


def failed(path: str) -> Prediction:
    """No answer."""
    return Prediction(path=path, error=ErrorRecord(type="NotAVideoError", message="<not> a video"))


def items(count: int = 24) -> list[VideoItem]:
    """Labelled videos, two clips a source; the first has a name that is HTML."""
    names = [HOSTILE, *(f"clip {i}.mp4" for i in range(1, count))]
    return [
        VideoItem(
            path=f"library/{name}",
            key=name,
            label=CATEGORIES[i // 2 % len(CATEGORIES)],
            split="val",
            group=f"group {i // 2}",
            source_id=f"source {i // 2}",
        )
        for i, name in enumerate(names)
    ]


def small_comparison(wrong_a: int = 1, wrong_b: int = 15, failures: int = 1) -> BundleComparison:
    """A has the last ``wrong_a`` videos wrong, B the first ``wrong_b``; then some fail in B."""
    videos = items()
    said_a = [prediction(v.path, v.label) for v in videos]
    said_b = list(said_a)
    for i in range(wrong_b):
        said_b[i] = prediction(videos[i].path, _another(videos[i].label), 0.6)
    for i in range(1, wrong_a + 1):
        said_a[-i] = prediction(videos[-i].path, _another(videos[-i].label), 0.5)
    for i in range(failures):
        said_b[wrong_b + i] = failed(videos[wrong_b + i].path)
    cost = Cost(num_videos=24, seconds=12.0, num_frames=24 * 64)
    return compare_answers(
        videos,
        Answered(name="old <b>", predictions=tuple(said_a), cost=cost),
        Answered(name="new", predictions=tuple(said_b)),
    )


def _another(label: str) -> str:
    return CATEGORIES[(CATEGORIES.index(label) + 1) % len(CATEGORIES)]
