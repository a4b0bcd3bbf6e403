"""PostgreSQL and Redis for tests: started on free loopback ports, stopped and removed after."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.service import free_port

_POSTGRES_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, str]]:
    """URLs of a fresh database and a fresh queue; skips where Debian's packages are absent."""
    redis = shutil.which("redis-server")
    initdb = shutil.which("initdb", path=os.pathsep.join(map(str, _POSTGRES_FOLDERS)))
    if redis is None or initdb is None:
        message = "postgresql and redis-server are not installed"
        if os.environ.get("VIDKIND_REQUIRE_CLUSTER"):
            pytest.fail(message)
        pytest.skip(message)
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        database = stack.enter_context(_postgres(Path(initdb)))
        yield database, stack.enter_context(_redis(redis, folder))


@contextmanager
def _postgres(initdb: Path) -> Iterator[str]:
    as_user: dict[str, Any] = {}
    # Not below pytest's folder, which belongs to one user: PostgreSQL does not run as root.
    with tempfile.TemporaryDirectory(prefix="vidkind-postgres-") as data:
        if sys.platform != "win32" and os.geteuid() == 0:
            shutil.chown(data, "postgres")
            as_user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        with _running_postgres(initdb, data, as_user) as url:
            yield url


@contextmanager
def _running_postgres(initdb: Path, data: str, as_user: dict[str, Any]) -> Iterator[str]:
    port = free_port()
    user = as_user.get("user", getpass.getuser())
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **as_user}
    subprocess.run([initdb, "-D", data, "-A", "trust", "--no-sync"], check=True, cwd="/", **quiet)
    server = subprocess.Popen(
        [initdb.with_name("postgres"), "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", ""],
        cwd="/",
        **quiet,
    )
    url = f"postgresql://{user}@127.0.0.1:{port}/postgres"
    try:
        _wait(lambda: _connect(url))
        yield url
    finally:
        server.terminate()
        server.wait(30)


def _connect(url: str) -> None:
    import psycopg

    psycopg.connect(url).close()


@contextmanager
def _redis(program: str, folder: Path) -> Iterator[str]:
    import redis

    port = free_port()
    server = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
        stdout=subprocess.DEVNULL,
    )
    url = f"redis://127.0.0.1:{port}/0"
    try:
        _wait(redis.Redis.from_url(url).ping)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def _wait(attempt: Any) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            attempt()
            return
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
