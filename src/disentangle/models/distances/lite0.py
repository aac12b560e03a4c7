"""L1 of pixels and of the first maps of an EfficientNet-Lite0 trained on ImageNet, each scaled by its mean activation.

Source: none; it stands in for the VGG16 distance of Kahana & Hoshen 2022 where only small packages can be had.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import nn

from disentangle.models.efficientnet_lite import EfficientNetLite0
from disentangle.models.feature_distance import FeatureDistance, mean_activations

ABOUT = "EfficientNet-Lite0, ImageNet"
ARCHIVES = ()


@dataclass(frozen=True)
class Distance:
    """``blocks``: how many of the network's seven stages are compared; the first four have strides 2, 4, 8 and 16."""

    blocks: Annotated[int, ">= 1, <= 7"] = 4

    def build(self) -> nn.Module:
        """Return the module from two batches of images (M, 3, S, S) to distances (M,).

        Raises InputError where the weights' package is not installed.
        """
        network = EfficientNetLite0(torch.Generator(), self.blocks, True, "the distance 'random_vgg'")
        return FeatureDistance(network, mean_activations(network))
