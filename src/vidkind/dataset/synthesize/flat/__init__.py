"""Rendered flat content: slides, charts, terminals, pages, maps, type.

In: a ``Stage``. Out: one ``Scene`` class per family, in ``FAMILIES`` by name.
Knows nothing of files, encoding or other categories.
"""

from __future__ import annotations

from vidkind.dataset.synthesize.drawing.stage import Scene
from vidkind.dataset.synthesize.flat.charts import Dashboard, GrowingChart
from vidkind.dataset.synthesize.flat.diagrams import Diagram, Whiteboard
from vidkind.dataset.synthesize.flat.graphics import MapView, Poster, Typography
from vidkind.dataset.synthesize.flat.office import Document, Slides, Spreadsheet
from vidkind.dataset.synthesize.flat.terminal import CodeEditor, Terminal
from vidkind.dataset.synthesize.flat.web import Telephone, WebPage

FAMILIES: dict[str, type[Scene]] = {
    "slides": Slides,
    "spreadsheet": Spreadsheet,
    "document": Document,
    "diagram": Diagram,
    "whiteboard": Whiteboard,
    "chart": GrowingChart,
    "dashboard": Dashboard,
    "terminal": Terminal,
    "code-editor": CodeEditor,
    "web-page": WebPage,
    "telephone": Telephone,
    "map": MapView,
    "poster": Poster,
    "typography": Typography,
}
