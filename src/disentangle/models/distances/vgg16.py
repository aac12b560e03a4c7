"""The published distance: L1 of pixels and of five maps of VGG16, with equal weights.

Source: Kahana & Hoshen 2022, supplement, and model/modules.py of the authors' code: images in [0, 1] are not normalised
further. Deviation: none.
"""

from dataclasses import dataclass

from torch import nn

from disentangle.data.weights import read
from disentangle.models.feature_distance import FeatureDistance
from disentangle.models.vgg16 import COMPARED, VGG16

ABOUT = "torchvision's VGG16, ImageNet"
ARCHIVES = (
    {
        "url": "https://download.pytorch.org/models/vgg16-397923af.pth",
        "path": "data/raw/vgg16-397923af.pth",
        "sha256": "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    },
)


@dataclass(frozen=True)
class Distance:
    """It has no options."""

    def build(self) -> nn.Module:
        """Return the module from two batches of images (M, 3, S, S), S a multiple of 32, to distances (M,).

        Raises InputError for a missing or damaged file.
        """
        content = read(ARCHIVES[0], "the distance 'random_vgg'")
        network = VGG16()
        network.load_state_dict({name: content[name] for name in network.state_dict()})
        return FeatureDistance(network, [1.0] * len(COMPARED))
