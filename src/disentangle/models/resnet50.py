"""ResNet-50, named as torchvision names it, up to its fully connected layers.

Source: He et al. 2016 (arXiv 1512.03385), with torchvision's stride on the 3x3 convolution. Deviation: no ``fc``.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BLOCKS, WIDTHS, EXPANSION = (3, 4, 6, 3), (64, 128, 256, 512), 4
OUT_DIM = WIDTHS[-1] * EXPANSION


class ResNet50(nn.Sequential):
    """Encoder from images (N, 3, S, S) to representations (N, 2048), averaged over positions.

    Weights are drawn from ``generator`` alone (Kaiming normal, fan-out); batch norms start at scale 1, shift 0.
    """

    def __init__(self, generator: torch.Generator) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            conv1=_convolution(3, 64, 7, 2, generator),
            bn1=nn.BatchNorm2d(64),
            relu=nn.ReLU(inplace=True),
            maxpool=nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
        )
        width_in = 64
        for stage, (count, width) in enumerate(zip(BLOCKS, WIDTHS, strict=True), start=1):
            first = Bottleneck(width_in, width, 1 if stage == 1 else 2, generator)
            width_in = width * EXPANSION
            rest = (Bottleneck(width_in, width, 1, generator) for _ in range(count - 1))
            layers[f"layer{stage}"] = nn.Sequential(first, *rest)
        super().__init__(layers | {"avgpool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten()})


class Bottleneck(nn.Module):
    """Convolutions 1x1, 3x3, 1x1, the last four times as wide, beside a shortcut, projected where the shape changes."""

    def __init__(self, width_in: int, width: int, stride: int, generator: torch.Generator) -> None:
        super().__init__()
        self.conv1 = _convolution(width_in, width, 1, 1, generator)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _convolution(width, width, 3, stride, generator)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = _convolution(width, width * EXPANSION, 1, 1, generator)
        self.bn3 = nn.BatchNorm2d(width * EXPANSION)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or width_in != width * EXPANSION:
            self.downsample = nn.Sequential(
                _convolution(width_in, width * EXPANSION, 1, stride, generator), nn.BatchNorm2d(width * EXPANSION)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width_in, H, W) to (N, 4 width, H / stride, W / stride)."""
        hidden = F.relu(self.bn1(self.conv1(x)), inplace=True)
        hidden = F.relu(self.bn2(self.conv2(hidden)), inplace=True)
        return F.relu(self.bn3(self.conv3(hidden)).add_(self.downsample(x)), inplace=True)


def _convolution(width_in: int, width: int, kernel: int, stride: int, generator: torch.Generator) -> nn.Conv2d:
    # On "meta" the constructor draws nothing from the global stream.
    convolution = nn.Conv2d(width_in, width, kernel, stride, padding=kernel // 2, bias=False, device="meta")
    convolution.to_empty(device="cpu")
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu", generator=generator)
    return convolution
