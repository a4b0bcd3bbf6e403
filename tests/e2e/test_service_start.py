"""What ``vidkind serve`` says when it cannot be started as asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tiny import tiny_bundle
from tests.trust import drawn_trust

pytestmark = pytest.mark.slow
_COMMAND = [sys.executable, "-c", "from vidkind.cli import main; main()", "serve", "--port", "0"]


def start(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    bundle = tiny_bundle(tmp_path / "tiny", trust=drawn_trust()).path
    places = ["--data", str(tmp_path / "data"), "--bundle", str(bundle)]
    return subprocess.run(
        [*_COMMAND, *places, *options], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--max-error", "0.0001"], "max_error is 0.0001, but"),
        (["--coverage", "95"], "coverage is 95.0; expected a share between 0 and 1"),
        (["--rate-limit", "foo"], "rate_limit is 'foo'; expected"),
    ],
)
def test_wrong_options_end_it_before_it_listens(tmp_path: Path, options, says: str) -> None:
    run = start(tmp_path, *options)
    assert run.returncode == 2
    [line] = run.stderr.splitlines()
    assert line.startswith(f"Error: {says}")


def test_a_worker_that_cannot_start_ends_the_server(tmp_path: Path) -> None:
    run = start(tmp_path, "--precision", "int8")
    assert run.returncode == 1
    assert run.stderr.count("the worker cannot start: ") == 3
    assert "holds no int8 graph" in run.stderr
    assert run.stderr.splitlines()[-1].startswith("Error: the worker ended 3 times before")
    assert "Traceback" not in run.stderr
