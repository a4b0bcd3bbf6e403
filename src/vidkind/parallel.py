"""Many inputs through one function in threads, results in input order as they come.

In: a function and inputs. Out: an iterator of results. For functions that release the
interpreter lock for most of their time, as FFmpeg and the neural network runtimes do.
Standard library only; knows no other room but ``machine``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from vidkind.machine import available_memory_bytes, usable_cores

Input = TypeVar("Input")
Result = TypeVar("Result")

# A decoder of a 4K stream with its reference frames, pictures and activations of one batch.
_WORKER_BYTES = 512 << 20


def default_workers() -> int:
    """Videos worth working on at once: one a core, fewer where memory is short."""
    memory = available_memory_bytes()
    room = usable_cores() if memory is None else memory // _WORKER_BYTES
    return max(1, min(usable_cores(), room))


def in_order(
    function: Callable[[Input], Result],
    inputs: Iterable[Input],
    *,
    workers: int,
    ahead: int,
) -> Generator[Result, None, None]:
    """Calls ``function`` on every input in threads and gives the results in input order.

    A slow input does not stop the others until ``ahead`` of them are done and wait for it. A result
    that is there waits for at most ``workers`` inputs that are slow to come.
    Whoever stops early, by closing the iterator or by Ctrl-C, waits for the calls that have
    begun and for no other.

    Args:
        function: Does the whole work of one input.
        inputs: Read by the caller's thread, at most ``ahead`` beyond the result given last.
        workers: Threads, at least 1.
        ahead: How many results may be held or under way, at least ``workers``.

    Raises:
        Exception: What ``function`` raised, in the place of its result; it ends the iteration.
    """
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="video") as pool:
        try:
            for each in inputs:
                pending.append(pool.submit(function, each))
                # Work for all threads is kept while the caller is busy with a result.
                while len(pending) >= ahead or (len(pending) > workers and pending[0].done()):
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
