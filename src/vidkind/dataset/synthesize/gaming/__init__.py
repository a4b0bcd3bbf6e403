"""Rendered games of many kinds, with a HUD and sometimes a menu.

In: a ``Stage``. Out: one ``Scene`` class per family, in ``FAMILIES`` by name.
Knows nothing of files, encoding or other categories.
"""

from __future__ import annotations

from vidkind.dataset.synthesize.drawing.stage import Scene
from vidkind.dataset.synthesize.gaming.adventure import Adventure
from vidkind.dataset.synthesize.gaming.cubes import CubeWorld
from vidkind.dataset.synthesize.gaming.fight import Fight
from vidkind.dataset.synthesize.gaming.first_person import FirstPerson
from vidkind.dataset.synthesize.gaming.mazes import DotMaze
from vidkind.dataset.synthesize.gaming.platformer import Platformer
from vidkind.dataset.synthesize.gaming.puzzle import FallingBlocks, Gems
from vidkind.dataset.synthesize.gaming.racing import Racing
from vidkind.dataset.synthesize.gaming.shooter import BrickBreaker, SpaceShooter
from vidkind.dataset.synthesize.gaming.strategy import Town

FAMILIES: dict[str, type[Scene]] = {
    "platformer": Platformer,
    "adventure": Adventure,
    "dot-maze": DotMaze,
    "space-shooter": SpaceShooter,
    "brick-breaker": BrickBreaker,
    "falling-blocks": FallingBlocks,
    "gems": Gems,
    "fight": Fight,
    "racing": Racing,
    "first-person": FirstPerson,
    "cube-world": CubeWorld,
    "strategy": Town,
}
