"""The convolutions of VGG16, named as torchvision names them, and the maps that perceptual distances compare.

Source: Simonyan & Zisserman 2015 (arXiv 1409.1556), configuration D. Kahana & Hoshen 2022 compare torchvision's layers
2, 7, 12, 21 and 30. Its ReLUs work in place, so that what their code compares is the four convolutions' ReLU, layers 3,
8, 13 and 22, and the last pooling, layer 30. Deviation: none; other widths for the network with random weights.
"""

from torch import Tensor, nn

COMPARED = (3, 8, 13, 22, 30)
CONVOLUTIONS = (2, 2, 3, 3, 3)
"""Of each resolution."""
GROWTH = (1, 2, 4, 8, 8)
"""Channels at each resolution, in units of those at the first."""


class VGG16(nn.Module):
    """Thirteen 3x3 convolutions with ReLU, and a pooling after each resolution; ``width`` channels at the first.

    Its weights are anything until they are read or drawn.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for count, growth in zip(CONVOLUTIONS, GROWTH, strict=True):
            for _ in range(count):
                convolution = nn.Conv2d(inputs, width * growth, kernel_size=3, padding=1, device="meta")
                layers += [convolution.to_empty(device="cpu"), nn.ReLU(inplace=True)]
                inputs = width * growth
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map images (N, 3, S, S), S a multiple of 32, to the five maps that are compared."""
        maps = []
        for place, layer in enumerate(self.features):
            x = layer(x)
            if place in COMPARED:
                maps.append(x)
        return maps
