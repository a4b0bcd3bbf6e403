"""The report of an evaluation: one page for people, from the figures of one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkind.evaluation.result import ENSEMBLE, ENSEMBLE_TTA, Evaluation
from vidkind.evaluation.suspects import LabelSuspect
from vidkind.features.store import FeatureSet
from vidkind.report.cards import VideoCard, answer_card, suspect_card, title_of
from vidkind.report.page import PLOTS_FOLDER, write_page
from vidkind.report.plots import (
    AttentionStrip,
    accuracy_plot,
    attention_plot,
    class_plot,
    matrix_plot,
    training_plots,
)
from vidkind.report.plots_trust import reliability_plot, risk_coverage_plot
from vidkind.report.theme import Plot
from vidkind.report.thumbnails import MAX_PICTURES, Thumbnail, thumbnails
from vidkind.report.words import evaluation_summary

_STRIPS = 4

AttentionFunction = Callable[[NDArray[np.float32], NDArray[np.int32]], NDArray[np.float32]]
"""Features [N, T, D] and valid steps [N] in, weights [N, T] out, averaged over members."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluationMaterial:
    """Everything an evaluation report is made from.

    Attributes:
        result: The figures.
        test: The videos they were measured on.
        split: Name of that split.
        run_name: What was evaluated.
        attention: Where the ensemble looks.
        histories: Member -> its training history; empty where it is not at hand.
        kept_epochs: Member -> the epoch its weights are from, from 1.
        chose_epochs: Whether the videos also chose those epochs.
        suspects: Videos whose label is probably wrong; None where they were not looked for.
        videos: Key -> file, where the videos are at hand.
        version: Version of vidkind.
    """

    result: Evaluation
    test: FeatureSet
    split: str
    run_name: str
    attention: AttentionFunction
    histories: Mapping[str, Mapping[str, list[Any]]] = field(default_factory=dict)
    kept_epochs: Mapping[str, int] = field(default_factory=dict)
    chose_epochs: bool = False
    suspects: Sequence[LabelSuspect] | None = None
    videos: Mapping[str, Path] = field(default_factory=dict)
    version: str = ""


def write_evaluation_report(material: EvaluationMaterial, folder: Path) -> Path:
    """Writes ``report.html``, which needs no other file, and ``plots/*.png``.

    Args:
        material: What to report.
        folder: Made where it is missing.

    Returns:
        The page.
    """
    page = _Page(material, folder / PLOTS_FOLDER)
    return write_page(folder, "evaluation.html.j2", page.values())


class _Page:
    """The values of the template, section by section."""

    def __init__(self, material: EvaluationMaterial, plots: Path) -> None:
        self.material, self.plots = material, plots
        self.result, test = material.result, material.test
        self.answer_name = ENSEMBLE_TTA if self.result.recommend_tta else ENSEMBLE
        self.answer = next(row for row in self.result.rows if row.name == self.answer_name)
        self.scores = self.result.probabilities[self.answer_name]
        self.paths = test.paths or tuple(f"video {i + 1}" for i in range(len(test)))
        self.right = self.scores.argmax(axis=1) == test.labels

    def values(self) -> dict[str, Any]:
        material = self.material
        wrong = self._wrong()
        shown = [self.paths[i] for i in wrong[:MAX_PICTURES]]
        shown += [suspect.path for suspect in (material.suspects or ())[:MAX_PICTURES]]
        pictures = thumbnails(material.videos, shown)
        return {
            "title": f"{material.run_name}, evaluated on {material.split}",
            "result": self.result,
            "answer": self.answer,
            "categories": material.test.categories,
            "split": material.split,
            "version": material.version,
            "summary": evaluation_summary(
                self.result, self.answer, chose_epochs=material.chose_epochs
            ),
            "accuracy": accuracy_plot(self.result.rows, self.answer_name, self.plots),
            "by_category": class_plot(
                {name: found for name, found in self.answer.classes.items() if found.support},
                self.plots,
            ),
            "confusion": self._confusion(),
            "confidence": self._confidence(),
            "attention": self._attention(wrong),
            "training": self._training(),
            "wrong": [self._card(i, pictures) for i in wrong],
            "max_pictures": MAX_PICTURES,
            "has_videos": bool(material.videos),
            "suspects": material.suspects
            and [suspect_card(suspect, pictures) for suspect in material.suspects],
        }

    def _confusion(self) -> Plot:
        return matrix_plot(
            self.answer.confusion,
            self.material.test.categories,
            self.plots,
            name="confusion",
            title="Confusion matrix",
            rows="label",
            columns="answer (clips)",
        )

    def _confidence(self) -> list[Plot]:
        result = self.result
        plots = [reliability_plot(result.uncalibrated, result.calibrated, self.plots)]
        if result.trust is not None:
            trust = result.trust
            plots.append(risk_coverage_plot(trust.curves, trust.points, self.plots))
        return plots

    def _training(self) -> list[Plot]:
        material = self.material
        if not material.histories:
            return []
        return training_plots(material.histories, material.kept_epochs, self.plots)

    def _wrong(self) -> list[int]:
        """Videos with a wrong answer, the surest first."""
        confidence = self.scores.max(axis=1)
        found: list[int] = np.flatnonzero(~self.right).tolist()
        return sorted(found, key=lambda i: -confidence[i])

    def _card(self, index: int, pictures: Mapping[str, Thumbnail]) -> VideoCard:
        test, path = self.material.test, self.paths[index]
        label = test.categories[test.labels[index]]
        scores = dict(zip(test.categories, self.scores[index].tolist(), strict=True))
        return answer_card(path, label, scores, pictures)

    def _attention(self, wrong: Sequence[int]) -> list[Plot]:
        groups = (
            ("attention_right", "Right answers", self._typical()),
            ("attention_wrong", "Wrong answers", list(wrong[:_STRIPS])),
        )
        unit = "step" if self.material.test.times is None else "seconds"
        return [
            attention_plot(self._strips(rows), self.plots, name=name, title=title, unit=unit)
            for name, title, rows in groups
            if rows
        ]

    def _typical(self) -> list[int]:
        """One right answer a category: the one of middling confidence, so that none is chosen."""
        confidence = self.scores.max(axis=1)
        rows = []
        for label in range(len(self.material.test.categories)):
            found = np.flatnonzero(self.right & (self.material.test.labels == label))
            rows += found[np.argsort(confidence[found])][len(found) // 2 :][:1].tolist()
        return rows[:_STRIPS]

    def _strips(self, rows: Sequence[int]) -> list[AttentionStrip]:
        chosen = self.material.test.subset(rows)
        weights = self.material.attention(chosen.features, chosen.num_frames)
        return [self._strip(row, weights[i]) for i, row in enumerate(rows)]

    def _strip(self, row: int, weights: NDArray[np.float32]) -> AttentionStrip:
        test = self.material.test
        steps = int(test.num_frames[row])
        times = (
            np.arange(steps, dtype=np.float32) if test.times is None else test.times[row, :steps]
        )
        answer = test.categories[int(self.scores[row].argmax())]
        label = test.categories[test.labels[row]]
        more = f"({answer})" if answer == label else f"({label}, answered {answer})"
        return AttentionStrip(
            title=title_of(self.paths[row], more),
            times=times,
            weights=weights[:steps],
            right=answer == label,
        )
