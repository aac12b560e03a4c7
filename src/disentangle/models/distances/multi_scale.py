"""L1 of the images and of their means over 2x2 and 4x4 pixels: no network, for a minute on one core.

Source: none; it stands in for the VGG16 distance of Kahana & Hoshen 2022.
"""

from dataclasses import dataclass

from torch import nn

from disentangle.losses.image_distance import multi_scale_l1
from disentangle.models.feature_distance import PixelDistance

ABOUT = "L1 of pixels and of their 2x2 and 4x4 means (no network)"
ARCHIVES = ()


@dataclass(frozen=True)
class Distance:
    """It has no options."""

    def build(self) -> nn.Module:
        """Return the module from two batches of images (M, 3, S, S) to distances (M,)."""
        return PixelDistance(multi_scale_l1)
