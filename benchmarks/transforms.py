"""Re-encodings that leave the kind of a video as it is: what a stable answer must survive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw

from vidkind.files import atomic_path
from vidkind.video.encode import write_video

Frame = np.ndarray
H264 = {"preset": "veryfast", "crf": "20"}
VP9 = {"deadline": "realtime", "cpu-used": "8", "crf": "36", "b": "0"}


@dataclass(frozen=True, kw_only=True)
class Transform:
    """One re-encoding.

    Attributes:
        suffix: Container.
        codec: FFmpeg's encoder.
        options: Encoder options.
        picture: Changes one frame uint8 [H, W, 3].
        fps: Frames a second after re-timing; None keeps the clip's own.
        seconds: Length after which the clip is cut; None keeps all of it.
    """

    suffix: str = ".mp4"
    codec: str = "libx264"
    options: dict[str, str] = field(default_factory=lambda: dict(H264))
    picture: Callable[[Frame], Frame] = lambda frame: frame
    fps: int | None = None
    seconds: float | None = None


def even(frame: Frame) -> Frame:
    """Cuts to even sides, which 4:2:0 needs."""
    return frame[: frame.shape[0] // 2 * 2, : frame.shape[1] // 2 * 2]


def resized(frame: Frame, width: int, height: int) -> Frame:
    """Bilinear resize with anti-aliasing."""
    return np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.BILINEAR))


def half_size(frame: Frame) -> Frame:
    """Half of both sides, made even."""
    return resized(frame, frame.shape[1] // 4 * 2, frame.shape[0] // 4 * 2)


def grey(frame: Frame) -> Frame:
    """Luma only."""
    return np.repeat(np.asarray(Image.fromarray(frame).convert("L"))[..., None], 3, axis=2)


def letterboxed(frame: Frame) -> Frame:
    """Black bars to a square."""
    frame = even(frame)
    side = max(frame.shape[:2])
    square = np.zeros((side, side, 3), np.uint8)
    top, left = (side - frame.shape[0]) // 2, (side - frame.shape[1]) // 2
    square[top : top + frame.shape[0], left : left + frame.shape[1]] = frame
    return square


def with_logo(frame: Frame) -> Frame:
    """A flat logo over a fifth of the picture, in the lower right corner."""
    height, width = frame.shape[:2]
    w, h = round(width * 0.2**0.5), round(height * 0.2**0.5)
    picture = Image.fromarray(frame)
    draw = ImageDraw.Draw(picture)
    box = (width - w, height - h, width - 1, height - 1)
    draw.rectangle(box, fill=(200, 30, 45))
    draw.ellipse((box[0] + w // 8, box[1] + h // 6, box[0] + w // 2, box[3] - h // 6), fill="white")
    draw.text((box[0] + w // 2, box[1] + h // 3), "LOGO", fill="white")
    return np.asarray(picture)


TRANSFORMS: dict[str, Transform] = {
    "H.264 crf 38": Transform(options={"preset": "veryfast", "crf": "38"}),
    "VP9": Transform(suffix=".webm", codec="libvpx-vp9", options=VP9),
    "GIF 12 fps": Transform(suffix=".gif", fps=12),
    "half size": Transform(picture=half_size),
    "10 fps": Transform(fps=10),
    "grey": Transform(picture=grey),
    "letterboxed 1:1": Transform(picture=letterboxed),
    "20 % logo": Transform(picture=with_logo),
}

# Every clip alike in size, rate, length and quality: metadata can tell nothing.
UNIFORM = Transform(picture=lambda frame: resized(frame, 320, 240), fps=15, seconds=3.0)


def apply(transform: Transform, source: Path, folder: Path) -> Path:
    """Re-encodes a clip into ``folder``; a file made earlier is used again."""
    target = folder / f"{source.stem}{transform.suffix}"
    if target.is_file():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        rate = Fraction(transform.fps) if transform.fps else stream.average_rate
        times = _retimed(container, stream, transform, rate)
        frames = (even(transform.picture(frame)) for frame in times)
        if transform.suffix == ".gif":
            write_gif(target, frames, rate)
        else:
            write_video(target, frames, fps=rate, codec=transform.codec, options=transform.options)
    return target


def write_gif(target: Path, frames: Iterator[Frame], rate: Fraction) -> None:
    """A GIF as converters make it: 256 colours a frame, Floyd-Steinberg dither."""
    pictures = [Image.fromarray(frame).quantize(256) for frame in frames]
    with atomic_path(target) as partial:
        pictures[0].save(
            partial,
            format="GIF",
            save_all=True,
            append_images=pictures[1:],
            duration=round(1000 / rate),
            loop=0,
        )


def _retimed(
    container: av.container.InputContainer,
    stream: av.VideoStream,
    transform: Transform,
    rate: Fraction,
) -> Iterator[Frame]:
    """The frames on screen at k / rate; a clip shorter than wanted is looped."""
    if transform.seconds is None:
        yield from _on_screen(container, stream, rate)
        return
    wanted = round(transform.seconds * rate)
    kept = list(islice(_on_screen(container, stream, rate), wanted))
    yield from islice(cycle(kept), wanted)


def _on_screen(
    container: av.container.InputContainer, stream: av.VideoStream, rate: Fraction
) -> Iterator[Frame]:
    count, start, shown = 0, None, None
    for frame in container.decode(stream):
        start = frame.time if start is None else start
        while shown is not None and count / rate < frame.time - start:
            yield shown
            count += 1
        shown = frame.to_ndarray(format="rgb24")
    if shown is not None:
        yield shown
