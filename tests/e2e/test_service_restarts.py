"""Killed in the middle of its work, the service loses no job and does none twice."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.clips import render
from tests.cluster import cluster
from tests.service import Running, launch, stop
from tests.tiny import tiny_bundle

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and kills"),
]
NUM_JOBS = 36


@pytest.fixture(params=["sqlite", "postgresql+redis"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """Options that say where jobs and queue are."""
    if request.param == "sqlite":
        yield ()
        return
    with cluster(tmp_path / "cluster") as (database, queue):
        yield ("--database", database, "--queue", queue)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("clips")
    return [render(folder / f"{i:02}.mp4", 60 + i) for i in range(NUM_JOBS)]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def kill_workers(running: Running) -> int:
    pids = running.workers()
    for pid in pids:
        kill(pid)
    return len(pids)


def done(running: Running) -> float:
    text = running.get("/metrics").body.decode()
    line = next(line for line in text.splitlines() if line.startswith("vidkind_jobs_done_total"))
    return float(line.split()[1])


def wait_for_some(running: Running, count: int) -> None:
    end = time.monotonic() + 60
    while done(running) < count and time.monotonic() < end:
        time.sleep(0.05)


def test_every_accepted_job_ends_exactly_once(tmp_path: Path, places, clips: list[Path]) -> None:
    bundle = tiny_bundle(tmp_path / "tiny").path
    options = ("--bundle", str(bundle), "--workers=2", *places)
    running = launch(tmp_path / "data", *options)
    try:
        with ThreadPoolExecutor(6) as pool:
            posted = list(pool.map(lambda clip: running.post_file("/api/v1/jobs", clip), clips))
        ids = [answer.json["id"] for answer in posted]
        assert {answer.status for answer in posted} <= {200, 202}

        wait_for_some(running, 3)
        assert kill_workers(running) == 1
        wait_for_some(running, 9)
        before = done(running)
        kill(running.process.pid)
        running.process.wait()
        assert before < NUM_JOBS, "it was killed too late to test anything"

        running = launch(tmp_path / "data", *options, port=running.port)
        jobs = [running.wait(job_id, 120) for job_id in ids]
        assert [job["state"] for job in jobs] == ["done"] * NUM_JOBS
        assert [job["result"]["path"] for job in jobs] == [clip.name for clip in clips]
        assert done(running) == NUM_JOBS, "some job was done twice"
    finally:
        stop(running)


def test_a_worker_elsewhere_does_the_jobs(tmp_path: Path, places, clips: list[Path]) -> None:
    """``--workers 0`` and a ``vidkind worker`` of its own, which ends cleanly."""
    import subprocess

    bundle = tiny_bundle(tmp_path / "tiny").path
    options = ("--bundle", str(bundle), *places)
    running = launch(tmp_path / "data", *options, "--workers=0")
    command = [sys.executable, "-c", "from vidkind.cli import main; main()", "worker"]
    worker = subprocess.Popen([*command, "--data", str(tmp_path / "data"), *options])
    try:
        ids = [running.post_file("/api/v1/jobs", clip).json["id"] for clip in clips[:4]]
        assert [running.wait(i)["state"] for i in ids] == ["done"] * 4
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    finally:
        worker.kill()
        stop(running)
