"""``vidkind train``: feature files in, an ensemble of temporal models out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vidkind.cli.options import existing_file, existing_path
from vidkind.config import Preset
from vidkind.errors import ConfigError

if TYPE_CHECKING:
    from vidkind.runs import TrainedRun
    from vidkind.training.presets import Precision


@click.command("train", short_help="Train an ensemble of temporal models.")
@click.argument("features", type=existing_path)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Run folder: checkpoints, dashboards, history.",
)
@click.option(
    "--preset",
    type=click.Choice(["compact", "reference"]),
    default="compact",
    show_default=True,
    help="compact: under a million parameters, minutes on a CPU; reference: the published "
    "65.3 million.",
)
@click.option(
    "--seeds", default="42,43,44,45", show_default=True, help="One member per seed, by comma."
)
@click.option("--epochs", type=click.IntRange(min=1), help="Most epochs. Default: the preset's.")
@click.option("--learning-rate", type=float, help="Peak rate. Default: the preset's.")
@click.option("--batch-size", type=click.IntRange(min=1),
              help="Videos a step, on each device. Default: the preset's.")  # fmt: skip
@click.option("--devices", type=click.IntRange(min=1), default=1, show_default=True,
              help="GPUs per machine; where there is none, processes on its CPU.")  # fmt: skip
@click.option("--nodes", type=click.IntRange(min=1), default=1, show_default=True, help="Machines.")
@click.option("--precision", default="32-true", show_default=True, help="Lightning's name of it.")
@click.option("--cross-fit", type=click.IntRange(min=2), metavar="FOLDS",
              help="Learn from train and val: one ensemble without each fold of groups, whose "
              "answers calibrate, and one on all videos, which is kept.")  # fmt: skip
@click.option("--clean-only", is_flag=True,
              help="Leave out the degraded versions that vidkind extract --degraded "
              "made.")  # fmt: skip
@click.option("--head", "head_file", type=existing_file,
              help="The backbone's head, made by vidkind head; compact models ask it too. Default: "
              "the one beside the features, or of the shipped backbone, if it knows their "
              "categories.")  # fmt: skip
@click.option("--no-head", is_flag=True, help="Ask no head.")
@click.option("--no-dashboards", is_flag=True, help="Draw no PNG after each epoch.")
def train_command(
    features: Path,
    output: Path,
    preset: Preset,
    seeds: str,
    epochs: int | None,
    learning_rate: float | None,
    batch_size: int | None,
    devices: int,
    nodes: int,
    precision: Precision,
    cross_fit: int | None,
    clean_only: bool,
    head_file: Path | None,
    no_head: bool,
    no_dashboards: bool,
) -> None:
    """Train one temporal model per seed on FEATURES and keep those that live.

    FEATURES is the folder written by vidkind extract, or one feature file that holds several
    splits. Killed anywhere and run again, training goes on after the last finished epoch and
    ends with the same weights. A seed that dies (one category never found, or accuracy at
    chance) is reported, put aside and replaced once. A GPU is used where there is one.

    Validation videos are for early stopping, calibration and trust, and teach nothing. With
    --cross-fit they teach too: every video is answered by an ensemble trained without its group,
    and calibration and trust are fitted on these answers. It takes FOLDS + 1 times as long.

    Where the backbone has a head (vidkind head), as the shipped one has for its four categories,
    compact models also ask what that says of each frame.

    \b
    vidkind train features/ -o run/
    vidkind train features/ -o run/ --cross-fit 5
    vidkind train features/ -o big/ --preset reference --precision bf16-mixed
    """
    from vidkind.runs import train_run
    from vidkind.training import DeviceOptions, is_first_process, training_config

    chosen = {
        "num_epochs": epochs,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    trained = train_run(
        features,
        output,
        cross_fit=cross_fit,
        clean_only=clean_only,
        head=head_file,
        ask_head=not no_head,
        preset=preset,
        training=training_config(preset, **given),
        seeds=_parse_seeds(seeds),
        device=DeviceOptions(devices=devices, num_nodes=nodes, precision=precision),
        dashboards=not no_dashboards,
    )
    if is_first_process():
        _print(trained, features)


def _print(trained: TrainedRun, features: Path) -> None:
    """A line for each member, or for each fold, and what comes next."""
    members, output = trained.ensemble.members, trained.ensemble.run_dir
    for number, fold in enumerate(trained.folds, start=1):
        accuracies = "  ".join(f"{member.best_val_acc:.1f}" for member in fold.members)
        click.echo(
            f"fold {number}: accuracy of its members on the videos left out, %: {accuracies}"
        )
    for member in () if trained.folds else members:
        click.echo(
            f"member {member.index}  seed {member.seed}  best epoch {member.best_epoch} of "
            f"{member.num_epochs}  val accuracy {member.best_val_acc:.1f} %  {member.file}"
        )
    if head := trained.head:
        click.echo(
            f"they ask the backbone's head, too ({head.num_pictures} pictures in "
            f"{head.num_groups} groups); --no-head trains without it"
        )
    for dead in trained.ensemble.dead:
        click.echo(f"seed {dead.seed} died and is not in the ensemble: {dead.reason}", err=True)
    click.echo(
        f"{len(members)} live members in {output}; next: vidkind evaluate {output} {features}"
    )


def _parse_seeds(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(seed) for seed in text.split(","))
    except ValueError as error:
        raise ConfigError(f"--seeds is {text!r}; expected whole numbers by comma") from error
