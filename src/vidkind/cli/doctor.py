"""``vidkind doctor``: what is wrong with a labelled library, before anything is trained on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vidkind.cli.options import existing_path, workers_option
from vidkind.cli.progress import progress_bar
from vidkind.config import DoctorOptions

if TYPE_CHECKING:
    from rich.console import Console

    from vidkind.doctor import Diagnosis, Finding

_DEFAULT = DoctorOptions()
_STYLES = {"leak": "bold red", "error": "red", "warning": "yellow", "note": "cyan"}


@click.command("doctor", short_help="Find leaks, copies, odd files and shortcuts in a library.")
@click.argument("library", type=existing_path)
@click.option("--json", "as_json", is_flag=True, help="Write every finding as JSON to stdout.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False),
              help="Write every finding as JSON to a file too.")  # fmt: skip
@click.option("--list", "listed", default=5, show_default=True, type=click.IntRange(min=0),
              help="Files or pairs shown of each finding; the JSON has all.")  # fmt: skip
@click.option("--precision", type=float, metavar="HALF-WIDTH",
              help="Say where there are too few sources to measure recall this precisely, "
              "for example 0.05 for +-5 points.")  # fmt: skip
@click.option("--mirrored", is_flag=True, help="Also look for copies mirrored left to right.")
@click.option("--frames", "num_frames", default=_DEFAULT.num_frames, show_default=True,
              type=click.IntRange(1, 64), help="Frames compared of each video.")  # fmt: skip
@click.option("--backbone", help="What confirms near copies: an .onnx file with its card, or a "
              "torchvision network. Default: the backbone of the shipped bundle.")  # fmt: skip
@click.option("--cache", type=click.Path(path_type=Path, file_okay=False),
              help="Folder for earlier scans. Default: the user's cache folder.")  # fmt: skip
@click.option("--seed", default=_DEFAULT.seed, show_default=True,
              help="Seed of the metadata-only probe.")  # fmt: skip
@workers_option
def doctor_command(
    library: Path,
    as_json: bool,
    output: Path | None,
    listed: int,
    precision: float | None,
    mirrored: bool,
    num_frames: int,
    backbone: str | None,
    cache: Path | None,
    seed: int,
    workers: int | None,
) -> None:
    """Examine a labelled LIBRARY before anything is trained on it.

    Finds copies across splits, labels and groups (same bytes, or re-encoded, rescaled, cropped),
    groups in two splits, files that cannot be used and odd ones, skew, and how well size, frame
    rate, length, bit rate and codec alone give the label away (needs the [train] extra).

    LIBRARY is what vidkind extract takes. Exit code 1 when there is a leak: a copy or a group in
    two splits, or one content under two labels. Killed anywhere and run again, it goes on.

    \b
    vidkind doctor library/
    vidkind doctor clips/manifest.csv --precision 0.05
    vidkind doctor library/ --json | jq '.findings[] | select(.severity == "leak")'
    """
    from vidkind.bundle.backbone import open_backbone
    from vidkind.dataset import read_library
    from vidkind.doctor import examine
    from vidkind.files import atomic_path

    options = DoctorOptions(
        num_frames=num_frames, mirrored=mirrored, precision=precision, seed=seed
    )
    found = read_library(library, strict=False)
    num_files = len({item.path for item in found.items})
    with progress_bar("Examining", num_files) as advance:
        diagnosis = examine(
            found,
            open_backbone=lambda: open_backbone(backbone),
            options=options,
            cache=cache,
            workers=workers,
            progress=advance,
        )
    text = json.dumps(diagnosis.to_json(), indent=1, ensure_ascii=False)
    if output is not None:
        with atomic_path(output) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
        click.echo(f"every finding: {output}", err=True)
    if as_json:
        click.echo(text)
    else:
        _print(diagnosis, listed)
    if diagnosis.leaks:
        raise click.ClickException(
            f"{library} leaks: figures measured with it would be too good; see the findings"
        )


def _print(diagnosis: Diagnosis, listed: int) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    counts = ", ".join(
        f"{count} {name}{'s' * (count != 1)}" for name, count in diagnosis.counts.items() if count
    )
    console.print(f"[bold]{diagnosis.num_files} videos[/]: {counts or 'nothing found'}")
    _print_classes(console, diagnosis)
    for finding in diagnosis.findings:
        _print_finding(console, finding, listed)
    probe = diagnosis.probe
    if probe is not None:
        accuracy = probe["accuracy"]
        console.print(
            f"\nThe header alone gives the label of {accuracy['value']:.1f} "
            f"[{accuracy['low']:.1f}, {accuracy['high']:.1f}] % of {probe['num_sources']} sources; "
            f"chance is {probe['chance']:.1f} %.",
            markup=False,
        )


def _print_classes(console: Console, diagnosis: Diagnosis) -> None:
    from rich.markup import escape
    from rich.table import Table

    splits = sorted({name for count in diagnosis.classes.values() for name in count.splits})
    table = Table(box=None)
    table.add_column("category")
    for name in ("videos", "sources", "groups", *(f"sources in {split}" for split in splits)):
        table.add_column(name, justify="right")
    for label, count in diagnosis.classes.items():
        cells = (count.videos, count.sources, count.groups, *map(count.splits.get, splits))
        table.add_row(escape(label), *(str(cell or 0) for cell in cells))
    console.print(table)


def _print_finding(console: Console, finding: Finding, listed: int) -> None:
    style = _STYLES[finding.severity]
    console.print(f"\n[{style}]{finding.severity}[/] [bold]{finding.code}[/]")
    console.print(f"  {finding.message}", markup=False)
    for evidence in finding.evidence[:listed]:
        parts = [*evidence.files[:4], *(["..."] if len(evidence.files) > 4 else [])]
        text = "  =  ".join(parts) if len(parts) == 2 else ", ".join(parts)
        detail = f"  ({evidence.detail})" if text and evidence.detail else evidence.detail
        console.print(f"    {text}{detail}", markup=False)
    if (more := len(finding.evidence) - listed) > 0:
        console.print(f"    and {more} more; --json lists all", style="dim")
    console.print(f"  -> {finding.remedy}", markup=False, style="dim")
