"""Rendered nature as a camera would see it: noise, blur, shake, drifting light.

In: a ``Stage``. Out: one ``Scene`` class per family, in ``FAMILIES`` by name.
Knows nothing of files, encoding or other categories.
"""

from __future__ import annotations

from vidkind.dataset.synthesize.drawing.stage import Scene
from vidkind.dataset.synthesize.natural.animals import Animal, Birds, Underwater
from vidkind.dataset.synthesize.natural.land import Clouds, Mountains, Water
from vidkind.dataset.synthesize.natural.plants import Flower, Foliage
from vidkind.dataset.synthesize.natural.town import DriveThrough, NightLights, Street
from vidkind.dataset.synthesize.natural.weather import Fire, Snowfall

FAMILIES: dict[str, type[Scene]] = {
    "mountains": Mountains,
    "water": Water,
    "clouds": Clouds,
    "fire": Fire,
    "snowfall": Snowfall,
    "foliage": Foliage,
    "flower": Flower,
    "animal": Animal,
    "underwater": Underwater,
    "birds": Birds,
    "street": Street,
    "drive": DriveThrough,
    "night-lights": NightLights,
}
