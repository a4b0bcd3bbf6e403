"""The whole loop: folders in, a bundle out that finds the categories again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from tests.e2e.conftest import COMMAND
from tests.tiny import marked_int8, tiny_backbone
from vidkind import SingleVideoClassifier
from vidkind.evaluation.evaluate import ensemble_view_probabilities
from vidkind.evaluation.trust_fit import observe
from vidkind.features.splits import read_split
from vidkind.inference.trust_file import read_trust
from vidkind.training import fold_folder, load_members, member_attention, member_logits


@pytest.fixture(scope="module")
def loop(vidkind, colour_library: Path, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("loop")
    paths = {name: folder / name for name in ("features", "run", "bundle")}
    backbone = tiny_backbone(folder)
    vidkind("extract", colour_library, "-o", paths["features"], "--backbone", backbone)
    vidkind(
        "train", paths["features"], "-o", paths["run"], "--seeds", "42,43", "--epochs", "12",
        "--no-dashboards",
    )  # fmt: skip
    vidkind("evaluate", paths["run"], paths["features"])
    backbone.unlink()  # run and bundle carry their own
    vidkind("bundle", paths["run"], "-o", paths["bundle"])
    return {**paths, "library": colour_library}


def test_the_bundle_finds_the_categories(loop, vidkind) -> None:
    done = vidkind("classify", loop["library"], "--bundle", loop["bundle"], "--format", "json")
    rows = json.loads(done.stdout)
    right = [Path(row["path"]).parent.name == row["category"] for row in rows]
    assert len(rows) == 30
    assert np.mean(right) > 0.8


def test_the_bundle_answers_as_the_torch_members_do(loop) -> None:
    members = load_members(loop["run"])
    test = read_split(loop["features"], "val")
    classifier = SingleVideoClassifier(loop["bundle"])
    for use_tta in (False, True):
        expected = ensemble_view_probabilities(
            lambda features, steps: member_logits(members, features, steps),
            test,
            temperature=classifier.bundle.manifest.temperature,
            use_tta=use_tta,
        )
        for i, key in enumerate(test.paths or ()):
            answer = classifier.classify_video(
                loop["library"] / key, use_tta=use_tta, effort="full"
            )
            found = [list(scores.values()) for scores in answer.member_scores]
            np.testing.assert_allclose(found, expected[:, i], atol=1e-4)


def test_the_evaluation_holds_every_row_with_its_interval(loop) -> None:
    result = json.loads((loop["run"] / "evaluation_val.json").read_text(encoding="utf-8"))
    names = [row["name"] for row in result["rows"]]
    assert names[:2] == ["majority class", "logistic regression"]
    assert names[-2:] == ["ensemble", "ensemble + TTA"]
    assert len(names) == 6
    for row in result["rows"]:
        for level in ("per_clip", "per_source"):
            accuracy = row[level]["accuracy"]
            assert 0 <= accuracy["low"] <= accuracy["value"] <= accuracy["high"] <= 100
    assert "exact McNemar" in result["comparisons"][0]["verdict"]
    assert isinstance(result["recommend_tta"], bool)


def test_the_bundle_remembers_where_it_comes_from(loop) -> None:
    manifest = SingleVideoClassifier(loop["bundle"]).bundle.manifest
    assert manifest.categories == ("Blue", "Green", "Red")
    assert manifest.temporal.seeds == (42, 43)
    assert manifest.provenance["features"]["backbone"]["name"] == "tiny"
    assert manifest.provenance["evaluation_val"]["num_videos"] == 6
    assert manifest.trust is not None
    assert (loop["run"] / "trust.npz").is_file()


def test_the_bundle_has_the_trust_that_was_evaluated(loop) -> None:
    members = load_members(loop["run"])
    test = read_split(loop["features"], "val")
    classifier = SingleVideoClassifier(loop["bundle"])
    model = read_trust(loop["run"] / "trust.npz", feature_dim=3, num_categories=3)
    observed = observe(
        lambda features, steps: member_logits(members, features, steps),
        lambda features, steps: member_attention(members, features, steps),
        test.features,
        test.num_frames,
        model.statistics,
    )
    expected = model.trust(observed.signals(model.temperature), "learned")
    for i, key in enumerate(test.paths or ()):
        answer = classifier.classify_video(loop["library"] / key, effort="full")
        assert answer.trust == pytest.approx(expected[i], abs=1e-3)


def test_another_split_is_scored_with_the_trust_fitted_on_val(loop, vidkind) -> None:
    vidkind("evaluate", loop["run"], loop["features"], "--split", "test")
    trust = json.loads((loop["run"] / "evaluation_test.json").read_text(encoding="utf-8"))["trust"]
    assert trust["cross_fitted"] is False
    assert set(trust["aurc"]) == {"learned", "published", "confidence"}


def test_the_report_shows_the_run_and_the_file_its_suspects(loop, vidkind, tmp_path: Path) -> None:
    done = vidkind("evaluate", loop["run"], loop["features"], "--output", tmp_path / "f.json",
                   "--report", tmp_path / "report", "--library", loop["library"])  # fmt: skip
    assert f"report: {tmp_path / 'report' / 'report.html'}" in done.stderr
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    figures = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))
    ensemble = next(row for row in figures["rows"] if row["name"] == "ensemble")
    assert f"{ensemble['per_source']['accuracy']['value']:.1f}" in page
    assert "member 2 (seed 43)" in page
    assert "How it learned" in page
    wrong = sum(map(sum, ensemble["confusion"])) - sum(
        ensemble["confusion"][k][k] for k in (0, 1, 2)
    )
    assert page.count("<img ") == wrong + len(figures["label_suspects"])
    for suspect in figures["label_suspects"]:
        assert suspect["given"] != suspect["suggested"]


def test_a_library_without_a_report_is_wrong_usage(loop, vidkind) -> None:
    done = vidkind("evaluate", loop["run"], loop["features"], "--library", loop["library"], check=2)
    assert "give --report too" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("evaluate", "nowhere", "nowhere"), "'nowhere' does not exist"),
        (("train", "nowhere"), "'nowhere' does not exist"),
        (("bundle", "nowhere", "-o", "b"), "'nowhere' does not exist"),
        (("extract", "nowhere", "-o", "f"), "'nowhere' does not exist"),
    ],
)
def test_a_wrong_path_is_wrong_usage(vidkind, arguments, message, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = vidkind(*arguments, check=2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_seeds_are_whole_numbers(loop, vidkind, tmp_path: Path) -> None:
    done = vidkind("train", loop["features"], "-o", tmp_path, "--seeds", "42;43", check=2)
    assert "--seeds is '42;43'" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch without distributed")
def test_of_two_processes_one_speaks(loop, tmp_path: Path) -> None:
    arguments = ("train", loop["features"], "-o", tmp_path / "run", "--seeds", "42", "--epochs",
                 "12", "--devices", "2", "--no-dashboards")  # fmt: skip
    # Each process starts the same script again.
    (tmp_path / "main.py").write_text(COMMAND[-1], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "main.py"), *map(str, arguments)],
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert done.stdout.count("1 live members in") == done.stdout.count("member 1  seed 42") == 1


def test_one_file_is_evaluated_without_baselines(loop, vidkind, tmp_path: Path, caplog) -> None:
    file = shutil.copy(loop["features"] / "val_features_multiscale.h5", tmp_path)
    output = tmp_path / "deep" / "figures.json"
    vidkind("evaluate", loop["run"], file, "--output", output)
    assert "baselines left out: no video of split 'train'" in caplog.text
    rows = json.loads(output.read_text(encoding="utf-8"))["rows"]
    assert [row["name"] for row in rows][-2:] == ["ensemble", "ensemble + TTA"]
    assert len(rows) == 4


def test_features_that_are_no_numbers_are_refused(loop, vidkind, tmp_path: Path, caplog) -> None:
    for name in ("train", "val"):
        file = f"{name}_features_multiscale.h5"
        shutil.copy(loop["features"] / file, tmp_path)
        with h5py.File(tmp_path / file, "r+") as opened:
            opened["features"][1, 0, 0] = np.nan
    arguments = ("evaluate", loop["run"], tmp_path, "--output", tmp_path / "figures.json")
    done = vidkind(*arguments, check=1)
    assert len(done.stderr.splitlines()) == 1
    assert "the features of 1 of 6 videos hold NaN or infinity, the first is" in done.stderr
    assert not (tmp_path / "figures.json").exists()
    shutil.copy(loop["features"] / "val_features_multiscale.h5", tmp_path)
    vidkind(*arguments)
    assert "baselines left out" in caplog.text and "NaN" in caplog.text


def test_no_run_is_scored_on_what_it_learned_from(loop, vidkind, tmp_path: Path, caplog) -> None:
    anew = tmp_path / "features"
    backbone = loop["features"] / "backbone.onnx"
    shares = ("--split", "0.4", "0.2", "0.4")
    vidkind("extract", loop["library"], "-o", anew, "--backbone", backbone, *shares)
    of = {split: set(read_split(loop["features"], split).paths or ()) for split in ("train", "val")}
    learned = of["train"] | of["val"]
    test = read_split(anew, "test").paths or ()
    seen = [path for path in test if path in learned]
    assert 0 < len(seen) < len(test)
    arguments = ("evaluate", loop["run"], anew, "--split", "test", "--output", tmp_path / "f.json")
    vidkind(*arguments)
    assert f"has used {len(seen)} of {len(test)} videos of test, the first is" in caplog.text
    figures = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))
    assert figures["num_videos"] == len(test) - len(seen)
    refused = vidkind("evaluate", loop["run"], anew, "--split", "val", check=None)
    assert refused.returncode in (1, 2) and "has used" in refused.stderr
    file = loop["features"] / "train_features_multiscale.h5"
    shutil.copy(file, tmp_path / "unsaid.h5")
    with h5py.File(tmp_path / "unsaid.h5", "r+") as opened:
        opened["splits"][:] = "test"
    done = vidkind("evaluate", loop["run"], tmp_path / "unsaid.h5", "--split", "test", check=1)
    assert "expected the splits it was trained with" in done.stderr


def test_features_of_other_options_leave_the_run_as_it_is(loop, vidkind, tmp_path: Path) -> None:
    other, figures = tmp_path / "features", tmp_path / "figures.json"
    backbone = loop["features"] / "backbone.onnx"
    vidkind("extract", loop["library"], "-o", other, "--backbone", backbone, "--frames", "8")
    kept = {path: path.read_bytes() for path in loop["run"].glob("evaluation_*.json")}
    refused = vidkind("evaluate", loop["run"], other, check=2)
    assert "(sampling.num_frames was 64, now 8); give --output" in refused.stderr
    vidkind("evaluate", loop["run"], other, "--output", figures)
    assert json.loads(figures.read_text(encoding="utf-8"))["num_videos"] == 6
    assert {path: path.read_bytes() for path in loop["run"].glob("evaluation_*.json")} == kept


def test_another_backbone_is_refused_by_the_bundle(loop, vidkind, tmp_path: Path) -> None:
    other = tiny_backbone(tmp_path, size=64)
    done = vidkind("bundle", loop["run"], "-o", tmp_path / "b", "--backbone", other, check=1)
    assert "the features were made by tiny" in done.stderr


def test_an_int8_graph_goes_into_the_bundle(loop, vidkind, tmp_path: Path) -> None:
    run = shutil.copytree(loop["run"], tmp_path / "run")
    graph = marked_int8(run / "backbone.onnx", tmp_path / "given.onnx")
    done = vidkind("bundle", run, "-o", tmp_path / "given", "--int8", graph)
    assert "with an int8 graph" in done.stdout
    other = marked_int8(tiny_backbone(tmp_path, size=64), tmp_path / "other.onnx")
    done = vidkind("bundle", run, "-o", tmp_path / "none", "--int8", other, check=1)
    assert "the int8 graph was made from a backbone" in done.stderr
    graph.rename(run / "backbone.int8.onnx")
    vidkind("bundle", run, "-o", tmp_path / "beside")
    clip = next(loop["library"].rglob("*.mp4"))
    rows = [
        vidkind("classify", clip, "--bundle", tmp_path / name, "--precision", "int8").stdout
        for name in ("given", "beside")
    ]
    assert rows[0] == rows[1]
    done = vidkind("classify", clip, "--bundle", loop["bundle"], "--precision", "int8", check=1)
    assert "holds no int8 graph of its backbone" in done.stderr


def test_members_look_at_valid_steps_only(loop) -> None:
    members = load_members(loop["run"])
    test = read_split(loop["features"], "val")
    steps = np.minimum(test.num_frames, np.arange(3, 3 + len(test))).astype(np.int32)
    found = member_attention(members, test.features, steps)
    assert found.shape == (2, *test.features.shape[:2])
    np.testing.assert_allclose(found.sum(axis=2), 1, atol=1e-5)
    beyond = np.arange(test.max_frames) >= steps[:, None]
    assert not found[:, beyond].any()
    alone = member_attention(members, test.features[:1, : steps[0]], steps[:1])
    np.testing.assert_allclose(alone[:, 0], found[:, 0, : steps[0]], atol=1e-5)


def test_a_fold_in_which_a_seed_died_is_judged_by_the_others(
    loop, vidkind, tmp_path, caplog
) -> None:
    run = tmp_path / "run"
    vidkind(
        "train", loop["features"], "-o", run, "--cross-fit", "2", "--seeds", "42,43",
        "--epochs", "2", "--no-dashboards",
    )  # fmt: skip
    listing = fold_folder(run, 2) / "ensemble.json"
    ensemble = json.loads(listing.read_text(encoding="utf-8"))
    ensemble["members"].pop(0)
    listing.write_text(json.dumps(ensemble), encoding="utf-8")
    done = vidkind("evaluate", run, loop["features"])
    assert "not every member is alive in every fold" in caplog.text
    assert "member 2 (seed 43)" in done.stdout
    assert "member 1" not in done.stdout


def test_a_cross_fitted_run_is_judged_out_of_fold(loop, vidkind, tmp_path: Path) -> None:
    run, bundle = tmp_path / "run", tmp_path / "bundle"
    done = vidkind(
        "train", loop["features"], "-o", run, "--cross-fit", "2", "--seeds", "42",
        "--epochs", "12", "--no-dashboards",
    )  # fmt: skip
    assert "fold 2: accuracy of its members on the videos left out" in done.stdout
    vidkind("evaluate", run, loop["features"], "--report", tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    # Curves of the folds: its own members were watched on what they learned from.
    assert page.count("fold 2, member 1 (seed 42): validation from") == 2
    figures = json.loads((run / "evaluation_out_of_fold.json").read_text(encoding="utf-8"))
    taught = [len(read_split(loop["features"], split)) for split in ("train", "val")]
    assert figures["num_videos"] == sum(taught)
    assert figures["trust"]["cross_fitted"] is True
    refused = vidkind("evaluate", run, loop["features"], "--split", "val", check=2)
    assert "learned from val too" in refused.stderr
    vidkind("evaluate", run, loop["features"], "--split", "test")
    vidkind("bundle", run, "-o", bundle)
    classifier = SingleVideoClassifier(bundle)
    assert classifier.bundle.manifest.temperature == pytest.approx(figures["temperature"])
    assert classifier.bundle.trust_file is not None
