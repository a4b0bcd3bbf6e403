"""The generated tables of docs/performance.md, from the JSON files in benchmarks/results/."""

from __future__ import annotations

from collections.abc import Callable

from figures import interval, load, stamp, table
from plan_tables import PLAN_BLOCKS


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
    rows, int8 = [], result["int8"]
    for video, sides in (result["videos"] | long["videos"]).items():
        for name, row in sides.items():
            if name == "published":
                rows.append([video, "published recipe", "", f"{row['seconds']:.1f} in all", "1"])
            else:
                times = f"{row['features_seconds']:.2f}", f"{row['temporal_seconds']:.3f}"
                rows.append([video, name, *times, f"{row['ratio']:.1f}"])
    note = ""
    if int8 is not None:
        note = (
            f"Cosine of a frame's int8 features with float32, {int8['checked_frames']} frames of "
            f"clips that set no range: {int8['mean_cosine']:.4f} on average, "
            f"{int8['least_cosine']:.4f} at least. "
        )
    return f"{table(head, rows)}\n\n{note}{stamp(result)}"


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


def gpu_embedding() -> str:
    """Frames a second of EfficientNet-V2-S on a GPU, every way."""
    result = load("gpu_embedding")
    rows = [
        [
            "published: float32, a frame a pass" if name == "published" else name,
            f"{row['frames_per_second']:.0f}",
            f"{row['times_faster']:.1f} x",
            f"{row['least_cosine']:.4f}",
            f"{row['seconds_to_start']:.1f}",
        ]
        for name, row in result["ways"].items()
    ]
    head = ["", "frames/s", "against published", "least cosine of features", "start, s"]
    software = f"{result['gpu']}, torch {result['torch']}"
    return f"{table(head, rows)}\n\n{software}. {stamp(result)}"


def precision() -> str:
    """float32 and int8 in ONNX Runtime on the same clips."""
    result = load("precision")
    frame, efforts = result["frame"], result["efforts"]
    speed = [["a frame, one core", *(f"{frame['ms_per_frame'][p]:.1f} ms" for p in
              ("float32", "int8")), f"{frame['times_faster']:.2f} x"]]  # fmt: skip
    changes = []
    for effort, row in efforts.items():
        name = f"`--effort {effort}`"
        rates = [f"{rate:.1f} videos/s" for rate in row["videos_per_second"].values()]
        speed.append([f"folder, {name}", *rates, f"{row['times_faster']:.2f} x"])
        accuracy = [interval(found["per_source"]["accuracy"]) for found in row["accuracy"].values()]
        score, trust = row["change_of_score"], row["change_of_trust"]
        changes.append(
            [
                name,
                f"{row['other_answers']} of {result['num_videos']}",
                *accuracy,
                f"{row['against_float32']['p_value']:.2f}",
                f"{score['median']:.3f}, {score['largest']:.3f}",
                f"{trust['mean']:.3f}, {trust['largest']:.3f}",
            ]
        )
    kept = [
        [
            f"{row['max_error']:.0%}",
            *(f"{100 * share:.1f} %" for share in row["withheld"].values()),
            *(f"{100 * share:.1f} %" for share in row["error_of_kept"].values()),
            f"{row['decided_otherwise']} of {result['num_videos']}",
        ]
        for row in result["withheld"]
    ]
    answers = ["", "other answers", "accuracy per source, float32", "int8", "p",
               "change of a score: median, largest", "of trust: mean, largest"]  # fmt: skip
    withheld = ["`--max-error`", "withheld, float32", "int8", "wrong of the others, float32",
                "int8", "decided otherwise"]  # fmt: skip
    tables = (
        table(["ONNX Runtime", "float32", "int8", "faster"], speed),
        table(answers, changes),
        table(withheld, kept),
    )
    cosine = (
        f"Cosine of a frame's features with float32, {frame['num_frames']} frames of "
        f"{result['split']} clips: {frame['mean_cosine']:.4f} on average, "
        f"{frame['least_cosine']:.4f} at least."
    )
    return "\n\n".join([*tables, f"{cosine} {stamp(result)}"])


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
        f"{result['of_slower']:.2f}); {result['runtime']}, {result['precision']}. A pipeline with "
        "a core for each stage could at best be as fast as the slower stage is on one core: this "
        f"is {result['of_slower_on_one_core']:.2f} times as fast as that."
    )
    return f"{table(head, rows)}\n\n{shares}\n\n{stamp(result)}"


def sampled_decode() -> str:
    """64 frames out of long 1080p files, ours and others'."""
    result = load("decode_speed")
    cells = sorted(result["cells"].items(), key=lambda cell: ("min" in cell[0], len(cell[0]), cell))
    names = list(dict.fromkeys(side for _, cell in cells for side in cell["seconds"]))
    head = ["", *(f"{name}, s" for name in names), "exact against the best other",
            "against OpenCV", "keyframe against exact", "right, others"]  # fmt: skip
    rows = [
        [
            name,
            *(f"{cell['seconds'][side]:.2f}" if side in cell["seconds"] else "" for side in names),
            f"{cell['best_to_ours']:.1f} x",
            f"{cell['opencv_to_ours']:.1f} x",
            f"{cell['exact_to_keyframe']:.0f} x",
            f"{cell['right']['ours, exact']}, "
            f"{min(right for side, right in cell['right'].items() if side != 'ours, exact')}",
        ]
        for name, cell in cells
    ]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return f"{table(head, rows)}\n\n{versions}. {stamp(result)}"


def decode_memory() -> str:
    """Peak memory of fresh processes that sample a long file."""
    result = load("decode_speed")
    rows = [
        [name, *(f"{megabytes[length]:.0f}" for length in ("2min", "20min"))]
        for name, megabytes in result["memory_mb"].items()
    ]
    return f"{table(['sampler, key frames', '2 min, MB', '20 min, MB'], rows)}\n\n{stamp(result)}"


PERFORMANCE_BLOCKS: dict[str, Callable[[], str]] = {
    **PLAN_BLOCKS,
    "decode memory": decode_memory,
    "efforts": efforts,
    "embedding": embedding,
    "embedding on a gpu": gpu_embedding,
    "other classifiers": peers,
    "precision": precision,
    "published recipe": published_recipe,
    "sampled decode": sampled_decode,
    "throughput": throughput,
}
