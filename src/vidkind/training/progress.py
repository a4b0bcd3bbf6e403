"""Progress with time left for batch, epoch and whole run: on a terminal's stderr only."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class TrainingProgress:
    """Three bars: members of the run, epochs of the member, batches of the epoch.

    The whole run counts epochs at their most; early stopping ends members sooner, and the bar
    then moves ahead. Used as a context manager; shows nothing where stderr is no terminal.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=not (enabled and console.is_terminal),
        )
        self._run = self._add("run")
        self._epoch = self._add("epoch")
        self._batch = self._add("batch")
        self._epochs_before = 0
        self._epochs_each = 0

    def _add(self, name: str) -> TaskID:
        return self._bars.add_task(name, total=None, note="")

    def __enter__(self) -> TrainingProgress:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def start_run(self, num_members: int, num_epochs: int) -> None:
        """Announces M members of at most ``num_epochs`` epochs."""
        self._epochs_each = num_epochs
        self._bars.update(self._run, total=num_members * num_epochs)

    def start_member(self, index: int, seed: int, num_epochs: int, done: int) -> None:
        """Begins a member; ``done`` epochs were finished before a restart."""
        self._epochs_before = (index - 1) * self._epochs_each
        name = f"member {index} (seed {seed})"
        self._bars.reset(self._epoch, total=num_epochs, completed=done, description=name, note="")
        self._bars.update(self._run, completed=self._epochs_before + done)

    def start_epoch(self, num_batches: int) -> None:
        """Begins an epoch."""
        self._bars.reset(self._batch, total=num_batches)

    def step_batch(self) -> None:
        """One batch is done."""
        self._bars.advance(self._batch)

    def end_epoch(self, epoch: int, note: str) -> None:
        """One epoch (from 1) is done; the note says how it went."""
        self._bars.update(self._epoch, completed=epoch, note=note)
        self._bars.update(self._run, completed=self._epochs_before + epoch)
