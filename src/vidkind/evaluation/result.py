"""What an evaluation found: rows, paired tests, calibration, trust; and what it says in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkind.evaluation.calibration import CalibrationScores
from vidkind.evaluation.paired import PairedTest
from vidkind.evaluation.scores import Scores
from vidkind.evaluation.trust_report import TrustReport
from vidkind.inference.trust_file import TrustModel

ENSEMBLE, ENSEMBLE_TTA = "ensemble", "ensemble + TTA"
MAJORITY, LOGISTIC = "majority class", "logistic regression"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A paired test of two rows, and what it says in words."""

    a: str
    b: str
    test: PairedTest

    @property
    def verdict(self) -> str:
        """One sentence: who is better, or that they cannot be told apart."""
        gain, test = self.test.difference, self.test
        only = (
            f"right on {test.only_a_right} that {self.b} misses, the reverse on {test.only_b_right}"
        )
        if self.test.a_wins:
            word = "is better than"
        elif test.is_real and gain.high < 0:
            word = "is worse than"
        else:
            word = "cannot be told apart from"
            if test.sources_needed is not None:
                only += f"; a true difference of that size takes about {test.sources_needed:,} "
                only += "sources to be seen with 80 % power"
        return (
            f"{self.a} {word} {self.b}: {gain.value:+.1f} points per source "
            f"[{gain.low:+.1f}, {gain.high:+.1f}], exact McNemar p = {test.p_value_sources:.3f} "
            f"over sources; {only}"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """Everything one evaluation found.

    Attributes:
        rows: One ``Scores`` per classifier, baselines first.
        comparisons: Paired tests between rows.
        recommend_tta: Whether TTA is better beyond chance on these videos.
        temperature: What the logits were divided by.
        calibrated: How far the ensemble's probabilities are from meaning what they say. Where
            the temperature was fitted on these videos, each is scored at the temperature that
            the other folds, by group, gave.
        uncalibrated: The same at temperature 1.
        trust: What trust is worth; None where it could not be measured.
        trust_model: What was fitted of it, for the bundle; None where nothing was.
        num_videos: Videos scored.
        num_sources: Sources they come from.
        probabilities: Row name -> float64 [N, K].
    """

    rows: tuple[Scores, ...]
    comparisons: tuple[Comparison, ...]
    recommend_tta: bool
    temperature: float
    calibrated: CalibrationScores
    uncalibrated: CalibrationScores
    num_videos: int
    num_sources: int
    probabilities: dict[str, NDArray[np.float64]]
    trust: TrustReport | None = None
    trust_model: TrustModel | None = None

    @property
    def calibration_error(self) -> float:
        """Expected calibration error of the ensemble, 0..1."""
        return self.calibrated.ece.value / 100

    @property
    def uncalibrated_error(self) -> float:
        """The same at temperature 1."""
        return self.uncalibrated.ece.value / 100

    @property
    def in_words(self) -> tuple[str, ...]:
        """What calibration and trust come to, in sentences."""
        before, after = self.uncalibrated, self.calibrated
        calibration = (
            f"Calibration: temperature {self.temperature:.2f}; expected calibration error "
            f"{before.ece} % before, {after.ece} % after (equal bins), {before.adaptive_ece} % "
            f"before, {after.adaptive_ece} % after (adaptive bins); a perfectly calibrated "
            f"classifier would show {after.ece_if_calibrated:.1f} % and "
            f"{after.adaptive_ece_if_calibrated:.1f} % on as many videos."
        )
        return (calibration, *(() if self.trust is None else self.trust.in_words))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; probabilities are left out."""
        return {
            "num_videos": self.num_videos,
            "num_sources": self.num_sources,
            "recommend_tta": self.recommend_tta,
            "temperature": self.temperature,
            "calibration_error": self.calibration_error,
            "uncalibrated_error": self.uncalibrated_error,
            "calibration": {
                "before": asdict(self.uncalibrated),
                "after": asdict(self.calibrated),
            },
            "trust": None if self.trust is None else self.trust.to_json(),
            "rows": [asdict(row) for row in self.rows],
            "comparisons": [{**asdict(c), "verdict": c.verdict} for c in self.comparisons],
        }
