"""Tables of docs/performance.md on the machine's floor, training and forecasts."""

from __future__ import annotations

from collections.abc import Callable

from figures import load, stamp, table


def machine_floor() -> str:
    """Peaks of the machine, work of a video, and the quotient."""
    result = load("machine_floor")
    peaks, work, frames = result["peaks"], result["work"], result["frames"]
    decoded = peaks["decode_1080p_frames_per_second_and_core"]
    cores = peaks["cores"]
    rates = [
        [f"matrix product, float32, {cores} cores", f"{peaks['torch_float32_gflops']:.0f} GFLOP/s"],
        ["the same by numpy's BLAS", f"{peaks['numpy_float32_gflops']:.0f} GFLOP/s"],
        ["the same in bfloat16 (torch)", f"{peaks['torch_bfloat16_gflops']:.0f} GFLOP/s"],
        ["copying memory, one thread", f"{peaks['copy_gigabytes_per_second']:.0f} GB/s"],
        *(
            [f"H.264 1920x1080, one core, {name}", f"{rate:.0f} frames/s"]
            for name, rate in decoded.items()
        ),
    ]
    best = max(peaks["torch_float32_gflops"], peaks["numpy_float32_gflops"])
    rows = []
    for name, cost in work.items():
        times = 1 if name.endswith("an answer") else frames
        gflop = times * cost["gflop"]
        moved = times * cost["activation_megabytes"] + cost["parameter_megabytes"]
        rows.append(
            [
                name,
                f"{cost['gflop']:.3f}",
                f"{cost['activation_megabytes']:.0f} MB",
                f"{cost['parameter_megabytes']:.1f} MB",
                f"{gflop:.2f}",
                f"{1000 * gflop / best:.0f} ms",
                f"{1000 * gflop / peaks['torch_bfloat16_gflops']:.0f} ms",
                f"{moved / peaks['copy_gigabytes_per_second']:.0f} ms",
            ]
        )
    head = ["", "GFLOP", "activations", "weights", f"GFLOP a video ({frames} frames)",
            "floor, float32", "floor, bfloat16", "if every activation went to memory"]  # fmt: skip
    return f"{table(['this machine at best', ''], rates)}\n\n{table(head, rows)}\n\n{stamp(result)}"


def stage_two() -> str:
    """The shipped temporal models beside decoding and embedding."""
    result = load("temporal_cost")
    found = result["shipped"]
    rows = [
        [f"decode and embed {found['frames']} frames", f"{found['stage_1_ms_median']:.0f}", ""],
        ["four members and trust", f"{found['members_ms_median']:.1f}",
         f"{found['members_to_stage_1']:.1%}"],
        ["the same with TTA", f"{found['members_tta_ms_median']:.1f}",
         f"{found['members_tta_to_stage_1']:.1%}"],
    ]  # fmt: skip
    head = ["shipped bundle, a short clip, one core", "ms", "of stage 1"]
    return f"{table(head, rows)}\n\n{stamp(result)}"


def training_speed() -> str:
    """Epochs of the published way of loading against ours."""
    result = load("training_speed")
    rows = []
    for shape, ways in result["features"].items():
        for name, found in ways.items():
            ratio, cores = found.get("ratio_to_ours"), found.get("core_ratio_to_ours")
            rows.append(
                [
                    shape,
                    name,
                    f"{found['seconds_median']:.2f}",
                    "" if ratio is None else f"{ratio:.1f} x",
                    "" if cores is None else f"{cores:.1f} x",
                ]
            )
    head = ["features", "", "seconds an epoch", "time against ours", "processor time against ours"]
    return f"{table(head, rows)}\n\n{stamp(result)}"


def plan_accuracy() -> str:
    """What was forecast and what the run took."""
    result = load("plan_accuracy")
    rows = [
        [
            name,
            f"{found['files']}",
            f"{found['run_seconds']:.1f}",
            f"{found['forecast']['seconds']:.1f} "
            f"({found['forecast']['low']:.1f} to {found['forecast']['high']:.1f})",
            f"{found['ratio'] - 1:+.0%}",
            f"{found['probing_alone_ratio'] - 1:+.0%}",
            _counted(found),
            f"{found['plan_seconds']:.0f}",
        ]
        for name, found in result["libraries"].items()
    ]
    head = ["library, run", "files", "run took, s", "forecast, s (95 %)", "off by",
            "probing alone off by", "decoded: forecast, run", "plan took, s"]  # fmt: skip
    return f"{table(head, rows)}\n\n{stamp(result)}"


def _counted(found: dict) -> str:
    if "run_frames_decoded" not in found:
        return ""
    return f"{found['forecast']['frames_decoded']:,}, {found['run_frames_decoded']:,} frames"


PLAN_BLOCKS: dict[str, Callable[[], str]] = {
    "machine floor": machine_floor,
    "plan accuracy": plan_accuracy,
    "stage two": stage_two,
    "training speed": training_speed,
}
