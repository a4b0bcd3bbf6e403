"""What ``vidkind evaluate`` adds to its figures: label suspects, and the page for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from vidkind.evaluation.result import Evaluation
    from vidkind.evaluation.suspects import LabelSuspect
    from vidkind.features.store import FeatureSet
    from vidkind.training import LoadedMember

Suspects = Sequence["LabelSuspect"]


def label_suspects(train: FeatureSet | None, test: FeatureSet, split: str) -> Suspects | None:
    """Videos of both sets whose label is probably wrong; None where that cannot be said."""
    from vidkind.errors import FeatureFileError
    from vidkind.evaluation.suspects import find_suspects

    try:
        return find_suspects({**({"train": train} if train else {}), split: test})
    except FeatureFileError as error:
        click.echo(f"label suspects left out: {error}", err=True)
        return None


def print_suspects(suspects: Suspects | None) -> None:
    """Says how many there are, and which is worst."""
    if suspects:
        worst = suspects[0]
        click.echo(
            f"Labels that are probably wrong: {len(suspects)}; first {worst.path} ({worst.split}), "
            f"labelled {worst.given}, rather {worst.suggested}. Look before changing one."
        )


def write_report(
    folder: Path,
    *,
    result: Evaluation,
    members: Sequence[LoadedMember],
    test: FeatureSet,
    split: str,
    run: Path,
    suspects: Suspects | None,
    library: Path | None,
) -> None:
    """Writes the page, with frames of the videos where the library is at hand."""
    from vidkind import __version__
    from vidkind.dataset import read_library
    from vidkind.report import EvaluationMaterial, write_evaluation_report
    from vidkind.training import member_attention, read_histories, stops_early

    items = () if library is None else read_library(library).items
    names = {member.index: f"member {member.index} (seed {member.seed})" for member in members}
    histories = read_histories(run)
    material = EvaluationMaterial(
        result=result,
        test=test,
        split=split,
        run_name=run.resolve().name,
        attention=lambda values, steps: member_attention(members, values, steps).mean(axis=0),
        histories={name: histories[i] for i, name in names.items() if i in histories},
        kept_epochs={names[member.index]: member.best_epoch for member in members},
        chose_epochs=split == "val" and stops_early(run),
        suspects=suspects,
        videos={item.key: Path(item.path) for item in items},
        version=__version__,
    )
    click.echo(f"report: {write_evaluation_report(material, folder)}", err=True)
