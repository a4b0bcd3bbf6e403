"""What server and worker processes share: their names, and how they are told to stop.

Beside the worker, so that the server loads nothing that embeds or answers.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
from types import FrameType

# How long running jobs may take to end after a worker is told to stop; then they go back.
GRACE_SECONDS = 20.0


def new_worker_id() -> str:
    """A name no other worker has."""
    return f"{socket.gethostname()[:32]}-{os.getpid()}-{secrets.token_hex(4)}"


def stop_on_signals(stop: threading.Event) -> None:
    """SIGTERM and Ctrl-C set the event; a second Ctrl-C ends at once."""

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
