"""What the end-to-end tests share: the command line, and a small labelled library."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.clips import render
from tests.tiny import tiny_bundle
from vidkind.cli import cli

COMMAND = [sys.executable, "-c", "from vidkind.cli import main; main()"]
COLOURS = {"Blue": (40, 60, 200), "Green": (40, 190, 60), "Red": (210, 50, 40)}


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


def run_cli(arguments: tuple[object, ...]) -> Done:
    """Runs a command in this process, which saves loading the packages again and again."""
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for _ in range(2)]
    code = 0
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        try:
            cli([str(argument) for argument in arguments], prog_name="vidkind")
        except SystemExit as end:
            code = int(end.code or 0)
    for stream in streams:
        stream.flush()
    out, err = (stream.buffer.getvalue().decode("utf-8") for stream in streams)
    return Done(code, out, err)


@pytest.fixture(scope="session")
def vidkind() -> Run:
    """Runs a vidkind command; fails the test unless it ends with ``check``."""

    def run(*arguments: object, check: int | None = 0) -> Done:
        done = run_cli(arguments)
        assert check is None or done.returncode == check, done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def bundle(tmp_path_factory) -> Path:
    """A bundle that answers from the mean colour."""
    return tiny_bundle(tmp_path_factory.mktemp("bundle")).path


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
