"""Every result file says when, where and on which commit it was measured."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any


def machine() -> str:
    """Processor and number of cores, in words."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text().splitlines()
        name = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), name)
    return f"{name}, {os.cpu_count()} cores, {platform.system()}"


def commit() -> str:
    """Short hash of the checkout, with + where it has changes."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def write_result(path: Path, result: dict[str, Any]) -> None:
    """Writes a result with date, machine and commit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stamp = {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "commit": commit(),
        "python": platform.python_version(),
    }
    path.write_text(json.dumps({**stamp, **result}, indent=1) + "\n", encoding="utf-8")
    print(f"written: {path}")
