"""The commands on a fresh machine, with nothing but Python 3.11 or newer.

    python3 dev.py demo    set up, then run the whole loop on real or rendered clips
    python3 dev.py test    set up, then run every test
    python3 dev.py check   set up, then lint, check types and generated documents

All make a virtual environment in ``.venv`` (or ``$VIDKIND_VENV``) once and reuse it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = Path(os.environ.get("VIDKIND_VENV", ROOT / ".venv"))


def environment_python() -> Path:
    """The interpreter of the virtual environment, made and filled first where needed."""
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    python = ENVIRONMENT / folder / name
    stamp = ENVIRONMENT / ".installed"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"Installing vidkind with its training and test packages into {ENVIRONMENT} ...")
    try:
        # Also over what an interrupted installation left: it may have no pip yet.
        venv.create(ENVIRONMENT, with_pip=True)
    except subprocess.CalledProcessError:
        sys.exit("this Python cannot make a virtual environment; on Debian and Ubuntu it needs: "
                 "apt install python3-venv")  # fmt: skip
    extras = "train,openvino,serve,pages,cluster,dev"
    run([python, "-m", "pip", "install", "--quiet", "--editable", f"{ROOT}[{extras}]"])
    stamp.write_text(wanted)
    return python


def run(command: list[str | Path]) -> None:
    """Runs a command in the checkout; ends with its exit code where it fails."""
    code = subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode
    if code:
        sys.exit(code)


def main() -> None:
    """Parses the command and hands over to the environment's interpreter."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("command", choices=("demo", "test", "check"))
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="passed on")
    arguments = parser.parse_args()
    if sys.version_info < (3, 11):
        sys.exit(f"vidkind needs Python 3.11 or newer; this is {sys.version.split()[0]}")
    python = environment_python()
    if arguments.command == "demo":
        run([python, "examples/demo.py", *arguments.rest])
    elif arguments.command == "test":
        run([python, "-m", "pytest", "-n", "auto", *arguments.rest])
    else:
        run([python, "-m", "ruff", "check", "."])
        run([python, "-m", "ruff", "format", "--check", "."])
        run([python, "-m", "mypy"])
        run([python, "docs/make_cli_reference.py", "--check"])
        run([python, "benchmarks/tables.py", "--check"])


if __name__ == "__main__":
    main()
