"""The student: a small residual network of dense 3 x 3 convolutions with statistics pooling.

In: float32 [B, 3, H, W] in -1..1, any H and W from 64 pixels on. Out: float32 [B, D], each
feature with mean 0 and variance 1 over the training data.
Dense convolutions rather than depthwise ones: on CPUs they train several times faster for the
same accuracy, and run as fast.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidkind.distillation.options import StudentOptions


class Bottleneck(nn.Module):
    """Residual block 1 x 1, 3 x 3, 1 x 1 at half width (He et al., 2016, section 4.1).

    The last batch normalisation starts at zero, so that a block starts as the identity
    (Goyal et al., 2017, section 5.1).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        last = convolution(width // 2, width, 1, activation=False)
        nn.init.zeros_(last.get_parameter("1.weight"))
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
        widths = options.widths
        self.options = options
        self.stem = nn.Sequential(
            convolution(3, options.stem_width, 3, stride=2),
            convolution(options.stem_width, widths[0], 3, stride=2),
        )
        self.stages = nn.ModuleList()
        for k, (width, depth) in enumerate(zip(widths, options.depths, strict=True)):
            down = [] if k == 0 else [convolution(widths[k - 1], width, 3, stride=2)]
            self.stages.append(nn.Sequential(*down, *(Bottleneck(width) for _ in range(depth))))
        pooled = sum(widths) + sum(widths[-2:])
        self.norm = nn.BatchNorm1d(pooled)
        self.embed = nn.Linear(pooled, options.feature_dim, bias=False)
        self.out = nn.BatchNorm1d(options.feature_dim, affine=False)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """[B, 3, H, W] in -1..1 -> [B, D]."""
        x = self.stem(x)
        pooled = []
        for k, stage in enumerate(self.stages):
            x = stage(x)
            mean, deviation = spatial_statistics(x)
            pooled += [mean] if k < len(self.stages) - 2 else [mean, deviation]
        features = torch.cat(pooled, dim=1)
        with torch.autocast(x.device.type, enabled=False):
            result: Tensor = self.out(self.embed(self.norm(features)))
        return result


def convolution(
    inputs: int, outputs: int, kernel: int, *, stride: int = 1, activation: bool = True
) -> nn.Sequential:
    """Convolution, batch normalisation and, unless switched off, ReLU."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if activation else []))


def spatial_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation over height and width: [B, C, H, W] -> two float32 [B, C].

    The deviation tells flat graphics from textured footage where the mean cannot.
    """
    x = x.float()
    mean = x.mean((2, 3))
    variance = (x * x).mean((2, 3)) - mean * mean
    return mean, (variance.clamp_min(0) + 1e-4).sqrt()
