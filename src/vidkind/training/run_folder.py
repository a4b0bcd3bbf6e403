"""The run folder: which file is where, what the run was asked for, what came of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vidkind.bundle.manifest import TRUST_NAME
from vidkind.errors import CheckpointError
from vidkind.files import atomic_path

RUN_NAME = "run.json"
ENSEMBLE_NAME = "ensemble.json"
CROSS_FIT_NAME = "cross_fit.json"
QUARANTINE_NAME = "quarantine"
OUT_OF_FOLD = "out_of_fold"


def best_name(index: int | str) -> str:
    """Published name of a member's best-validation checkpoint."""
    return f"best_ensemble_model_{index}.pt"


def last_name(index: int | str) -> str:
    """Name of a member's checkpoint of the last finished epoch, for resuming."""
    return f"last_model_{index}.pt"


@dataclass(frozen=True, kw_only=True)
class MemberRecord:
    """One live member.

    Attributes:
        index: Number in the run, from 1.
        seed: Seed it was trained with.
        file: Checkpoint, relative to the run folder.
        best_val_acc: Validation accuracy in percent.
        best_epoch: Epoch the weights are from.
        num_epochs: Epochs trained.
    """

    index: int
    seed: int
    file: str
    best_val_acc: float
    best_epoch: int
    num_epochs: int


@dataclass(frozen=True, kw_only=True)
class DeadSeed:
    """One seed that was tried and is not in the ensemble.

    Attributes:
        index: Number of the member it was tried for.
        seed: The seed.
        reason: Why it is dead.
    """

    index: int
    seed: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class EnsembleResult:
    """What training an ensemble came to.

    Attributes:
        run_dir: The run folder.
        categories: Names in label order.
        members: Live members.
        dead: Dead seeds; their files are in ``quarantine/``.
    """

    run_dir: Path
    categories: tuple[str, ...]
    members: tuple[MemberRecord, ...] = ()
    dead: tuple[DeadSeed, ...] = ()


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def claim(run_dir: Path, description: Mapping[str, Any]) -> None:
    """Makes a run folder, or checks that an existing one is of the same run.

    Args:
        run_dir: The folder.
        description: Options, features and categories; what ``run.json`` holds.

    Raises:
        CheckpointError: The folder holds a run with other options or features, or checkpoints
            without a run, as published ones are, which training would overwrite.
    """
    path = run_dir / RUN_NAME
    wanted = json.loads(json.dumps(description))
    if not path.is_file():
        check_unused(run_dir)
        write_json(path, wanted)
        return
    with naming_damage(path, "use another run folder"):
        found = json.loads(path.read_text(encoding="utf-8"))
    differing = differences(found, wanted)
    if differing:
        raise CheckpointError(
            f"{run_dir} holds a run with other options or features: {'; '.join(differing[:3])}; "
            "use the same ones to go on, or another run folder"
        )


def check_unused(run_dir: Path) -> None:
    """Makes sure that a run begun in the folder overwrites nothing.

    Raises:
        CheckpointError: It holds checkpoints without a run, as published ones are.
    """
    if foreign := sorted(run_dir.glob(best_name("*"))):
        raise CheckpointError(
            f"{foreign[0]} is no checkpoint of a run begun here, and would be overwritten; "
            "use another run folder"
        )


def read_run(run_dir: Path) -> dict[str, Any]:
    """What ``run.json`` holds: options, features and their provenance.

    Raises:
        CheckpointError: The folder is no run, or the file is damaged.
    """
    try:
        found: dict[str, Any] = json.loads((run_dir / RUN_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{run_dir} holds no readable {RUN_NAME}; train a run with: vidkind train"
        ) from error
    return found


def stops_early(run_dir: Path) -> bool:
    """Whether the validation videos chose the epoch of each member; published runs did so."""
    if not (run_dir / RUN_NAME).is_file():
        return True
    return read_run(run_dir)["training_config"].get("patience") is not None


def evaluation_file(run_dir: Path, split: str) -> Path:
    """Where the evaluation of a split, or of ``OUT_OF_FOLD``, is kept."""
    return run_dir / f"evaluation_{split}.json"


def read_evaluations(run_dir: Path) -> dict[str, dict[str, Any]]:
    """Evaluations kept in the run folder: name of the file, without its ending, to its figures.

    Raises:
        CheckpointError: One is damaged.
    """
    return {path.stem: _read_evaluation(path) for path in sorted(run_dir.glob("evaluation_*.json"))}


def saved_temperature(run_dir: Path) -> float:
    """The temperature that evaluation found on videos held out; 1 before there is one.

    Raises:
        CheckpointError: That evaluation is damaged.
    """
    for split in (OUT_OF_FOLD, "val"):
        path = evaluation_file(run_dir, split)
        if path.is_file():
            temperature: float = _read_evaluation(path)["temperature"]
            return temperature
    return 1.0


def _read_evaluation(path: Path) -> dict[str, Any]:
    with naming_damage(path, "make it again with: vidkind evaluate"):
        found = dict(json.loads(path.read_text(encoding="utf-8")))
        return {**found, "temperature": float(found["temperature"])}


def trust_file(run_dir: Path) -> Path:
    """Where evaluation keeps the trust statistics it fitted on videos held out."""
    return run_dir / TRUST_NAME


def saved_trust(run_dir: Path) -> Path | None:
    """The trust statistics of the run, or None before there are any."""
    path = trust_file(run_dir)
    return path if path.is_file() else None


def differences(found: Any, wanted: Any, name: str = "") -> list[str]:
    """Where two descriptions differ, one line a value."""
    if not (isinstance(found, dict) and isinstance(wanted, dict)):
        return [] if found == wanted else [f"{name} was {found}, now {wanted}"]
    return [
        line
        for key in {**found, **wanted}
        for line in differences(found.get(key), wanted.get(key), f"{name}.{key}".lstrip("."))
    ]


def read_ensemble(run_dir: Path) -> EnsembleResult | None:
    """What the run came to so far; None when it has just begun.

    Raises:
        CheckpointError: The list of members is damaged.
    """
    path = run_dir / ENSEMBLE_NAME
    if not path.is_file():
        return None
    with naming_damage(path, "restore it or train again into another run folder"):
        found = json.loads(path.read_text(encoding="utf-8"))
        return EnsembleResult(
            run_dir=run_dir,
            categories=tuple(found["categories"]),
            members=tuple(MemberRecord(**member) for member in found["members"]),
            dead=tuple(DeadSeed(**seed) for seed in found["dead"]),
        )


@contextmanager
def naming_damage(path: Path, remedy: str) -> Iterator[None]:
    """What a file does not hold as expected becomes one error that names the file."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged ({error!r}); {remedy}") from error


def write_ensemble(result: EnsembleResult) -> None:
    """Writes ``ensemble.json``."""
    found = asdict(result)
    del found["run_dir"]
    write_json(result.run_dir / ENSEMBLE_NAME, found)


def write_history(run_dir: Path, index: int, history: Mapping[str, list[Any]]) -> None:
    """Writes a member's history as ``history_{index}.json`` and ``.csv``, one row an epoch."""
    write_json(run_dir / f"history_{index}.json", dict(history))
    with (
        atomic_path(run_dir / f"history_{index}.csv") as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        rows = csv.writer(file)
        rows.writerow(["epoch", *history])
        for epoch, row in enumerate(zip(*history.values(), strict=True), start=1):
            rows.writerow([epoch, *(json.dumps(value) for value in row)])


def read_histories(run_dir: Path) -> dict[int, dict[str, list[Any]]]:
    """Member number -> its history, column name -> one value an epoch.

    Raises:
        CheckpointError: A history file is damaged.
    """
    found = {}
    for path in run_dir.glob("history_*.json"):
        with naming_damage(path, "expected a training history; delete it"):
            found[int(path.stem.rpartition("_")[2])] = json.loads(path.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))


def quarantine(run_dir: Path, index: int, seed: int) -> None:
    """Moves a dead seed's files out of the ensemble; killed midway, it can be called again."""
    folder = run_dir / QUARANTINE_NAME
    folder.mkdir(exist_ok=True)
    # The resume file goes last: while it is there, the move is known to be unfinished.
    names = (best_name(index), f"history_{index}.json", f"history_{index}.csv", last_name(index))
    for name in names:
        path = run_dir / name
        if path.is_file():
            path.replace(folder / f"{path.stem}_seed{seed}{path.suffix}")


def remove_leftovers(run_dir: Path) -> None:
    """Deletes half-written files that a killed process left."""
    for path in run_dir.rglob(".*.partial"):
        path.unlink(missing_ok=True)
