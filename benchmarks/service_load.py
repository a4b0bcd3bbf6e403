"""Load on loopback: clients that upload real clips and obey the answers, then the balance.

    python benchmarks/service_load.py ../shared/clips -o benchmarks/results/service_load.json

Starts a service of its own for each ``--run QUEUE:UPLOADS`` and stops by itself. Every upload
must end in one answer for the very file that was sent; where the queue is full, a client waits
as long as ``Retry-After`` says and sends the file again.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from provenance import write_result

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.service import Running, launch, service, stop

# From a tenth of the uploads on: caches are filled, every thread has worked.
_WARM_SHARE = 0.1
_STARTS = 5


@dataclass
class Balance:
    """What became of the uploads."""

    seconds: list[float] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    failures: list[str] = field(default_factory=list)


def client(running: Running, clips: SimpleQueue[Path], balance: Balance, end: float) -> None:
    """Uploads until nothing is left; waits as told where refused; follows each job to its end."""
    while time.monotonic() < end:
        try:
            path = clips.get_nowait()
        except Empty:
            return
        begun = time.monotonic()
        try:
            job = _one(running, path, balance, end)
            assert job["id"] not in balance.states, "one job for two uploads"
            balance.states[job["id"]] = job["state"]
            if job["error"]:
                balance.failures.append(f"{path.name}: {job['error']['type']}")
            balance.seconds.append(time.monotonic() - begun)
        except Exception as error:
            balance.failures.append(f"{path.name}: {type(error).__name__}: {error}")


def _one(running: Running, path: Path, balance: Balance, end: float) -> dict[str, Any]:
    while True:
        answer = running.post_file("/api/v1/jobs", path)
        if answer.status in (200, 202):
            left = end - time.monotonic()
            job = running.wait(answer.json["id"], left, pause=1.0)
            if job["state"] == "done":
                sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
                assert job["result"]["sha256"] == sha256, "the answer is another file's"
                assert job["result"]["path"] == path.name
            return job
        assert answer.status == 503, answer.body
        balance.refused += 1
        time.sleep(int(answer.headers["Retry-After"]))


def resident_mb(pid: int) -> float:
    """Resident memory of a process, MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def watch(running: Running, ended: Callable[[], int], rows: list[dict[str, float]], stop: Any):
    """Memory of server and worker, every two seconds."""
    while not stop.wait(2.0):
        workers = running.workers()
        if workers:
            memory = {
                "server": resident_mb(running.process.pid),
                "worker": sum(map(resident_mb, workers)),
            }
            rows.append({"ended": ended(), **memory, "both": sum(memory.values())})


def spread(folder: Path, uploads: int) -> list[Path]:
    """As many clips as uploads, from the whole library; again from its start where it ends."""
    found = sorted(folder.rglob("*.mp4"))
    picked = np.linspace(0, len(found) - 1, min(uploads, len(found))).astype(int)
    return [found[picked[number % len(picked)]] for number in range(uploads)]


def run(arguments: argparse.Namespace, max_queue: int, uploads: int) -> dict[str, Any]:
    """One service, all its uploads; the figures."""
    clips: SimpleQueue[Path] = SimpleQueue()
    for path in spread(arguments.clips, uploads):
        clips.put(path)
    balance, rows, stopped = Balance(), [], threading.Event()
    options = [f"--max-queue={max_queue}", f"--workers={arguments.workers}", *bundle(arguments)]
    with tempfile.TemporaryDirectory() as folder, service(Path(folder), *options) as running:
        begun = time.monotonic()
        end = begun + 60 * arguments.minutes
        watching = (running, lambda: len(balance.states), rows, stopped)
        watcher = threading.Thread(target=watch, args=watching)
        asking = [
            threading.Thread(target=client, args=(running, clips, balance, end))
            for _ in range(arguments.clients)
        ]
        for thread in (watcher, *asking):
            thread.start()
        for thread in asking:
            thread.join()
        seconds = time.monotonic() - begun
        stopped.set()
        watcher.join()
        totals = _totals(running)
    return {
        "clients": arguments.clients,
        "uploads": uploads,
        "max_queue": max_queue,
        **_summary(balance, totals, seconds),
        **_memory(rows, uploads),
    }


def bundle(arguments: argparse.Namespace) -> list[str]:
    """The option that says which bundle, where one was given."""
    return ["--bundle", str(arguments.bundle)] if arguments.bundle else []


def _totals(running: Running) -> dict[str, float]:
    lines = running.get("/metrics").body.decode().splitlines()
    wanted = {
        f"vidkind_jobs_{name}_total": name for name in ("accepted", "done", "cached", "failed")
    }
    return {
        wanted[n]: float(v) for n, _, v in (line.partition(" ") for line in lines) if n in wanted
    }


def _summary(balance: Balance, totals: dict[str, float], seconds: float) -> dict[str, Any]:
    states = list(balance.states.values())
    return {
        "answered": len(states),
        "done": states.count("done"),
        "failed": states.count("failed"),
        "told_to_wait": balance.refused,
        "without_an_answer": balance.failures[:10],
        "accepted_by_the_service": int(totals["accepted"]),
        "classified": int(totals["done"]),
        "answered_from_the_store": int(totals["cached"]),
        "seconds": round(seconds, 1),
        "per_second": round(len(states) / seconds, 2),
        "p50_seconds": round(float(np.percentile(balance.seconds, 50)), 2),
        "p95_seconds": round(float(np.percentile(balance.seconds, 95)), 2),
    }


def _memory(rows: list[dict[str, float]], uploads: int) -> dict[str, Any]:
    warm = next((row for row in rows if row["ended"] >= uploads * _WARM_SHARE), rows[0])
    last = {part: float(np.median([row[part] for row in rows[-5:]])) for part in warm}
    parts = ("server", "worker", "both")
    return {
        "memory_mb_warm": {part: round(warm[part]) for part in parts},
        "memory_mb_end": {part: round(last[part]) for part in parts},
        "memory_growth": {part: round(last[part] / warm[part], 3) for part in parts},
    }


def start_seconds(arguments: argparse.Namespace) -> list[float]:
    """From the start of a fresh process until ``/readyz`` says that jobs will be done."""
    seconds = []
    for _ in range(_STARTS):
        with tempfile.TemporaryDirectory() as folder:
            begun = time.monotonic()
            running = launch(Path(folder), *bundle(arguments))
            seconds.append(round(time.monotonic() - begun, 2))
            stop(running)
    return seconds


def main() -> None:
    """Parses, runs, writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=6.0, help="of each run, at most")
    parser.add_argument("--run", action="append", metavar="QUEUE:UPLOADS")
    arguments = parser.parse_args()
    wanted = [tuple(map(int, text.split(":"))) for text in arguments.run or ("200:500", "10:150")]
    starts = start_seconds(arguments)
    runs = [run(arguments, *sizes) for sizes in wanted]
    start = {"median": float(np.median(starts)), "all": starts}
    write_result(arguments.output, {"start_seconds": start, "runs": runs})
    if any(found["done"] != found["uploads"] for found in runs):
        sys.exit("some uploads have no answer; see without_an_answer")


if __name__ == "__main__":
    main()
