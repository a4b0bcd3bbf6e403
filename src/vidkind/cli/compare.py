"""``vidkind compare``: two bundles on the same labelled videos."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vidkind.cli.options import bundle_path, existing_path, workers_option
from vidkind.cli.progress import progress_bar
from vidkind.cli.score_table import print_scores

if TYPE_CHECKING:
    from vidkind.evaluation.compare import Answered, BundleComparison, Cost
    from vidkind.inference import SingleVideoClassifier
    from vidkind.records import VideoItem


@click.command("compare", short_help="Say which of two bundles is better, and whether it is real.")
@click.argument("bundle_a", metavar="BUNDLE_A")
@click.argument("bundle_b", metavar="BUNDLE_B")
@click.argument("library", type=existing_path)
@click.option("--split", default="val", show_default=True,
              type=click.Choice(["train", "val", "test", "all"]),
              help="Which videos to ask about. A library without splits is divided as vidkind "
              "extract does by default.")  # fmt: skip
@click.option("--tta", is_flag=True, help="Both average over four views in time.")
@click.option("--report", type=click.Path(path_type=Path, file_okay=False),
              help="Write report.html, with frames of the videos that flip, and plots "
              "here.")  # fmt: skip
@click.option("--answers", type=click.Path(path_type=Path, file_okay=False),
              help="Keep the answers here; run again, only what is missing is asked. Default: "
              "the folder of --report.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Every figure as JSON on stdout.")
@click.option("--seed", default=0, show_default=True, help="Seed of the bootstrap.")
@workers_option
def compare_command(
    bundle_a: str,
    bundle_b: str,
    library: Path,
    split: str,
    tta: bool,
    report: Path | None,
    answers: Path | None,
    as_json: bool,
    seed: int,
    workers: int | None,
) -> None:
    """Ask two bundles about the same labelled LIBRARY: who is better, by how much, is it real.

    BUNDLE_A and BUNDLE_B are bundle folders or zips, the word default (the bundle shipped with
    vidkind), or files that vidkind classify wrote (.jsonl, .json, .csv). The accuracy of each,
    per source, has a 95 % interval; an exact McNemar test says whether the difference can be
    chance; videos that the two answer differently are listed. A video that one of them cannot
    answer is listed with the reason and left out of every figure; the exit code is then 1.

    Ask about videos that neither has learned from. A bundle trained with --cross-fit has learned
    from val too, and scores too well there: give --split test.

    \b
    vidkind compare default my_bundle/ library/
    vidkind compare old.zip new.zip clips/manifest.csv --split test --report comparison/
    """
    from vidkind import __version__
    from vidkind.evaluation.compare import compare_answers
    from vidkind.files import atomic_path

    items = _videos(library, split)
    with ExitStack() as stack:
        kept = answers or report
        folder = kept or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        named = zip(_names(bundle_a, bundle_b), (bundle_a, bundle_b), strict=True)
        a, b = (_answers(name, spec, items, folder, tta, workers) for name, spec in named)
    result = compare_answers(items, a, b, seed=seed)
    text = json.dumps(result.to_json(), indent=1, ensure_ascii=False)
    if report is not None:
        from vidkind.report import write_comparison_report

        videos = {item.key: Path(item.path) for item in items}
        page = write_comparison_report(
            result, videos, report, library_name=library.resolve().name, version=__version__
        )
        with atomic_path(report / "comparison.json") as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
        click.echo(f"report: {page}", err=True)
    if as_json:
        click.echo(text)
    else:
        _print(result)
    if result.failures:
        count = len({failure.path for failure in result.failures})
        raise click.ClickException(
            f"{count} of {len(items)} videos have no answer from one or both; see the reasons"
        )


def _videos(library: Path, split: str) -> tuple[VideoItem, ...]:
    from vidkind.config import SplitOptions
    from vidkind.dataset import assign_splits, read_library

    found = read_library(library)
    if split == "all":
        return found.items
    items = assign_splits(found, SplitOptions()).items
    return tuple(item for item in items if item.split == split)


def _names(a: str, b: str) -> tuple[str, str]:
    """Short names where they differ, else the paths as they were given."""
    short = Path(a).resolve().name, Path(b).resolve().name
    if short[0] != short[1]:
        return short
    return (a, b) if a != b else (f"{a} (A)", f"{b} (B)")


def _answers(
    name: str,
    spec: str,
    items: Sequence[VideoItem],
    folder: Path,
    tta: bool,
    workers: int | None,
) -> Answered:
    from vidkind.evaluation.answers import ANSWER_SUFFIXES, match_answers, read_answers
    from vidkind.evaluation.compare import Answered
    from vidkind.inference import SingleVideoClassifier

    path = bundle_path(spec)
    if path is not None and path.is_file() and path.suffix in ANSWER_SUFFIXES:
        return Answered(name=name, predictions=match_answers(read_answers(path), items))
    classifier = SingleVideoClassifier(path)
    # The name says which bundle and views, so that no other bundle's answers are taken for these.
    views = "_tta" if tta else ""
    rows = folder / f"answers_{classifier.bundle.manifest.identity}{views}.jsonl"
    cost = _ask(name, classifier, [item.path for item in items], rows, tta, workers)
    return Answered(name=name, predictions=match_answers(read_answers(rows), items), cost=cost)


def _ask(
    name: str,
    classifier: SingleVideoClassifier,
    paths: Sequence[str],
    rows: Path,
    tta: bool,
    workers: int | None,
) -> Cost | None:
    """Writes what is missing of the rows; gives the cost of all that were ever timed."""
    from vidkind.cli.rows import open_rows
    from vidkind.evaluation.compare import Cost
    from vidkind.files import atomic_path, printable

    before = _kept_cost(rows)
    made_with = {"bundle": classifier.bundle.manifest.identity, "tta": tta}
    frames, count, start = 0, 0, time.perf_counter()
    with (
        progress_bar(f"Asking {name}", len(paths)) as advance,
        open_rows(
            "jsonl", rows, classifier.categories, inputs=paths, made_with=made_with, resume=True
        ) as (file, kept),
    ):
        todo = [path for path in paths if printable(path) not in kept]
        for _ in range(len(paths) - len(todo)):
            advance()
        for prediction in classifier.classify_videos(todo, use_tta=tta, workers=workers):
            file.write(prediction)
            frames, count = frames + prediction.frames_embedded, count + 1
            advance()
    now = Cost(num_videos=count, seconds=time.perf_counter() - start, num_frames=frames)
    total = now if before is None else now + before if count else before
    with atomic_path(_cost_file(rows)) as temporary:
        temporary.write_text(json.dumps(asdict(total)) + "\n", encoding="utf-8")
    return total if total.num_videos else None


def _cost_file(rows: Path) -> Path:
    return rows.with_suffix(".cost.json")


def _kept_cost(rows: Path) -> Cost | None:
    from vidkind.evaluation.compare import Cost

    path = _cost_file(rows)
    return Cost(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def _print(result: BundleComparison) -> None:
    costs = [
        "-" if cost is None else f"{1000 * cost.seconds / cost.num_videos:.0f}"
        for cost in result.costs
    ]
    print_scores(
        "",
        zip(result.rows, costs, strict=True),
        last_column="ms a video",
        counts=(result.num_videos, result.num_sources),
    )
    _print_words(result)


def _print_words(result: BundleComparison) -> None:
    for line in result.summary:
        click.echo(line)
    for flip in result.flips:
        click.echo(
            f"  {flip.path}: {flip.label}; {flip.a} {flip.a_confidence:.0%}, "
            f"{flip.b} {flip.b_confidence:.0%}"
        )
    for failure in result.failures:
        click.echo(f"  {failure.path}: {failure.name}: {failure.error.type}")
