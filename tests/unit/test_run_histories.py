"""Training histories of a run folder, for reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidkind.errors import CheckpointError
from vidkind.training import read_histories
from vidkind.training.run_folder import write_history


def test_histories_come_back_in_the_order_of_members(tmp_path: Path) -> None:
    assert read_histories(tmp_path) == {}
    for index in (10, 2):
        write_history(tmp_path, index, {"val_acc": [1.0 * index], "val_loss": [0.5]})
    found = read_histories(tmp_path)
    assert list(found) == [2, 10]
    assert found[10] == {"val_acc": [10.0], "val_loss": [0.5]}


@pytest.mark.parametrize("name", ["history_1.json", "history_one.json"])
def test_a_damaged_history_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"val_acc": [', encoding="utf-8")
    with pytest.raises(CheckpointError, match=f"{name} is damaged"):
        read_histories(tmp_path)
