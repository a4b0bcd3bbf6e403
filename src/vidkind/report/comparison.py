"""The report of a comparison: two bundles on the same videos."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vidkind.evaluation.compare import BundleComparison
from vidkind.report.cards import flip_card
from vidkind.report.page import PLOTS_FOLDER, write_page
from vidkind.report.plots import accuracy_plot, matrix_plot
from vidkind.report.thumbnails import MAX_PICTURES, thumbnails


def write_comparison_report(
    result: BundleComparison,
    videos: Mapping[str, Path],
    folder: Path,
    *,
    library_name: str,
    version: str = "",
) -> Path:
    """Writes ``report.html``, which needs no other file, and ``plots/*.png``.

    Args:
        result: The figures.
        videos: Key -> file.
        folder: Made where it is missing.
        library_name: What the two were compared on.
        version: Version of vidkind.

    Returns:
        The page.
    """
    a, b = (row.name for row in result.rows)
    plots = folder / PLOTS_FOLDER
    pictures = thumbnails(videos, [flip.path for flip in result.flips[:MAX_PICTURES]])
    agreement = matrix_plot(
        result.agreement_matrix,
        result.categories,
        plots,
        name="agreement",
        title="Who answers what",
        rows=f"answer of {a}",
        columns=f"answer of {b} (clips)",
    )
    values = {
        "title": f"{a} against {b} on {library_name}",
        "result": result,
        "rows_and_costs": list(zip(result.rows, result.costs, strict=True)),
        "version": version,
        "summary": result.summary,
        "accuracy": accuracy_plot(result.rows, a, plots),
        "agreement": agreement,
        "flips": [flip_card(flip, (a, b), pictures) for flip in result.flips],
        "max_pictures": MAX_PICTURES,
    }
    return write_page(folder, "comparison.html.j2", values)
