"""How every plot looks, and the one way out of matplotlib: a PNG file and a themed SVG.

A plot is drawn once, in the colours of the light theme. In the SVG each of these colours is
replaced by the CSS variable of its role, so that the page decides what it looks like in dark,
in light and in print.
"""

from __future__ import annotations

import io
import re
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from vidkind.errors import MissingExtraError
from vidkind.files import atomic_path

try:
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
except ImportError as error:
    raise MissingExtraError("matplotlib", "train") from error

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Roles; style.css gives the values of the dark theme. Blue and vermilion are told apart by
# colour-blind readers, and series differ in line style or marker too.
INK, MUTED, LINE = "#1c2128", "#5b6571", "#dde2e8"
ACCENT, SECOND = "#0b63ce", "#c4520f"
ROLES = {"ink": INK, "muted": MUTED, "line": LINE, "accent": ACCENT, "second": SECOND}

# Half of a wide page, and the whole of a phone without the letters becoming too small.
WIDTH_INCHES = 4.7
_PNG_DPI = 200
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a file name may hold dollar signs
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": LINE,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.titlecolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "legend.frameon": False,
    "legend.labelcolor": MUTED,
    "lines.linewidth": 1.8,
}


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One finished plot.

    Attributes:
        name: File name of the PNG, without its ending; unique on a page.
        title: Heading above it.
        alt: What it shows, in words, for those who do not see it.
        svg: The picture, to be put into the page as it is.
        caption: What to read out of it; may be empty.
    """

    name: str
    title: str
    alt: str
    svg: Markup
    caption: str = ""


class Canvas:
    """Axes in the project's style; a context, since matplotlib reads its style while drawing."""

    def __init__(self, height_inches: float, *, rows: int = 1) -> None:
        self._size = (WIDTH_INCHES, height_inches)
        self._rows = rows
        self._context = ExitStack()

    def __enter__(self) -> Canvas:
        self._context.enter_context(rc_context(_STYLE))
        self.figure = Figure(figsize=self._size, layout="constrained")
        FigureCanvasAgg(self.figure)
        self.axes: list[Axes] = list(self.figure.subplots(self._rows, squeeze=False).flat)
        for ax in self.axes:
            ax.tick_params(length=0)
            ax.patch.set_alpha(0)
        return self

    def __exit__(self, *_: object) -> None:
        self._context.close()

    def finish(self, folder: Path, *, name: str, title: str, alt: str, caption: str = "") -> Plot:
        """Writes ``folder/name.png``, on white, and gives the plot for the page."""
        text = io.StringIO()
        with rc_context({"svg.hashsalt": name}), warnings.catch_warnings():
            # The page has fonts for any script, the PNG may not.
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            self.figure.draw_without_rendering()
            self.figure.set_layout_engine("none")  # solved; each file would solve it again
            with atomic_path(folder / f"{name}.png") as temporary:
                self.figure.savefig(temporary, format="png", dpi=_PNG_DPI, facecolor="white")
            self.figure.savefig(
                text, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
            )
        return Plot(
            name=name, title=title, alt=alt, caption=caption, svg=themed(text.getvalue(), name)
        )


def themed(svg: str, name: str) -> Markup:
    """An SVG file as a piece of a page: themed, scaled to its column, silent to screen readers.

    Its figure says in words what it shows; ids are made unique on the page.
    """
    start = svg.index("<svg")
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", svg[start:], flags=re.DOTALL)
    body = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{name}-", body)
    body = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", body)
    for role, colour in ROLES.items():
        body = body.replace(colour, f"var(--{role})")
    head = 'aria-hidden="true" focusable="false"'
    body = re.sub(r'<svg ([^>]*?)width="[^"]*"', rf"<svg {head} \1", body, count=1)
    return Markup(re.sub(r'(<svg [^>]*?)height="[^"]*"', r"\1", body, count=1))
