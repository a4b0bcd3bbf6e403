"""The student: a small network of inverted residual blocks, each with a map of the teacher.

In: float32 [B, 3, H, W] in -1..1, H and W multiples of 32. Out: float32 [B, P], the pooled
feature. Every block ends in a map of the teacher's shape, so that every position of every
block has a target. The first block is fused, and blocks have widths of their own.
"""

from __future__ import annotations

import torch
from torch import Tensor, autocast, nn

from vidkind.distillation.options import StudentOptions


class Depthwise(nn.Module):
    """Convolution within each channel, batch normalisation, ReLU6.

    With stride 2 it runs in float32 on a CPU, which has no fast bfloat16 kernel for that.
    """

    def __init__(self, width: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.layers = convolution(width, width, kernel, stride=stride, groups=width)
        self._strided = stride > 1

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C, H / stride, W / stride]."""
        if not self._strided or x.device.type != "cpu":
            return self.layers(x)  # type: ignore[no-any-return]
        with autocast(x.device.type, enabled=False):
            return self.layers(x.float())  # type: ignore[no-any-return]


class InvertedResidual(nn.Module):
    """Expand, convolve, project (Sandler et al., "MobileNetV2", 2018, section 3.3).

    Fused: one dense convolution expands and convolves (Tan and Le, "EfficientNetV2", 2021,
    section 3.2), which is faster where there are few channels. The projection has no
    normalisation: it ends in the teacher's own units.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        outputs: int,
        *,
        kernel: int,
        stride: int,
        fused: bool,
        shortcut: bool,
    ) -> None:
        super().__init__()
        if fused:
            expand: list[nn.Module] = [convolution(inputs, hidden, kernel, stride=stride)]
        else:
            expand = [convolution(inputs, hidden, 1), Depthwise(hidden, kernel, stride)]
        self.body = nn.Sequential(*expand, nn.Conv2d(hidden, outputs, 1))
        self._shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C', H / stride, W / stride]."""
        y: Tensor = self.body(x)
        return x + y if self._shortcut else y


class Student(nn.Module):
    """The network; see the module's text."""

    def __init__(self, options: StudentOptions) -> None:
        super().__init__()
        self.options = options
        self.stem = convolution(3, options.stem_width, 3, stride=2)
        self.blocks = nn.ModuleList()
        inputs = options.stem_width
        for number, outputs in enumerate(options.channels):
            block = InvertedResidual(
                inputs,
                options.hidden[number],
                outputs,
                kernel=options.kernels[number],
                stride=options.strides[number],
                fused=number < options.num_fused,
                shortcut=options.has_shortcut[number],
            )
            self.blocks.append(block)
            inputs = outputs
        self.head = convolution(inputs, options.pooled_dim, 1)
        self._start_weights()

    def _start_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")

    def block(self, number: int, x: Tensor) -> Tensor:
        """One block: the picture (number 0) or the map before it -> map."""
        result: Tensor = self.blocks[number](self.stem(x) if number == 0 else x)
        return result

    def pool(self, x: Tensor) -> Tensor:
        """Last map [B, C, H, W] -> float32 [B, P], averaged over height and width."""
        features: Tensor = self.head(x).float().mean((2, 3))
        return features

    def forward(self, x: Tensor) -> Tensor:
        """[B, 3, H, W] in -1..1 -> [B, P]."""
        for number in range(len(self.blocks)):
            x = self.block(number, x)
        return self.pool(x)


def convolution(
    inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU6.

    With stride 2 the right and bottom edges are padded by one more (TensorFlow's SAME), so that
    the cells of a map lie where the teacher's do.
    """
    if stride == 2:
        before, after = kernel // 2 - 1, kernel // 2
        pad: list[nn.Module] = [nn.ZeroPad2d((before, after, before, after))]
        conv = nn.Conv2d(inputs, outputs, kernel, 2, 0, groups=groups, bias=False)
    else:
        pad = []
        conv = nn.Conv2d(inputs, outputs, kernel, 1, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(*pad, conv, nn.BatchNorm2d(outputs), nn.ReLU6(inplace=True))


def layout(device: torch.device) -> torch.memory_format:
    """How maps lie in memory while training: a GPU's depthwise kernels want channels first."""
    return torch.channels_last if device.type == "cpu" else torch.contiguous_format


def normalise(pictures: Tensor) -> Tensor:
    """uint8 [B, H, W, 3] in 0..255 -> float32 [B, 3, H, W] in -1..1."""
    return pictures.permute(0, 3, 1, 2).float() * (2 / 255) - 1
