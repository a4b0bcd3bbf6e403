"""Load on loopback: clients that upload real clips and obey the answers, then the balance.

    python benchmarks/service_load.py ../shared/clips -o load.json

Starts a service of its own, runs at most ``--clients`` connections and ``--uploads`` uploads,
and stops by itself after ``--minutes``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.service import Running, service


@dataclass
class Balance:
    """What became of the uploads."""

    seconds: list[float] = field(default_factory=list)
    ended: dict[str, str] = field(default_factory=dict)
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
            job_id, state = _one(running, path, balance, end)
            balance.ended[job_id] = state
            balance.seconds.append(time.monotonic() - begun)
        except Exception as error:
            balance.failures.append(f"{path.name}: {type(error).__name__}: {error}")


def _one(running: Running, path: Path, balance: Balance, end: float) -> tuple[str, str]:
    while True:
        answer = running.post_file("/api/v1/jobs", path)
        if answer.status in (200, 202):
            job_id = answer.json["id"]
            return job_id, running.wait(job_id, end - time.monotonic(), pause=1.0)["state"]
        assert answer.status == 503, answer.body
        balance.refused += 1
        time.sleep(int(answer.headers["Retry-After"]))


def resident_mb(pid: int) -> float:
    """Resident memory of a process, MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def watch(running: Running, balance: Balance, rows: list[dict[str, float]], stop: threading.Event):
    """Memory of server and worker, every two seconds."""
    while not stop.wait(2.0):
        workers = running.workers()
        if workers:
            rows.append(
                {
                    "ended": len(balance.ended),
                    "server": resident_mb(running.process.pid),
                    "worker": sum(map(resident_mb, workers)),
                }
            )


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """The whole run; its figures."""
    found = sorted(arguments.clips.rglob("*.mp4"))[: arguments.uploads]
    clips: SimpleQueue[Path] = SimpleQueue()
    for number in range(arguments.uploads):
        clips.put(found[number % len(found)])
    balance, rows, stop = Balance(), [], threading.Event()
    options = [f"--max-queue={arguments.max_queue}", f"--workers={arguments.workers}"]
    if arguments.bundle:
        options += ["--bundle", str(arguments.bundle)]
    with tempfile.TemporaryDirectory() as folder, service(Path(folder), *options) as running:
        end = time.monotonic() + 60 * arguments.minutes
        begun = time.monotonic()
        watcher = threading.Thread(target=watch, args=(running, balance, rows, stop))
        watcher.start()
        threads = [
            threading.Thread(target=client, args=(running, clips, balance, end))
            for _ in range(arguments.clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - begun
        stop.set()
        watcher.join()
        totals = _totals(running)
    return summarise(arguments, balance, rows, totals, seconds)


def _totals(running: Running) -> dict[str, float]:
    lines = running.get("/metrics").body.decode().splitlines()
    wanted = {
        f"vidkind_jobs_{name}_total": name for name in ("accepted", "done", "cached", "failed")
    }
    return {
        wanted[n]: float(v) for n, _, v in (line.partition(" ") for line in lines) if n in wanted
    }


def summarise(
    arguments: argparse.Namespace,
    balance: Balance,
    rows: list[dict[str, float]],
    totals: dict[str, float],
    seconds: float,
) -> dict[str, object]:
    """Figures from what was seen."""
    warm = next((r for r in rows if r["ended"] >= arguments.uploads / 5), rows[0])
    growth = {
        part: round(np.median([r[part] for r in rows[-5:]]) / warm[part], 3)
        for part in ("server", "worker")
    }
    states = list(balance.ended.values())
    return {
        "clients": arguments.clients,
        "uploads": arguments.uploads,
        "answered": len(states),
        "done": states.count("done"),
        "failed": states.count("failed"),
        "told_to_wait": balance.refused,
        "without_an_answer": balance.failures[:20],
        "accepted_by_the_service": totals.get("accepted"),
        "classified": totals.get("done"),
        "answered_from_the_store": totals.get("cached"),
        "seconds": round(seconds, 1),
        "per_second": round(len(states) / seconds, 2),
        "p50_seconds": round(float(np.percentile(balance.seconds, 50)), 2),
        "p95_seconds": round(float(np.percentile(balance.seconds, 95)), 2),
        "memory_mb_warm": {k: round(warm[k]) for k in growth},
        "memory_growth": growth,
    }


def main() -> None:
    """Parses, runs, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--uploads", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--max-queue", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=30.0)
    figures = json.dumps(run(arguments := parser.parse_args()), indent=2)
    print(figures)
    if arguments.output:
        arguments.output.write_text(figures + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
