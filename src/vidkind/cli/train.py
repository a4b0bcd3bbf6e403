"""``vidkind train``: feature files in, an ensemble of temporal models out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vidkind.cli.options import existing_path
from vidkind.config import Preset

if TYPE_CHECKING:
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
@click.option("--batch-size", type=click.IntRange(min=1), help="Default: the preset's.")
@click.option(
    "--devices", type=click.IntRange(min=1), default=1, show_default=True, help="GPUs per machine."
)
@click.option("--nodes", type=click.IntRange(min=1), default=1, show_default=True, help="Machines.")
@click.option("--precision", default="32-true", show_default=True, help="Lightning's name of it.")
@click.option("--clean-only", is_flag=True,
              help="Leave out the degraded versions that vidkind extract --degraded "
              "made.")  # fmt: skip
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
    clean_only: bool,
    no_dashboards: bool,
) -> None:
    """Train one temporal model per seed on FEATURES and keep those that live.

    FEATURES is the folder written by vidkind extract, or one feature file that holds several
    splits. Killed anywhere and run again, training goes on after the last finished epoch and
    ends with the same weights. A seed that dies (one category never found, or accuracy at
    chance) is reported, put aside and replaced once. A GPU is used where there is one.

    \b
    vidkind train features/ -o run/
    vidkind train features/ -o big/ --preset reference --precision bf16-mixed
    """
    from vidkind.features.card import keep_weights, read_card
    from vidkind.features.splits import kept_backbone, read_degraded, read_split
    from vidkind.training import DeviceOptions, train_ensemble, training_config

    chosen = {
        "num_epochs": epochs,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    train = read_split(features, "train")
    degraded = None if clean_only else read_degraded(features)
    result = train_ensemble(
        train.joined(degraded) if degraded else train,
        read_split(features, "val"),
        output,
        preset=preset,
        training=training_config(preset, **given),
        seeds=_parse_seeds(seeds),
        device=DeviceOptions(devices=devices, num_nodes=nodes, precision=precision),
        feature_files=[str(features)],
        dashboards=not no_dashboards,
    )
    if weights := kept_backbone(features):
        keep_weights(weights, read_card(weights), output)
    for member in result.members:
        click.echo(
            f"member {member.index}  seed {member.seed}  best epoch {member.best_epoch} of "
            f"{member.num_epochs}  val accuracy {member.best_val_acc:.1f} %  {member.file}"
        )
    for dead in result.dead:
        click.echo(f"seed {dead.seed} died and is not in the ensemble: {dead.reason}", err=True)
    click.echo(f"{len(result.members)} live members in {output}; next: vidkind evaluate {output}")


def _parse_seeds(text: str) -> tuple[int, ...]:
    from vidkind.errors import ConfigError

    try:
        return tuple(int(seed) for seed in text.split(","))
    except ValueError as error:
        raise ConfigError(f"--seeds is {text!r}; expected whole numbers by comma") from error
