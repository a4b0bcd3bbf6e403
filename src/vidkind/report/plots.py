"""The plots of a report: each takes figures, writes a PNG, and gives the ``Plot`` for the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vidkind.evaluation.intervals import Interval
from vidkind.evaluation.scores import ClassScore, Scores
from vidkind.report.theme import ACCENT, INK, MUTED, SECOND, Canvas, Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The fullest cell is no darker than this, so that its number can be read in either theme.
_EMPTIEST, _FULLEST = 0.06, 0.55


def accuracy_plot(rows: Sequence[Scores], answer: str, folder: Path) -> Plot:
    """Accuracy per source of every classifier, with its interval; ``answer`` is emphasised."""
    with Canvas(0.7 + 0.27 * len(rows)) as canvas:
        ax = canvas.axes[0]
        for i, row in enumerate(rows):
            _dot(ax, i, row.per_source.accuracy, ACCENT if row.name == answer else MUTED)
        _names(ax, [row.name for row in rows])
        _percent(ax, "accuracy per source (%)")
        return canvas.finish(
            folder,
            name="accuracy",
            title="Accuracy, with its 95 % interval",
            alt="Accuracy per source in percent, with 95 % interval: "
            + "; ".join(f"{row.name} {row.per_source.accuracy}" for row in rows),
        )


def class_plot(classes: Mapping[str, ClassScore], folder: Path) -> Plot:
    """F1 of every category, with its interval."""
    with Canvas(0.7 + 0.4 * len(classes)) as canvas:
        ax = canvas.axes[0]
        for i, found in enumerate(classes.values()):
            ax.barh(i, found.f1, height=0.55, color=ACCENT, alpha=0.3, linewidth=0)
            _dot(ax, i, found.f1_interval, ACCENT)
        _names(ax, list(classes))
        _percent(ax, "F1 per source (%)")
        return canvas.finish(
            folder,
            name="categories",
            title="F1 by category, with its 95 % interval",
            alt="F1 per source in percent, with 95 % interval: "
            + "; ".join(f"{name} {found.f1_interval}" for name, found in classes.items()),
        )


def matrix_plot(
    counts: Sequence[Sequence[int]],
    categories: Sequence[str],
    folder: Path,
    *,
    name: str,
    title: str,
    rows: str,
    columns: str,
) -> Plot:
    """Counts [K, K]; each cell is as full as its share of its row."""
    lines = zip(categories, counts, strict=True)
    with Canvas(1.1 + 0.5 * len(categories)) as canvas:
        ax = canvas.axes[0]
        _cells(ax, np.asarray(counts))
        ax.set_xlim(-0.5, len(categories) - 0.5)
        ax.set_xticks(range(len(categories)), [_two_lines(c) for c in categories])
        _names(ax, categories)
        ax.grid(False)
        ax.spines[:].set_visible(False)
        ax.set_xlabel(columns)
        ax.set_ylabel(rows)
        return canvas.finish(
            folder,
            name=name,
            title=title,
            alt=f"Matrix of clip counts, rows {rows}, columns {columns}. "
            + "; ".join(_row_in_words(line, row, categories) for line, row in lines),
        )


def _cells(ax: Axes, counts: NDArray[np.int64]) -> None:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for (i, j), count in np.ndenumerate(counts):
        ax.text(j, i, str(count), ha="center", va="center", color=INK if count else MUTED)
        if count:
            fill = _EMPTIEST + (_FULLEST - _EMPTIEST) * shares[i, j]
            colour = ACCENT if i == j else SECOND
            ax.barh(i, 0.94, 0.92, left=j - 0.47, color=colour, alpha=fill, linewidth=0)


def _row_in_words(name: str, row: Sequence[int], categories: Sequence[str]) -> str:
    cells = ", ".join(f"{count} {c}" for c, count in zip(categories, row, strict=True) if count)
    return f"{name}: {cells or 'none'}"


def training_plots(
    histories: Mapping[str, Mapping[str, list[Any]]], kept: Mapping[str, int], folder: Path
) -> list[Plot]:
    """Loss and accuracy of every member at every epoch; a ring marks the epoch that was kept."""
    return [_curves(histories, kept, folder, "loss", "Loss"),
            _curves(histories, kept, folder, "acc", "Accuracy (%)")]  # fmt: skip


def _curves(
    histories: Mapping[str, Mapping[str, list[Any]]],
    kept: Mapping[str, int],
    folder: Path,
    key: str,
    title: str,
) -> Plot:
    with Canvas(2.7) as canvas:
        ax = canvas.axes[0]
        for name, history in histories.items():
            epochs = range(1, len(history["val_acc"]) + 1)
            ax.plot(epochs, history[f"train_{key}"], "--", color=SECOND, alpha=0.7, linewidth=1.1)
            ax.plot(epochs, history[f"val_{key}"], color=ACCENT, alpha=0.85, linewidth=1.3)
            ring = kept[name]
            ax.plot(ring, history[f"val_{key}"][ring - 1], "o", ms=6, mfc="none", mec=ACCENT)
        ax.locator_params(axis="x", integer=True)
        ax.set_xlabel("epoch")
        ax.legend(ax.get_lines()[:2], ["train (augmented)", "validation"], loc="best")
        return canvas.finish(
            folder,
            name=f"training_{key}",
            title=title,
            alt=f"{title} by epoch. "
            + "; ".join(
                _history_in_words(name, history[f"val_{key}"], kept[name])
                for name, history in histories.items()
            ),
        )


def _history_in_words(name: str, values: Sequence[float], kept: int) -> str:
    return (
        f"{name}: validation from {values[0]:.3g} to {values[kept - 1]:.3g} at epoch {kept}, "
        f"which was kept, of {len(values)}"
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class AttentionStrip:
    """Where the ensemble looked in one video.

    Attributes:
        title: What stands above the strip.
        times: float [T], seconds, or steps where times are not known.
        weights: float [T], adding up to 1.
        right: Whether the answer is right.
    """

    title: str
    times: NDArray[np.float32]
    weights: NDArray[np.float32]
    right: bool


def attention_plot(
    strips: Sequence[AttentionStrip], folder: Path, *, name: str, title: str, unit: str
) -> Plot:
    """Attention over time, one strip a video; the dashed line is attention spread evenly."""
    with Canvas(0.4 + 0.75 * len(strips), rows=len(strips)) as canvas:
        for ax, strip in zip(canvas.axes, strips, strict=True):
            _draw_strip(ax, strip)
        canvas.axes[-1].set_xlabel(unit)
        return canvas.finish(
            folder,
            name=name,
            title=title,
            alt=f"Attention over time, {title.lower()}. " + "; ".join(map(_strip_in_words, strips)),
        )


def _draw_strip(ax: Axes, strip: AttentionStrip) -> None:
    relative = strip.weights * len(strip.weights)
    colour = ACCENT if strip.right else SECOND
    ax.fill_between(strip.times, relative, step="mid", color=colour, alpha=0.35, linewidth=0)
    ax.step(strip.times, relative, where="mid", color=colour, linewidth=1.1)
    ax.axhline(1, color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
    ax.set_title(strip.title, fontsize=8, color=INK)
    ax.set_ylim(0, max(2.0, 1.1 * float(relative.max())))
    ax.set_yticks([])
    ax.margins(x=0)
    ax.grid(False)
    ax.spines["left"].set_visible(False)


def _strip_in_words(strip: AttentionStrip) -> str:
    peak = int(np.argmax(strip.weights))
    return (
        f"{strip.title}: most at {strip.times[peak]:.1f}, "
        f"{strip.weights[peak] * len(strip.weights):.1f} times an even share"
    )


def _two_lines(name: str) -> str:
    """A name of two words in two lines, for narrow columns."""
    return name.replace("_", "\n", 1).replace(" ", "\n", 1)


def _dot(ax: Axes, y: float, figure: Interval, colour: str) -> None:
    ax.plot([figure.low, figure.high], [y, y], color=colour, linewidth=2, solid_capstyle="round")
    ax.plot(figure.value, y, "o", color=colour, markersize=6)


def _names(ax: Axes, names: Sequence[str]) -> None:
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", labelcolor=INK)
    ax.grid(False, axis="y")
    ax.spines["left"].set_visible(False)


def _percent(ax: Axes, label: str) -> None:
    ax.set_xlim(0, 102)
    ax.set_xticks(range(0, 101, 20))
    ax.set_xlabel(label)
