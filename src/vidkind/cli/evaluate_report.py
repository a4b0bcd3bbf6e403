"""What ``vidkind evaluate`` adds to its figures: label suspects, and the page for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from vidkind.evaluation.result import Evaluation
    from vidkind.evaluation.suspects import LabelSuspect
    from vidkind.features.store import FeatureSet
    from vidkind.training import LoadedMember

Suspects = Sequence["LabelSuspect"]
Histories = dict[str, dict[str, list[Any]]]
KeptEpochs = dict[str, int]


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
    from vidkind.training import member_attention, stops_early

    items = () if library is None else read_library(library).items
    histories, kept_epochs = _training_curves(run, members)
    material = EvaluationMaterial(
        result=result,
        test=test,
        split=split,
        run_name=run.resolve().name,
        attention=lambda values, steps: member_attention(members, values, steps).mean(axis=0),
        histories=histories,
        kept_epochs=kept_epochs,
        chose_epochs=split == "val" and stops_early(run),
        suspects=suspects,
        videos={item.key: Path(item.path) for item in items},
        version=__version__,
    )
    click.echo(f"report: {write_evaluation_report(material, folder)}", err=True)


def _training_curves(run: Path, members: Sequence[LoadedMember]) -> tuple[Histories, KeptEpochs]:
    """History of every member and the epoch that was kept.

    Of a cross-fitted run they are those of the folds: its own members were watched on the videos
    that they learned from.
    """
    from vidkind.training import fold_folder, load_members, read_cross_fit, read_histories

    folds = read_cross_fit(run)
    parts = [("", run, members)]
    if folds is not None:
        folders = {n: fold_folder(run, n) for n in range(1, folds.num_folds + 1)}
        parts = [(f"fold {n}, ", path, load_members(path)) for n, path in folders.items()]
    histories: Histories = {}
    kept_epochs: KeptEpochs = {}
    for prefix, folder, trained in parts:
        found = read_histories(folder)
        for member in trained:
            if member.index in found:
                histories[prefix + member.name] = found[member.index]
                kept_epochs[prefix + member.name] = member.best_epoch
    return histories, kept_epochs
