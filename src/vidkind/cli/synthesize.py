"""``vidkind synthesize``: renders a labelled library for those who have no clips."""

from __future__ import annotations

from pathlib import Path

import click

from vidkind.cli.progress import progress_bar
from vidkind.config import DEFAULT_CATEGORIES, SynthesisOptions

_DEFAULT = SynthesisOptions()


@click.command("synthesize")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--per-category",
    type=click.IntRange(min=1),
    required=True,
    help="Clips rendered for each of the four categories.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=42,
    show_default=True,
    help="The same seed gives the same frames.",
)
@click.option(
    "--seconds",
    type=float,
    default=_DEFAULT.seconds,
    show_default=True,
    help="Middle length of a clip.",
)
@click.option(
    "--size",
    type=int,
    default=_DEFAULT.size,
    show_default=True,
    help="Longest short side in pixels.",
)
def synthesize_command(
    directory: Path, per_category: int, seed: int, seconds: float, size: int
) -> None:
    """Render a labelled library of the four default kinds into DIRECTORY.

    For trying everything out without clips of your own. Run again after an interruption, or
    with a larger number: only what is missing is rendered.
    """
    from vidkind.dataset.synthesize import NOTICE, synthesize_library

    options = SynthesisOptions(seconds=seconds, size=size)
    with progress_bar("Rendering", per_category * len(DEFAULT_CATEGORIES)) as advance:
        clips = synthesize_library(
            directory, per_category=per_category, seed=seed, options=options, progress=advance
        )
    click.echo(f"{len(clips)} clips in {directory}")
    click.echo(NOTICE, err=True)
