"""The generated tables of docs/performance.md, from the JSON files in benchmarks/results/."""

from __future__ import annotations

from collections.abc import Callable

from figures import interval, load, stamp, table


def efforts() -> str:
    """Accuracy and work of each effort on the same clips."""
    result = load("efforts")
    rows = [
        [
            f"`--effort {row['name']}`",
            interval(row["per_source"]["accuracy"]),
            f"{row['against_full']['difference']['value']:+.1f} (p = "
            f"{row['against_full']['p_value']:.2f})",
            f"{row['other_answers']} of {result['num_videos']}",
            f"{row['frames_decoded']:.0f}",
            f"{row['frames_embedded']:.1f}",
            f"{row['times_faster']:.1f} x",
        ]
        for row in result["rows"]
    ]
    head = ["", "accuracy per source", "minus full", "other answers", "frames decoded",
            "frames embedded", "speed against full"]  # fmt: skip
    return f"{table(head, rows)}\n\n{stamp(result)}"


PERFORMANCE_BLOCKS: dict[str, Callable[[], str]] = {"efforts": efforts}
