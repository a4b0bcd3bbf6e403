"""Dashboards of a running training: one PNG an epoch."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from vidkind.errors import MissingExtraError
from vidkind.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

PLOTS_FOLDER = Path("training_progress") / "epoch_plots"
TARGET_ACCURACY = 95.0

# From Okabe and Ito's palette: blue and vermilion are told apart by colour-blind readers, and
# training and validation differ in line style too.
_TRAIN_COLOUR, _VAL_COLOUR, _TARGET_COLOUR = "#0072B2", "#D55E00", "purple"
_CURVES: dict[str, tuple[str, str]] = {
    "Loss": ("train_loss", "val_loss"),
    "Accuracy (%)": ("train_acc", "val_acc"),
    "Weighted F1 (%)": ("train_f1", "val_f1"),
}


class RealTimeTrainingVisualizer:
    """Draws loss, accuracy, F1, F1 by class and learning rate after each epoch.

    One figure is kept and its data exchanged, and it is drawn in a thread of its own, so that
    training does not wait. Used as a context manager, or closed with ``close``.
    """

    def __init__(
        self, categories: Sequence[str], run_dir: Path = Path("results"), *, held_out: bool = True
    ) -> None:
        """Prepares the figure.

        Args:
            categories: Names in label order.
            run_dir: Pictures go to ``training_progress/epoch_plots/`` in it.
            held_out: Whether the videos watched are others than those learned from.

        Raises:
            MissingExtraError: Matplotlib is not installed.
        """
        try:
            # Costs a second, which evaluation and export need not spend.
            from matplotlib.backends.backend_agg import FigureCanvasAgg
            from matplotlib.figure import Figure
        except ImportError as error:
            raise MissingExtraError("matplotlib", "train") from error
        self.folder = run_dir / PLOTS_FOLDER
        self._watched = "validation" if held_out else "videos learned from"
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="dashboard")
        self._pending: Future[None] | None = None
        self._figure = Figure(figsize=(13, 7), dpi=80, layout="constrained")
        FigureCanvasAgg(self._figure)
        axes = list(self._figure.subplots(2, 3).flat)
        self._lines: dict[str, Line2D] = {}
        for ax, (title, columns) in zip(axes, _CURVES.items(), strict=False):
            self._add_curves(ax, title, columns)
        self._add_bars(axes[3], categories)
        self._add_rate(axes[4])
        axes[5].axis("off")
        self._text = axes[5].text(0, 0.95, "", va="top", fontsize=13, linespacing=1.6)
        self._axes = axes
        # The layout is solved once; solving it again at each epoch would cost more than drawing.
        self._figure.draw_without_rendering()
        self._figure.set_layout_engine("none")

    def __enter__(self) -> RealTimeTrainingVisualizer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def update(self, history: Mapping[str, list[Any]], *, index: int, seed: int) -> Path:
        """Draws the dashboard of the last epoch of a history, in the background.

        Args:
            history: Column name -> one value an epoch, at least one epoch.
            index: Number of the member.
            seed: Its seed.

        Returns:
            Where the picture will be; it is there after ``close`` at the latest.
        """
        epoch = len(history["val_acc"])
        path = self.folder / f"member_{index}_seed_{seed}_epoch_{epoch:03d}.png"
        self._wait()
        title = f"Member {index} (seed {seed}), epoch {epoch}"
        self._pending = self._worker.submit(self._draw, path, title, copy.deepcopy(dict(history)))
        return path

    def close(self) -> None:
        """Waits for the last picture and ends the drawing thread."""
        self._worker.shutdown(wait=True)
        self._wait()

    def _wait(self) -> None:
        # At most one picture is on its way, and a failure to draw is not lost.
        if self._pending is not None:
            self._pending.result()
            self._pending = None

    def _draw(self, path: Path, title: str, history: dict[str, list[Any]]) -> None:
        epochs = range(1, len(history["val_acc"]) + 1)
        for column, line in self._lines.items():
            line.set_data(epochs, history[column])
        for ax in (self._axes[0], self._axes[4]):
            ax.relim()
            ax.autoscale_view(scalex=False)
        for ax in (*self._axes[:3], self._axes[4]):
            ax.set_xlim(0.5, max(10, len(epochs)) + 0.5)
        for bar, label, f1 in zip(
            self._bars, self._labels, history["val_f1_per_class"][-1], strict=True
        ):
            bar.set_width(f1)
            label.set_text(f"{f1:.1f}")
            label.set_x(f1 + 1)
        best = max(epochs, key=lambda epoch: history["val_acc"][epoch - 1])
        self._text.set_text(f"{title}\n{self._summary(history, best)}")
        with atomic_path(path) as temporary:
            self._figure.savefig(temporary, format="png", pil_kwargs={"compress_level": 1})

    def _add_curves(self, ax: Axes, title: str, columns: tuple[str, str]) -> None:
        styles = ((_TRAIN_COLOUR, "--", "train (augmented)"), (_VAL_COLOUR, "-", self._watched))
        for column, (colour, style, label) in zip(columns, styles, strict=True):
            (self._lines[column],) = ax.plot(
                [], [], style, color=colour, label=label, marker="o", markersize=3
            )
        _frame(ax, title)
        if title.endswith("(%)"):
            ax.set_ylim(0, 105)
            ax.set_yticks(range(0, 101, 20))
        if title.startswith("Accuracy"):
            target = f"target {TARGET_ACCURACY:.0f} %"
            ax.axhline(TARGET_ACCURACY, color=_TARGET_COLOUR, ls=":", linewidth=2, label=target)
        ax.legend(loc="upper right" if title == "Loss" else "lower right")

    def _add_bars(self, ax: Axes, categories: Sequence[str]) -> None:
        positions = range(len(categories))
        self._bars = ax.barh(positions, [0.0] * len(categories), color=_VAL_COLOUR)
        self._labels = [ax.text(0, position, "", va="center") for position in positions]
        # A name may hold dollar signs, which are no formula.
        names = [name.replace("_", " ") for name in categories]
        ax.set_yticks(positions, names, parse_math=False)
        ax.invert_yaxis()
        ax.set_xlim(0, 115)
        ax.set_xticks(range(0, 101, 20))
        ax.set_title(f"F1 by class, {self._watched} (%)")
        ax.grid(axis="x", alpha=0.3)

    def _add_rate(self, ax: Axes) -> None:
        (self._lines["learning_rate"],) = ax.plot([], [], color=_TRAIN_COLOUR, marker="o", ms=3)
        _frame(ax, "Learning rate")
        ax.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))

    def _summary(self, history: Mapping[str, list[Any]], best: int) -> str:
        last = {name: values[-1] for name, values in history.items()}
        return "\n".join(
            (
                f"{self._watched}:",
                f"accuracy {last['val_acc']:.2f} %",
                f"best {history['val_acc'][best - 1]:.2f} % at epoch {best}",
                f"weighted F1 {last['val_f1']:.2f} %",
                f"loss {last['val_loss']:.3f} ({last['train_loss']:.3f} in training)",
                f"{last['seconds']:.1f} s an epoch",
            )
        )


def _frame(ax: Axes, title: str) -> None:
    ax.set_title(title)
    ax.set_xlabel("epoch")
    ax.grid(alpha=0.3)
    ax.locator_params(axis="x", integer=True)
