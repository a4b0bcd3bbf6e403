"""What this process may use of the machine: cores, memory, a folder to keep things in.

In: nothing. Out: numbers and a path. Containers are limited by control groups, which
``os.cpu_count`` does not see. Standard library only; knows no other room.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")
_MEMINFO = Path("/proc/meminfo")


def usable_cores(cgroups: Path = _CGROUPS) -> int:
    """Cores this process may keep busy: affinity and control group counted in.

    Args:
        cgroups: Where the system shows control groups; only Linux has them.
    """
    cores = _allowed_cores()
    for group in _groups(cgroups):
        quota = _cpu_quota(group)
        if quota is not None:
            cores = min(cores, math.ceil(quota))
    return max(1, cores)


def available_memory_bytes(cgroups: Path = _CGROUPS, meminfo: Path = _MEMINFO) -> int | None:
    """Memory this process may still take without swapping; None where the system does not say.

    Args:
        cgroups: Where the system shows control groups; only Linux has them.
        meminfo: Where the system shows its memory; only Linux has it.
    """
    free = [_available_in_all(meminfo), *map(_available_in_group, _groups(cgroups))]
    known = [number for number in free if number is not None]
    return min(known) if known else None


def cache_folder() -> Path:
    """Where the system keeps what can be made again."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or _home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = _home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or _home() / ".cache"
    return Path(base) / "vidkind"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a user without one, as in some containers
        return Path(tempfile.gettempdir())


def _allowed_cores() -> int:
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _groups(root: Path) -> Iterator[Path]:
    """Folders of this process's control group and all above it, versions 1 and 2."""
    lines = (_text(_MEMBERSHIP) or "").splitlines()
    for line in lines or ["0::/"]:
        _, controllers, path = line.split(":", 2)
        top = root / controllers if controllers else root
        group = top / path.lstrip("/")
        yield group
        yield from (above for above in group.parents if above.is_relative_to(top))


def _cpu_quota(group: Path) -> float | None:
    """Cores' worth of time the group gets; None without a limit."""
    quota, period = [*(_text(group / "cpu.max") or "").split(), "", ""][:2]
    if not quota:
        quota = _text(group / "cpu.cfs_quota_us") or ""
        period = _text(group / "cpu.cfs_period_us") or ""
    if not (quota.isdigit() and period.isdigit() and int(period)):
        return None  # "max", "-1" or nothing at all
    return int(quota) / int(period)


def _available_in_group(group: Path) -> int | None:
    for limit, used, prefix in (
        ("memory.max", "memory.current", ""),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
    ):
        pair = (_text(group / limit) or "").strip(), (_text(group / used) or "").strip()
        if all(map(str.isdigit, pair)):
            taken = int(pair[1]) - _file_cache(group, prefix)
            return max(0, int(pair[0]) - max(0, taken))
    return None


def _file_cache(group: Path, prefix: str) -> int:
    """Bytes of files the group has read, which count as used and are given up when needed."""
    stat = (line.split() for line in (_text(group / "memory.stat") or "").splitlines())
    wanted = {f"{prefix}active_file", f"{prefix}inactive_file"}
    return sum(int(size) for name, size in stat if name in wanted)


def _available_in_all(meminfo: Path) -> int | None:
    for line in (_text(meminfo) or "").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    if hasattr(os, "sysconf") and "SC_AVPHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
