"""``vidkind bench`` and ``vidkind plan``, as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.clips import numbered, render, truncate
from tests.tiny import tiny_backbone, tiny_bundle
from tests.trust import drawn_trust
from vidkind import SingleVideoClassifier
from vidkind.config import MultiScaleOptions, SamplingOptions
from vidkind.inference.effort import Look
from vidkind.performance.calibrate import calibrate
from vidkind.performance.measure import rates_for
from vidkind.performance.plan import RunKind, forecast
from vidkind.performance.runs import classify_run
from vidkind.performance.stages import Stages
from vidkind.performance.survey import survey
from vidkind.video.encode import write_video


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory) -> Path:
    """A cache folder of the tests' own, kept between them as a user's is between runs."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
            patch.setenv(name, str(folder))
        yield folder


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """Eight clips of two codecs, one of them long and large, and two files that cannot be read.

    The long one takes several times as long as any other, however noisy the machine was when
    its codec's rates were measured.
    """
    folder = tmp_path_factory.mktemp("plan") / "library"
    folder.mkdir()
    for number in range(6):
        render(folder / f"{number}.mp4", 30)
    render(folder / "6.webm", 20, codec="libvpx-vp9", deadline="realtime")
    render(folder / "long.mp4", [numbered(n, (540, 960)) for n in range(200)], g="50")
    (folder / "empty.mp4").touch()
    truncate(folder / "0.mp4", folder / "half.mp4")
    return folder


def test_bench_says_what_was_measured(vidkind, bundle: Path, library: Path) -> None:
    done = vidkind(
        "bench", library / "long.mp4", "--bundle", bundle, "--seconds", 1, "--json", "--workers", 2
    )
    report = json.loads(done.stdout)
    names = ["decode", "embed", "temporal models", "the same with TTA", "full", "normal", "fast"]
    assert [stage["name"] for stage in report["stages"]] == names
    assert report["rounds"] >= 3
    assert report["workers"] == 2
    for stage in report["stages"]:
        assert stage["seconds"] > 0
        assert stage["videos_per_second"] > 0
    decode = report["stages"][0]
    assert decode["frames_per_second"] > decode["videos_per_second"]
    # The tiny backbone has no convolution and no matrix product.
    assert report["frame_gflop"] == 0
    assert {engine["runtime"] for engine in report["engines"]} >= {"onnxruntime"}
    assert all(0.99 < engine["agreement"] < 1.001 for engine in report["engines"])
    assert report["suggestions"]


def test_bench_renders_a_clip_where_none_is_given(vidkind, bundle: Path) -> None:
    done = vidkind("bench", "--bundle", bundle, "--seconds", 1)
    assert "end to end, --effort full" in done.stdout
    assert "GFLOP/s" in done.stdout
    assert "-> runtime" in done.stdout or "-> --runtime" in done.stdout


def test_bench_of_a_broken_video_ends_with_one_line(vidkind, bundle: Path, library: Path) -> None:
    done = vidkind("bench", library / "empty.mp4", "--bundle", bundle, "--seconds", 1, check=1)
    assert "has zero bytes" in done.stderr


def test_a_plan_names_work_time_and_what_cannot_be_read(vidkind, bundle, library: Path) -> None:
    done = vidkind("plan", library, "--bundle", bundle, "--effort", "full", "--json")
    plan = json.loads(done.stdout)
    assert (plan["num_files"], plan["num_probed"]) == (10, 10)
    assert {Path(f["path"]).name: f["type"] for f in plan["failures"]} == {
        "empty.mp4": "EmptyFileError",
        "half.mp4": "NotAVideoError",
    }
    found = plan["forecast"]
    assert 0 < found["low"] < found["seconds"] < found["high"]
    # 16 frames are sampled of each: six clips of 30 frames, one of 20, and a part of 200.
    assert 6 * 20 < found["frames_decoded"] <= 6 * 30 + 20 + 200
    assert found["frames_embedded"] == 8 * 16
    assert found["library_bytes"] == sum(
        file.stat().st_size
        for file in library.iterdir()
        if file.name not in ("empty.mp4", "half.mp4")
    )
    assert 0 < found["bytes_read"] <= found["library_bytes"]
    assert found["bytes_written"] == 0
    assert found["slowest"][0]["path"] == str(library / "long.mp4")
    assert plan["correction"]["num_files"] == 8
    assert {"h264", "vp9"} <= set(plan["rates"]["codecs"])


def test_a_plan_in_words(vidkind, bundle, library: Path) -> None:
    done = vidkind("plan", library, "--bundle", bundle, "--calibrate", 0, "--list", 1)
    assert "2 of 10 probed cannot be read (1 EmptyFileError, 1 NotAVideoError)" in done.stdout
    assert "for vidkind classify" in done.stdout
    assert "no file of the library was tried" in done.stdout
    assert str(library / "long.mp4") in done.stdout
    assert str(library / "0.mp4") not in done.stdout


def test_a_sample_is_scaled_up(vidkind, bundle, library: Path) -> None:
    options = ("--bundle", bundle, "--calibrate", 0, "--json", "--effort", "full")
    whole = json.loads(vidkind("plan", library, *options).stdout)["forecast"]
    part = json.loads(vidkind("plan", library, *options, "--sample", 5).stdout)
    assert part["num_probed"] == 5
    assert part["forecast"]["frames_decoded"] == pytest.approx(whole["frames_decoded"], rel=0.8)
    width = [f["high"] / f["seconds"] for f in (part["forecast"], whole)]
    assert width[0] > width[1]


def test_a_plan_for_extract_writes_features(vidkind, library: Path, tmp_path: Path) -> None:
    backbone = tiny_backbone(tmp_path)
    options = ("--backbone", backbone, "--frames", 4, "--json")
    plan = json.loads(vidkind("plan", library, "--for", "extract", *options).stdout)
    assert plan["forecast"]["bytes_written"] > 8 * 4 * 3 * 4
    assert plan["forecast"]["frames_embedded"] == 8 * 4


def test_a_manifest_is_a_library(vidkind, bundle, library: Path, tmp_path: Path) -> None:
    rows = [f"{library / name},{label}" for name, label in (("0.mp4", "a"), ("1.mp4", "b"))]
    manifest = tmp_path / "list.csv"
    manifest.write_text("\n".join(["path,label", *rows]))
    done = vidkind("plan", manifest, "--bundle", bundle, "--calibrate", 0, "--json")
    assert json.loads(done.stdout)["num_files"] == 2


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--frames", "8"), "--frames goes with --for extract"),
        (("--backbone", "resnet50"), "--backbone goes with --for extract"),
        (("--for", "extract", "--tta"), "--tta goes with --for classify"),
        (("--for", "extract", "--bundle", "x"), "--bundle goes with --for classify"),
    ],
)
def test_options_of_the_other_run_are_refused(vidkind, library, options, named: str) -> None:
    assert named in vidkind("plan", library, *options, check=2).stderr


def test_a_library_that_cannot_be_read_fails(vidkind, bundle, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    done = vidkind("plan", tmp_path, "--bundle", bundle, check=1)
    assert "no file of" in done.stderr
    assert "has zero bytes" in done.stderr


def test_rates_are_kept_and_a_damaged_cache_is_made_again(bundle, tmp_path: Path) -> None:
    stages = classify_run(SingleVideoClassifier(bundle), workers=1).stages
    first = rates_for(stages, cache=tmp_path)
    assert rates_for(stages, cache=tmp_path) == first
    (tmp_path / "machine_rates.json").write_text("{")
    assert rates_for(stages, cache=tmp_path).key == first.key
    assert json.loads((tmp_path / "machine_rates.json").read_text())[first.key]["embed"] > 0


def test_rates_that_cannot_be_kept_are_used_all_the_same(bundle, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    stages = classify_run(SingleVideoClassifier(bundle), workers=1).stages
    assert rates_for(stages, cache=tmp_path / "file").embed > 0


@pytest.mark.parametrize(("threshold", "share"), [(0.0, 1.0), (2.0, 0.0)])
def test_a_second_look_is_forecast_where_the_first_is_not_enough(
    tmp_path: Path, library: Path, threshold: float, share: float
) -> None:
    classifier = SingleVideoClassifier(tiny_bundle(tmp_path, trust=drawn_trust()))
    quick = SamplingOptions(num_frames=4, sampler="keyframe")
    stages = Stages(
        backbone=classifier.backbone,
        classifier=classifier,
        looks=(Look(sampling=quick, threshold=threshold), Look(sampling=classifier.sampling)),
        multi_scale=MultiScaleOptions(),
        workers=2,
    )
    paths = [str(library / f"{number}.mp4") for number in range(6)]
    found = survey(paths, [look.sampling for look in stages.looks])
    rates = rates_for(stages)
    tried = calibrate(found, rates, stages, answer=rates.answer, seconds=5)
    assert tried.first_look_share == share
    plan = forecast(found, rates, RunKind(name="classify"), workers=2, correction=tried)
    embedded = 6 * (4 if share else 4 + 16)
    assert plan.frames_embedded == pytest.approx(embedded, rel=0.1)


def test_a_part_whose_moments_fall_on_key_frames_does_not_stand_for_the_whole(
    tmp_path: Path, bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four of 320 frames lie at 40, 120, 200 and 280, the middle one at 160: all are key frames."""
    frames = (np.full((48, 64, 3), number % 200, np.uint8) for number in range(320))
    path = tmp_path / "even.mp4"
    write_video(path, frames, fps=10, options={"g": "40", "sc_threshold": "0"})
    classifier, sampling = SingleVideoClassifier(bundle), SamplingOptions(num_frames=16)
    stages = Stages(
        backbone=classifier.backbone,
        classifier=None,
        looks=(Look(sampling=sampling),),
        multi_scale=MultiScaleOptions(),
        workers=1,
    )
    asked: list[int] = []
    decode = Stages.decode

    def noted(self: Stages, path: str, sampling: SamplingOptions):
        asked.append(sampling.num_frames)
        return decode(self, path, sampling)

    found = survey([str(path)], [sampling])
    rates = rates_for(stages, cache=tmp_path)
    monkeypatch.setattr("vidkind.performance.calibrate._MOST_SECONDS", 0.0)
    monkeypatch.setattr(Stages, "decode", noted)
    tried = calibrate(found, rates, stages, answer=0.0, seconds=1)
    assert tried.num_files == 1
    assert asked == [7]


@pytest.mark.shared
def test_a_dry_run_knows_real_files(shared_dir: Path) -> None:
    paths = sorted(map(str, (shared_dir / "odd_files").iterdir()))
    found = survey(paths, [SamplingOptions()])
    assert not found.failures
    with_everything = sum(video.looks[0].frames_decoded for video in found.videos)
    assert 1000 < with_everything < 4000
