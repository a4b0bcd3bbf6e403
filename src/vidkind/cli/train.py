"""``vidkind train``: feature files in, an ensemble of temporal models out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vidkind.cli.options import existing_file, existing_path
from vidkind.config import Preset
from vidkind.errors import BundleError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vidkind.features.head import PictureHead
    from vidkind.features.store import FeatureSet
    from vidkind.training import EnsembleResult
    from vidkind.training.presets import Precision

    ChooseHead = Callable[[FeatureSet], PictureHead | None]


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
    from vidkind.features.card import keep_weights, read_card
    from vidkind.features.head import kept_head, read_head
    from vidkind.features.splits import kept_backbone
    from vidkind.training import DeviceOptions, is_first_process, training_config

    chosen = {
        "num_epochs": epochs,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    options = {
        "preset": preset,
        "training": training_config(preset, **given),
        "seeds": _parse_seeds(seeds),
        "device": DeviceOptions(devices=devices, num_nodes=nodes, precision=precision),
        "feature_files": [str(features)],
        "dashboards": not no_dashboards,
    }
    if head_file is not None and (no_head or preset != "compact"):
        raise ConfigError("--head is for the compact preset, and not beside --no-head")

    def choose_head(videos: FeatureSet) -> PictureHead | None:
        if no_head or preset != "compact":
            return None
        return _head(features, videos, head_file)

    if cross_fit is None:
        result, lines = _train(features, output, clean_only, choose_head, options)
    else:
        result, lines = _cross_fit(features, output, cross_fit, clean_only, choose_head, options)
    if not is_first_process():
        return
    for line in lines:
        click.echo(line)
    if asked := kept_head(output):
        head = read_head(asked)
        click.echo(
            f"they ask the backbone's head, too ({head.num_pictures} pictures in "
            f"{head.num_groups} groups); --no-head trains without it"
        )
    if weights := kept_backbone(features):
        keep_weights(weights, read_card(weights), output)
    for dead in result.dead:
        click.echo(f"seed {dead.seed} died and is not in the ensemble: {dead.reason}", err=True)
    click.echo(
        f"{len(result.members)} live members in {output}; "
        f"next: vidkind evaluate {output} {features}"
    )


def _head(features: Path, videos: FeatureSet, given: Path | None) -> PictureHead | None:
    """The head that was given; else one at hand that fits the videos."""
    from vidkind.features.head import kept_head, read_head
    from vidkind.training.data import why_head_does_not_fit

    if given is not None:
        return read_head(given)
    beside = kept_head(features if features.is_dir() else features.parent)
    path = beside or _shipped_head()
    if path is None:
        return None
    head = read_head(path)
    reason = why_head_does_not_fit(head, videos)
    if reason is None:
        return head
    if beside:
        click.echo(f"{path} is not asked: {reason}", err=True)
    return None


def _shipped_head() -> Path | None:
    from vidkind.bundle import load_bundle

    try:
        return load_bundle().head_file
    except BundleError:  # an installation that carries no bundle trains all the same
        return None


def _train(
    features: Path,
    output: Path,
    clean_only: bool,
    choose_head: ChooseHead,
    options: dict[str, Any],
) -> tuple[EnsembleResult, list[str]]:
    """What came of it, and a line for each member."""
    from vidkind.features.splits import read_degraded, read_split
    from vidkind.training import train_ensemble

    train = read_split(features, "train")
    degraded = None if clean_only else read_degraded(features)
    videos = train.joined(degraded) if degraded else train
    val = read_split(features, "val")
    result = train_ensemble(videos, val, output, head=choose_head(train), **options)
    return result, [
        f"member {member.index}  seed {member.seed}  best epoch {member.best_epoch} of "
        f"{member.num_epochs}  val accuracy {member.best_val_acc:.1f} %  {member.file}"
        for member in result.members
    ]


def _cross_fit(
    features: Path,
    output: Path,
    num_folds: int,
    clean_only: bool,
    choose_head: ChooseHead,
    options: dict[str, Any],
) -> tuple[EnsembleResult, list[str]]:
    """What came of it, and a line for each fold."""
    from vidkind.features.splits import read_degraded, read_train_and_val
    from vidkind.training import cross_fit_ensemble

    videos = read_train_and_val(features)
    result, folds = cross_fit_ensemble(
        videos,
        output,
        num_folds=num_folds,
        degraded=None if clean_only else read_degraded(features, ("train", "val")),
        head=choose_head(videos),
        **options,
    )
    found = ["  ".join(f"{member.best_val_acc:.1f}" for member in fold.members) for fold in folds]
    return result, [
        f"fold {number}: accuracy of its members on the videos left out, %: {accuracies}"
        for number, accuracies in enumerate(found, start=1)
    ]


def _parse_seeds(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(seed) for seed in text.split(","))
    except ValueError as error:
        raise ConfigError(f"--seeds is {text!r}; expected whole numbers by comma") from error
