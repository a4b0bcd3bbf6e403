"""Teachers that are known, and the shape of the student that fits each. No torch.

A teacher's blocks end in maps; the student has a block for each and learns them one by one. Hidden
widths are chosen so that a frame of 224 x 224 costs about the same whoever teaches.
"""

from __future__ import annotations

from dataclasses import dataclass

from vidkind.distillation.options import StudentOptions
from vidkind.errors import BackboneError
from vidkind.features import BackboneCard


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """What is known of a teacher.

    Attributes:
        maps: Names of the tensors its inverted residual blocks end in, from the second on.
        student: Shape of the network that learns them.
    """

    maps: tuple[str, ...]
    student: StudentOptions


# Blocks without a shortcut end in a convolution, the others in a sum.
MOBILENET_V2 = Teacher(
    maps=tuple(
        f"/f/f.{block}/f/f.2/c/Conv_output_0"
        if block in (2, 4, 7, 11, 14, 17)
        else f"/f/f.{block}/Add_output_0"
        for block in range(2, 18)
    ),
    student=StudentOptions(
        stem_width=32,
        channels=(24,) * 2 + (32,) * 3 + (64,) * 4 + (96,) * 3 + (160,) * 3 + (320,),
        strides=(2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1),
        hidden=(64, 144, 144, 192, 192, 192) + (384,) * 4 + (576,) * 3 + (1152,) * 3,
        kernels=(3,) * 16,
    ),
)
EFFICIENTNET_LITE0 = Teacher(
    maps=tuple(
        f"/_blocks.{block}/_project_conv/Conv_output_0"
        if block in (1, 3, 5, 8, 11, 15)
        else f"/_blocks.{block}/Add_output_0"
        for block in range(1, 16)
    ),
    student=StudentOptions(
        stem_width=24,
        channels=(24,) * 2 + (40,) * 2 + (80,) * 3 + (112,) * 3 + (192,) * 4 + (320,),
        strides=(2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1),
        hidden=(48, 96, 144, 208, 240, 368, 368, 432, 496, 496, 656) + (880,) * 3 + (1088,),
        kernels=(3, 3, 5, 5, 3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 3),
    ),
)
TEACHERS = {"mobilenet_v2_1.0": MOBILENET_V2, "efficientnet_lite0": EFFICIENTNET_LITE0}


def known_teacher(card: BackboneCard) -> Teacher:
    """What is known of the teacher that a card names.

    Raises:
        BackboneError: Nothing is.
    """
    if card.name not in TEACHERS:
        raise BackboneError(
            f"the blocks of the teacher {card.name!r} are not known; expected one of "
            f"{', '.join(TEACHERS)}: add yours to vidkind.distillation.known_teachers"
        )
    return TEACHERS[card.name]
