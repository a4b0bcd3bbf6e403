"""``vidkind evaluate``: what a trained ensemble is worth, with intervals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vidkind.cli.options import existing_folder, existing_path
from vidkind.cli.progress import progress_bar
from vidkind.cli.score_table import print_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidkind.evaluation.result import Evaluation
    from vidkind.evaluation.suspects import LabelSuspect


@click.command("evaluate", short_help="Score a trained run on labelled features.")
@click.argument("run", type=existing_folder)
@click.argument("features", type=existing_path)
@click.option("--split", type=click.Choice(["train", "val", "test"]),
              help="Which split to score. Default: val, or for a run trained with --cross-fit "
              "every video it learned from, by the ensemble that has not seen it.")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False),
              help="JSON file for every figure. Default: in RUN, evaluation_<split>.json or "
              "evaluation_out_of_fold.json. Asked for where the features were made with other "
              "options than those of RUN, or val holds videos of its training, so that RUN keeps "
              "what is its own.")  # fmt: skip
@click.option("--report", type=click.Path(path_type=Path, file_okay=False),
              help="Write report.html, one page that needs nothing else, and plots "
              "here.")  # fmt: skip
@click.option("--library", type=existing_path,
              help="The labelled library, so that the report shows frames of wrong "
              "answers.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Seed of the bootstrap.")
def evaluate_command(
    run: Path,
    features: Path,
    split: str | None,
    output: Path | None,
    report: Path | None,
    library: Path | None,
    seed: int,
) -> None:
    """Score members, ensemble and ensemble with TTA beside two baselines.

    FEATURES is the folder written by vidkind extract, or one feature file. Videos that RUN has
    learned from, as after dividing a library anew, are left out of val and test. Every figure has a
    95 % interval: Wilson for accuracy and the F1 of a category, bootstrap by source for macro and
    weighted F1. Paired tests say whether TTA helps and whether the ensemble beats logistic
    regression on the same features.

    Scoring the val split also fits the temperature that makes confidence mean accuracy, and
    trust: how likely each answer is right, which answers to withhold for a wanted error rate, and
    label sets. Other splits, and vidkind bundle, use both. What is fitted on val is scored there
    by cross-fitting over groups. A run trained with --cross-fit has them fitted on all its videos,
    each answered by the ensemble trained without its group. Videos whose label is probably wrong
    are listed in the JSON file.
    """
    from vidkind.errors import ConfigError
    from vidkind.runs import report_run, score_run

    if library is not None and report is None:
        raise ConfigError("--library shows frames in a report; give --report too")
    scored = score_run(run, features, split=split, output=output, seed=seed, progress=progress_bar)
    _print(scored.evaluation, scored.split)
    _print_suspects(scored.suspects)
    if report is not None:
        click.echo(f"report: {report_run(scored, report, library=library)}", err=True)
    click.echo(f"every figure: {scored.file}", err=True)


def _print(result: Evaluation, split: str) -> None:
    console = print_scores(
        split,
        [(row, str(row.per_clip.f1_weighted)) for row in result.rows],
        last_column="weighted F1 per clip",
        counts=(result.num_videos, result.num_sources),
    )
    console.print(_class_table(result))
    for comparison in result.comparisons:
        console.print(comparison.verdict, style="dim", highlight=False, markup=False)
    advice = "recommended" if result.recommend_tta else "not recommended: no gain beyond chance"
    console.print(f"TTA is {advice}.")
    for sentence in result.in_words:
        console.print(sentence, highlight=False, markup=False)


def _class_table(result: Evaluation) -> object:
    from rich.markup import escape
    from rich.table import Table

    from vidkind.evaluation.result import ENSEMBLE

    row = next(row for row in result.rows if row.name == ENSEMBLE)
    names = list(row.classes)
    table = Table(title="ensemble by category", box=None, title_justify="left")
    table.add_column("category")
    for column in ("precision", "recall", "F1 [95 % interval]", "clips"):
        table.add_column(column, justify="right", no_wrap=True)
    for name in names:
        table.add_column(escape(f"as {name}"), justify="right")
    for name, found, counts in zip(names, row.classes.values(), row.confusion, strict=True):
        figures = f"{found.precision:.1f}", f"{found.recall:.1f}", str(found.f1_interval)
        table.add_row(
            escape(name),
            *(figures if found.support else ("-",) * 3),
            str(found.support),
            *(str(count) for count in counts),
        )
    return table


def _print_suspects(suspects: Sequence[LabelSuspect] | None) -> None:
    """Says how many there are, and which is worst."""
    if suspects:
        worst = suspects[0]
        click.echo(
            f"Labels that are probably wrong: {len(suspects)}; first {worst.path} ({worst.split}), "
            f"labelled {worst.given}, rather {worst.suggested}. Look before changing one."
        )
