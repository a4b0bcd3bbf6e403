"""What every block of figures is made with: result files, intervals, tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
Result = dict[str, Any]


def load(name: str) -> Result:
    """One result file."""
    found: Result = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def interval(figure: Result) -> str:
    """A figure with its 95 % interval."""
    return f"{figure['value']:.1f} [{figure['low']:.1f}, {figure['high']:.1f}]"


def stamp(result: Result) -> str:
    """When, where and on which commit."""
    return f"*{result['date']}, {result['machine']}, commit {result['commit']}*"


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
