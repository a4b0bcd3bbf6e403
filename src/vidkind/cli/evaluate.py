"""``vidkind evaluate``: what a trained ensemble is worth, with intervals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vidkind.cli.options import existing_folder, existing_path

if TYPE_CHECKING:
    from vidkind.evaluation.evaluate import Evaluation
    from vidkind.features.store import FeatureSet


@click.command("evaluate", short_help="Score a trained run on labelled features.")
@click.argument("run", type=existing_folder)
@click.argument("features", type=existing_path)
@click.option("--split", default="val", show_default=True,
              type=click.Choice(["train", "val", "test"]),
              help="Which split to score, where FEATURES holds several.")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False),
              help="JSON file for every figure. Default: RUN/evaluation_<split>.json.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Seed of the bootstrap.")
def evaluate_command(run: Path, features: Path, split: str, output: Path | None, seed: int) -> None:
    """Score members, ensemble and ensemble with TTA beside two baselines.

    FEATURES is the folder written by vidkind extract, or one feature file. Every figure has a
    95 % interval: Wilson for accuracy, bootstrap by source for F1. Paired tests say whether TTA
    helps and whether the ensemble beats logistic regression on the same features.

    Scoring the val split also fits the temperature that makes confidence mean accuracy; other
    splits, and vidkind bundle, use it.
    """
    from vidkind.evaluation.evaluate import evaluate
    from vidkind.features.splits import read_split
    from vidkind.files import atomic_path
    from vidkind.training import evaluation_file, load_members, member_logits, saved_temperature

    members = load_members(run)
    test = read_split(features, split)
    result = evaluate(
        lambda values, steps: member_logits(members, values, steps),
        test,
        categories=members[0].categories,
        train=_training_features(features, test),
        member_names=[f"member {member.index} (seed {member.seed})" for member in members],
        temperature=None if split == "val" else saved_temperature(run),
        seed=seed,
    )
    path = output or evaluation_file(run, split)
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(result.to_json(), indent=1) + "\n", encoding="utf-8")
    _print(result, split)
    click.echo(f"every figure: {path}", err=True)


def _training_features(features: Path, test: FeatureSet) -> FeatureSet | None:
    from vidkind.errors import FeatureFileError
    from vidkind.features.splits import read_split

    try:
        return read_split(features, "train")
    except FeatureFileError as error:
        click.echo(f"baselines left out: {error}", err=True)
        return None


def _print(result: Evaluation, split: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"{split}: {result.num_videos} videos of {result.num_sources} sources; "
        "percent [95 % interval]",
        box=None,
        title_justify="left",
    )
    for column in ("", "accuracy per source", "macro F1 per source", "accuracy per clip",
                   "weighted F1 per clip"):  # fmt: skip
        table.add_column(column, no_wrap=True)
    for row in result.rows:
        table.add_row(
            row.name,
            str(row.per_source.accuracy),
            str(row.per_source.f1_macro),
            str(row.per_clip.accuracy),
            str(row.per_clip.f1_weighted),
        )
    console = Console()
    if not console.is_terminal:
        console.width = 160
    console.print(table)
    console.print(_class_table(result))
    for comparison in result.comparisons:
        console.print(comparison.verdict, style="dim", highlight=False)
    advice = "recommended" if result.recommend_tta else "not recommended: no gain beyond chance"
    console.print(f"TTA is {advice}.")
    console.print(
        f"Calibration: temperature {result.temperature:.2f}; expected calibration error "
        f"{result.uncalibrated_error:.3f} before, {result.calibration_error:.3f} after.",
        highlight=False,
    )


def _class_table(result: Evaluation) -> object:
    from rich.table import Table

    from vidkind.evaluation.evaluate import ENSEMBLE

    row = next(row for row in result.rows if row.name == ENSEMBLE)
    names = list(row.classes)
    table = Table(title="ensemble by category", box=None, title_justify="left")
    table.add_column("category")
    for column in ("precision", "recall", "F1 [95 % interval]", "clips"):
        table.add_column(column, justify="right", no_wrap=True)
    for name in names:
        table.add_column(f"as {name}", justify="right")
    for name, found, counts in zip(names, row.classes.values(), row.confusion, strict=True):
        table.add_row(
            name,
            f"{found.precision:.1f}",
            f"{found.recall:.1f}",
            str(found.f1_interval),
            str(found.support),
            *(str(count) for count in counts),
        )
    return table
