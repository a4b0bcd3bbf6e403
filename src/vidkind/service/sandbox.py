"""Runs what touches other people's files in a process of its own, with limits.

The system enforces address space and processor time on Linux; macOS ignores the former and
Windows both, where only the time in all is limited.
"""

from __future__ import annotations

import json
import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from vidkind.errors import DecodeError, VideoLimitError, VidkindError
from vidkind.service.options import MEGABYTE

_POLL_SECONDS = 0.25
_GRACE_SECONDS = 2.0
_MESSAGE_BYTES = MEGABYTE
# A fork of a process that has the libraries loaded starts in milliseconds.
_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
_CONTEXT: Any = multiprocessing.get_context(_METHOD)  # its type depends on the system


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a child may use.

    Attributes:
        seconds: Processor time, and time in all.
        memory_mb: Address space in MiB.
        file_mb: Largest file it may write in MiB; none by default.
    """

    seconds: int
    memory_mb: int
    file_mb: int = 0


class ChildError(Exception):
    """The child ended with an error that has a name and a message.

    Attributes:
        type: Name of the error's class.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.type = kind


class Outbox:
    """What a child sends its parent: JSON and bytes, never pickles.

    A decoder that has been taken over could make a pickle run code in the parent.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def progress(self, share: float) -> None:
        """How much is done, 0 to 1."""
        self._connection.send_bytes(json.dumps({"progress": share}).encode())

    def answer(self, header: dict[str, Any], body: bytes) -> None:
        """The end: some JSON and some bytes."""
        self._connection.send_bytes(json.dumps({"answer": header}).encode())
        self._connection.send_bytes(body)

    def error(self, kind: str, message: str) -> None:
        """The end, in failure."""
        self._connection.send_bytes(json.dumps({"error": kind, "message": message}).encode())


def preload() -> None:
    """Starts the process that children are forked from, with the video room loaded."""
    if _METHOD == "forkserver":
        _CONTEXT.set_forkserver_preload(["vidkind.service.decoding"])


def run_limited(
    work: Callable[..., None],
    *arguments: Any,
    limits: Limits,
    on_progress: Callable[[float | None], None],
) -> tuple[dict[str, Any], bytes]:
    """Runs ``work(outbox, *arguments)`` in a child.

    Args:
        work: A function of a module; what it sends to its outbox comes back.
        arguments: What it is given.
        limits: What it may use.
        on_progress: Called with the share done, or None while nothing is heard. What it raises
            ends the child.

    Returns:
        The header and the bytes of the answer.

    Raises:
        ChildError: The child says what is wrong.
        VideoLimitError: It used more than it may.
        DecodeError: It crashed.
    """
    receiver, sender = _CONTEXT.Pipe(duplex=False)
    child = _CONTEXT.Process(target=_in_child, args=(work, sender, limits, arguments), daemon=True)
    child.start()
    sender.close()
    # Also of one that stops in the middle of a message: the end of the child ends the wait.
    alarm = threading.Timer(limits.seconds + _GRACE_SECONDS, child.kill)
    alarm.start()
    try:
        return _listen(receiver, limits, on_progress)
    except (EOFError, OSError):  # it ended, or sends what nobody asked for
        child.join(_GRACE_SECONDS)
        raise _reason(child.exitcode, limits) from None
    finally:
        alarm.cancel()
        alarm.join()
        child.kill()
        child.join()
        child.close()
        receiver.close()


def _listen(
    receiver: Connection, limits: Limits, on_progress: Callable[[float | None], None]
) -> tuple[dict[str, Any], bytes]:
    deadline = time.monotonic() + limits.seconds
    while time.monotonic() < deadline:
        if not receiver.poll(_POLL_SECONDS):
            on_progress(None)
            continue
        message = json.loads(receiver.recv_bytes(_MESSAGE_BYTES))
        if "error" in message:
            raise ChildError(message["error"], message["message"])
        if "answer" in message:
            return message["answer"], receiver.recv_bytes(limits.memory_mb * MEGABYTE)
        on_progress(message["progress"])
    raise _too_slow(limits)


def _in_child(
    work: Callable[..., None], sender: Connection, limits: Limits, arguments: tuple[Any, ...]
) -> None:
    # Whoever stops the service signals the whole group; the parent decides when this one ends.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _limit_this_process(limits)
    outbox = Outbox(sender)
    try:
        work(outbox, *arguments)
    except VidkindError as error:
        outbox.error(error.type, str(error))
    except MemoryError:
        outbox.error(VideoLimitError.__name__, str(_too_large(limits)))
    except Exception as error:  # whatever a crafted file brings about is one job's failure
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        outbox.error(DecodeError.__name__, f"the video could not be decoded ({reason})")


def _limit_this_process(limits: Limits) -> None:
    if sys.platform == "win32":
        return
    import resource

    wanted = {
        resource.RLIMIT_AS: limits.memory_mb * MEGABYTE,
        resource.RLIMIT_CPU: limits.seconds,
        resource.RLIMIT_FSIZE: limits.file_mb * MEGABYTE,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (ceiling, hard))


def _reason(exit_code: int | None, limits: Limits) -> VidkindError:
    if sys.platform != "win32" and exit_code == -signal.SIGXCPU:
        return _too_slow(limits)
    return DecodeError(
        f"decoding ended without an answer (exit code {exit_code}); expected a video that a "
        "player shows: export it again"
    )


def _too_slow(limits: Limits) -> VideoLimitError:
    return VideoLimitError(
        f"decoding took more than {limits.seconds} s; expected a shorter or smaller video: cut it "
        "or scale it down"
    )


def _too_large(limits: Limits) -> VideoLimitError:
    return VideoLimitError(
        f"decoding needs more than {limits.memory_mb} MiB of memory; expected a smaller picture: "
        "scale it down"
    )
