"""``vidkind probe``: what a file says about itself."""

from __future__ import annotations

import json
from dataclasses import asdict

import click


@click.command("probe", short_help="Show codec, size, rate and length of a video.")
@click.argument("path")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table",
              show_default=True, help="How to write the result.")  # fmt: skip
def probe_command(path: str, form: str) -> None:
    """Show what a video file says about itself; one frame at most is decoded."""
    from vidkind.video import probe

    info = asdict(probe(path))
    if form == "json":
        click.echo(json.dumps(info, indent=2, ensure_ascii=False))
        return
    for name, value in info.items():
        label = name.removesuffix("_seconds").removesuffix("_degrees").removesuffix("_bytes")
        click.echo(f"{label.replace('_', ' '):<20}{_shown(name, value)}")


def _shown(name: str, value: object) -> str:
    """A value with its unit, for people."""
    if value is None:
        return "unknown"
    if name.endswith("_seconds"):
        return f"{value:.2f} s"
    if name.endswith("_degrees"):
        return f"{value}°"
    if name == "fps":
        return f"{value:.3f}".rstrip("0").rstrip(".")
    if name.endswith("_bytes"):
        return f"{value:,} bytes"
    return str(value)
