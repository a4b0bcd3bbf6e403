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


def published_recipe() -> str:
    """The published recipe against ours, video by video."""
    result, long = load("published_recipe"), load("published_recipe_long")
    head = ["video", "", "features, s", "temporal models, s", "times faster"]
    rows = []
    for video, sides in (result["videos"] | long["videos"]).items():
        for name, row in sides.items():
            if name == "published":
                rows.append([video, "published recipe", "", f"{row['seconds']:.1f} in all", "1"])
            else:
                times = f"{row['features_seconds']:.2f}", f"{row['temporal_seconds']:.3f}"
                rows.append([video, name, *times, f"{row['ratio']:.1f}"])
    return f"{table(head, rows)}\n\n{stamp(result)}"


def embedding() -> str:
    """Cost of a frame in every runtime and precision."""
    result = load("embedding_speed")
    rows = [
        [backbone, *way.split("; "), f"{row['ms_per_frame']:.1f}", f"{row['times_faster']:.2f} x"]
        for backbone, ways in result["backbones"].items()
        for way, row in ways.items()
    ]
    head = ["backbone", "", "calls", "ms a frame", "against ONNX Runtime"]
    return f"{table(head, rows)}\n\n{stamp(result)}"


def peers() -> str:
    """Videos a second of ours and of other classifiers."""
    result = load("peers")
    rates, ratios = result["videos_per_second"], result["ratios"]
    others = [name for name in rates if name not in ratios]
    head = ["", "videos/s", *(f"against {name}" for name in others)]
    rows = [[name, f"{rates[name]:.2f}", *[""] * len(others)] for name in others]
    rows += [
        [f"`{name}`", f"{rates[name]:.1f}", *(f"{row[other]:.1f} x" for other in others)]
        for name, row in ratios.items()
    ]
    return f"{table(head, rows)}\n\n{stamp(result)}"


def throughput() -> str:
    """What bounds a folder, and what a second worker brings."""
    result = load("throughput")
    gains = result["workers_gain"]
    rows = [
        [name, f"{rate:.1f}", f"{gains[name]:.2f} x" if name in gains else ""]
        for name, rate in result["videos_per_second"].items()
        if not name.endswith("one worker")
    ]
    head = ["", "videos/s", f"{result['workers']} workers against one"]
    shares = (
        f"Both together take {1 / result['of_sum']:.2f} times the sum of decoding alone and "
        f"embedding alone (share of the sum {result['of_sum']:.2f}, of the slower of the two "
        f"{result['of_slower']:.2f}); {result['runtime']}, {result['precision']}."
    )
    return f"{table(head, rows)}\n\n{shares}\n\n{stamp(result)}"


PERFORMANCE_BLOCKS: dict[str, Callable[[], str]] = {
    "efforts": efforts,
    "embedding": embedding,
    "other classifiers": peers,
    "published recipe": published_recipe,
    "throughput": throughput,
}
