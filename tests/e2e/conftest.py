"""What the end-to-end tests share: the command line, and a small labelled library."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.clips import render

Run = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = [sys.executable, "-c", "from vidkind.cli import main; main()"]
COLOURS = {"Blue": (40, 60, 200), "Green": (40, 190, 60), "Red": (210, 50, 40)}


@pytest.fixture(scope="session")
def vidkind() -> Run:
    """Runs a vidkind command; fails the test unless it ends with ``check``."""

    def run(*arguments: object, check: int | None = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert check is None or done.returncode == check, done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def colour_library(tmp_path_factory) -> Path:
    """Three categories told apart by colour, ten short clips each."""
    folder = tmp_path_factory.mktemp("colours") / "library"
    generator = np.random.default_rng(3)
    for label, colour in COLOURS.items():
        (folder / label).mkdir(parents=True)
        for number in range(10):
            shades = np.clip(colour + generator.normal(scale=25, size=(12, 1, 1, 3)), 0, 255)
            pictures = np.broadcast_to(shades, (12, 32, 48, 3)).astype(np.uint8)
            render(folder / label / f"{number}.mp4", list(pictures))
    return folder
