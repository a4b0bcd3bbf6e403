"""Odd names, places that cannot be written, and readers or users who stop early."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.clips import render
from tests.e2e.conftest import COMMAND
from tests.tiny import tiny_backbone, tiny_bundle
from vidkind.config import SamplingOptions

NAMES = (
    b"caf\xe9.mp4",
    b"two\nlines.mp4",
    b"a\rb.mp4",
    "vid\u00e9o.mp4".encode(),
    "line\u2028.mp4".encode(),
    b'comma, "quote".mp4',
)


@pytest.fixture(scope="module")
def odd_names(tmp_path_factory) -> list[str]:
    """The same clip under names that are not UTF-8 or hold line breaks."""
    folder = tmp_path_factory.mktemp("odd")
    clip = render(folder / "plain.mp4", 4)
    paths = [str(folder / os.fsdecode(name)) for name in NAMES]
    try:
        for path in paths:
            shutil.copyfile(clip, path)
    except OSError:
        pytest.skip("this file system does not take the names")
    return paths


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_odd_names_have_whole_rows_and_can_be_resumed(
    vidkind, bundle: Path, odd_names, tmp_path: Path, form: str
) -> None:
    output = tmp_path / "rows"
    run = ("classify", *odd_names, "--bundle", bundle, "--format", form, "--output", output)
    vidkind(*run)
    content = output.read_bytes()
    with output.open(encoding="utf-8", newline="") as file:
        if form == "jsonl":
            paths = [json.loads(line)["path"] for line in file.read().split("\n")[:-1]]
            assert paths == odd_names
        else:
            paths = [row["path"] for row in csv.DictReader(file)]
            assert paths == [name.replace("\udce9", r"\udce9") for name in odd_names]
    within_a_character = content.index("\u00e9".encode()) + 1
    for size in (len(content), within_a_character, len(content) // 2, len(content) // 3):
        output.write_bytes(content[:size])
        vidkind(*run, "--resume")
        assert output.read_bytes() == content


def test_rows_are_continued_with_the_same_options_alone(
    vidkind, bundle: Path, odd_names, tmp_path: Path
) -> None:
    output = tmp_path / "rows.jsonl"
    run = ("classify", odd_names[-1], "--bundle", bundle, "--output", output)
    vidkind(*run)
    content = output.read_bytes()
    other = tiny_bundle(tmp_path / "other", temperature=2.0).path
    for changed, message in (
        (("--effort", "full"), "effort normal, now full"),
        (("--tta",), "tta False, now True"),
        (("--bundle", other), "bundle "),
    ):
        done = vidkind(*run, "--resume", *changed, check=2)
        assert f"its rows were made with {message}" in done.stderr
        assert output.read_bytes() == content
    vidkind(*run, "--resume")
    (tmp_path / ".rows.jsonl.run.json").unlink()
    vidkind(*run, "--resume", "--effort", "full")
    assert output.read_bytes() == content
    vidkind(*run, "--effort", "full")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX locks")
def test_two_runs_do_not_write_one_file(vidkind, bundle: Path, tmp_path: Path) -> None:
    from vidkind.cli.run_note import rows_claimed

    output = tmp_path / "rows.csv"
    run = ("classify", "x.mp4", "--bundle", bundle, "--output", output)
    with rows_claimed(output, {}, resume=False):
        done = vidkind(*run, "--resume", check=2)
        assert "is being written by another run" in done.stderr
    vidkind(*run, check=1)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_run_that_is_ended_leaves_no_temporary_file(bundle: Path, odd_names, tmp_path) -> None:
    rows = tmp_path / "rows.json"
    process = subprocess.Popen(
        [*COMMAND, "classify", *[odd_names[0]] * 4000, "--bundle", bundle, "--output", rows],
        stderr=subprocess.DEVNULL,
    )
    while not list(tmp_path.iterdir()):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 143
    assert list(tmp_path.iterdir()) == []


def test_odd_names_reach_any_pipe(bundle: Path, odd_names) -> None:
    for form in ("table", "json"):
        done = subprocess.run(
            [*COMMAND, "classify", *odd_names, "--bundle", bundle, "--format", form],
            env={**os.environ, "PYTHONIOENCODING": "ascii", "FORCE_COLOR": "1"},
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
    assert [row["path"] for row in json.loads(done.stdout)] == odd_names


def test_odd_names_are_extracted(vidkind, odd_names, tmp_path: Path) -> None:
    for label in ("A", "B"):
        shutil.copytree(Path(odd_names[0]).parent, tmp_path / "library" / label)
    (tmp_path / "library" / "A" / os.fsdecode(b"\xff.mp4")).touch()
    backbone = tiny_backbone(tmp_path)
    done = vidkind(
        "extract", tmp_path / "library", "-o", tmp_path / "out", "--backbone", backbone, check=1
    )
    assert "15 videos in: 14 with features (0 from an earlier run), 1 failed" in done.stdout


@pytest.mark.parametrize(
    ("form", "content", "message"),
    [
        ("jsonl", "my notes", "does not begin with"),
        ("jsonl", '{"path": 1}\n', "scores"),
        ("jsonl", '{"path": "a", "scores": {"Cats": 1}, "error": null}\n', "scores for Cats"),
        ("jsonl", '{"path": "a", "scores": null, "error": null}\n', "keys"),
        ("jsonl", '{"path": 5, "scores": {}, "error": null}\n', "no text"),
        ("csv", "path,category,confidence,score_Cats\n", "does not begin with"),
    ],
)
def test_only_rows_of_the_same_bundle_are_gone_on_with(
    vidkind, bundle: Path, tmp_path: Path, form: str, content: str, message: str
) -> None:
    output = tmp_path / "rows"
    output.write_text(content, encoding="utf-8")
    run = ("classify", "x.mp4", "--bundle", bundle, "--format", form, "--output", output)
    done = vidkind(*run, "--resume", check=2)
    assert message in done.stderr
    assert "leave out --resume" in done.stderr
    assert output.read_text(encoding="utf-8") == content


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_a_place_that_cannot_be_written_is_said_in_one_line(
    vidkind, bundle: Path, tmp_path: Path, form: str
) -> None:
    (tmp_path / "file").touch()
    run = ("classify", "x.mp4", "--bundle", bundle, "--format", form)
    done = vidkind(*run, "--output", tmp_path / "file" / "rows", check=1)
    assert len(done.stderr.splitlines()) == 1
    assert "expected a place that exists, may be read and written" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and pipes")
@pytest.mark.parametrize("how", ["reader leaves", "Ctrl-C"])
def test_stopping_early_leaves_no_traceback(bundle: Path, odd_names, how: str) -> None:
    inputs = [odd_names[0]] * 400
    process = subprocess.Popen(
        [*COMMAND, "classify", *inputs, "--bundle", bundle, "--format", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Tests that a shell started in the background have inherited that Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    first = json.loads(process.stdout.readline())
    if how == "Ctrl-C":
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
        assert len(rest.splitlines()) < 399
        assert process.returncode == 130
        assert errors.startswith(b"Error: interrupted; ") and errors.count(b"\n") == 1
    else:
        process.stdout.close()
        errors = process.stderr.read()
        process.wait(timeout=60)
        assert process.returncode == 1
        assert errors == b""
    assert first["path"] == odd_names[0]


def test_a_name_no_file_system_takes_has_its_row(vidkind, bundle: Path) -> None:
    names = ("x" * 5000 + ".mp4", "y" * 5000 + "/*.mp4")
    done = vidkind("classify", *names, "--bundle", bundle, "--format", "json", check=1)
    rows = json.loads(done.stdout)
    assert [row["path"] for row in rows] == list(names)
    assert {row["error"]["type"] for row in rows} == {"VideoNotFoundError"}


def test_rows_come_one_by_one_in_every_format(bundle: Path, odd_names, capsys) -> None:
    from vidkind import SingleVideoClassifier
    from vidkind.cli.rows import open_rows

    classifier = SingleVideoClassifier(bundle)
    endless = classifier.classify_videos(iter(lambda: odd_names[-1], None))
    for form in ("table", "json", "jsonl", "csv"):
        with open_rows(
            form, None, classifier.categories, inputs=odd_names[-1:], made_with={}, resume=False
        ) as opened:
            capsys.readouterr()
            for _ in range(3):
                opened[0].write(next(endless))
                assert ".mp4" in capsys.readouterr().out
    endless.close()


def test_an_interrupted_array_leaves_the_older_file(tmp_path: Path) -> None:
    from vidkind.cli.rows import open_rows

    output = tmp_path / "rows.json"
    output.write_text("[]")
    with (
        pytest.raises(KeyboardInterrupt),
        open_rows("json", output, ("a", "b"), inputs=["x"], made_with={}, resume=False),
    ):
        raise KeyboardInterrupt
    assert [file.read_text() for file in tmp_path.iterdir()] == ["[]"]


def test_a_pattern_stands_for_files_and_for_what_lies_in_folders(tmp_path: Path) -> None:
    from vidkind.cli.inputs import expand_inputs

    for name in ("a/1.mp4", "a/b/2.mp4", "3.mp4", "empty/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [Path(path).relative_to(tmp_path).as_posix() for path in expand_inputs(
        [f"{tmp_path}/*"])]  # fmt: skip
    assert found == ["3.mp4", "a/1.mp4", "a/b/2.mp4", "empty"]
    assert len(expand_inputs([f"{tmp_path}/**/*.mp4", str(tmp_path / "3.mp4")])) == 4
    assert len(expand_inputs([f"{tmp_path}/a/**"])) == 2


@pytest.mark.parametrize("pattern", ["**/*.mp4", "**/*", "**", "a/**/*.mp4", "*/**/b/*"])
def test_links_that_lead_back_are_followed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    from vidkind.cli.inputs import expand_inputs

    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "[1].mp4").touch()
    try:
        # With glob, each way through the two is another match, some 2 ** 40 of them.
        (tmp_path / "a" / "up").symlink_to(tmp_path)
        (tmp_path / "a" / "b" / "back").symlink_to(tmp_path)
    except OSError:
        pytest.skip("no symbolic links here")
    wanted = Path("a", "b", "[1].mp4")
    assert expand_inputs([str(tmp_path / pattern)]) == [str(tmp_path / wanted)]
    monkeypatch.chdir(tmp_path)
    assert expand_inputs([pattern]) == [str(wanted)]


def test_an_unexpected_fault_of_one_file_ends_no_batch(bundle: Path, tmp_path: Path) -> None:
    from vidkind import SingleVideoClassifier

    good = render(tmp_path / "good.mp4", 4)
    rows = list(SingleVideoClassifier(bundle).classify_videos([good, 7, good]))
    assert [row.error and row.error.type for row in rows] == [None, "DecodeError", None]
    assert "please report it" in rows[1].error.message


def test_the_sampler_is_that_of_the_bundle_unless_given(vidkind, tmp_path: Path) -> None:
    from vidkind import SingleVideoClassifier

    clip = render(tmp_path / "a.mp4", 64, g="8", x264_params="scenecut=0")
    sampling = SamplingOptions(num_frames=8, sampler="keyframe")
    path = tiny_bundle(tmp_path, sampling=sampling).path

    def scores(*flags: str) -> dict[str, float]:
        run = ("classify", clip, "--bundle", path, "--format", "json", *flags)
        return json.loads(vidkind(*run).stdout)[0]["scores"]

    assert scores() == SingleVideoClassifier(path).classify_video(clip).scores
    assert scores() == scores("--sampler", "keyframe") != scores("--sampler", "exact")
