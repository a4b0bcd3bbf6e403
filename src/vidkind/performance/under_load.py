"""Timing as it will be in a long run: the same work on every core at once."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def seconds_under_load(work: Callable[[], object], workers: int) -> float:
    """Wall time of a piece of work while ``workers`` threads each do one: their mean.

    Caches, memory and clock rates are shared, so a core that works alone is faster.

    Args:
        work: Safe to call from several threads at once.
        workers: Threads.
    """
    start_together = threading.Barrier(workers)

    def timed() -> float:
        start_together.wait()
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(timed) for _ in range(workers)]
        return statistics.fmean(future.result() for future in futures)


def spread_of(times: list[float]) -> float:
    """Half the range of the middle half of repeated times, relative to their median."""
    if len(times) < 2:
        return 0.0
    low, middle, high = statistics.quantiles(times, n=4, method="inclusive")
    return (high - low) / 2 / middle
