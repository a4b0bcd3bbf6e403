"""Draws the README's picture: the real output of ``vidkind classify``, as a terminal shows it.

python docs/make_pictures.py clip1.mp4 clip2.mp4 ...
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

TARGET = Path(__file__).parent / "images" / "classify.svg"
WIDTH = 132
OPTIONS = ("--max-error", "0.02")


def main(clips: list[str]) -> None:
    """Runs the command in the clips' folder and records what it prints."""
    paths = [Path(clip).resolve() for clip in clips]
    names = [path.name for path in paths]
    command = [
        sys.executable,
        "-c",
        "from vidkind.cli import main; main()",
        "classify",
        *names,
        *OPTIONS,
    ]
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
    done = subprocess.run(
        command,
        cwd=paths[0].parent,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    console.print(f"[bold]$[/] vidkind classify {' '.join([*names, *OPTIONS])}", highlight=False)
    console.print(Text.from_ansi(done.stdout))
    TARGET.parent.mkdir(exist_ok=True)
    drawn = console.export_svg(title="vidkind")
    # The fonts of rich's template come from the network; the reader's own will do.
    drawn = re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL)
    TARGET.write_text(drawn.replace("Fira Code", "monospace"), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="+")
    main(parser.parse_args().clips)
