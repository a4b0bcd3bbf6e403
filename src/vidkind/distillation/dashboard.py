"""One PNG of a run, drawn from its log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from vidkind.files import atomic_path

# From Okabe and Ito's palette, told apart by colour-blind readers.
_STUDENT, _TEACHER = "#0072B2", "#D55E00"


def draw_dashboard(log: Path, path: Path) -> None:
    """Loss, its parts, probe accuracy and speed over steps.

    Args:
        log: The run's ``log.jsonl``.
        path: The PNG to write.
    """
    rows = (
        [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    )
    figure = Figure(figsize=(12, 7), dpi=80, layout="constrained")
    FigureCanvasAgg(figure)
    axes = list(figure.subplots(2, 2).flat)
    _curve(axes[0], rows, "loss", "loss", _STUDENT)
    for name in _parts(rows):
        _curve(axes[1], rows, name, name, None)
    _curve(axes[2], rows, "probe_val", "student", _STUDENT, marker="o")
    _curve(axes[2], rows, "probe_val_teacher", "teacher", _TEACHER, linestyle="--")
    _curve(axes[3], rows, "crops_per_second", "crops a second", _STUDENT)
    titles = ("Loss", "Parts of the loss", "Linear probe, val sources (%)", "Speed (1/s)")
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title)
        ax.set_xlabel("step")
        ax.grid(alpha=0.3)
        if ax.lines:
            ax.legend(fontsize=8)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png")


def _curve(
    ax: Any, rows: list[dict[str, Any]], key: str, label: str, colour: str | None, **style: Any
) -> None:
    points = [(row["step"], row[key]) for row in rows if key in row]
    if points:
        ax.plot(*zip(*points, strict=True), label=label, color=colour, **style)


def _parts(rows: list[dict[str, Any]]) -> list[str]:
    """Names of the loss's parts: ``map_0`` and so on, then the others."""
    names = {name for row in rows if "loss" in row for name in row}
    return sorted(names - {"loss", "step", "crops_per_second"})
