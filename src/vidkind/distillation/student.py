"""The student: a small residual network that speaks the teacher's maps between its stages.

In: float32 [B, 3, H, W] in -1..1, H and W multiples of 32. Out: float32 [B, P], the pooled
feature. Each stage ends in a map of the teacher's shape, so that every position of every stage
has a target; inside, stages are dense residual bottlenecks and share nothing with the teacher.
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from vidkind.distillation.options import StudentOptions


class Bottleneck(nn.Module):
    """Residual block 1 x 1, 3 x 3, 1 x 1 at half width (He et al., 2016, section 4.1).

    The last batch normalisation starts small, so that a block starts near the identity
    (after Goyal et al., 2017, section 5.1, who start it at zero).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        last = convolution(width // 2, width, 1, activation=False)
        nn.init.constant_(last[-1].get_parameter("weight"), 0.2)
        self.body = nn.Sequential(
            convolution(width, width // 2, 1), convolution(width // 2, width // 2, 3), last
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> the same."""
        return F.relu(x + self.body(x))


class Student(nn.Module):
    """The network; see the module's text."""

    def __init__(self, options: StudentOptions = StudentOptions()) -> None:  # noqa: B008 (frozen)
        super().__init__()
        self.options = options
        self.stem = convolution(3, options.stem_width, 3, stride=2)
        self.stages = nn.ModuleList()
        inputs = options.stem_width
        for channels, stride, width, depth in zip(
            options.channels, options.strides, options.widths, options.depths, strict=True
        ):
            blocks = [Bottleneck(width) for _ in range(depth)]
            first = convolution(inputs, width, 3, stride=stride)
            self.stages.append(nn.Sequential(first, *blocks, nn.Conv2d(width, channels, 1)))
            inputs = channels
        self.head = convolution(inputs, options.pooled_dim, 1)
        self._start_weights()

    def _start_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
        for stage in self.stages:
            last = cast(nn.Conv2d, cast(nn.Sequential, stage)[-1])
            nn.init.xavier_normal_(last.weight)
            nn.init.zeros_(cast(Tensor, last.bias))

    def stage(self, number: int, x: Tensor) -> Tensor:
        """One stage: the picture (number 0) or the map before it -> normalised map."""
        result: Tensor = self.stages[number](self.stem(x) if number == 0 else x)
        return result

    def pool(self, x: Tensor) -> Tensor:
        """Last map [B, C, H, W] -> float32 [B, P], averaged over height and width."""
        features: Tensor = self.head(x).float().mean((2, 3))
        return features

    def forward(self, x: Tensor) -> Tensor:
        """[B, 3, H, W] in -1..1 -> [B, P]."""
        for number in range(len(self.stages)):
            x = self.stage(number, x)
        return self.pool(x)


def convolution(
    inputs: int, outputs: int, kernel: int, *, stride: int = 1, activation: bool = True
) -> nn.Sequential:
    """Convolution, batch normalisation and, unless switched off, ReLU.

    With stride 2 only the right and bottom edges are padded (TensorFlow's SAME), so that the
    cells of a map lie where the teacher's do.
    """
    layers: list[nn.Module] = []
    if stride == 2:
        layers += [nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(inputs, outputs, kernel, 2, 0, bias=False)]
    else:
        layers.append(nn.Conv2d(inputs, outputs, kernel, 1, kernel // 2, bias=False))
    layers.append(nn.BatchNorm2d(outputs))
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if activation else []))


def normalise(pictures: Tensor) -> Tensor:
    """uint8 [B, H, W, 3] in 0..255 -> float32 [B, 3, H, W] in -1..1."""
    return pictures.permute(0, 3, 1, 2).float() * (2 / 255) - 1
