"""The whole way from pictures and clips to an exported backbone, in one call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vidkind.dataset import read_library
from vidkind.distillation.corpus import build_corpus, list_sources
from vidkind.distillation.export import Backbone, export_backbone, fit_projection
from vidkind.distillation.known_teachers import known_teacher
from vidkind.distillation.monitor import build_monitor
from vidkind.distillation.options import CorpusOptions, DistillOptions
from vidkind.distillation.trainer import Distiller
from vidkind.errors import LibraryError
from vidkind.features import BackboneCard, load_backbone, read_card

# Starts a progress bar: (description, total) -> function called with the count done.
Progress = Callable[[str, int], Callable[[int], None]]

_MONITOR_FRAMES = 3


def distill_backbone(
    stills: Path,
    clips: Path,
    teacher: Path,
    folder: Path,
    *,
    corpus_options: CorpusOptions = CorpusOptions(),  # noqa: B008 (frozen)
    options: DistillOptions = DistillOptions(),  # noqa: B008 (frozen)
    start_from: Path | None = None,
    workers: int | None = None,
    progress: Progress = lambda text, total: lambda count: None,
) -> BackboneCard:
    """Renders the corpus, trains the student, exports it; goes on where it stopped.

    Args:
        stills: Manifest CSV of labelled still pictures (path, label, group), or its folder.
        clips: A labelled library with splits; only its ``train`` split is trained on.
        teacher: ``.onnx`` file of a known teacher, its card beside it.
        folder: Run folder: ``corpus/``, checkpoint, log, dashboard, ``compact.onnx`` and card.
        corpus_options: How pictures are degraded and stored.
        options: How it is trained.
        start_from: ``last.pt`` of another run whose weights a new run starts with; None means
            random ones.
        workers: Processes that render; None means one a core.
        progress: Starts a progress bar.

    Raises:
        LibraryError: The clips have no splits, the categories differ, or groups leak.
        BackboneError: The teacher cannot be loaded or is not known.
        ConfigError: The folder holds pictures of other sources or options.
        CheckpointError: The folder holds a run of other options, or ``start_from`` does not fit.
    """
    known = known_teacher(read_card(teacher))
    pictures, library = read_library(stills), read_library(clips)
    if not library.has_splits:
        raise LibraryError(f"{clips} has no splits; expected a train split to learn from")
    if pictures.categories != library.categories:
        raise LibraryError(
            f"stills have the categories {', '.join(pictures.categories)}, clips have "
            f"{', '.join(library.categories)}; expected the same"
        )
    # As listed: joined groups have lost names that the other library may use.
    listed = [read_library(path, strict=False).items for path in (stills, clips)]
    sources = list_sources(listed[0], listed[1], corpus_options)
    rounds = len(corpus_options.degraded_per_round)
    corpus = build_corpus(
        sources,
        folder / "corpus",
        options=corpus_options,
        workers=workers,
        progress=progress("Rendering pictures", rounds * len(sources)),
    )
    monitor = build_monitor(
        library.items,
        load_backbone(teacher, num_threads=1),
        folder / "monitor.npz",
        size=corpus_options.picture_size,
        num_frames=_MONITOR_FRAMES,
        progress=progress("Reading clips", len(library.items)),
    )
    distiller = Distiller(
        corpus, teacher, known, folder, options=options, monitor=monitor, start_from=start_from
    )
    advance = progress("Training", options.steps)
    advance(distiller.step)
    student = distiller.run(progress=lambda step: advance(1))
    projection = fit_projection(student, corpus, size=options.working_size, dim=options.feature_dim)
    num_stills = sum(not source.is_clip for source in sources)
    num_clips = len({source.path for source in sources if source.is_clip})
    return export_backbone(
        Backbone(student.cpu(), projection),
        folder / "compact.onnx",
        size=options.working_size,
        pretrained_on=(
            f"random start; distilled from {read_card(teacher).name} on {num_stills} stills and "
            f"frames of {num_clips} clips"
        ),
    )
