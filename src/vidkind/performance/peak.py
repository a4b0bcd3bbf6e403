"""The most arithmetic and copying that numpy gets out of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import numpy as np

_SIZE = 1024
_COPY_BYTES = 128 << 20


def peak_gflops(cores: int, *, repeats: int = 12) -> float:
    """Best rate of a float32 matrix product on so many cores, in 1e9 operations a second.

    Taken both ways and the better one kept: one product on all threads of the BLAS library,
    and one product a core, as the library may have been told to use a single thread.

    Args:
        cores: How many cores to load.
        repeats: How often each way is timed; the best counts, as others may disturb.
    """
    generator = np.random.default_rng(0)
    left, right = generator.random((2, _SIZE, _SIZE), np.float32)
    results = [np.empty_like(left) for _ in range(cores)]
    operations = 2 * _SIZE**3
    with ThreadPoolExecutor(cores) as pool:

        def one_each() -> None:
            list(pool.map(np.matmul, repeat(left, cores), repeat(right, cores), results))

        together = shortest_seconds(one_each, repeats)
    alone = shortest_seconds(lambda: np.matmul(left, right, out=results[0]), repeats)
    return operations / min(alone, together / cores) / 1e9


def copy_gigabytes_per_second(*, repeats: int = 5) -> float:
    """Best rate of copying memory in one thread, reads and writes counted, 1e9 bytes a second."""
    source = np.ones(_COPY_BYTES, np.uint8)
    target = np.empty_like(source)
    return 2 * _COPY_BYTES / shortest_seconds(lambda: np.copyto(target, source), repeats) / 1e9


def shortest_seconds(action: Callable[[], object], repeats: int) -> float:
    """Shortest wall time of an action in seconds, after one run to warm up."""
    action()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)
