"""The examples of docs/python.md, run one after the other as a reader would."""

from __future__ import annotations

import re
from pathlib import Path

from tests.clips import render
from tests.tiny import tiny_backbone
from vidkind import SingleVideoClassifier

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_examples_run(tmp_path: Path, monkeypatch, capsys) -> None:
    *examples, _ = EXAMPLES
    assert len(examples) == 4
    render(tmp_path / "clip.mp4", 40)
    (tmp_path / "holiday.mp4").write_text("no video")
    monkeypatch.chdir(tmp_path)
    names: dict = {"paths": ["clip.mp4", "holiday.mp4"]}
    for example in examples:
        exec(example, names)
    assert names["info"].codec == "h264"
    assert names["batch"].frames.shape == (16, 224, 224, 3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("clip.mp4 ")
    assert [line.split()[:2] for line in lines[1:]] == [
        ["holiday.mp4", "NotAVideoError"],
        ["NotAVideoError", "'holiday.mp4'"],
    ]


def test_the_example_of_a_run_runs(
    vidkind, colour_library: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    backbone = tiny_backbone(tmp_path)
    vidkind("extract", colour_library, "-o", tmp_path / "features", "--backbone", backbone)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(EXAMPLES[-1], names)
    assert re.fullmatch(r"[\d.]+ \[[\d.]+, [\d.]+\]", capsys.readouterr().out.splitlines()[-1])
    assert "accuracy" in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert SingleVideoClassifier(tmp_path / "my_bundle").categories == ("Blue", "Green", "Red")
    assert names["scored"].file == Path("run") / "evaluation_val.json"
