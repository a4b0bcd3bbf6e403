"""Drawn characters: a look, a pose that changes with time, and the drawing of both."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vidkind.dataset.synthesize.animation.face import draw_face, draw_hair_back, draw_hair_front
from vidkind.dataset.synthesize.animation.look import Look
from vidkind.dataset.synthesize.drawing.canvas import BLACK, WHITE, Canvas
from vidkind.dataset.synthesize.drawing.stage import Point, darker, wave


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Angles in turns from hanging straight down, positive forwards.

    Attributes:
        arms: Far and near arm.
        elbows: Bend of the far and near elbow, added to the arm's angle.
        legs: Far and near leg.
        knees: Bend of the far and near knee, backwards.
        lift: Height above the ground, in body heights.
        lean: Lean of the trunk.
        mouth: How far the mouth is open, 0..1.
        blink: Whether the eyes are shut.
    """

    arms: tuple[float, float] = (0.03, -0.03)
    elbows: tuple[float, float] = (0.03, 0.03)
    legs: tuple[float, float] = (0.02, -0.02)
    knees: tuple[float, float] = (0.0, 0.0)
    lift: float = 0.0
    lean: float = 0.0
    mouth: float = 0.0
    blink: bool = False


def walking(time: float, period: float, swing: float = 0.09) -> Pose:
    """A walk; a larger swing and shorter period make it a run."""
    near, far = wave(time, period), wave(time, period, 0.5)
    return Pose(
        arms=(swing * near, swing * far),
        elbows=(0.05 + swing * 0.6, 0.05 + swing * 0.6),
        legs=(swing * far, swing * near),
        knees=(
            max(0, wave(time, period, 0.72)) * swing * 1.3,
            max(0, wave(time, period, 0.22)) * swing * 1.3,
        ),
        lift=abs(wave(time, period, 0.25)) * swing * 0.3,
        lean=swing * 0.25,
        mouth=max(0.0, wave(time, 0.5)) * 0.5,
        blink=time % 2.3 < 0.12,
    )


def gesturing(time: float, period: float, energy: float) -> Pose:
    """Standing, talking and waving an arm."""
    return Pose(
        arms=(0.06 * wave(time, period, 0.3), 0.2 + energy * 0.18 * (1 + wave(time, period))),
        elbows=(0.05, 0.08 + 0.06 * wave(time, period / 2)),
        lift=0.01 * abs(wave(time, period)),
        lean=0.012 * wave(time, period * 2),
        mouth=max(0.0, wave(time, 0.42)) * (0.4 + 0.6 * energy),
        blink=time % 1.9 < 0.12,
    )


def jumping(time: float, period: float) -> Pose:
    """Hopping on the spot with both arms up in the air."""
    phase = time % period / period
    lift = max(0.0, math.sin(math.pi * phase * 1.25)) if phase < 0.8 else 0.0
    arms = 0.1 + 0.32 * lift
    return Pose(
        arms=(arms, -arms),
        elbows=(0.03, -0.03),
        legs=(0.03 + 0.03 * lift, -0.03 - 0.03 * lift),
        knees=(0.08 * (1 - lift), 0.08 * (1 - lift)),
        lift=0.35 * lift,
        mouth=lift,
        blink=lift > 0.9,
    )


def _joint(start: Point, angle: float, length: float, facing: int) -> Point:
    turn = 2 * math.pi * angle
    return (start[0] + facing * length * math.sin(turn), start[1] + length * math.cos(turn))


class Figure:
    """One character at one place; draws itself on a canvas."""

    def __init__(self, look: Look, height: float) -> None:
        self.look = look
        self.height = height
        self.edge = look.edge * height if look.outline is not None else 0.0
        self.head = look.head * height / 2
        self.leg = look.leg * height
        self.trunk = height - 2 * self.head * 0.92 - self.leg

    def draw(self, canvas: Canvas, x: float, ground: float, pose: Pose, facing: int = 1) -> None:
        """Draws the figure with its feet at ``x, ground``; ``facing`` is 1 or -1."""
        hip = (x, ground - self.leg * 0.97 - pose.lift * self.height)
        neck = _joint(hip, 0.5 + pose.lean * -1, self.trunk, facing)
        self._tail(canvas, hip, facing, pose)
        self._arm(canvas, neck, pose, 0, facing)
        self._leg(canvas, hip, pose, 0, facing)
        self._leg(canvas, hip, pose, 1, facing)
        self._trunk(canvas, hip, neck)
        self._head(canvas, (neck[0], neck[1] - self.head * 0.85), pose, facing)
        self._arm(canvas, neck, pose, 1, facing)

    def _leg(self, canvas: Canvas, hip: Point, pose: Pose, side: int, facing: int) -> None:
        look, width = self.look, self.height * self.look.limb
        start = (hip[0] + (side - 0.5) * self.trunk * look.girth * 0.5, hip[1])
        knee = _joint(start, pose.legs[side], self.leg / 2, facing)
        foot = _joint(knee, pose.legs[side] - pose.knees[side], self.leg / 2, facing)
        colour = look.bottom if side else darker(look.bottom, 0.2)
        canvas.limb([start, knee, foot], width, colour, look.outline, self.edge)
        toe = (foot[0] + facing * width * 0.8, foot[1])
        canvas.limb([foot, toe], width * 0.9, look.shoes, look.outline, self.edge)

    def _arm(self, canvas: Canvas, neck: Point, pose: Pose, side: int, facing: int) -> None:
        look, width = self.look, self.height * self.look.limb * 0.8
        length = self.trunk * 0.55 + self.leg * 0.12
        aside = (side - 0.5) * self.trunk * look.girth * 0.7
        start = (neck[0] + aside, neck[1] + self.trunk * 0.16)
        elbow = _joint(start, pose.arms[side], length / 2, facing)
        hand = _joint(elbow, pose.arms[side] + pose.elbows[side], length / 2, facing)
        colour = look.top if side else darker(look.top, 0.2)
        canvas.limb([start, elbow, hand], width, colour, look.outline, self.edge)
        canvas.ellipse(*hand, width * 0.65, width * 0.65, look.skin, look.outline, self.edge)

    def _trunk(self, canvas: Canvas, hip: Point, neck: Point) -> None:
        look, half = self.look, self.trunk * self.look.girth / 2
        skirt = 1.5 if look.dress else 1.0
        drop = self.leg * 0.35 if look.dress else self.trunk * 0.06
        left, right = (neck[0] - half * 0.8, neck[1]), (neck[0] + half * 0.8, neck[1])
        low_left = (hip[0] - half * skirt, hip[1] + drop)
        low_right = (hip[0] + half * skirt, hip[1] + drop)
        points = [left, right, low_right, low_left]
        canvas.polygon(points, look.top, look.outline, self.edge * 1.6)
        if look.shade:
            mid = ((left[0] + right[0]) / 2 - half * 0.2, left[1])
            base = ((low_left[0] + low_right[0]) / 2 - half * 0.4, low_left[1])
            canvas.polygon([left, mid, base, low_left], darker(look.top, 0.22))
        if look.stripe:
            y = (neck[1] + hip[1]) / 2
            canvas.line([(neck[0] - half * 0.85, y), (neck[0] + half * 0.85, y)], WHITE, half / 3)

    def _head(self, canvas: Canvas, centre: Point, pose: Pose, facing: int) -> None:
        look, radius = self.look, self.head
        draw_hair_back(canvas, look, centre, radius, self.edge)
        rx, ry = radius * look.head_width, radius
        canvas.ellipse(*centre, rx, ry, look.skin, look.outline, self.edge)
        if look.shade:
            canvas.arc(*centre, rx * 0.9, ry * 0.9, 0.28, 0.45, darker(look.skin, 0.18), rx * 0.15)
        draw_face(canvas, look, centre, radius, pose.mouth, pose.blink, facing)
        draw_hair_front(canvas, look, centre, radius, self.edge)

    def _tail(self, canvas: Canvas, hip: Point, facing: int, pose: Pose) -> None:
        if self.look.tail:
            swing = self.trunk * (0.5 + pose.legs[0])
            middle = (hip[0] - facing * swing, hip[1] + self.leg * 0.1)
            end = (hip[0] - facing * swing * 1.3, hip[1] - self.leg * 0.5)
            width = self.height * self.look.limb * 0.5
            canvas.limb([hip, middle, end], width, self.look.skin, self.look.outline, self.edge)


def ground_shadow(canvas: Canvas, x: float, ground: float, width: float, alpha: int = 70) -> None:
    """A flat shadow under a figure."""
    canvas.ellipse(x, ground, width, width * 0.22, (*BLACK, alpha))
