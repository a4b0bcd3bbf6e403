"""How long steps show how far they are, without knowing where it is shown."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Progress = Callable[[str, int], AbstractContextManager[Callable[[], None]]]
"""(what is done, number of steps) to a context whose value is called after each step."""


def no_progress(description: str, total: int) -> AbstractContextManager[Callable[[], None]]:
    """Shows nothing."""
    return nullcontext(lambda: None)
