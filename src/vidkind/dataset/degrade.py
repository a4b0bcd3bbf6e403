"""What may happen to a picture on its way to a viewer: bars, logos, compression, dithering.

In: an RGB ``PIL.Image`` and a ``numpy.random.Generator``. Out: a new picture; everything random
comes from the generator. Models are taught that none of this changes the kind of content.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from vidkind.config import SamplingOptions
from vidkind.video import sample_frames
from vidkind.video.encode import write_video

Picture = Image.Image

BILINEAR = Image.Resampling.BILINEAR
_FILTERS = (BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BOX)
# Ordered 4 x 4 dither (Bayer, 1973), as GIF encoders use it; values in -0.5..0.5.
_BAYER = (
    np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) + 0.5
) / 16 - 0.5


def random_crop(picture: Picture, rng: Generator, *, whole_share: float) -> Picture:
    """The whole picture with probability ``whole_share``, else a part of 30 to 100 % of it."""
    width, height = picture.size
    if rng.random() < whole_share:
        return picture
    for _ in range(10):
        area = rng.uniform(0.3, 1.0) * width * height
        aspect = np.exp(rng.uniform(np.log(0.67), np.log(1.5))) * width / height
        w, h = round((area * aspect) ** 0.5), round((area / aspect) ** 0.5)
        if w <= width and h <= height and min(w, h) >= 48:
            x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
            return picture.crop((x, y, x + w, y + h))
    return picture


def random_size(picture: Picture, rng: Generator, *, low: int, high: int) -> Picture:
    """Scaled down to a short side between ``low`` and ``high`` pixels; never up."""
    width, height = picture.size
    scale = rng.uniform(low, high) / min(width, height)
    if scale >= 1:
        return picture
    size = max(16, round(width * scale)), max(16, round(height * scale))
    return picture.resize(size, _FILTERS[rng.integers(4)])


def colour(picture: Picture, rng: Generator) -> Picture:
    """Brightness, contrast, saturation, now and then hue and gamma."""
    for enhance, spread in (
        (ImageEnhance.Brightness, 0.35),
        (ImageEnhance.Contrast, 0.35),
        (ImageEnhance.Color, 0.5),
    ):
        if rng.random() < 0.7:
            picture = enhance(picture).enhance(float(1 + rng.uniform(-spread, spread)))
    if rng.random() < 0.3:
        hue, saturation, value = picture.convert("HSV").split()
        turn = int(rng.integers(-18, 19))
        hue = hue.point([(i + turn) % 256 for i in range(256)])
        picture = Image.merge("HSV", (hue, saturation, value)).convert("RGB")
    if rng.random() < 0.3:
        gamma = float(np.exp(rng.uniform(-0.4, 0.4)))
        picture = picture.point([int(255 * (i / 255) ** gamma + 0.5) for i in range(256)] * 3)
    return picture


def letterbox(picture: Picture, rng: Generator) -> Picture:
    """Bars above and below or left and right, or padded to a square: black, plain or blurred."""
    width, height = picture.size
    bar = rng.uniform(0.08, 0.25) if rng.random() < 0.5 else None
    upright = rng.integers(3) == 0
    if bar is None:
        w = h = max(width, height)
        if w - min(width, height) < 0.1 * w:
            w = int(w * 1.3)
    elif upright:
        w, h = width, int(height * (1 + 2 * bar))
    else:
        w, h = int(width * (1 + 2 * bar)), height
    kind = rng.random()
    if kind < 0.75:
        canvas = Image.new("RGB", (w, h), (0, 0, 0))
    elif kind < 0.85:
        canvas = Image.new("RGB", (w, h), _random_colour(rng))
    else:
        tiny = picture.resize((max(2, w // 16), max(2, h // 16)), BILINEAR)
        canvas = tiny.resize((w, h), BILINEAR)
    canvas.paste(picture, ((w - width) // 2, (h - height) // 2))
    return canvas


def overlay(picture: Picture, rng: Generator, other: Picture | None = None) -> Picture:
    """A logo, text box, noise patch or ``other`` picture on 1 to 20 % of the area."""
    picture = picture.copy()
    width, height = picture.size
    share, aspect = rng.uniform(0.01, 0.20), np.exp(rng.uniform(-0.9, 0.9))
    w = int(np.clip((share * width * height * aspect) ** 0.5, 4, width))
    h = int(np.clip((share * width * height / aspect) ** 0.5, 4, height))
    position = _patch_position(width, height, w, h, rng)
    patch = _patch(w, h, rng, other)
    mask = Image.new("L", (w, h), 0)
    opacity = int(rng.choice([255, 255, 200, 140]))
    draw = ImageDraw.Draw(mask)
    shape = draw.ellipse if rng.random() < 0.3 else draw.rectangle
    shape((0, 0, w, h), fill=opacity)
    picture.paste(patch, position, mask)
    return picture


def subtitle(picture: Picture, rng: Generator) -> Picture:
    """One or two lines of outlined text at the bottom."""
    picture = picture.copy()
    width, height = picture.size
    draw = ImageDraw.Draw(picture)
    size = max(8, int(height * rng.uniform(0.05, 0.1)))
    font = ImageFont.load_default(size=size)
    length, lines = int(rng.integers(10, 34)), int(rng.integers(1, 3))
    fill = (255, 255, 255) if rng.random() < 0.7 else (255, 230, 60)
    for k in range(lines):
        text = _letters(rng, length)
        left = (width - draw.textlength(text, font=font)) / 2
        top = height - int(size * 1.3) * (lines - k) - int(0.03 * height)
        if rng.random() < 0.3:
            draw.rectangle((left - 3, top, width - left + 3, top + size * 1.2), fill=(0, 0, 0))
        draw.text((left, top), text, fill=fill, font=font, stroke_width=1, stroke_fill=(0, 0, 0))
    return picture


def grey(picture: Picture, rng: Generator) -> Picture:
    """Luma only."""
    return picture.convert("L").convert("RGB")


def blur(picture: Picture, rng: Generator) -> Picture:
    """Gaussian blur, as strong as the picture is large."""
    radius = float(rng.uniform(0.4, 1.8)) * min(picture.size) / 256
    return picture.filter(ImageFilter.GaussianBlur(radius))


def rescale(picture: Picture, rng: Generator) -> Picture:
    """Down to 30 to 80 % and up again."""
    width, height = picture.size
    scale = rng.uniform(0.3, 0.8)
    filters = (*_FILTERS[:2], Image.Resampling.BOX, Image.Resampling.NEAREST)
    small = max(8, int(width * scale)), max(8, int(height * scale))
    down = picture.resize(small, filters[rng.integers(4)])
    return down.resize((width, height), filters[rng.integers(3)])


def sharpen(picture: Picture, rng: Generator) -> Picture:
    """Unsharp mask."""
    return picture.filter(ImageFilter.UnsharpMask(2, int(rng.integers(60, 200)), 2))


def noise(picture: Picture, rng: Generator) -> Picture:
    """Gaussian noise of 2 to 16 grey levels, in colour or in luma."""
    pixels = np.asarray(picture).astype(np.float32)
    sigma = rng.uniform(2, 16)
    shape = pixels.shape if rng.random() < 0.5 else (*pixels.shape[:2], 1)
    return _to_picture(pixels + rng.standard_normal(shape, dtype=np.float32) * sigma)


def palette(picture: Picture, rng: Generator) -> Picture:
    """A GIF: 16 to 256 colours; no dither, error diffusion or ordered dither."""
    colours = int(rng.choice([16, 32, 64, 128, 256]))
    method = (Image.Quantize.MEDIANCUT, Image.Quantize.FASTOCTREE)[rng.integers(2)]
    reduced = picture.quantize(colours, method=method)
    kind = rng.integers(3)
    if kind == 0:
        return reduced.convert("RGB")
    if kind == 1:
        dither = Image.Dither.FLOYDSTEINBERG
        return picture.quantize(palette=reduced, dither=dither).convert("RGB")
    pixels = np.asarray(picture).astype(np.float32)
    height, width = pixels.shape[:2]
    pattern = np.tile(_BAYER, (height // 4 + 1, width // 4 + 1))[:height, :width, None]
    shifted = _to_picture(pixels + pattern * rng.uniform(12, 40))
    return shifted.quantize(palette=reduced, dither=Image.Dither.NONE).convert("RGB")


def jpeg(picture: Picture, rng: Generator) -> Picture:
    """JPEG of quality 8 to 59."""
    file = io.BytesIO()
    quality, subsampling = int(rng.integers(8, 60)), int(rng.choice([0, 2, 2]))
    picture.save(file, "JPEG", quality=quality, subsampling=subsampling)
    return Image.open(file).convert("RGB")


def h264(picture: Picture, rng: Generator) -> Picture:
    """One intra frame of H.264 at crf 26 to 43."""
    width, height = (max(32, side // 2 * 2) for side in picture.size)
    pixels = np.asarray(picture.resize((width, height), BILINEAR))
    options = {
        "crf": str(int(rng.integers(26, 44))),
        "preset": "veryfast",
        "tune": "zerolatency",
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.mp4"
        write_video(path, [pixels], fps=25, options=options)
        one = SamplingOptions.untouched(1)
        batch = sample_frames(path, height=height, width=width, options=one, num_threads=1)
    return Image.fromarray(batch.frames[0])


@dataclass(frozen=True)
class Step:
    """One degradation and how often it happens.

    Attributes:
        name: Its name in the corpus.
        probability: Share of pictures it is applied to.
        apply: The function; ``overlay`` also takes another picture.
    """

    name: str
    probability: float
    apply: Callable[..., Picture]


# In the order in which they happen to real pictures: edited first, compressed last.
STEPS: tuple[Step, ...] = (
    Step("colour", 0.5, colour),
    Step("letterbox", 0.2, letterbox),
    Step("overlay", 0.25, overlay),
    Step("subtitle", 0.10, subtitle),
    Step("grey", 0.2, grey),
    Step("blur", 0.12, blur),
    Step("rescale", 0.2, rescale),
    Step("sharpen", 0.06, sharpen),
    Step("noise", 0.12, noise),
    Step("palette", 0.18, palette),
    Step("jpeg", 0.22, jpeg),
    Step("h264", 0.25, h264),
)


def degrade(
    picture: Picture, rng: Generator, other: Picture | None = None
) -> tuple[Picture, NDArray[np.uint8]]:
    """Applies a random choice of ``STEPS``, at least one.

    Args:
        picture: RGB.
        rng: The only source of randomness.
        other: A picture that may be shown inside this one.

    Returns:
        The degraded picture, whose size may differ, and uint8 [len(STEPS)]: 1 where applied.
    """
    applied = np.array([rng.random() < step.probability for step in STEPS])
    if not applied.any():
        applied[rng.integers(len(STEPS))] = True
    for step, wanted in zip(STEPS, applied, strict=True):
        if wanted:
            extra = (other,) if step.apply is overlay else ()
            picture = step.apply(picture, rng, *extra)
    return picture, applied.astype(np.uint8)


def _to_picture(pixels: NDArray[np.floating]) -> Picture:
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _random_colour(rng: Generator) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
    return red, green, blue


def _letters(rng: Generator, length: int) -> str:
    text = "".join(
        chr(int(rng.integers(97, 123))) if rng.random() > 0.18 else " " for _ in range(length)
    )
    return text.strip() or "vid"


def _patch_position(width: int, height: int, w: int, h: int, rng: Generator) -> tuple[int, int]:
    margin = max(1, int(0.03 * width))
    if rng.random() < 0.7:
        x = int(rng.choice([margin, max(0, width - w - margin)]))
        return x, int(rng.choice([margin, max(0, height - h - margin)]))
    return int(rng.integers(0, max(1, width - w))), int(rng.integers(0, max(1, height - h)))


def _patch(w: int, h: int, rng: Generator, other: Picture | None) -> Picture:
    kind, ground = rng.integers(4), _random_colour(rng)
    if kind == 1:
        cells = int(rng.integers(2, 12))
        pixels = rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
        smooth = (Image.Resampling.NEAREST, BILINEAR)[rng.integers(2)]
        return Image.fromarray(pixels).resize((w, h), smooth)
    if kind == 2 and other is not None:
        return other.resize((w, h), BILINEAR)
    patch = Image.new("RGB", (w, h), ground)
    ink = 255 - ground[0], 255 - ground[1], 255 - ground[2]
    draw = ImageDraw.Draw(patch)
    if rng.random() < 0.6:
        font = ImageFont.load_default(size=max(8, int(h * rng.uniform(0.3, 0.8))))
        draw.text((2, 0), _letters(rng, 8), fill=ink, font=font)
    else:
        draw.ellipse((w * 0.15, h * 0.15, w * 0.85, h * 0.85), fill=ink)
    return patch
