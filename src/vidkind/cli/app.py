"""The command group, and how errors reach the terminal."""

from __future__ import annotations

import errno
import io
import logging
import signal
import sys

import click

from vidkind.cli.bench import bench_command
from vidkind.cli.bundle import bundle_command
from vidkind.cli.classify import classify_command
from vidkind.cli.compare import compare_command
from vidkind.cli.distill import distill_command
from vidkind.cli.doctor import doctor_command
from vidkind.cli.evaluate import evaluate_command
from vidkind.cli.extract import extract_command
from vidkind.cli.head import head_command
from vidkind.cli.plan import plan_command
from vidkind.cli.probe import probe_command
from vidkind.cli.quantize import quantize_command
from vidkind.cli.serve import serve_command, worker_command
from vidkind.cli.synthesize import synthesize_command
from vidkind.cli.train import train_command
from vidkind.errors import ConfigError, VidkindError


class _Interrupted(click.ClickException):
    """Ctrl-C, with the exit code that shells expect: 128 plus the number of the signal."""

    exit_code = 128 + signal.SIGINT

    def __init__(self) -> None:
        super().__init__(
            "interrupted; long work goes on where it stopped when the same command is run again "
            "(vidkind classify: with --output and --resume)"
        )


class OrderedGroup(click.Group):
    """Lists commands in the order a newcomer meets them, and turns errors into one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in order of registration."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> object:
        """Runs a command; what fails becomes one line on stderr and an exit code."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            raise click.UsageError(str(error)) from error
        except VidkindError as error:
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt as error:
            raise _Interrupted from error
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader has enough: click ends quietly
                raise
            name = "" if error.filename is None else f"{error.filename}: "
            raise click.ClickException(
                f"{name}{error.strerror or error}; expected a place that exists, may be read "
                "and written, and has room"
            ) from error


@click.group(
    cls=OrderedGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="vidkind")
@click.option("-v", "--verbose", is_flag=True, help="Say more on stderr.")
def cli(verbose: bool) -> None:
    """Tell what KIND of content a video is: animation, flat content, gaming or natural footage.

    \b
    Ask:    vidkind classify clip.mp4
            vidkind classify library/ --format csv --output kinds.csv
    Train:  vidkind extract library/ -o features/
            vidkind train features/ -o run/
            vidkind evaluate run/ features/
            vidkind bundle run/ -o my_bundle/
            vidkind classify clip.mp4 --bundle my_bundle/
            vidkind compare default my_bundle/ library/
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )


for _command in (
    classify_command,
    probe_command,
    doctor_command,
    extract_command,
    train_command,
    evaluate_command,
    bundle_command,
    compare_command,
    synthesize_command,
    distill_command,
    head_command,
    quantize_command,
    bench_command,
    plan_command,
    serve_command,
    worker_command,
):
    cli.add_command(_command)


def main() -> None:
    """Entry point of the console script."""
    # Ends like Ctrl-C does, so that temporary files are removed.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Any file name can be printed, on any system, into any pipe.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    cli(prog_name="vidkind")
