"""From a template and its values to one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidkind.errors import MissingExtraError
from vidkind.files import atomic_path, printable

try:
    from jinja2 import Environment, PackageLoader, StrictUndefined
except ImportError as error:
    raise MissingExtraError("jinja2", "train") from error

PAGE_NAME = "report.html"
PLOTS_FOLDER = "plots"


def write_page(folder: Path, template: str, values: Mapping[str, Any]) -> Path:
    """Renders a template into ``folder/report.html``, whole or not at all.

    Names of files and categories come from elsewhere and may hold HTML: everything is escaped
    but the drawings that this room makes itself.
    """
    environment = Environment(
        loader=PackageLoader("vidkind.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share: f"{100 * share:.0f} %"
    environment.filters["printable"] = printable
    text = environment.get_template(template).render(values)
    path = folder / PAGE_NAME
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path
