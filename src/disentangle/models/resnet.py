"""ResNet encoders of basic blocks, named as torchvision names them.

Source: He et al. 2016 (arXiv 1512.03385). Deviation: no ``fc``. As in torchvision, the first block of stage 1 has no
projection shortcut where its width does not change.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentangle.errors import InputError, did_you_mean


class Stem(NamedTuple):
    """The first convolution, and whether a 3x3 max-pool of stride 2 follows it."""

    kernel: int
    stride: int
    padding: int
    pool: bool


STEMS = {
    "imagenet": Stem(kernel=7, stride=2, padding=3, pool=True),
    "stride2": Stem(kernel=3, stride=2, padding=1, pool=False),
    "cifar": Stem(kernel=3, stride=1, padding=1, pool=False),
}


class ResNet(nn.Sequential):
    """Encoder from images (N, 3, S, S) to representations (N, out_dim), averaged over positions.

    ``blocks`` and ``widths`` give each stage's number of basic blocks and its channels; stages after the first halve
    the resolution. Defaults: ResNet34. Weights are drawn from ``generator`` alone (Kaiming normal, fan-out);
    batch norms start at scale 1, shift 0. Raises InputError for an unknown stem or lists of different lengths.
    """

    def __init__(
        self,
        generator: torch.Generator,
        blocks: Sequence[int] = (3, 4, 6, 3),
        widths: Sequence[int] = (64, 128, 256, 512),
        stem: str = "imagenet",
    ) -> None:
        if stem not in STEMS:
            raise InputError(f"unknown stem '{stem}': {did_you_mean(stem, STEMS)}")
        if len(blocks) != len(widths) or min(blocks, default=0) < 1:
            raise InputError(f"blocks {list(blocks)}, widths {list(widths)}: allowed: one number >= 1 a stage in each.")
        kernel, stride, padding, pool = STEMS[stem]
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            conv1=_convolution(3, widths[0], kernel, stride, padding, generator),
            bn1=nn.BatchNorm2d(widths[0]),
            relu=nn.ReLU(inplace=True),
        )
        if pool:
            layers["maxpool"] = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        width_in = widths[0]
        for stage, (count, width) in enumerate(zip(blocks, widths, strict=True), start=1):
            first = BasicBlock(width_in, width, 1 if stage == 1 else 2, generator)
            rest = (BasicBlock(width, width, 1, generator) for _ in range(count - 1))
            layers[f"layer{stage}"] = nn.Sequential(first, *rest)
            width_in = width
        super().__init__(layers | {"avgpool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten()})
        self.out_dim = width_in


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is projected where the shape changes."""

    def __init__(self, width_in: int, width: int, stride: int, generator: torch.Generator) -> None:
        super().__init__()
        self.conv1 = _convolution(width_in, width, 3, stride, 1, generator)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _convolution(width, width, 3, 1, 1, generator)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or width_in != width:
            self.downsample = nn.Sequential(
                _convolution(width_in, width, 1, stride, 0, generator), nn.BatchNorm2d(width)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width_in, H, W) to (N, width, H / stride, W / stride)."""
        hidden = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(hidden)).add_(self.downsample(x)), inplace=True)


def _convolution(
    width_in: int, width: int, kernel: int, stride: int, padding: int, generator: torch.Generator
) -> nn.Conv2d:
    with torch.random.fork_rng(devices=[]):  # the constructor draws weights from the global stream
        convolution = nn.Conv2d(width_in, width, kernel, stride, padding, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu", generator=generator)
    return convolution
