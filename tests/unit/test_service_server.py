"""The server's start: addresses that cannot be had, and workers that never get ready."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tiny import tiny_bundle
from vidkind.service import ServiceOptions, server
from vidkind.service.jobs import JobStore
from vidkind.service.server import ServerError, WorkerKeeper, serve


@pytest.fixture
def options(tmp_path: Path) -> ServiceOptions:
    bundle = tiny_bundle(tmp_path / "tiny").path
    made = ServiceOptions(data=tmp_path / "data", bundle=bundle, port=0)
    made.make_folders()
    return made


@pytest.fixture
def store(options: ServiceOptions) -> Iterator[JobStore]:
    opened = JobStore(options.database_url)
    yield opened
    opened.close()


def refused(tmp_path: Path, **changes) -> str:
    options = ServiceOptions(
        data=tmp_path / "data", bundle=tiny_bundle(tmp_path / "tiny").path, **changes
    )
    with pytest.raises(ServerError) as error:
        serve(options, on_ready=pytest.fail)
    return str(error.value)


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = refused(tmp_path, port=port)
    assert message == f"port {port} is in use; stop that process or give --port"


def test_a_host_of_another_machine_is_named(tmp_path: Path) -> None:
    message = refused(tmp_path, host="192.0.2.7", port=0)  # TEST-NET-1: nobody's
    assert message == "192.0.2.7 is not an address of this machine; give --host one that is"


def test_a_host_that_does_not_resolve_is_named(tmp_path: Path) -> None:
    message = refused(tmp_path, host="no such host", port=0)
    assert message == "host 'no such host' is not known; give --host an address of this machine"


@pytest.mark.parametrize(
    ("number", "match"),
    [(errno.EACCES, "port 80 is not open to this user"), (errno.ENOBUFS, "127.0.0.1, port 80: ")],
)
def test_other_reasons_are_named(monkeypatch, number: int, match: str) -> None:
    def bind(_self: socket.socket, _address: object) -> None:
        raise OSError(number, "as the system says it")

    monkeypatch.setattr(socket.socket, "bind", bind)
    with pytest.raises(ServerError, match=match):
        server._bound_socket(ServiceOptions(port=80))


class DyingKeeper(WorkerKeeper):
    """Its workers end at once; the first ``ready`` of them say before that they are ready."""

    def __init__(self, options: ServiceOptions, store: JobStore, ready: int = 0) -> None:
        self.ended = threading.Event()
        self.greeted, self.deaths, self.ready = store, 0, ready
        super().__init__(options, store, on_giving_up=self.ended.set)

    def _run(self, worker_id: str) -> None:
        self.deaths += 1
        if self.deaths <= self.ready:
            self.greeted.greet(worker_id)
        if self.deaths == 10:
            self.ended.set()
            self._stop.set()


@pytest.fixture(autouse=True)
def quick_restarts(monkeypatch) -> None:
    monkeypatch.setattr(server, "_RESTART_SECONDS", 0.01)


def test_a_worker_that_never_gets_ready_is_given_up(options, store) -> None:
    keeper = DyingKeeper(options, store)
    keeper.start()
    assert keeper.ended.wait(20)
    keeper.stop()
    assert keeper.gave_up
    assert keeper.deaths == 3


def test_a_worker_that_was_ready_once_is_started_for_ever(options, store) -> None:
    keeper = DyingKeeper(options, store, ready=1)
    keeper.start()
    assert keeper.ended.wait(20)
    keeper.stop()
    assert not keeper.gave_up
    assert keeper.deaths == 10
