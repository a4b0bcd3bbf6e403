"""The ``vidkind`` command: parses, calls a room, prints. No logic of its own.

In: arguments. Out: results on stdout, everything else on stderr; exit code 0, 1 (some input
or the run failed) or 2 (wrong usage). One file a command.
Imports nothing heavy before a command runs.
"""

from vidkind.cli.app import cli, main

__all__ = ["cli", "main"]
