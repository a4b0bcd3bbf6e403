"""Category names that a table, a page or a plot could take for markup are shown as they are."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.features import CATEGORIES
from vidkind.cli import evaluate, rows
from vidkind.cli.row_table import TableRows
from vidkind.cli.score_table import print_scores
from vidkind.evaluation.result import ENSEMBLE
from vidkind.evaluation.scores import ScoredSet, Scores, score
from vidkind.records import ErrorRecord, Prediction
from vidkind.report.words import evaluation_summary
from vidkind.training import RealTimeTrainingVisualizer

NAMES = ("D [/] E", "[bold]games", "Earn $$ fast", ":cat: x$^{2$")


def scores_of(
    labels: list[int], answers: list[int], names: tuple[str, ...] = NAMES, row: str = ENSEMBLE
) -> Scores:
    sources = [str(i) for i in range(len(labels))]
    test = ScoredSet.create(np.array(labels), names, sources, seed=0)
    return score(row, np.eye(len(names))[answers], test)


def printed(*parts: object) -> str:
    from rich.console import Console

    file = io.StringIO()
    console = Console(file=file, width=200, emoji=False)
    for part in parts:
        console.print(part)
    return file.getvalue()


def test_the_table_of_answers_shows_every_name(capsys) -> None:
    opened = rows.open_rows("table", None, NAMES, inputs=["a"], made_with={}, resume=False)
    with opened as (table, _):
        for name in NAMES:
            scores = {other: 0.7 if other == name else 0.1 for other in NAMES}
            table.write(
                Prediction(
                    path="a", category=name, confidence=0.7, scores=scores, duration_seconds=1.0
                )
            )
    heading, *lines = capsys.readouterr().out.splitlines()
    for name, line in zip(NAMES, lines, strict=True):
        assert name in heading
        assert f" {name} " in line


def test_the_tables_of_an_evaluation_show_every_name(capsys) -> None:
    found = scores_of([0, 1, 2, 3], [0, 1, 2, 2])
    text = printed(evaluate._class_table(SimpleNamespace(rows=[found])))
    for name in NAMES:
        assert f"as {name}" in text
        assert f"\n {name} " in text
    other = scores_of([0, 1, 2, 3], [0, 1, 2, 2], row="old [/] bundle")
    print_scores("[val]", [(other, "1")], last_column="ms", counts=(4, 4))
    text = capsys.readouterr().out
    assert "[val]: 4 videos" in text
    assert "old [/] bundle" in text


def test_a_category_without_videos_has_no_figures_in_the_table() -> None:
    text = printed(evaluate._class_table(SimpleNamespace(rows=[scores_of([0, 1, 2], [0, 1, 1])])))
    line = next(line for line in text.splitlines() if NAMES[3] in line and "precision" not in line)
    assert line.removeprefix(f" {NAMES[3]}").split() == ["-", "-", "-", "0", "0", "0", "0", "0"]


def test_the_dashboard_of_training_draws_every_name(tmp_path: Path) -> None:
    columns = ("train_loss", "val_loss", "train_acc", "val_acc", "train_f1", "val_f1")
    history = {name: [50.0] for name in (*columns, "learning_rate", "seconds")}
    with RealTimeTrainingVisualizer(NAMES, tmp_path) as visualizer:
        path = visualizer.update({**history, "val_f1_per_class": [[50.0] * 4]}, index=1, seed=1)
    assert path.stat().st_size > 1000


# What an evaluation comes to, in sentences


def hardest(labels: list[int], answers: list[int]) -> list[str]:
    tta = SimpleNamespace(ece=SimpleNamespace(value=1.0), ece_if_calibrated=1.0)
    result = SimpleNamespace(
        comparisons=(), recommend_tta=False, calibrated=tta, uncalibrated=tta, trust=None
    )
    found = scores_of(labels, answers, CATEGORIES)
    lines = evaluation_summary(result, found, chose_epochs=False)
    return [line for line in lines if "hardest" in line]


def test_the_hardest_category_is_named_with_what_it_is_taken_for() -> None:
    (line,) = hardest([0, 0, 1, 1, 1, 2], [0, 0, 1, 0, 0, 2])
    assert line.startswith("Flat_Content is hardest: F1 50.0 [")
    assert line.endswith("; 2 of its 3 clips are answered as Animation.")


def test_a_category_without_videos_is_not_the_hardest() -> None:
    (line,) = hardest([0, 0, 1, 1], [0, 0, 1, 3])
    assert line.startswith("Flat_Content is hardest")
    assert hardest([0, 0], [0, 1]) == []


def test_equal_categories_are_none_of_them_hardest() -> None:
    assert hardest([0, 1, 2, 3], [0, 1, 2, 3]) == []
    assert hardest([0, 0, 1, 1, 2], [0, 1, 1, 0, 2]) == []


def test_categories_may_be_called_like_columns() -> None:
    names = ("video", "length", "trust")
    output = io.StringIO()
    rows = TableRows(output, names, ["a.mp4"])
    scores = dict(zip(names, (0.125, 0.25, 0.625), strict=True))
    rows.write(
        Prediction(
            path="a.mp4",
            category="trust",
            confidence=0.625,
            trust=0.5,
            scores=scores,
            duration_seconds=1.0,
        )
    )
    title, row = output.getvalue().splitlines()
    assert title.split() == ["video", "category", "confidence", "trust", *names, "length"]
    assert row.split()[-5:] == ["0.125", "0.250", "0.625", "1.0", "s"]


@pytest.mark.parametrize("width", [12, 20])
def test_long_names_keep_their_end(width: int) -> None:
    output = io.StringIO()
    path = "../library/with/many/folders/gaming__momentum.mp4"
    rows = TableRows(output, ("a", "b"), ["x" * width])
    rows.write(Prediction(path=path, error=ErrorRecord(type="EmptyFileError", message="no")))
    name = output.getvalue().splitlines()[1].split("  ")[0]
    assert len(name) <= width
    assert "…" in name
    assert name.endswith(".mp4")
