"""How long work tells that it goes on, without knowing how that is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Bars = Callable[[str, int], AbstractContextManager[Callable[[], None]]]
"""Opens a bar with a description and a number of steps; gives what moves it one step on."""


@contextmanager
def no_bars(description: str, total: int) -> Iterator[Callable[[], None]]:
    """Shows nothing."""
    yield lambda: None
