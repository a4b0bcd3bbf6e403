"""The video room: files in, small upright RGB pictures with their times out.

In: a path and ``SamplingOptions``. Out: ``VideoInfo``, ``FrameBatch``, or a typed
``VideoError``. Does not know what is done with the pictures, what a category is, or how
many videos there are. The only room that imports av (PyAV, which ships FFmpeg).
"""

from vidkind.video.container import check_file
from vidkind.video.files import (
    VIDEO_EXTENSIONS,
    find_pictures,
    find_videos,
    is_video_name,
    walk_folders,
)
from vidkind.video.probe import frame_size, probe
from vidkind.video.sample import sample_frames

__all__ = [
    "VIDEO_EXTENSIONS",
    "check_file",
    "find_pictures",
    "find_videos",
    "frame_size",
    "is_video_name",
    "probe",
    "sample_frames",
    "walk_folders",
]
