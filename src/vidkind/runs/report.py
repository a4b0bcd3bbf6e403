"""The page for people of a scored run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkind import __version__
from vidkind.dataset import read_library
from vidkind.report import EvaluationMaterial, write_evaluation_report
from vidkind.runs.score import ScoredRun
from vidkind.training import (
    LoadedMember,
    fold_folder,
    load_members,
    member_attention,
    read_cross_fit,
    read_histories,
    stops_early,
)

Histories = dict[str, dict[str, list[Any]]]
KeptEpochs = dict[str, int]


def report_run(scored: ScoredRun, folder: Path, *, library: Path | None = None) -> Path:
    """Writes ``report.html``, one page that needs nothing else, and plots.

    Args:
        scored: What ``score_run`` gave.
        folder: Made where it is missing.
        library: The labelled library, so that the page shows frames of wrong answers.

    Returns:
        The page.

    Raises:
        LibraryError: There is no such library.
    """

    def attention(values: NDArray[np.float32], steps: NDArray[np.int32]) -> NDArray[np.float32]:
        weights: NDArray[np.float32] = member_attention(scored.members, values, steps).mean(axis=0)
        return weights

    items = () if library is None else read_library(library).items
    histories, kept_epochs = _training_curves(scored.run_dir, scored.members)
    material = EvaluationMaterial(
        result=scored.evaluation,
        test=scored.videos,
        split=scored.split,
        run_name=scored.run_dir.resolve().name,
        attention=lambda values, steps: member_attention(scored.members, values, steps).mean(
            axis=0
        ),
        histories=histories,
        kept_epochs=kept_epochs,
        chose_epochs=scored.split == "val" and stops_early(scored.run_dir),
        suspects=scored.suspects,
        videos={item.key: Path(item.path) for item in items},
        version=__version__,
    )
    return write_evaluation_report(material, folder)


def _training_curves(
    run_dir: Path, members: Sequence[LoadedMember]
) -> tuple[Histories, KeptEpochs]:
    """History of every member and the epoch that was kept.

    Of a cross-fitted run they are those of the folds: its own members were watched on the videos
    that they learned from.
    """
    folds = read_cross_fit(run_dir)
    parts = [("", run_dir, members)]
    if folds is not None:
        folders = {n: fold_folder(run_dir, n) for n in range(1, folds.num_folds + 1)}
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
