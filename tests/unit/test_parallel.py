"""Many inputs in threads: order, bounds, early ends; what the machine lets a process use."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidkind import machine
from vidkind.machine import available_memory_bytes, cache_folder, usable_cores
from vidkind.parallel import default_workers, in_order


@settings(max_examples=30, deadline=None)
@given(
    seconds=st.lists(st.sampled_from([0, 0.001, 0.003]), max_size=12),
    workers=st.integers(1, 4),
    further=st.integers(0, 5),
)
def test_results_come_in_input_order(seconds: list[float], workers: int, further: int) -> None:
    def wait(pair: tuple[int, float]) -> int:
        time.sleep(pair[1])
        return pair[0]

    given_order = list(in_order(wait, enumerate(seconds), workers=workers, ahead=workers + further))
    assert given_order == list(range(len(seconds)))


def test_a_slow_input_at_the_head_does_not_stop_the_others() -> None:
    done, release = [], threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert release.wait(30)
        done.append(number)
        if len(done) == 9:
            release.set()  # only the other nine can end the first
        return number

    assert list(in_order(work, range(10), workers=2, ahead=10)) == list(range(10))
    assert done[-1] == 0


def test_inputs_are_read_only_so_far_ahead() -> None:
    read = []
    results = in_order(lambda n: n, (read.append(n) or n for n in count()), workers=2, ahead=5)
    for expected in range(20):
        assert next(results) == expected
        assert expected < len(read) <= expected + 5
    results.close()


def test_a_result_does_not_wait_for_inputs_that_are_slow_to_come() -> None:
    answered = threading.Event()

    def inputs() -> Iterator[int]:
        yield 0
        answered.wait(10)
        yield 1
        raise AssertionError("read further than needed")

    def answer(value: int) -> int:
        answered.set()
        return value

    assert next(in_order(answer, inputs(), workers=1, ahead=64)) == 0


def test_as_many_at_once_as_there_are_workers() -> None:
    meeting = threading.Barrier(3, timeout=30)
    assert list(in_order(lambda n: meeting.wait() >= 0, range(9), workers=3, ahead=3)) == [True] * 9


def test_closing_begins_nothing_more() -> None:
    begun: list[int] = []
    slow = in_order(lambda n: (begun.append(n), time.sleep(0.02)), range(1000), workers=2, ahead=99)
    next(slow)
    slow.close()
    reached = len(begun)
    assert reached <= 8
    time.sleep(0.1)
    assert len(begun) == reached


def test_what_the_function_raises_comes_in_its_place() -> None:
    results = in_order(lambda n: 1 / n, [1, 2, 0, 4], workers=2, ahead=4)
    assert [next(results), next(results)] == [1, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(results)


@pytest.fixture
def groups(tmp_path: Path, monkeypatch) -> Path:
    """A control group hierarchy with this process in /a/b."""
    membership = tmp_path / "membership"
    membership.write_text("0::/a/b\n")
    monkeypatch.setattr(machine, "_MEMBERSHIP", membership)
    monkeypatch.setattr(machine, "_allowed_cores", lambda: 16)
    (tmp_path / "a" / "b").mkdir(parents=True)
    return tmp_path


def _write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_the_quota_of_any_group_above_counts(groups: Path) -> None:
    assert usable_cores(groups) == 16
    _write(groups / "a" / "b", cpu__max="max 100000\n")
    assert usable_cores(groups) == 16
    _write(groups / "a", cpu__max="250000 100000\n")
    assert usable_cores(groups) == 3
    _write(groups / "a" / "b", cpu__max="10000 100000\n")
    assert usable_cores(groups) == 1


def test_the_older_control_groups_count_too(groups: Path) -> None:
    (groups / "membership").write_text("5:memory:/a\n3:cpu,cpuacct:/a\n")
    _write(groups / "cpu,cpuacct" / "a", cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    assert usable_cores(groups) == 16
    _write(groups / "cpu,cpuacct", cpu__cfs_quota_us="200000", cpu__cfs_period_us="100000")
    assert usable_cores(groups) == 2
    _write(groups / "memory" / "a", memory__limit_in_bytes="4096\n", memory__usage_in_bytes="96\n")
    assert available_memory_bytes(groups) == 4000


def test_memory_is_what_the_tightest_limit_leaves(groups: Path) -> None:
    meminfo = groups / "meminfo"
    meminfo.write_text("MemTotal: 99 kB\nMemAvailable: 9 kB\n")
    assert available_memory_bytes(groups, meminfo) == 9 << 10
    _write(groups / "a", memory__max="5000\n", memory__current="6000\n")
    _write(groups / "a" / "b", memory__max="max\n", memory__current="6000\n")
    assert available_memory_bytes(groups, meminfo) == 0


@pytest.mark.parametrize(("version", "prefix"), [(2, ""), (1, "total_")])
def test_files_that_were_read_do_not_take_memory(groups: Path, version: int, prefix: str) -> None:
    stat = f"anon 1000\n{prefix}inactive_file 5000\n{prefix}active_file 2000\nshmem 7\n"
    if version == 2:
        _write(groups / "a", memory__max="9000", memory__current="8500", memory__stat=stat)
    else:
        (groups / "membership").write_text("5:memory:/a\n")
        used = {"memory__limit_in_bytes": "9000", "memory__usage_in_bytes": "8500"}
        _write(groups / "memory" / "a", **used, memory__stat=stat)
    assert available_memory_bytes(groups, groups / "none") == 9000 - (8500 - 7000)


@pytest.mark.parametrize(
    ("gigabytes", "workers"), [(None, 16), (64, 16), (4, 8), (0.1, 1)]
)  # fmt: skip
def test_one_worker_a_core_and_fewer_where_memory_is_short(
    monkeypatch, gigabytes: float | None, workers: int
) -> None:
    from vidkind import parallel

    memory = None if gigabytes is None else int(gigabytes * (1 << 30))
    monkeypatch.setattr(parallel, "usable_cores", lambda: 16)
    monkeypatch.setattr(parallel, "available_memory_bytes", lambda: memory)
    assert default_workers() == workers


def test_this_machine_has_cores_and_memory() -> None:
    assert 1 <= default_workers() <= usable_cores()
    memory = available_memory_bytes()
    assert memory is None or memory > 1 << 20


@pytest.mark.parametrize(
    ("system", "variable", "end"),
    [
        ("linux", "XDG_CACHE_HOME", "vidkind"),
        ("win32", "LOCALAPPDATA", "vidkind"),
        ("darwin", "", "Library/Caches/vidkind"),
    ],
)
def test_the_cache_folder(monkeypatch, tmp_path, system, variable, end) -> None:
    monkeypatch.setattr(sys, "platform", system)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert cache_folder().as_posix().endswith("vidkind")
    if variable:
        monkeypatch.setenv(variable, str(tmp_path))
        assert cache_folder() == tmp_path / end
    else:
        assert cache_folder().as_posix().endswith(end)
