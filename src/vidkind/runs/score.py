"""What a run is worth: which of its ensembles answers which videos, and what is kept of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from vidkind.bundle.backbone import open_backbone
from vidkind.errors import ConfigError, FeatureFileError
from vidkind.evaluation.evaluate import FeatureArrays, evaluate, evaluate_parts
from vidkind.evaluation.out_of_scope import NUM_RENDERED, rendered_features
from vidkind.evaluation.parts import Part, fold_parts
from vidkind.evaluation.result import Evaluation
from vidkind.evaluation.suspects import LabelSuspect, find_suspects
from vidkind.evaluation.trust_fit import AttentionFunction, LogitsFunction
from vidkind.features.provenance import options_from_provenance
from vidkind.features.splits import kept_backbone, read_split, read_train_and_val
from vidkind.features.store import FeatureSet
from vidkind.files import atomic_path
from vidkind.inference.trust_file import TrustModel, read_trust, write_trust
from vidkind.runs.progress import Progress, no_progress
from vidkind.training import (
    OUT_OF_FOLD,
    CrossFit,
    LoadedMember,
    check_features,
    evaluation_file,
    fold_folder,
    load_members,
    made_otherwise,
    member_attention,
    member_logits,
    members_of_all,
    read_cross_fit,
    read_run,
    saved_temperature,
    saved_trust,
    trust_file,
    unseen_rows,
)
from vidkind.training.data import why_not_finite

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredRun:
    """What scoring a run came to.

    Attributes:
        run_dir: The run folder.
        members: The ensemble that is kept.
        split: Split that was scored, or ``OUT_OF_FOLD``.
        videos: Its videos, without those that the run has learned from.
        evaluation: Every figure.
        suspects: Videos whose label is probably wrong; None where that cannot be said.
        file: Where the figures were written.
    """

    run_dir: Path
    members: Sequence[LoadedMember]
    split: str
    videos: FeatureSet
    evaluation: Evaluation
    suspects: Sequence[LabelSuspect] | None
    file: Path


def score_run(
    run_dir: Path,
    features: Path,
    *,
    split: str | None = None,
    output: Path | None = None,
    seed: int = 0,
    progress: Progress = no_progress,
) -> ScoredRun:
    """Scores members, ensemble and ensemble with TTA beside two baselines, and keeps the figures.

    Scoring val also fits temperature and trust; a cross-fitted run has them fitted on all its
    videos, each answered by the ensemble trained without its group.

    Args:
        run_dir: Written by ``train_run``, or a folder of published checkpoints.
        features: Folder written by ``vidkind extract``, or one feature file.
        split: ``train``, ``val`` or ``test``; None takes val, or for a cross-fitted run every
            video it learned from.
        output: File for the figures; None keeps them, and what was fitted, in the run folder and
            so for its bundle.
        seed: Seed of the bootstrap.
        progress: Shows a bar while material that is none of the categories is rendered.

    Raises:
        ConfigError: The run learned from the split, or its own figures would be mixed with those
            of other features; the message says what to give.
        CheckpointError: The run is damaged, or the features are of another backbone.
        FeatureFileError: The split is missing or damaged, or the run has used all of it.
    """
    members = load_members(run_dir)
    folds = read_cross_fit(run_dir)
    foreign = partial(_foreign_material, run_dir, progress)
    if folds is not None and split in (None, "train", "val"):
        if split is not None:
            raise ConfigError(
                f"{run_dir} learned from {split} too; leave --split out to have every video "
                "answered by an ensemble that has not seen it, or give --split test"
            )
        name, test, train = OUT_OF_FOLD, read_train_and_val(features), None
        _check(run_dir, test, features, output)
        evaluation = _score_folds(run_dir, members, folds, test, seed, foreign())
    else:
        name = split or "val"
        test = read_split(features, name)
        _check(run_dir, test, features, output)
        if name != "train":
            test = _unseen(run_dir, test, name, output)
        train = _training_features(features)
        evaluation = _score_split(
            run_dir, members, name, test, train, seed, foreign() if name == "val" else None
        )
    suspects = _label_suspects(train, test, name)
    file = output or evaluation_file(run_dir, name)
    listed = None if suspects is None else [asdict(suspect) for suspect in suspects]
    figures = {**evaluation.to_json(), "label_suspects": listed}
    with atomic_path(file) as temporary:
        temporary.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if name in ("val", OUT_OF_FOLD) and output is None:
        _keep_trust(run_dir, evaluation.trust_model)
    return ScoredRun(
        run_dir=run_dir,
        members=members,
        split=name,
        videos=test,
        evaluation=evaluation,
        suspects=suspects,
        file=file,
    )


def _score_split(
    run_dir: Path,
    members: Sequence[LoadedMember],
    split: str,
    test: FeatureSet,
    train: FeatureSet | None,
    seed: int,
    foreign: dict[str, FeatureArrays] | None,
) -> Evaluation:
    logits, attention = _functions(members)
    return evaluate(
        logits,
        test,
        categories=members[0].categories,
        train=train,
        member_names=[member.name for member in members],
        temperature=None if split == "val" else saved_temperature(run_dir),
        seed=seed,
        attention=attention,
        foreign=foreign,
        trust=None if split == "val" else _saved_trust(run_dir, members),
    )


def _score_folds(
    run_dir: Path,
    members: Sequence[LoadedMember],
    folds: CrossFit,
    test: FeatureSet,
    seed: int,
    foreign: dict[str, FeatureArrays] | None,
) -> Evaluation:
    """Every video answered by the ensemble of the fold that holds it."""
    trained = [load_members(fold_folder(run_dir, n)) for n in range(1, folds.num_folds + 1)]
    shared, *answering = members_of_all([members, *trained])
    if any(len(found) > len(shared) for found in (members, *trained)):
        _log.warning(
            "%s: not every member is alive in every fold; figures are of those that are: %s",
            run_dir,
            ", ".join(str(member.index) for member in shared),
        )
    parts = fold_parts(folds.rows(test), test, lambda number: _functions(answering[number - 1]))
    logits, attention = _functions(members)
    final = Part(rows=np.arange(len(test)), logits=logits, attention=attention, train=test)
    return evaluate_parts(
        parts,
        final,
        test,
        categories=members[0].categories,
        member_names=[
            one.name if {member.seed for member in same} == {one.seed} else f"member {one.index}"
            for one, *same in zip(shared, *answering, strict=True)
        ],
        seed=seed,
        foreign=foreign,
    )


def _functions(members: Sequence[LoadedMember]) -> tuple[LogitsFunction, AttentionFunction]:
    return partial(member_logits, members), partial(member_attention, members)


def _unseen(run_dir: Path, test: FeatureSet, split: str, output: Path | None) -> FeatureSet:
    """The videos that the run did not learn from; others come in when a library is divided anew."""
    rows = unseen_rows(run_dir, test, val_too=split == "test")
    if len(rows) == len(test):
        return test
    seen = np.setdiff1d(np.arange(len(test)), rows)
    first = test.paths[seen[0]] if test.paths else f"video {seen[0] + 1}"
    said = f"{run_dir} has used {len(seen)} of {len(test)} videos of {split}, the first is {first}"
    if len(rows) == 0:
        raise FeatureFileError(f"{said}; expected the splits it was trained with, or train again")
    if split == "val" and output is None:
        raise ConfigError(
            f"{said}; give --output, so that what is fitted on the others does not go into the run "
            "and its bundle"
        )
    _log.warning("%s: these are left out", said)
    return test.subset(rows)


def _training_features(features: Path) -> FeatureSet | None:
    try:
        train = read_split(features, "train")
        _check_finite(train, features)
        return train
    except FeatureFileError as error:
        _log.warning("baselines left out: %s", error)
        return None


def _check(run_dir: Path, test: FeatureSet, features: Path, output: Path | None) -> None:
    """Makes sure that the run can be scored on these features, and its figures kept where asked."""
    check_features(run_dir, test)
    differing = made_otherwise(run_dir, test)
    if differing and output is None:
        raise ConfigError(
            f"{features} was made with other options than the features that {run_dir} was trained "
            f"on ({'; '.join(differing)}); give --output, so that what is found does not go into "
            "the run and its bundle"
        )
    _check_finite(test, features)


def _check_finite(videos: FeatureSet, features: Path) -> None:
    if (reason := why_not_finite(videos)) is not None:
        raise FeatureFileError(f"{features}: {reason}")


def _foreign_material(run_dir: Path, progress: Progress) -> dict[str, FeatureArrays] | None:
    """Rendered material that is none of the categories, where the backbone is at hand."""
    kept = kept_backbone(run_dir)
    if kept is None:
        return None
    _, multi_scale = options_from_provenance(read_run(run_dir)["provenance"])
    with progress("Rendering what is none of them", NUM_RENDERED) as advance:
        return rendered_features(open_backbone(str(kept)), multi_scale, progress=advance)


def _label_suspects(
    train: FeatureSet | None, test: FeatureSet, split: str
) -> Sequence[LabelSuspect] | None:
    """Videos of both sets whose label is probably wrong."""
    try:
        return find_suspects({**({"train": train} if train else {}), split: test})
    except FeatureFileError as error:
        _log.warning("label suspects left out: %s", error)
        return None


def _saved_trust(run_dir: Path, members: Sequence[LoadedMember]) -> TrustModel | None:
    path = saved_trust(run_dir)
    if path is None:
        return None
    count = len(members[0].categories)
    return read_trust(path, feature_dim=members[0].feature_dim, num_categories=count)


def _keep_trust(run_dir: Path, model: TrustModel | None) -> None:
    """Keeps what was fitted for the bundle; nothing fitted leaves nothing of an earlier fit."""
    if model is None:
        trust_file(run_dir).unlink(missing_ok=True)
    else:
        write_trust(trust_file(run_dir), model)
