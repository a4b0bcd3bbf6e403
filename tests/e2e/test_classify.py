"""Answering, as a user meets it: good and broken inputs together, every format, one answer."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from tests.clips import render, render_audio, truncate
from vidkind import SingleVideoClassifier
from vidkind.errors import EmptyFileError

ROW_KEYS = {
    "path",
    "category",
    "confidence",
    "trust",
    "label_set",
    "scores",
    "duration_seconds",
    "frames_decoded",
    "frames_embedded",
    "error",
}


def colour(path: Path, red: int, green: int, blue: int) -> Path:
    picture = np.full((48, 64, 3), (red, green, blue), np.uint8)
    return render(path, [picture] * 20)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> tuple[list[Path], dict[str, str]]:
    """Good files among every kind of broken one, and the error expected of each."""
    folder = tmp_path_factory.mktemp("mixed")
    good = [
        colour(folder / "a.mp4", 200, 60, 30),
        colour(folder / "ünïcode – видео 動画.mp4", 30, 200, 60),
        colour(folder / f"{'long' * 55}.mp4", 60, 30, 200),
    ]
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("this is no video\n" * 200)
    render_audio(folder / "audio.mp4")
    truncate(good[0], folder / "half.mp4")
    (folder / "no videos").mkdir()
    expected = {
        "empty.mp4": "EmptyFileError",
        "text.mp4": "NotAVideoError",
        "audio.mp4": "NoVideoStreamError",
        "half.mp4": "NotAVideoError",
        "no videos": "VideoNotFoundError",
        "missing.mp4": "VideoNotFoundError",
    }
    broken = [folder / name for name in expected]
    order = [good[0], broken[0], broken[1], good[1], *broken[2:], good[2]]
    return order, {str(folder / name): kind for name, kind in expected.items()}


def test_every_input_has_one_row_in_order(vidkind, bundle: Path, mixed) -> None:
    inputs, expected = mixed
    done = vidkind("classify", *inputs, "--bundle", bundle, "--format", "json", check=1)
    rows = json.loads(done.stdout)
    assert [row["path"] for row in rows] == [str(path) for path in inputs]
    for row in rows:
        assert set(row) == ROW_KEYS
        if row["path"] in expected:
            assert row["error"]["type"] == expected[row["path"]]
            assert row["category"] is None
            assert "\n" not in row["error"]["message"]
        else:
            assert row["error"] is None
            assert sum(row["scores"].values()) == pytest.approx(1)
            assert row["confidence"] == max(row["scores"].values())
    summary = done.stderr.strip().splitlines()
    assert len(summary) == 1
    assert "6 of 9 inputs have no answer" in summary[0]


def test_good_files_are_answered_the_same_among_broken_ones(vidkind, bundle: Path, mixed) -> None:
    inputs, expected = mixed
    good = [path for path in inputs if str(path) not in expected]
    alone = json.loads(vidkind("classify", *good, "--bundle", bundle, "--format", "json").stdout)
    among = json.loads(
        vidkind("classify", *inputs, "--bundle", bundle, "--format", "json", check=1).stdout
    )
    assert alone == [row for row in among if row["error"] is None]


def test_all_formats_say_the_same(vidkind, bundle: Path, mixed, tmp_path: Path) -> None:
    inputs, _ = mixed

    def run(form: str) -> str:
        arguments = ("--bundle", bundle, "--format", form)
        return vidkind("classify", *inputs, *arguments, check=1).stdout

    rows = json.loads(run("json"))
    assert [json.loads(line) for line in run("jsonl").splitlines()] == rows
    table = list(csv.DictReader(io.StringIO(run("csv"))))
    assert [row["path"] for row in table] == [row["path"] for row in rows]
    for flat, row in zip(table, rows, strict=True):
        assert flat["category"] == (row["category"] or "")
        assert int(flat["frames_decoded"]) == row["frames_decoded"]
        assert flat["error_type"] == (row["error"] or {"type": ""})["type"]
        if row["confidence"] is not None:
            assert float(flat["score_Gaming"]) == row["scores"]["Gaming"]
    text = run("table")
    assert text.count("\n") == len(rows) + 1
    assert "NotAVideoError" in text


def test_python_and_command_line_agree_with_and_without_tta(vidkind, bundle: Path, mixed) -> None:
    path = mixed[0][0]
    classifier = SingleVideoClassifier(bundle)
    for flags, use_tta in (((), False), (("--tta",), True)):
        answer = classifier.classify_video(path, use_tta=use_tta)
        done = vidkind("classify", path, "--bundle", bundle, "--format", "json", *flags)
        assert json.loads(done.stdout) == [answer.to_row()]
    assert len(answer.member_scores) == 2
    assert answer.attention is not None and answer.frame_times is not None
    assert answer.attention.shape == answer.frame_times.shape == (18,)
    assert answer.attention.sum() == pytest.approx(1, abs=1e-5)


def test_effort_decides_how_many_frames_are_looked_at(vidkind, bundle: Path, mixed) -> None:
    video = mixed[0][0]

    def embedded(*flags: str) -> int:
        done = vidkind("classify", video, "--bundle", bundle, "--format", "json", *flags)
        (row,) = json.loads(done.stdout)
        assert row["frames_decoded"] > 0
        return row["frames_embedded"]

    # The bundle asks for 16 frames and knows nothing of trust: a quick look cannot be judged.
    assert [embedded("--effort", name) for name in ("fast", "normal", "full")] == [16, 16, 16]


def test_folders_and_patterns_become_their_videos(
    vidkind, bundle: Path, mixed, tmp_path: Path
) -> None:
    for name in ("b.mp4", "sub/c.mkv", "sub/a.mp4", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(Path(mixed[0][0]).read_bytes())
    rows = json.loads(vidkind("classify", tmp_path, "--bundle", bundle, "--format", "json").stdout)
    assert len(rows) == 3
    pattern = json.loads(
        vidkind("classify", f"{tmp_path}/sub/*.mp4", "--bundle", bundle, "--format", "json").stdout
    )
    assert [Path(row["path"]).name for row in pattern] == ["a.mp4"]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_killed_run_goes_on_where_it_stopped(
    vidkind, bundle: Path, mixed, tmp_path: Path, form: str
) -> None:
    inputs = [mixed[0][0], mixed[0][1], mixed[0][0], mixed[0][1], mixed[0][0]]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    base = ("classify", *inputs, "--bundle", bundle, "--format", form, "--output")
    expected = vidkind(*base, whole, check=1).stderr
    content = whole.read_bytes()
    lines = [i + 1 for i, byte in enumerate(content) if byte == ord("\n")]
    for size in (0, 5, lines[0] - 1, lines[0], lines[1], lines[1] + 30, lines[3], len(content)):
        cut.write_bytes(content[:size])
        assert vidkind(*base, cut, "--resume", check=1).stderr == expected
        assert cut.read_bytes() == content, f"cut off after {size} bytes"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("classify",), 2, "Missing argument"),
        (("classify", "x.mp4", "--format", "xml"), 2, "'xml' is not one of"),
        (("classify", "x.mp4", "--resume"), 2, "--resume needs --output"),
        (("classify", "x.mp4", "--bundle", "nowhere"), 1, "no bundle at nowhere"),
        (("probe", "nowhere.mp4"), 1, "nowhere.mp4"),
        (("clasify", "x.mp4"), 2, "No such command"),
    ],
)
def test_wrong_usage_and_failures_have_their_exit_codes(
    vidkind, bundle, arguments, code, message
) -> None:
    if "--resume" in arguments:
        arguments = (*arguments, "--bundle", bundle)
    done = vidkind(*arguments, check=code)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_probe_prints_what_a_file_says(vidkind, mixed) -> None:
    info = json.loads(vidkind("probe", mixed[0][0], "--format", "json").stdout)
    assert (info["width"], info["height"], info["codec"]) == (64, 48, "h264")
    assert "h264" in vidkind("probe", mixed[0][0]).stdout


def test_a_single_broken_video_raises_its_type(bundle: Path, mixed) -> None:
    with pytest.raises(EmptyFileError):
        SingleVideoClassifier(bundle).classify_video(mixed[0][1])


@pytest.mark.shared
@pytest.mark.slow
def test_every_odd_file_has_an_answer(bundle: Path, shared_dir: Path) -> None:
    files = sorted((shared_dir / "odd_files").iterdir())
    answers = list(SingleVideoClassifier(bundle).classify_videos(files))
    assert [answer.path for answer in answers] == [str(file) for file in files]
    assert [answer.path for answer in answers if answer.error] == []
