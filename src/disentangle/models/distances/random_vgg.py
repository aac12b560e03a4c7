"""L1 of pixels and of five maps of a VGG16 with fixed random weights: no file.

Source: Liu et al. 2021 (arXiv 2103.10571): random deep networks can serve as perceptual loss. It stands in for the
trained VGG16 of Kahana & Hoshen 2022.
"""

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import nn

from disentangle.models.feature_distance import FeatureDistance, mean_activations
from disentangle.models.vgg16 import VGG16

ABOUT = "VGG16 with random weights"
ARCHIVES = ()


@dataclass(frozen=True)
class Distance:
    """``width``: channels at the first resolution (VGG16: 64); ``seed``: of the weights, the same for every cell."""

    width: Annotated[int, ">= 1, <= 2048"] = 16
    seed: Annotated[int, ">= 0, <= 4294967295"] = 0

    def build(self) -> nn.Module:
        """Return the module from two batches of images (M, 3, S, S), S a multiple of 32, to distances (M,).

        Weights are normal of variance 2 / fan-in, which keeps the size of activations through ReLUs, biases zero.
        """
        generator = torch.Generator().manual_seed(self.seed)
        network = VGG16(self.width)
        for name, parameter in network.named_parameters():
            if name.endswith("weight"):
                nn.init.normal_(parameter, std=math.sqrt(2 / parameter[0].numel()), generator=generator)
            else:
                nn.init.zeros_(parameter)
        return FeatureDistance(network, mean_activations(network))
