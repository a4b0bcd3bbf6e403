"""Whole trainings on drawn features: files, resume, dead seeds, dashboards."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import vidkind.training.trainer as trainer_module
from tests.features import CATEGORIES, drawn_features, relabelled
from vidkind.errors import CheckpointError, ConfigError, TrainingError
from vidkind.training import (
    CompactModelConfig,
    DeviceOptions,
    EnhancedTemporalModelTrainer,
    ModelConfig,
    RealTimeTrainingVisualizer,
    load_checkpoint,
    load_members,
    member_logits,
    save_checkpoint,
    train_ensemble,
    training_config,
)
from vidkind.training.checkpoint import CHECKPOINT_KEYS
from vidkind.training.state import HISTORY_COLUMNS

MODEL = CompactModelConfig(feature_dim=12, num_classes=4, hidden_dim=16, num_attention_heads=2)
TRAINING = training_config(
    "compact", num_epochs=4, batch_size=8, learning_rate=5e-3, warmup_epochs=0
)
CPU = DeviceOptions(accelerator="cpu")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _train(run_dir, *, seeds=(42, 43), train=None, val=None, **options):
    defaults = {"model": MODEL, "training": TRAINING, "device": CPU, "dashboards": False}
    train = drawn_features(48) if train is None else train
    val = drawn_features(24, seed=1) if val is None else val
    return train_ensemble(train, val, run_dir, seeds=seeds, **(defaults | options))


def _weights(run_dir, index, name="last_model"):
    return load_checkpoint(run_dir / f"{name}_{index}.pt")["model_state_dict"]


def _assert_same_weights(a, b):
    assert a.keys() == b.keys()
    for key in a:
        assert torch.equal(a[key], b[key]), key


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("runs") / "undisturbed"
    return _train(run_dir, dashboards=True, feature_files=("a/train.h5", "a/val.h5"))


def test_a_run_leaves_the_published_checkpoints(undisturbed):
    path = undisturbed.run_dir / "best_ensemble_model_1.pt"
    checkpoint = torch.load(path, weights_only=True)  # plain types only
    assert checkpoint.keys() == set(CHECKPOINT_KEYS)
    assert checkpoint["training_config"]["categories"] == list(CATEGORIES)
    assert checkpoint["epoch"] == checkpoint["best_epoch"] == undisturbed.members[0].best_epoch
    assert checkpoint["best_val_acc"] == checkpoint["metrics"]["accuracy"]
    assert {"learning_rate", "batch_size", "num_epochs", "patience"} <= set(
        checkpoint["training_config"]
    )


def test_a_run_keeps_its_options_and_histories(undisturbed):
    run = json.loads((undisturbed.run_dir / "run.json").read_text())
    assert run["feature_files"] == ["train.h5", "val.h5"] and run["seeds"] == [42, 43]
    assert len(run["features_sha256"]["train"]) == 64
    history = json.loads((undisturbed.run_dir / "history_2.json").read_text())
    assert list(history) == list(HISTORY_COLUMNS)
    with (undisturbed.run_dir / "history_2.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4]
    assert [float(row["val_acc"]) for row in rows] == history["val_acc"]
    listing = json.loads((undisturbed.run_dir / "ensemble.json").read_text())
    assert [member["seed"] for member in listing["members"]] == [42, 43]


def test_members_answer_as_their_history_says(undisturbed):
    members, val = load_members(undisturbed.run_dir), drawn_features(24, seed=1)
    logits = member_logits(members, val.features, val.num_frames)
    assert logits.shape == (2, 24, 4) and logits.dtype == np.float32
    for member, found in zip(members, logits, strict=True):
        right = 100 * (found.argmax(1) == val.labels).mean()
        assert right == pytest.approx(member.best_val_acc)
        assert member.categories == CATEGORIES and member.num_parameters > 0
    assert [member.seed for member in members] == [42, 43]


def test_every_epoch_has_a_readable_dashboard(undisturbed):
    folder = undisturbed.run_dir / "training_progress" / "epoch_plots"
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        f"member_{i}_seed_{seed}_epoch_{epoch:03d}.png"
        for i, seed in ((1, 42), (2, 43))
        for epoch in (1, 2, 3, 4)
    ]
    pixels = np.asarray(Image.open(folder / names[-1]).convert("RGB")).astype(int)
    assert pixels.shape[0] > 400 and pixels.shape[1] > 800
    purple = abs(pixels - [128, 0, 128]).sum(axis=2) < 60
    assert purple.sum() > 100  # the dotted line at the target


def test_an_earlier_members_seed_is_not_disturbed_by_others(undisturbed, tmp_path):
    _train(tmp_path, seeds=(43,))
    _assert_same_weights(_weights(tmp_path, 1), _weights(undisturbed.run_dir, 2))


def test_a_finished_run_is_not_trained_again(undisturbed):
    files = {path: path.stat().st_mtime_ns for path in undisturbed.run_dir.glob("*.pt")}
    again = _train(undisturbed.run_dir, feature_files=("train.h5", "val.h5"))
    assert again == undisturbed
    assert files == {path: path.stat().st_mtime_ns for path in undisturbed.run_dir.glob("*.pt")}


@pytest.mark.parametrize("save", range(1, 10))
def test_stopped_at_any_save_it_ends_with_the_same_weights(
    undisturbed, tmp_path, monkeypatch, save
):
    calls = 0

    def stop_at(path, checkpoint):
        nonlocal calls
        calls += 1
        if calls == save:
            raise KeyboardInterrupt
        save_checkpoint(path, checkpoint)

    with monkeypatch.context() as patch:
        patch.setattr(trainer_module, "save_checkpoint", stop_at)
        with pytest.raises(KeyboardInterrupt):
            _train(tmp_path)
    result = _train(tmp_path)
    assert result.members == undisturbed.members
    for index in (1, 2):
        for name in ("last_model", "best_ensemble_model"):
            _assert_same_weights(
                _weights(tmp_path, index, name), _weights(undisturbed.run_dir, index, name)
            )


def _run_script(code, *arguments, folder):
    """Starts a Python process that trains, with this checkout and one thread."""
    script = folder / "train.py"
    script.write_text(
        "import sys, torch\nfrom pathlib import Path\ntorch.set_num_threads(1)\n"
        "from tests.unit.test_training_runs import CPU, _train, replace\n" + code
    )
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return subprocess.Popen(
        [sys.executable, str(script), *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")
def test_killed_in_the_middle_it_ends_with_the_same_weights(undisturbed, tmp_path):
    run_dir = tmp_path / "run"
    process = _run_script("_train(Path(sys.argv[1]))", run_dir, folder=tmp_path)
    while not (run_dir / "last_model_1.pt").is_file():
        assert process.poll() is None, "training ended before it could be killed"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert load_checkpoint(run_dir / "last_model_1.pt")["epoch"] < TRAINING.num_epochs
    _train(run_dir)
    for index in (1, 2):
        _assert_same_weights(_weights(run_dir, index), _weights(undisturbed.run_dir, index))
    assert not list(run_dir.rglob(".*.partial"))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"training": replace(TRAINING, num_epochs=5)}, "training_config.num_epochs was 4, now 5"),
        ({"seeds": (42, 43, 44)}, "seeds was"),
        ({"train": drawn_features(48, noise=1.1)}, "features_sha256.train"),
    ],
)
def test_another_run_in_the_same_folder_is_refused(undisturbed, change, word):
    with pytest.raises(CheckpointError, match=word):
        _train(undisturbed.run_dir, **({"feature_files": ("train.h5", "val.h5")} | change))


def test_checkpoints_without_a_run_are_not_overwritten(undisturbed, tmp_path):
    name = "best_ensemble_model_1.pt"
    published = Path(shutil.copy(undisturbed.run_dir / name, tmp_path))
    before = published.read_bytes()
    with pytest.raises(CheckpointError, match=r"model_1\.pt .* would be overwritten"):
        _train(tmp_path)
    assert published.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_trainer_refuses_another_trainers_checkpoint(undisturbed):
    trainer = EnhancedTemporalModelTrainer(
        drawn_features(48),
        drawn_features(24, seed=1),
        model=MODEL,
        training=TRAINING,
        run_dir=undisturbed.run_dir,
        seed=77,
    )
    with pytest.raises(CheckpointError, match="training_config"):
        trainer.fit()


def test_the_published_model_trains_and_loads(tmp_path):
    model = ModelConfig(
        feature_dim=12, num_classes=4, hidden_dim=12, num_lstm_layers=2, num_attention_heads=4
    )
    training = training_config("reference", num_epochs=12, batch_size=8)
    result = _train(tmp_path, seeds=(42,), preset="reference", model=model, training=training)
    assert result.members[0].best_val_acc > 60
    assert load_members(tmp_path)[0].model_config == model.to_dict()


def test_early_stopping_waits_for_patience(tmp_path):
    training = replace(TRAINING, num_epochs=50, patience=3)
    member = _train(tmp_path, seeds=(42,), training=training).members[0]
    assert member.num_epochs == member.best_epoch + 3


def test_without_patience_the_last_epoch_is_kept(tmp_path):
    training = replace(TRAINING, num_epochs=3, patience=None)
    member = _train(tmp_path, seeds=(42,), training=training).members[0]
    assert (member.num_epochs, member.best_epoch) == (3, 3)
    kept = load_checkpoint(tmp_path / member.file)["model_state_dict"]
    last = load_checkpoint(tmp_path / "last_model_1.pt")["model_state_dict"]
    assert all(torch.equal(value, last[name]) for name, value in kept.items())


def test_a_dead_seed_is_put_aside_and_replaced_once(tmp_path, monkeypatch):
    build = trainer_module.build_model

    def stillborn(config):  # seed 42 starts with weights that say nothing
        model = build(config)
        if torch.initial_seed() == 42:
            torch.nn.init.constant_(model.classifier[-1].weight, float("nan"))
        return model

    monkeypatch.setattr(trainer_module, "build_model", stillborn)
    result = _train(tmp_path)
    assert [(m.index, m.seed) for m in result.members] == [(1, 44), (2, 43)]
    assert [(d.index, d.seed) for d in result.dead] == [(1, 42)] and "chance" in result.dead[
        0
    ].reason
    moved = {path.name for path in (tmp_path / "quarantine").iterdir()}
    assert {"best_ensemble_model_1_seed42.pt", "history_1_seed42.json"} <= moved
    assert [member.seed for member in load_members(tmp_path)] == [44, 43]
    history = json.loads((tmp_path / "quarantine" / "history_1_seed42.json").read_text())
    assert len(history["val_acc"]) == 1  # a loss that is not finite ends training at once
    assert _train(tmp_path) == result


@pytest.mark.parametrize("kept", [0, 1], ids=["no video of it", "one video of it"])
def test_a_category_that_val_hardly_has_kills_no_seed(tmp_path, kept):
    val = drawn_features(24, seed=1)
    rare = np.flatnonzero(val.labels == 3)
    val = val.subset(np.setdiff1d(np.arange(24), rare[kept:]))
    if kept:  # which no model can recognise
        row = int(np.flatnonzero(val.labels == 3)[0])
        others = val.features[val.labels == 0]
        val.features[row], val.num_frames[row] = others[0], val.num_frames[val.labels == 0][0]
    result = _train(tmp_path, val=val)
    assert [member.seed for member in result.members] == [42, 43]
    assert [member.seed for member in load_members(tmp_path)] == [42, 43]


def test_stopped_in_quarantine_it_goes_on(tmp_path, monkeypatch):
    training = replace(TRAINING, learning_rate=1e6, num_epochs=1)
    with pytest.raises(TrainingError, match="every seed died"):
        _train(tmp_path, training=training, seeds=(42,))
    whole = {path.name for path in (tmp_path / "quarantine").iterdir()}
    # As if it had been killed after the first move, with the replacement still to come.
    for path in (tmp_path / "quarantine").glob("*_seed43*"):
        path.unlink()
    folder = tmp_path / "quarantine"
    (folder / "last_model_1_seed42.pt").rename(tmp_path / "last_model_1.pt")
    listing = json.loads((tmp_path / "ensemble.json").read_text())
    listing["dead"] = listing["dead"][:1]
    (tmp_path / "ensemble.json").write_text(json.dumps(listing))
    with pytest.raises(TrainingError, match="every seed died"):
        _train(tmp_path, training=training, seeds=(42,))
    assert {path.name for path in folder.iterdir()} == whole


def test_labels_without_meaning_give_no_ensemble(tmp_path):
    val = relabelled(drawn_features(40, seed=1))
    training = replace(TRAINING, num_epochs=2)
    with pytest.raises(TrainingError, match="every seed died"):
        _train(tmp_path, train=relabelled(drawn_features(48, noise=9)), val=val, training=training)


@pytest.mark.parametrize("seeds", [(), (42, 42), (-1,), (2**63,)])
def test_bad_seeds_are_refused(tmp_path, seeds):
    with pytest.raises(ConfigError, match="seeds are"):
        _train(tmp_path, seeds=seeds)


@pytest.mark.parametrize(
    "options",
    [{"accelerator": "tpus"}, {"precision": "8"}, {"devices": 0}],
)
def test_bad_device_options_are_refused(options):
    with pytest.raises(ConfigError):
        DeviceOptions(**options)


def test_devices_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be used"):
        _train(tmp_path, device=DeviceOptions(accelerator="cpu", strategy="no_such"))


@pytest.mark.slow
@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch without distributed")
def test_two_processes_train_one_ensemble(tmp_path):
    code = "_train(Path(sys.argv[1]), seeds=(42,), device=replace(CPU, devices=2, strategy='ddp'))"
    process = _run_script(code, tmp_path / "run", folder=tmp_path)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors[-2000:]
    assert [member.seed for member in load_members(tmp_path / "run")] == [42]


def test_checkpoints_that_are_no_checkpoints_are_refused(tmp_path, undisturbed):
    good = load_checkpoint(undisturbed.run_dir / "best_ensemble_model_1.pt")
    path = tmp_path / "best_ensemble_model_1.pt"
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        load_checkpoint(path)
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(path)
    torch.save({**good, "epoch": Path}, path)  # a class: more than weights
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(path)
    save_checkpoint(path, {key: good[key] for key in good if key != "metrics"})
    with pytest.raises(CheckpointError, match="lacks metrics"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("key", "change", "word"),
    [
        ("model_config", {"hidden_dim": 24}, "do not fit together"),
        ("model_config", {"hidden_dim": 3}, "does not fit"),
        ("model_config", {"width": 3}, "does not fit"),
        ("training_config", {"categories": ["a", "b"]}, "one category name per class"),
    ],
)
def test_checkpoints_that_do_not_fit_are_refused(tmp_path, undisturbed, key, change, word):
    checkpoint = load_checkpoint(undisturbed.run_dir / "best_ensemble_model_1.pt")
    checkpoint[key] |= change
    save_checkpoint(tmp_path / "best_ensemble_model_1.pt", checkpoint)
    with pytest.raises(CheckpointError, match=word):
        load_members(tmp_path)


def test_an_empty_folder_has_no_members(tmp_path):
    with pytest.raises(CheckpointError, match="no live member"):
        load_members(tmp_path)


def test_members_of_two_runs_do_not_mix(tmp_path, undisturbed):
    for index, categories in ((1, CATEGORIES), (2, ("a", "b", "c", "d"))):
        checkpoint = load_checkpoint(undisturbed.run_dir / f"best_ensemble_model_{index}.pt")
        checkpoint["training_config"]["categories"] = list(categories)
        save_checkpoint(tmp_path / f"best_ensemble_model_{index}.pt", checkpoint)
    with pytest.raises(CheckpointError, match="members of one run"):
        load_members(tmp_path)


def test_a_collapsed_published_member_is_left_out(tmp_path, undisturbed, caplog):
    for index, animation in ((1, 1.1), (2, 91.0)):
        checkpoint = load_checkpoint(undisturbed.run_dir / f"best_ensemble_model_{index}.pt")
        checkpoint["metrics"] = {
            "accuracy": 72.73,
            "f1_per_class": np.array([animation, 80, 80, 80]),
        }
        save_checkpoint(tmp_path / f"best_ensemble_model_{index}.pt", checkpoint)
    assert [member.index for member in load_members(tmp_path)] == [2]
    assert "Animation has F1 1.1 %" in caplog.text


def test_features_of_another_length_are_refused(undisturbed):
    with pytest.raises(CheckpointError, match="features have D = 5, the members expect 12"):
        member_logits(
            load_members(undisturbed.run_dir),
            np.zeros((1, 3, 5), np.float32),
            np.array([3], np.int32),
        )


def test_a_damaged_run_description_is_refused(tmp_path):
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(CheckpointError, match="damaged"):
        _train(tmp_path)


@pytest.mark.parametrize(
    ("held_out", "word"), [(True, "validation"), (False, "videos learned from")]
)
def test_a_dashboard_says_what_was_watched(tmp_path, held_out, word):
    with RealTimeTrainingVisualizer(CATEGORIES, tmp_path, held_out=held_out) as visualizer:
        legend = visualizer._axes[1].get_legend()
        assert [text.get_text() for text in legend.get_texts()][1] == word
        assert word in visualizer._axes[3].get_title()


def test_a_dashboard_that_cannot_be_drawn_is_not_lost(tmp_path):
    visualizer = RealTimeTrainingVisualizer(CATEGORIES, tmp_path)
    history = {column: [1.0] for column in HISTORY_COLUMNS}
    visualizer.update(history, index=1, seed=42)  # F1 by class is no list
    with pytest.raises(TypeError):
        visualizer.close()
