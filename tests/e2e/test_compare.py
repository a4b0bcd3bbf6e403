"""``vidkind compare`` on rendered clips: who is better, which flip, and what is kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.clips import render
from tests.tiny import tiny_bundle
from vidkind import SingleVideoClassifier
from vidkind.config import SamplingOptions

NUM_CLIPS = 24


@pytest.fixture(scope="module")
def setting(tmp_path_factory) -> dict[str, Path]:
    """Clips that change colour, labelled as bundle A answers; B sees one frame of each."""
    folder = tmp_path_factory.mktemp("compare")
    a = tiny_bundle(folder / "a", "whole").path
    b = tiny_bundle(folder / "b", "glance", sampling=SamplingOptions(num_frames=1)).path
    generator = np.random.default_rng(5)
    classifier = SingleVideoClassifier(a)
    for i in range(NUM_CLIPS):
        primary = 255 * np.eye(3)[generator.integers(0, 3, 3)]
        colours = primary[:, None, None].repeat(6, axis=0)
        pictures = np.broadcast_to(colours, (18, 32, 48, 3)).astype(np.uint8)
        clip = render(folder / f"{i}.mp4", list(pictures))
        answer = classifier.classify_video(clip).category or ""
        target = folder / "library" / answer / clip.name
        target.parent.mkdir(parents=True, exist_ok=True)
        clip.replace(target)
    return {"a": a, "b": b, "library": folder / "library"}


def compare(vidkind, setting, *more: object, check: int | None = 0):
    return vidkind(
        "compare", setting["a"], setting["b"], setting["library"], "--split", "all", *more,
        check=check,
    )  # fmt: skip


def test_the_labels_are_those_of_a(setting, vidkind) -> None:
    done = compare(vidkind, setting, "--json")
    found = json.loads(done.stdout)
    whole, glance = found["rows"]
    assert (whole["name"], glance["name"]) == ("whole", "glance")
    assert whole["per_clip"]["accuracy"]["value"] == 100
    assert glance["per_clip"]["accuracy"]["value"] < 100
    wrong = NUM_CLIPS - sum(glance["confusion"][k][k] for k in range(4))
    assert len(found["flips"]) == found["test"]["only_a_right"] == wrong
    assert found["costs"][0]["num_frames"] == 16 * NUM_CLIPS
    assert found["costs"][1]["num_frames"] == NUM_CLIPS
    assert found["failures"] == []


def test_people_read_who_is_better_and_which_flip(setting, vidkind) -> None:
    done = compare(vidkind, setting)
    assert "24 videos of 24 sources" in done.stdout
    assert "whole" in done.stdout
    assert "exact McNemar" in done.stdout
    assert ".mp4: " in done.stdout


def test_report_and_answers_are_kept_and_not_asked_again(setting, vidkind, tmp_path: Path) -> None:
    first = compare(vidkind, setting, "--report", tmp_path)
    assert f"report: {tmp_path / 'report.html'}" in first.stderr
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    figures = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    assert page.count("<img ") == len(figures["flips"]) > 0
    rows = sorted(tmp_path.glob("answers_*.jsonl"))
    assert [len(path.read_text(encoding="utf-8").splitlines()) for path in rows] == [NUM_CLIPS] * 2
    # Half of one file is lost: only that half is asked again, and the figures stay.
    lines = rows[0].read_text(encoding="utf-8").splitlines(keepends=True)
    rows[0].write_text("".join(lines[:12]) + lines[12][:20], encoding="utf-8")
    again = json.loads(compare(vidkind, setting, "--answers", tmp_path, "--json").stdout)
    assert rows[0].read_text(encoding="utf-8").splitlines(keepends=True)[:12] == lines[:12]
    assert again["flips"] == figures["flips"]
    timed = sorted(cost["num_videos"] for cost in again["costs"])
    assert timed == [NUM_CLIPS, NUM_CLIPS + 12]


def test_another_bundle_does_not_take_the_answers_of_the_first(
    setting, vidkind, tmp_path: Path
) -> None:
    compare(vidkind, setting, "--answers", tmp_path)
    compare(vidkind, {**setting, "b": setting["a"]}, "--answers", tmp_path, "--tta")
    assert len(list(tmp_path.glob("answers_*.jsonl"))) == 3


@pytest.mark.parametrize("form", ["jsonl", "json", "csv"])
def test_files_of_answers_stand_for_bundles(setting, vidkind, tmp_path: Path, form: str) -> None:
    rows = tmp_path / f"rows.{form}"
    vidkind("classify", setting["library"], "--bundle", setting["b"], "--format", form,
            "--output", rows)  # fmt: skip
    from_file = json.loads(compare(vidkind, {**setting, "b": rows}, "--json").stdout)
    from_bundle = json.loads(compare(vidkind, setting, "--json").stdout)
    for ours, theirs in zip(from_file["flips"], from_bundle["flips"], strict=True):
        assert ours == {key: pytest.approx(value) if isinstance(value, float) else value
                        for key, value in theirs.items()}  # fmt: skip
    assert from_file["costs"][1] is None
    assert from_file["agreement_matrix"] == from_bundle["agreement_matrix"]


def test_a_broken_video_is_listed_and_the_rest_compared(setting, vidkind, tmp_path: Path) -> None:
    library = tmp_path / "library"
    for clip in setting["library"].rglob("*.mp4"):
        target = library / clip.relative_to(setting["library"])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(clip.read_bytes())
    broken = next(library.rglob("*.mp4"))
    broken.write_bytes(b"no video")
    done = compare(vidkind, {**setting, "library": library}, "--report", tmp_path / "r", check=1)
    assert "1 of 24 videos have no answer from one or both" in done.stderr
    assert "23 videos of 23 sources" in done.stdout
    assert done.stdout.count("NotAVideoError") == 2
    figures = json.loads((tmp_path / "r" / "comparison.json").read_text(encoding="utf-8"))
    key = broken.relative_to(library).as_posix()
    assert [(f["path"], f["error"]["type"]) for f in figures["failures"]] == [
        (key, "NotAVideoError")
    ] * 2


def test_a_library_without_splits_is_divided_as_extract_does(setting, vidkind) -> None:
    done = vidkind("compare", setting["a"], setting["b"], setting["library"], "--json")
    found = json.loads(done.stdout)
    assert 2 <= found["num_videos"] <= 8


def test_the_same_name_twice_is_told_apart(setting, vidkind) -> None:
    done = vidkind("compare", setting["a"], setting["a"], setting["library"], "--json")
    names = [row["name"] for row in json.loads(done.stdout)["rows"]]
    assert names == [f"{setting['a']} (A)", f"{setting['a']} (B)"]


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"a": "nowhere"}, 1, "no bundle at nowhere"),
        ({"library": "nowhere"}, 2, "'nowhere' does not exist"),
    ],
)
def test_what_is_not_there_is_named(setting, vidkind, changes, code: int, message: str) -> None:
    done = compare(vidkind, {**setting, **changes}, check=code)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_rows_of_something_else_are_wrong_usage(setting, vidkind, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("path,label\na,b\n", encoding="utf-8")
    done = compare(vidkind, {**setting, "b": rows}, check=2)
    assert "holds no rows of vidkind classify" in done.stderr


def test_bundles_of_other_categories_are_refused(setting, vidkind, tmp_path: Path) -> None:
    others = tiny_bundle(tmp_path / "c", "others", categories=("a", "b", "c", "d")).path
    done = compare(vidkind, {**setting, "b": others}, check=1)
    assert "expected two bundles of the same categories" in done.stderr


def test_default_is_the_shipped_bundle(setting, vidkind, tmp_path: Path) -> None:
    clips = [tmp_path / "library" / label / "clip.mp4" for label in ("Animation", "Gaming")]
    for clip in clips:
        clip.parent.mkdir(parents=True)
        render(clip, 6)
    done = vidkind("compare", "default", setting["b"], tmp_path / "library", "--split", "all",
                   "--json")  # fmt: skip
    found = json.loads(done.stdout)
    assert found["rows"][0]["name"] == "default"
    answers = SingleVideoClassifier().classify_videos(clips)
    assert found["costs"][0]["num_frames"] == sum(answer.frames_embedded for answer in answers)
