"""L1 of the images and one minus their structural similarity at several scales: no network.

Source: none; it stands in for the VGG16 distance of Kahana & Hoshen 2022.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from disentangle.losses.image_distance import l1, multi_scale_ssim
from disentangle.models.feature_distance import PixelDistance

ABOUT = "L1 of pixels and 1 - multi-scale SSIM (no network)"
ARCHIVES = ()


@dataclass(frozen=True)
class Distance:
    """It has no options."""

    def build(self) -> nn.Module:
        """Return the module from two batches of images (M, 3, S, S), S at least 11, to distances (M,)."""
        return PixelDistance(_distance)


def _distance(x: Tensor, y: Tensor) -> Tensor:
    return l1(x, y) + 1 - multi_scale_ssim(x, y)
