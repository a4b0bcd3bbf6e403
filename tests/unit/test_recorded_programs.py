"""What this project records teaches the shipped bundle; it must not be what is scored."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.mark.parametrize("name", ["games.csv", "desktop.csv"])
def test_no_recorded_program_is_a_source_of_the_scored_clips(name: str) -> None:
    with (BENCHMARKS / "realclips.csv").open(encoding="utf-8", newline="") as file:
        scored = {row["repo"].removeprefix("debian/") for row in csv.DictReader(file)}
    with (BENCHMARKS / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    recorded = {word for row in rows for word in (row["package"], *row["also"].split())}
    assert len(rows) > 40
    assert not recorded & scored
