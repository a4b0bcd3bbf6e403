"""Puts the measured figures into the documents, between ``<!-- name -->`` and ``<!-- end -->``.

    python benchmarks/tables.py            # rewrite the blocks
    python benchmarks/tables.py --check    # fail where a document does not show what was measured

Every figure comes from a JSON file in ``benchmarks/results``, written by the script named there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from accuracy_tables import ACCURACY_BLOCKS
from figures import interval, load, stamp, table
from performance_tables import PERFORMANCE_BLOCKS
from trust_tables import TRUST_BLOCKS

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = (
    "README.md",
    "benchmarks/README.md",
    "docs/backbone.md",
    "docs/doctor.md",
    "docs/experiments.md",
    "docs/model_card.md",
    "docs/performance.md",
    "docs/report.md",
    "docs/service.md",
    "docs/trust.md",
)


def cost() -> str:
    """What an answer of one member costs, compact against reference."""
    result = load("temporal_cost")
    small, large = (result["parameters_per_member"][name] for name in ("compact", "reference"))
    rows = [
        [
            name,
            f"{result[name]['reference_ms_median']:.1f}",
            f"{result[name]['compact_ms_median']:.1f}",
            f"{result[name]['ratio_median']:.0f} x",
        ]
        for name in ("one view", "with TTA")
    ]
    header = ["", "reference, ms", "compact, ms", "median of ratios"]
    return (
        f"{table(header, rows)}\n\nParameters a member: reference {large:,}, compact {small:,}.\n\n"
        + stamp(result)
    )


def scales() -> str:
    """What three temporal scales cost over one."""
    result = load("scales")
    ratio = result["ratio_three_scales_to_one"]
    return (
        f"Extraction with three scales takes {ratio['median']:.2f} times that with one (median of "
        f"pairs, {ratio['min']:.2f} to {ratio['max']:.2f}); the result differs from three separate "
        f"passes by {result['largest_difference_to_three_passes']:.0e} at most.\n\n{stamp(result)}"
    )


def backbone_cost() -> str:
    """What one frame costs on one core."""
    result = load("backbone_cost")
    rows = [
        [name, f"{found['ms_median']:.1f}", f"{found['ratio_to_first']:.2f} x",
         f"{found['megabytes']:.1f} MB"]
        for name, found in result["backbones"].items()
    ]  # fmt: skip
    header = ["backbone", "ms a frame", "median of ratios", "file"]
    return f"{table(header, rows)}\n\n{stamp(result)}"


def first_answer() -> str:
    """How long a fresh process takes on a long 1080p clip."""
    result = load("first_answer")
    rows = [
        [
            f"`{name}`" if name.startswith("vidkind") else name,
            f"{found['median']:.2f}",
            f"{found['min']:.2f} to {found['max']:.2f}",
        ]
        for name, found in result["seconds"].items()
    ]
    return f"{table(['fresh process', 'seconds, median', 'range'], rows)}\n\n{stamp(result)}"


def label_suspects() -> str:
    """What confident learning finds of planted wrong labels."""
    result = load("label_suspects")
    rounds = result["rounds"]

    def mean(key: str) -> str:
        return f"{sum(row[key] for row in rounds) / len(rounds):.0f} %"

    return (
        f"{mean('recall')} of the planted labels are found, {mean('precision')} of the videos "
        "listed are planted ones; of the first as many as were planted, "
        f"{mean('precision_of_as_many_as_were_planted')}. The suggested category is right for "
        f"{mean('right_suggestion')} of those found ({len(rounds)} rounds).\n\n{stamp(result)}"
    )


def seeds() -> str:
    """Eight seeds: every clip out of fold, and validation clips by models without them."""
    whole, val = load("seeds_out_of_fold"), load("seeds")
    watched = {str(member["seed"]): member["best_val_acc"] for member in val["members"]}
    columns = [
        [row[unit]["accuracy"]["value"] for row in whole["seeds"].values()]
        for unit in ("per_source", "per_clip")
    ]
    columns.append([watched[seed] for seed in whole["seeds"]])
    rows = [
        [seed, *(f"{column[i]:.1f}" for column in columns)] for i, seed in enumerate(whole["seeds"])
    ]
    rows.append(["spread", *(f"{max(column) - min(column):.1f}" for column in columns)])
    header = ["seed", "out of fold per source", "out of fold per clip", "`val` per clip"]
    dead = len(whole["dead"]) + len(val["dead"])
    return f"{table(header, rows)}\n\nDead seeds: {dead}.\n\n{stamp(whole)}"


def doctor() -> str:
    """Time, planted copies and what the header gives away."""
    result = load("doctor")
    probe, seconds = result["metadata_probe"], result["seconds_per_thousand"]
    found = [[way, f"{count} of {result['planted']}"] for way, count in result["found"].items()]
    alone = [[name, f"{field['accuracy']:.1f}"] for name, field in probe["fields"].items()]
    stages = ", ".join(f"{n} {s:.0f} s" for n, s in result["stage_seconds"]["first run"].items())
    pairs = ", ".join(f"{n}: {s:.1f} s" for n, s in result["pair_seconds"].items())
    return "\n\n".join(
        [
            f"{result['videos']} videos ({stages}): {seconds['first run']:.0f} s per thousand, "
            f"{seconds['again']:.0f} s with kept scans. Comparing all pairs of so many videos by "
            f"hash: {pairs}.",
            table(["planted copies", "found"], found),
            f"Other pairs across groups, among {result['videos_with_planted']} videos: "
            f"{len(result['other_pairs'])}.",
            f"Metadata only: {interval(probe['accuracy'])} % per source, chance "
            f"{probe['chance']:.1f} %.",
            table(["field alone", "accuracy per source, %"], alone),
            stamp(result),
        ]
    )


def service_load() -> str:
    """What clients on loopback got."""
    result = load("service_load")
    rows = [
        [
            f"{run['clients']} clients, {run['uploads']} uploads, queue of {run['max_queue']}",
            f"{run['done']}",
            f"{run['told_to_wait']}",
            f"{run['per_second']:.1f}",
            f"{run['p50_seconds']:.1f} / {run['p95_seconds']:.1f}",
            f"{run['memory_mb_warm']['both']} -> {run['memory_mb_end']['both']} MiB "
            f"({run['memory_growth']['both']:.2f} x)",
        ]
        for run in result["runs"]
    ]
    header = ["", "answers", "503, obeyed", "answers/s", "p50 / p95, s", "memory"]
    start = result["start_seconds"]
    return (
        f"{table(header, rows)}\n\nFrom the start of the process to `/readyz`: "
        f"{start['median']:.1f} s (median of {len(start['all'])}).\n\n{stamp(result)}"
    )


BLOCKS: dict[str, Callable[[], str]] = {
    **ACCURACY_BLOCKS,
    "seeds": seeds,
    "cost": cost,
    "scales": scales,
    **TRUST_BLOCKS,
    **PERFORMANCE_BLOCKS,
    "backbone cost": backbone_cost,
    "first answer": first_answer,
    "label suspects": label_suspects,
    "doctor": doctor,
    "service load": service_load,
}


def measured(block: Callable[[], str]) -> str:
    """A block, or a line that says that its script has not been run for this version."""
    try:
        return block()
    except FileNotFoundError:
        return "*Not measured for this version.*"


def filled(text: str) -> str:
    """A document with every block written anew."""

    def block(found: re.Match[str]) -> str:
        name = found.group(1)
        return f"<!-- {name} -->\n{measured(BLOCKS[name])}\n<!-- end -->"

    names = "|".join(map(re.escape, BLOCKS))
    return re.sub(rf"<!-- ({names}) -->\n.*?<!-- end -->", block, text, flags=re.DOTALL)


def main() -> None:
    """Rewrites or checks the documents."""
    stale = []
    for name in DOCUMENTS:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        if filled(text) != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(filled(text), encoding="utf-8")
    if "--check" in sys.argv and stale:
        sys.exit(f"{', '.join(stale)}: out of date; run: python benchmarks/tables.py")


if __name__ == "__main__":
    main()
