"""The examples of docs/python.md, run one after the other as a reader would."""

from __future__ import annotations

import re
from pathlib import Path

from tests.clips import render

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


def test_the_examples_run(tmp_path: Path, monkeypatch, capsys) -> None:
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    *examples, training = examples
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
    # Training takes too long here; its names are there.
    exec("\n".join(line for line in training.splitlines() if " import " in line), names)
