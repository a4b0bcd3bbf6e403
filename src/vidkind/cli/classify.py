"""``vidkind classify``: videos in, one row each out."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vidkind.cli.options import (
    bundle_option,
    effort_option,
    runtime_options,
    sampler_option,
    workers_option,
)
from vidkind.cli.progress import progress_bar
from vidkind.config import Effort, Precision, Runtime, RuntimeOptions, Sampler

if TYPE_CHECKING:
    from vidkind.inference import TrustKind


@click.command("classify", short_help="Say what kind of content videos are.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@bundle_option
@click.option("--tta", is_flag=True, help="Average over four views in time; see the report of "
              "vidkind evaluate for whether it helps.")  # fmt: skip
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "jsonl", "csv"]),
    help="How to write the rows. Default: as the name of --output ends, else table.",
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file instead."
)
@click.option(
    "--resume",
    is_flag=True,
    help="With --output and jsonl or csv: keep the rows already there, do only what is missing.",
)
@effort_option
@sampler_option(None)
@runtime_options
@workers_option
@click.option("--max-error", type=float, metavar="SHARE",
              help="Withhold answers, as Unclassified, so that on average at most this share of "
              "the others is wrong, e.g. 0.05; refused where the validation videos are too few "
              "to promise it.")  # fmt: skip
@click.option("--strict", is_flag=True,
              help="With --max-error: promise it with 95 % confidence, which takes many "
              "validation videos.")  # fmt: skip
@click.option("--coverage", type=float, metavar="SHARE",
              help="Give with each answer the categories among which the right one is with this "
              "probability, e.g. 0.95.")  # fmt: skip
@click.option("--trust", type=click.Choice(["learned", "published"]), default="learned",
              show_default=True, help="learned: fitted on validation data; published: six signals "
              "weighed by hand, for comparison.")  # fmt: skip
def classify_command(
    paths: tuple[str, ...],
    bundle: Path | None,
    tta: bool,
    form: str | None,
    output: Path | None,
    resume: bool,
    effort: Effort,
    sampler: Sampler | None,
    runtime: Runtime,
    precision: Precision,
    workers: int | None,
    max_error: float | None,
    strict: bool,
    coverage: float | None,
    trust: TrustKind,
) -> None:
    """Say what kind of content each video is.

    PATH is a video file, a folder (searched for videos) or a glob pattern. Every input gets
    exactly one row, in input order: an answer, or an error with its type. Exit code 1 when an
    input has no answer. --resume goes on with rows of the same bundle and options; a hidden file
    beside them, .NAME.run.json, says what those were.

    Trust is the probability, 0 to 1, that the answer is right. Nothing is withheld unless
    --max-error is given; the threshold and what it gave on validation data go to stderr.

    \b
    vidkind classify clip.mp4
    vidkind classify library/ --format csv --output kinds.csv
    vidkind classify "shots/*.mov" --format jsonl | jq .category
    vidkind classify library/ --max-error 0.05 --coverage 0.95
    """
    from vidkind.cli.inputs import expand_inputs
    from vidkind.cli.rows import open_rows
    from vidkind.files import printable
    from vidkind.inference import SingleVideoClassifier

    inputs = expand_inputs(paths)
    form = form or _form_of(output)
    classifier = SingleVideoClassifier(
        bundle,
        sampler=sampler,
        runtime=RuntimeOptions(runtime=runtime, precision=precision),
        max_error=max_error,
        strict=strict,
        coverage=coverage,
        trust=trust,
    )
    if classifier.operating_point is not None:
        click.echo(f"answers withheld below {classifier.operating_point}", err=True)
    made_with = {
        "bundle": classifier.bundle.manifest.identity,
        "sampler": classifier.sampling.sampler,
        "effort": effort,
        "tta": tta,
        "precision": precision,
        "max-error": max_error,
        "strict": strict,
        "coverage": coverage,
        "trust": trust,
    }
    done: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    started = time.perf_counter()
    # Rows for machines are left as they are on a terminal, and show the progress themselves.
    rows_only = form != "table" and output is None and sys.stdout.isatty()
    with (
        progress_bar("Classifying", len(inputs), hidden=rows_only) as advance,
        open_rows(
            form,
            output,
            classifier.categories,
            inputs=inputs,
            made_with=made_with,
            resume=resume,
        ) as opened,
    ):
        rows, kept = opened
        todo = []
        for path in inputs:
            if earlier := kept.get(printable(path)):
                failures[earlier.pop(0)] += 1
                advance()
            else:
                todo.append(path)
        for prediction in classifier.classify_videos(
            todo, use_tta=tta, effort=effort, workers=workers
        ):
            rows.write(prediction)
            failures[prediction.error.type if prediction.error else ""] += 1
            done.update(
                videos=1,
                decoded=prediction.frames_decoded,
                embedded=prediction.frames_embedded,
            )
            advance()
    if sys.stderr.isatty() and done["videos"] > 1:
        click.echo(_cost(done, time.perf_counter() - started), err=True)
    del failures[""]
    if failures:
        kinds = ", ".join(f"{count} {kind}" for kind, count in failures.most_common())
        raise click.ClickException(
            f"{failures.total()} of {len(inputs)} inputs have no answer ({kinds}); "
            "the reasons are in their rows"
        )


def _form_of(output: Path | None) -> str:
    """The format that a file name asks for."""
    ending = "" if output is None else output.suffix.lower().removeprefix(".")
    return ending if ending in ("json", "jsonl", "csv") else "table"


def _cost(done: Counter[str], seconds: float) -> str:
    """What a run took, in one line."""
    return (
        f"{done['videos']:,} videos in {seconds:.1f} s ({done['videos'] / seconds:.1f} a second): "
        f"{done['decoded']:,} frames decoded, {done['embedded']:,} embedded"
    )
