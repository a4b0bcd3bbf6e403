"""What an evaluation comes to, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from vidkind.evaluation.result import ENSEMBLE_TTA, Evaluation
from vidkind.evaluation.scores import Scores

_SHOWN_ERROR = 0.02
OPTIMISTIC = (
    "These validation videos also chose the epoch of each member, so the figures are slightly "
    "optimistic; a test split that no choice has seen is not."
)


def evaluation_summary(result: Evaluation, answer: Scores, *, chose_epochs: bool) -> list[str]:
    """The sentences at the top of an evaluation report.

    Args:
        result: All figures.
        answer: Those of the ensemble as it answers.
        chose_epochs: Whether the videos also chose the epoch of each member.
    """
    lines = [sentence(comparison.verdict) for comparison in result.comparisons]
    lines += [_tta(result), *_hardest(answer), _confidence(result)]
    if chose_epochs:
        lines.append(OPTIMISTIC)
    return lines


def _confidence(result: Evaluation) -> str:
    text = (
        f"Its confidence is off by {result.calibrated.ece.value:.1f} points on average "
        f"({result.uncalibrated.ece.value:.1f} before calibration; "
        f"{result.calibrated.ece_if_calibrated:.1f} by chance alone)"
    )
    points = () if result.trust is None else result.trust.points
    for point in points:
        if point.trust == "learned" and point.max_error == _SHOWN_ERROR:
            return (
                f"{text}; asked for at most {100 * _SHOWN_ERROR:.0f} % wrong, it answers "
                f"{point.coverage} % of sources."
            )
    return f"{text}."


def sentence(text: str) -> str:
    """A remark as a sentence."""
    return text[:1].upper() + text[1:] + "."


def _tta(result: Evaluation) -> str:
    if result.recommend_tta:
        return "Test-time augmentation (TTA) is recommended: it gains beyond chance."
    return (
        f"Test-time augmentation (TTA) is not recommended: {ENSEMBLE_TTA} shows no gain beyond "
        "chance, and costs four times the temporal models' work."
    )


def _hardest(answer: Scores) -> Iterator[str]:
    """Which category has the lowest F1; nothing where several share it, as they are shown."""
    names = list(answer.classes)
    f1 = {name: round(found.f1, 1) for name, found in answer.classes.items() if found.support}
    lowest = [name for name, value in f1.items() if value == min(f1.values())]
    if len(f1) < 2 or len(lowest) > 1:
        return
    (worst,) = lowest
    row = answer.confusion[names.index(worst)]
    others = [(count, name) for count, name in zip(row, names, strict=True) if name != worst]
    count, taken_for = max(others)
    text = f"{worst} is hardest: F1 {answer.classes[worst].f1_interval} %"
    wrong = f"; {count} of its {sum(row)} clips are answered as {taken_for}" if count else ""
    yield f"{text}{wrong}."
