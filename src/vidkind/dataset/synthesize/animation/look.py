"""How a drawn character looks: proportions, colours, hair, ears and the style of its lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vidkind.dataset.synthesize.drawing.stage import Colour, Scene, hsv

Eyes = Literal["dot", "oval", "anime", "goggle"]


Hair = Literal["none", "cap", "spikes", "long", "bun", "fringe", "tails"]


Ears = Literal["none", "cat", "bear", "rabbit", "human"]


Drawing = Literal["cartoon", "anime", "flat", "retro", "paper"]


@dataclass(frozen=True, kw_only=True)
class Look:
    """One character's appearance; lengths are shares of its height.

    Attributes:
        skin: Face and hands, or fur.
        hair: Hair.
        top: Trunk and arms.
        bottom: Legs.
        shoes: Feet.
        outline: Colour of the ink line, None for none.
        edge: Width of the ink line.
        head: Height of the head.
        head_width: Width of the head relative to its height.
        leg: Length of the legs.
        limb: Thickness of the legs.
        girth: Width of the trunk relative to its length.
        eyes: Style of the eyes.
        iris: Colour of the eyes.
        hair_style: Style of the hair.
        ears: Kind of ears.
        tail: Whether there is a tail.
        dress: Whether the trunk widens into a skirt.
        stripe: Whether a stripe crosses the trunk.
        shade: Whether a second, darker tone lies on one side (cel shading).
    """

    skin: Colour
    hair: Colour
    top: Colour
    bottom: Colour
    shoes: Colour
    outline: Colour | None
    edge: float
    head: float
    head_width: float
    leg: float
    limb: float
    girth: float
    eyes: Eyes
    iris: Colour
    hair_style: Hair
    ears: Ears
    tail: bool
    dress: bool
    stripe: bool
    shade: bool


def random_look(scene: Scene, drawing: Drawing) -> Look:
    """A character in one style of drawing, out of the scene's generator."""
    animal = drawing != "anime" and scene.chance(0.35)
    ears: tuple[Ears, ...] = ("cat", "bear", "rabbit") if animal else ("human",)
    anime = drawing == "anime"
    return Look(
        skin=_fur(scene) if animal else _skin(scene, drawing),
        hair=_grey(scene.colour(), drawing),
        top=_grey(scene.colour(saturation=(0.5, 1), value=(0.5, 1)), drawing),
        bottom=_grey(scene.colour(saturation=(0.2, 0.8), value=(0.25, 0.7)), drawing),
        shoes=_grey(scene.colour(value=(0.2, 0.6)), drawing),
        outline=_outline(scene, drawing),
        edge=scene.uniform(0.006, 0.01) if anime else scene.uniform(0.01, 0.02),
        head=scene.uniform(0.24, 0.3) if anime else scene.uniform(0.26, 0.46),
        head_width=scene.uniform(0.8, 0.9) if anime else scene.uniform(0.85, 1.2),
        leg=scene.uniform(0.38, 0.44) if anime else scene.uniform(0.2, 0.36),
        limb=scene.uniform(0.05, 0.07) if anime else scene.uniform(0.05, 0.1),
        girth=scene.uniform(0.5, 0.65) if anime else scene.uniform(0.6, 1.1),
        eyes=_eyes(scene, drawing),
        iris=scene.colour(value=(0.4, 0.8)),
        hair_style="none" if animal else _hair_style(scene, drawing),
        ears=scene.pick(ears),
        tail=animal,
        dress=not animal and scene.chance(0.3),
        stripe=scene.chance(0.3),
        shade=anime or (drawing == "cartoon" and scene.chance(0.6)),
    )


def _grey(colour: Colour, drawing: Drawing) -> Colour:
    if drawing != "retro":
        return colour
    luma = round(0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2])
    return (luma, luma, luma)


def _outline(scene: Scene, drawing: Drawing) -> Colour | None:
    if drawing in ("flat", "paper"):
        return None
    return scene.pick([(20, 18, 24), (50, 30, 25), (30, 30, 60)])


def _skin(scene: Scene, drawing: Drawing) -> Colour:
    if drawing == "retro":
        return (240, 240, 236)
    if drawing == "cartoon" and scene.chance(0.3):
        return scene.pick([(255, 214, 40), (140, 200, 240), (150, 210, 110), (200, 160, 230)])
    tone = scene.uniform(0, 1) ** (3 if drawing == "anime" else 1)
    return hsv(0.065 - 0.02 * tone, 0.2 + 0.4 * tone, 1 - 0.45 * tone**1.5)


def _fur(scene: Scene) -> Colour:
    return scene.colour(hue=(0.03, 0.13), saturation=(0.1, 0.7), value=(0.5, 0.98))


def _eyes(scene: Scene, drawing: Drawing) -> Eyes:
    styles: dict[Drawing, tuple[Eyes, ...]] = {
        "anime": ("anime",),
        "retro": ("oval", "goggle"),
        "flat": ("dot", "dot", "oval"),
        "paper": ("dot", "goggle"),
        "cartoon": ("goggle", "oval", "oval", "dot"),
    }
    return scene.pick(styles[drawing])


def _hair_style(scene: Scene, drawing: Drawing) -> Hair:
    if drawing == "anime":
        return scene.pick(("spikes", "long", "fringe", "tails"))
    return scene.pick(("none", "cap", "spikes", "long", "bun", "fringe", "tails"))
