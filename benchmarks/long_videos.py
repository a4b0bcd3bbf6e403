"""Makes long 1080p videos out of a short real clip, for the measurements that need them.

    python benchmarks/long_videos.py CLIP FOLDER

FOLDER then holds 60 s, 2 min and 20 min at 1920x1080, 25 frames/s, H.264 (x264, preset medium,
3 B-frames), with a key frame every 30, 250 and 600 frames. The clip is upscaled and repeated; the
long files are the short one's packets, repeated with later times. What is there is not made again.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

import av

WIDTH, HEIGHT, FPS = 1920, 1080, 25
SHORT_SECONDS = 60
GOPS = (30, 250, 600)
LENGTHS = {"60s": 1, "2min": 2, "20min": 20}


def make_long_videos(
    clip: Path, folder: Path, preset: str = "medium"
) -> dict[str, dict[int, Path]]:
    """The files, made where they are missing: length -> frames between key frames -> path."""
    folder.mkdir(parents=True, exist_ok=True)
    made: dict[str, dict[int, Path]] = {length: {} for length in LENGTHS}
    for gop in GOPS:
        short = folder / f"60s_gop{gop}.mp4"
        if not short.is_file():
            _whole(short, partial(encode, clip, gop=gop))
        for length, repeats in LENGTHS.items():
            path = folder / f"{length}_gop{gop}.mp4"
            if not path.is_file():
                _whole(path, partial(repeat, short, repeats=repeats))
            made[length][gop] = path
    return made


def encode(clip: Path, path: Path, gop: int) -> None:
    """Encodes a minute of the clip, upscaled and repeated."""
    params = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=3"
    with av.open(str(path), "w") as output:
        options = {"preset": "medium", "crf": "23", "x264-params": params}
        stream = output.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number, frame in enumerate(itertools.islice(_endless(clip), SHORT_SECONDS * FPS)):
            large = frame.reformat(WIDTH, HEIGHT, "yuv420p", interpolation="BICUBIC")
            large.pts, large.time_base = number, Fraction(1, FPS)
            large.pict_type = 0
            output.mux(stream.encode(large))
        output.mux(stream.encode(None))


def repeat(short: Path, path: Path, repeats: int) -> None:
    """Copies the packets of a video several times over, each time later."""
    with av.open(str(path), "w") as output:
        target = None
        for number in range(repeats):
            with av.open(str(short)) as source:
                stream = source.streams.video[0]
                if target is None:
                    target = output.add_stream_from_template(stream)
                for packet in source.demux(stream):
                    if packet.dts is None:
                        continue
                    later = round(number * SHORT_SECONDS / packet.time_base)
                    packet.pts, packet.dts = packet.pts + later, packet.dts + later
                    packet.stream = target
                    output.mux(packet)


def _endless(clip: Path) -> Iterator[av.VideoFrame]:
    while True:
        with av.open(str(clip)) as container:
            yield from container.decode(video=0)


def _whole(path: Path, make: Callable[[Path], None]) -> None:
    unfinished = path.with_name(f"partial_{path.name}")
    make(unfinished)
    unfinished.replace(path)


def main() -> None:
    """Makes the files and lists them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    for paths in make_long_videos(arguments.clip, arguments.folder).values():
        for path in paths.values():
            print(f"{path} {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
