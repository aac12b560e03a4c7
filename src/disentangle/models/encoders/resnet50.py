"""The published encoder: ResNet-50 with MoCo-v2's first head layer, and a new linear layer to the code.

Source: Kahana & Hoshen 2022, supplement (architecture) and model/modules.py of the authors' code: images in [0, 1] are
not normalised further, and no ReLU follows the head layer. Deviation: none.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from disentangle.data.weights import read
from disentangle.models.initial import drawn_from
from disentangle.models.resnet50 import OUT_DIM, ResNet50

ARCHIVES = (
    {
        "url": "https://dl.fbaipublicfiles.com/moco/moco_checkpoints/moco_v2_800ep/moco_v2_800ep_pretrain.pth.tar",
        "path": "data/raw/moco_v2_800ep_pretrain.pth.tar",
        "md5": "a04e12f8",  # its first digits: no more are published
        "when": {"weights": "moco_v2"},
    },
)
PREFIX = "module.encoder_q."
"""What the names of the trained network begin with, beside those of its slow copy and of the queue."""


@dataclass(frozen=True)
class Encoder:
    """``weights``: of MoCo-v2 after 800 epochs of ImageNet's images, or ``none``: random."""

    weights: Literal["none", "moco_v2"] = "moco_v2"

    def build(self, generator: torch.Generator, side: int, code: int) -> nn.Module:
        """Return the network from images (M, 3, side, side) to codes (M, code).

        What is not pre-trained is drawn from ``generator`` alone. Raises InputError for a missing or damaged file.
        """
        backbone = ResNet50(generator)
        with drawn_from(generator):
            head, last = nn.Linear(OUT_DIM, OUT_DIM), nn.Linear(OUT_DIM, code)
        if self.weights == "moco_v2":
            content = read(ARCHIVES[0], "weights: none")["state_dict"]
            state = {name.removeprefix(PREFIX): value for name, value in content.items() if name.startswith(PREFIX)}
            head.load_state_dict({name: state.pop(f"fc.0.{name}") for name in ("weight", "bias")})
            backbone.load_state_dict({name: value for name, value in state.items() if not name.startswith("fc.")})
        return nn.Sequential(OrderedDict(backbone=backbone, head=head, code=last))
