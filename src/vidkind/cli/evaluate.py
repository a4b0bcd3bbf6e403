"""``vidkind evaluate``: what a trained ensemble is worth, with intervals."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vidkind.cli.evaluate_report import label_suspects, print_suspects, write_report
from vidkind.cli.options import existing_folder, existing_path
from vidkind.cli.progress import progress_bar
from vidkind.cli.score_table import print_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidkind.evaluation.evaluate import FeatureArrays
    from vidkind.evaluation.result import Evaluation
    from vidkind.evaluation.trust_fit import AttentionFunction, LogitsFunction
    from vidkind.features.store import FeatureSet
    from vidkind.inference.trust_file import TrustModel
    from vidkind.training import CrossFit, LoadedMember


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
    from vidkind.features.splits import read_split, read_train_and_val
    from vidkind.files import atomic_path
    from vidkind.training import (
        OUT_OF_FOLD,
        evaluation_file,
        load_members,
        read_cross_fit,
    )

    if library is not None and report is None:
        raise ConfigError("--library shows frames in a report; give --report too")
    members = load_members(run)
    folds = read_cross_fit(run)
    if folds is not None and split in (None, "train", "val"):
        if split is not None:
            raise ConfigError(
                f"{run} learned from {split} too; leave --split out to have every video answered "
                "by an ensemble that has not seen it, or give --split test"
            )
        name, test, train = OUT_OF_FOLD, read_train_and_val(features), None
        _check(run, test, features, output)
        result = _score_folds(run, members, folds, test, seed)
    else:
        name = split or "val"
        test = read_split(features, name)
        _check(run, test, features, output)
        if name != "train":
            test = _unseen(run, test, name, output)
        train = _training_features(features, test)
        result = _score_split(run, members, name, test, train, seed)
    suspects = label_suspects(train, test, name)
    listed = None if suspects is None else [asdict(suspect) for suspect in suspects]
    figures = {**result.to_json(), "label_suspects": listed}
    path = output or evaluation_file(run, name)
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if name in ("val", OUT_OF_FOLD) and output is None:
        _keep_trust(run, result.trust_model)
    _print(result, name)
    print_suspects(suspects)
    if report is not None:
        write_report(
            report,
            result=result,
            members=members,
            test=test,
            split=name,
            run=run,
            suspects=suspects,
            library=library,
        )
    click.echo(f"every figure: {path}", err=True)


def _score_split(
    run: Path,
    members: Sequence[LoadedMember],
    split: str,
    test: FeatureSet,
    train: FeatureSet | None,
    seed: int,
) -> Evaluation:
    from vidkind.evaluation.evaluate import evaluate
    from vidkind.training import member_attention, member_logits, saved_temperature

    return evaluate(
        partial(member_logits, members),
        test,
        categories=members[0].categories,
        train=train,
        member_names=[member.name for member in members],
        temperature=None if split == "val" else saved_temperature(run),
        seed=seed,
        attention=partial(member_attention, members),
        foreign=_foreign_material(run) if split == "val" else None,
        trust=None if split == "val" else _saved_trust(run, members),
    )


def _score_folds(
    run: Path, members: Sequence[LoadedMember], folds: CrossFit, test: FeatureSet, seed: int
) -> Evaluation:
    """Every video answered by the ensemble of the fold that holds it."""
    import numpy as np

    from vidkind.evaluation.evaluate import evaluate_parts
    from vidkind.evaluation.parts import Part, fold_parts
    from vidkind.training import (
        fold_folder,
        load_members,
        member_attention,
        member_logits,
        members_of_all,
    )

    def functions(answering: Sequence[LoadedMember]) -> tuple[LogitsFunction, AttentionFunction]:
        return partial(member_logits, answering), partial(member_attention, answering)

    trained = [load_members(fold_folder(run, n)) for n in range(1, folds.num_folds + 1)]
    shared, *answering = members_of_all([members, *trained])
    if any(len(found) > len(shared) for found in (members, *trained)):
        click.echo(
            f"{run}: not every member is alive in every fold; figures are of those that are: "
            + ", ".join(str(member.index) for member in shared),
            err=True,
        )
    parts = fold_parts(folds.rows(test), test, lambda number: functions(answering[number - 1]))
    logits, attention = functions(members)
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
        foreign=_foreign_material(run),
    )


def _unseen(run: Path, test: FeatureSet, split: str, output: Path | None) -> FeatureSet:
    """The videos that the run did not learn from; others come in when a library is divided anew."""
    import numpy as np

    from vidkind.errors import ConfigError, FeatureFileError
    from vidkind.training import unseen_rows

    rows = unseen_rows(run, test, val_too=split == "test")
    if len(rows) == len(test):
        return test
    seen = np.setdiff1d(np.arange(len(test)), rows)
    first = test.paths[seen[0]] if test.paths else f"video {seen[0] + 1}"
    said = f"{run} has used {len(seen)} of {len(test)} videos of {split}, the first is {first}"
    if len(rows) == 0:
        raise FeatureFileError(f"{said}; expected the splits it was trained with, or train again")
    if split == "val" and output is None:
        raise ConfigError(
            f"{said}; give --output, so that what is fitted on the others does not go into the run "
            "and its bundle"
        )
    click.echo(f"{said}: these are left out", err=True)
    return test.subset(rows)


def _training_features(features: Path, test: FeatureSet) -> FeatureSet | None:
    from vidkind.errors import FeatureFileError
    from vidkind.features.splits import read_split

    try:
        train = read_split(features, "train")
        _check_finite(train, features)
        return train
    except FeatureFileError as error:
        click.echo(f"baselines left out: {error}", err=True)
        return None


def _check(run: Path, test: FeatureSet, features: Path, output: Path | None) -> None:
    """Makes sure that the run can be scored on these features, and its figures kept where asked."""
    from vidkind.errors import ConfigError
    from vidkind.training import check_features, made_otherwise

    check_features(run, test)
    differing = made_otherwise(run, test)
    if differing and output is None:
        raise ConfigError(
            f"{features} was made with other options than the features that {run} was trained on "
            f"({'; '.join(differing)}); give --output, so that what is found does not go into the "
            "run and its bundle"
        )
    _check_finite(test, features)


def _check_finite(videos: FeatureSet, features: Path) -> None:
    from vidkind.errors import FeatureFileError
    from vidkind.training.data import why_not_finite

    if (reason := why_not_finite(videos)) is not None:
        raise FeatureFileError(f"{features}: {reason}")


def _foreign_material(run: Path) -> dict[str, FeatureArrays] | None:
    """Rendered material that is none of the categories, where the backbone is at hand."""
    from vidkind.cli.backbone import open_backbone
    from vidkind.evaluation.out_of_scope import NUM_RENDERED, rendered_features
    from vidkind.features.provenance import options_from_provenance
    from vidkind.features.splits import kept_backbone
    from vidkind.training import read_run

    kept = kept_backbone(run)
    if kept is None:
        return None
    _, multi_scale = options_from_provenance(read_run(run)["provenance"])
    with progress_bar("Rendering what is none of them", NUM_RENDERED) as advance:
        return rendered_features(open_backbone(str(kept)), multi_scale, progress=advance)


def _saved_trust(run: Path, members: Sequence[LoadedMember]) -> TrustModel | None:
    from vidkind.inference.trust_file import read_trust
    from vidkind.training import saved_trust

    path = saved_trust(run)
    if path is None:
        return None
    count = len(members[0].categories)
    return read_trust(path, feature_dim=members[0].feature_dim, num_categories=count)


def _keep_trust(run: Path, model: TrustModel | None) -> None:
    """Keeps what was fitted for vidkind bundle; nothing fitted leaves nothing of an earlier fit."""
    from vidkind.inference.trust_file import write_trust
    from vidkind.training import trust_file

    if model is None:
        trust_file(run).unlink(missing_ok=True)
    else:
        write_trust(trust_file(run), model)


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
