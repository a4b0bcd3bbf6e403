"""The bundle: the one place where the training side and the answering side meet.

In: a folder or zip with ``bundle.json``, ONNX graphs and trust statistics. Out: a checked
``Bundle`` whose backbone can be run and whose temporal graph, categories, sampling and
calibration are known to fit together. Writing goes through the same manifest.
Does not know: torch, how models are trained, what an answer looks like.
"""

from vidkind.bundle.default import default_bundle_path
from vidkind.bundle.manifest import FORMAT_VERSION, BundleManifest, FileCard, TemporalCard
from vidkind.bundle.reader import Bundle, load_bundle
from vidkind.bundle.writer import add_int8, write_bundle

__all__ = [
    "FORMAT_VERSION",
    "Bundle",
    "BundleManifest",
    "FileCard",
    "TemporalCard",
    "add_int8",
    "default_bundle_path",
    "load_bundle",
    "write_bundle",
]
