"""Sampled decode of 64 frames at 256x256 out of long 1080p videos, against others.

    pip install "vidkind[bench]"
    python benchmarks/decode_speed.py CLIP FOLDER -o benchmarks/results/decode_speed.json

FOLDER keeps the videos made out of CLIP (``long_videos.py``). Every side decodes the frames shown
at the same 64 moments and resizes them; reading the file, resizing and conversion to RGB count, for
all. Sides take turns; ratios are medians over the rounds. A frame is right where it is more like
the frame wanted than like its three neighbours on each side. ``--lengths`` and ``--gops`` measure
some cells and keep the others of the output file. Also: peak memory, each in a fresh process.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from long_videos import FPS, GOPS, LENGTHS, SHORT_SECONDS, make_long_videos
from numpy.typing import NDArray
from provenance import write_result

from vidkind.config import SamplingOptions
from vidkind.video import sample_frames

NUM_FRAMES, SIDE = 64, 256
NEIGHBOURS = 3
# ``ru_maxrss`` would say how large this process was when it started the other.
MEMORY = """
import re, sys
from pathlib import Path
from vidkind.config import SamplingOptions
from vidkind.video import sample_frames
sample_frames(sys.argv[1], height=256, width=256, options=SamplingOptions(sampler=sys.argv[2]))
print(int(re.search(r"VmHWM:\\s+([0-9]+)", Path("/proc/self/status").read_text())[1]) / 1024)
"""

Pictures = list[NDArray[np.uint8]]


def moments(length: str) -> list[float]:
    """Centres of 64 equal slices, in seconds."""
    seconds = SHORT_SECONDS * LENGTHS[length]
    return [(i + 0.5) / NUM_FRAMES * seconds for i in range(NUM_FRAMES)]


def numbers(length: str) -> list[int]:
    """The frames shown at those moments."""
    return [int(moment * FPS) for moment in moments(length)]


def ours(path: Path, length: str, sampler: str = "exact") -> Pictures:
    """This package."""
    options = SamplingOptions(num_frames=NUM_FRAMES, sampler=sampler, skip_black=False)
    return list(sample_frames(path, height=SIDE, width=SIDE, options=options).frames)


def keyframe(path: Path, length: str) -> Pictures:
    """This package, key frames only."""
    return ours(path, length, "keyframe")


def opencv_set(path: Path, length: str) -> Pictures:
    """OpenCV, a seek for each frame."""
    import cv2

    capture, pictures = cv2.VideoCapture(str(path)), []
    for number in numbers(length):
        capture.set(cv2.CAP_PROP_POS_FRAMES, number)
        pictures.append(_small(capture.read()[1]))
    return pictures


def opencv_read(path: Path, length: str) -> Pictures:
    """OpenCV, read through; only wanted frames are converted."""
    import cv2

    capture, pictures, position = cv2.VideoCapture(str(path)), [], -1
    for number in numbers(length):
        while position < number and capture.grab():
            position += 1
        pictures.append(_small(capture.retrieve()[1]))
    return pictures


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[..., ::-1])


def torchcodec_exact(path: Path, length: str, seek_mode: str = "exact") -> Pictures:
    """torchcodec, resizing while it decodes, FFmpeg's choice of threads."""
    from torchcodec.decoders import VideoDecoder
    from torchcodec.transforms import Resize

    decoder = VideoDecoder(
        path,
        seek_mode=seek_mode,
        num_ffmpeg_threads=0,
        dimension_order="NHWC",
        transforms=[Resize((SIDE, SIDE))],
    )
    return list(decoder.get_frames_played_at(moments(length)).data.numpy())


def torchcodec_approximate(path: Path, length: str) -> Pictures:
    """torchcodec without the scan of the file."""
    return torchcodec_exact(path, length, "approximate")


def pyav_seek(path: Path, length: str) -> Pictures:
    """PyAV: seek to each moment, decode up to it."""
    pictures = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for number in numbers(length):
            pts = round(number / FPS / stream.time_base)
            container.seek(pts, stream=stream)
            frame = next(f for f in container.decode(stream) if f.pts >= pts)
            small = frame.reformat(SIDE, SIDE, "rgb24", interpolation="BILINEAR")
            pictures.append(small.to_ndarray())
    return pictures


SIDES: dict[str, Callable[[Path, str], Pictures]] = {
    "ours, exact": ours,
    "ours, keyframe": keyframe,
    "OpenCV, set": opencv_set,
    "OpenCV, read through": opencv_read,
    "torchcodec, exact": torchcodec_exact,
    "torchcodec, approximate": torchcodec_approximate,
    "PyAV, seek": pyav_seek,
}
PEERS = [name for name in SIDES if not name.startswith("ours")]


def references(short: Path, cache: Path) -> NDArray[np.float32]:
    """Every frame of the minute the files repeat, 64x64 grey; float32 [1500, 64 * 64]."""
    if not cache.is_file():
        maker = []
        with av.open(str(short)) as container:
            for frame in container.decode(video=0):
                maker.append(_grey(frame.reformat(SIDE, SIDE, "rgb24").to_ndarray()))
        np.save(cache, np.stack(maker).astype(np.float16))
    return np.load(cache).astype(np.float32)


def _grey(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    grey = picture.astype(np.float32).mean(axis=2)
    small = grey.reshape(64, SIDE // 64, 64, SIDE // 64).mean(axis=(1, 3)).ravel()
    return small - small.mean()


def right(pictures: Pictures, length: str, known: NDArray[np.float32]) -> int:
    """How many pictures are of the frames wanted."""
    count = 0
    for picture, number in zip(pictures, numbers(length), strict=False):
        near = (number + np.arange(-NEIGHBOURS, NEIGHBOURS + 1)) % len(known)
        distance = np.abs(known[near] - _grey(picture)).mean(axis=1)
        count += int(distance.argmin() == NEIGHBOURS)
    return count


def measure(
    path: Path, length: str, known: NDArray[np.float32], rounds: int, sides: list[str]
) -> dict:
    """One cell: every side's seconds and right frames, and what the ratios are."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    correct: dict[str, int] = {}
    for number in range(rounds):
        for name in sides:
            start = time.perf_counter()
            pictures = SIDES[name](path, length)
            seconds[name].append(time.perf_counter() - start)
            if number == 0 and name != "ours, keyframe":
                correct[name] = right(pictures, length, known)
            print(f"{path.name} {name}: {seconds[name][-1]:.3f} s", file=sys.stderr, flush=True)
    median = {name: statistics.median(times) for name, times in seconds.items()}
    best = min((name for name in PEERS if name in sides), key=median.__getitem__)
    opencv = min((name for name in sides if name.startswith("OpenCV")), key=median.__getitem__)
    return {
        "seconds": median,
        "right": correct,
        "best_peer": best,
        "best_to_ours": _ratio(seconds, best, "ours, exact"),
        "opencv_to_ours": _ratio(seconds, opencv, "ours, exact"),
        "exact_to_keyframe": _ratio(seconds, "ours, exact", "ours, keyframe"),
        "rounds": rounds,
    }


def _ratio(seconds: dict[str, list[float]], other: str, mine: str) -> float:
    return statistics.median(a / b for a, b in zip(seconds[other], seconds[mine], strict=True))


def memory(files: dict[str, dict[int, Path]]) -> dict[str, dict[str, float]]:
    """Peak resident memory in MB of fresh processes that sample one file."""
    found: dict[str, dict[str, float]] = {}
    for length in ("2min", "20min"):
        for gop, path in files[length].items():
            for sampler in ("exact", "keyframe"):
                command = [sys.executable, "-c", MEMORY, str(path), sampler]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                found.setdefault(f"{sampler}, GOP {gop}", {})[length] = float(done.stdout)
    return found


def link_ffmpeg(folder: Path) -> None:
    """Starts again with PyAV's FFmpeg where torchcodec finds none on the system."""
    libraries = Path(av.__file__).parents[1] / "av.libs"
    if sys.platform != "linux" or "VIDKIND_LINKED" in os.environ or not libraries.is_dir():
        return
    links = folder / "ffmpeg"
    links.mkdir(parents=True, exist_ok=True)
    for library in libraries.glob("lib[as][vw]*-*.so.*"):
        stem, version = library.name.split("-")[0], library.name.split(".so.")[1].split(".")[0]
        link = links / f"{stem}.so.{version}"
        if not link.is_symlink():
            link.symlink_to(library)
    path = os.pathsep.join([str(links), str(libraries), os.environ.get("LD_LIBRARY_PATH", "")])
    changed = {"LD_LIBRARY_PATH": path, "VIDKIND_LINKED": "1", "OMP_NUM_THREADS": "1"}
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **changed})


def main() -> None:
    """Makes the files, measures the cells and writes them after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lengths", nargs="*", default=["60s", "20min"], choices=LENGTHS)
    parser.add_argument("--gops", nargs="*", type=int, default=list(GOPS), choices=GOPS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without", nargs="*", default=[], choices=PEERS, help="leave sides out")
    parser.add_argument("--memory", action="store_true", help="measure peak memory as well")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    link_ffmpeg(arguments.folder)
    import cv2
    import torch
    import torchcodec

    torch.set_num_threads(1)
    files = make_long_videos(arguments.clip, arguments.folder)
    before = json.loads(arguments.output.read_text()) if arguments.output.is_file() else {}
    result = {key: before[key] for key in ("cells", "memory_mb") if key in before}
    result["versions"] = {
        "opencv": cv2.__version__, "torchcodec": torchcodec.__version__, "av": av.__version__
    }  # fmt: skip
    sides = [name for name in SIDES if name not in arguments.without]
    for length in arguments.lengths:
        for gop in arguments.gops:
            known = references(files["60s"][gop], arguments.folder / f"known_{gop}.npy")
            cell = measure(files[length][gop], length, known, arguments.rounds, sides)
            result.setdefault("cells", {})[f"{length}, GOP {gop}"] = cell
            write_result(arguments.output, result)
    if arguments.memory:
        result["memory_mb"] = memory(files)
        write_result(arguments.output, result)


if __name__ == "__main__":
    main()
