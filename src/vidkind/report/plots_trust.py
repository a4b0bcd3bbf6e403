"""Plots of what confidence and trust are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vidkind.evaluation.calibration import CalibrationScores
from vidkind.evaluation.selective import RiskCoverage
from vidkind.evaluation.trust_report import AbstainingPoint
from vidkind.report.theme import ACCENT, MUTED, SECOND, Canvas, Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# A bin of this many videos has a marker of one point more than an empty one would have.
_VIDEOS_PER_AREA = 0.35
_CURVES = {
    "learned": (ACCENT, "-"),
    "published": (SECOND, "--"),
    "confidence": (MUTED, ":"),
}


def reliability_plot(before: CalibrationScores, after: CalibrationScores, folder: Path) -> Plot:
    """Accuracy against confidence, bin by bin, before and after calibration."""
    with Canvas(3.4) as canvas:
        ax = canvas.axes[0]
        ax.plot([0, 100], [0, 100], color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
        _bins(ax, before, SECOND, "--", "before")
        _bins(ax, after, ACCENT, "-", "after")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_ticks(range(0, 101, 20))
        ax.set_xlim(0, 102)
        ax.set_ylim(0, 102)
        ax.set_xlabel("confidence (%)")
        ax.set_ylabel("answers that are right (%)")
        ax.legend(loc="upper left")
        return canvas.finish(
            folder,
            name="reliability",
            title="Reliability, before and after calibration",
            alt=f"Reliability diagram. Before: {_bins_in_words(before)}. "
            f"After: {_bins_in_words(after)}",
            caption="On the dashed line, confidence means accuracy. Larger dots hold more videos.",
        )


def _bins(ax: Axes, scores: CalibrationScores, colour: str, style: str, label: str) -> None:
    bins = scores.reliability
    x, y = [100 * b.confidence for b in bins], [100 * b.accuracy for b in bins]
    ax.plot(x, y, style, color=colour, linewidth=1.3, label=label)
    sizes = [12 + b.count / _VIDEOS_PER_AREA for b in bins]
    ax.scatter(x, y, s=sizes, color=colour, alpha=0.75, linewidths=0, zorder=3)


def _bins_in_words(scores: CalibrationScores) -> str:
    return ", ".join(
        f"{b.count} videos of confidence {b.confidence:.0%} are {b.accuracy:.0%} right"
        for b in scores.reliability
    )


def risk_coverage_plot(
    curves: Mapping[str, RiskCoverage], points: Sequence[AbstainingPoint], folder: Path
) -> Plot:
    """Wrong answers among those given, as more are given; a ring marks each wanted error."""
    with Canvas(3.4) as canvas:
        ax = canvas.axes[0]
        for name, curve in curves.items():
            colour, style = _CURVES[name]
            x, y = 100 * curve.coverage, 100 * curve.error
            ax.step(x, y, style, where="post", color=colour, linewidth=1.5, label=name)
        learned = [p for p in points if p.trust == "learned" and p.error is not None]
        for point in learned:
            error = point.error.value if point.error else 0.0
            ax.plot(point.coverage.value, error, "o", ms=7, mfc="none", mec=ACCENT)
        ax.set_xlim(0, 102)
        ax.set_ylim(bottom=0)
        ax.set_xlabel("videos answered (%)")
        ax.set_ylabel("wrong among them (%)")
        ax.legend(loc="upper left")
        return canvas.finish(
            folder,
            name="risk_coverage",
            title="Wrong answers against answers given",
            alt="Risk-coverage curves. "
            + "; ".join(_curve_in_words(name, curve) for name, curve in curves.items()),
            caption="Lower is better. Rings: the thresholds that vidkind classify --max-error "
            "would take for 1, 2, 5 and 10 %.",
        )


def _curve_in_words(name: str, curve: RiskCoverage) -> str:
    places = [int((curve.coverage >= share).argmax()) for share in (0.25, 0.5, 0.75, 1.0)]
    said = ", ".join(f"{curve.error[i]:.1%} at {curve.coverage[i]:.0%}" for i in places)
    return f"{name}: wrong {said} answered"
