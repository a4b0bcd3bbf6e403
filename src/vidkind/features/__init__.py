"""Stage 1: from videos to feature sequences.

In: video files (through the video room) and a backbone (an ONNX file with its card, or a
torchvision network). Out: ``FeatureSequence`` [T, D] per video, or HDF5 feature files.
Each frame is embedded once; temporal scales are gathered from those features.
Does not know: how a library is read and divided, temporal models, bundles.
"""

from vidkind.features.backbones import TORCH_BACKBONES, Backbone, load_backbone
from vidkind.features.card import BackboneCard, InputSpec, file_sha256, read_card
from vidkind.features.embed import EmbeddedVideo, embed_frames, embed_video, embed_videos
from vidkind.features.multiscale import multiscale_matrix, output_length, to_sequence

__all__ = [
    "TORCH_BACKBONES",
    "Backbone",
    "BackboneCard",
    "EmbeddedVideo",
    "InputSpec",
    "embed_frames",
    "embed_video",
    "embed_videos",
    "file_sha256",
    "load_backbone",
    "multiscale_matrix",
    "output_length",
    "read_card",
    "to_sequence",
]
