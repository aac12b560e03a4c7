"""A plain autoencoder, whose invariances show what reconstruction leaves out of a code.

Paper: Kahana & Hoshen 2022, supplement, section 1.1: min mean |x - AE(x)|^2. Reading: a mean over pixels; encoder and
decoder, which the paper does not state, are ``model.generative_encoder`` and ``model.decoder``. The domain is not used.
``invariances`` are the paper's thirteen augmentations, measured by ``distance`` (training/invariance.py).
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentangle.losses.labelled_batch import ClassSupervised, LabelledBatch, Setting
from disentangle.losses.phased import Networks
from disentangle.models import configured

REGULARIZED = False
FAMILY = "class_supervised"
USES = ("model.decoder", "model.generative_encoder")


@dataclass(frozen=True)
class Objective(ClassSupervised):
    """The squared error of pixels."""

    distance: str = "vgg16"
    invariances: Annotated[list[str], "len <= 100"] = (  # type: ignore[assignment]  # a default must not be mutable
        "horizontal_flip",
        "vertical_flip",
        "low_contrast",
        "low_brightness",
        "color_rotation",
        "random_erase",
        "affine",
        "grayscale",
        "crop",
        "high_brightness",
        "high_contrast",
        "high_saturation",
        "gaussian_blur",
    )
    lr: Annotated[float, "> 0, <= 1000"] = 0.001
    schedule: Literal["steps", "cosine", "constant"] = "cosine"

    phases = {"joint": {"loss": ("encoder", "decoder")}}

    def networks(self, setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
        """Return encoder and decoder."""
        model = setting.model
        return {
            "encoder": setting.encoder("generative_encoder", model["code"], generator),
            "decoder": configured.decoder(setting, model["code"], generator),
        }

    def rates(self, phase: str) -> dict[str, float]:  # noqa: ARG002
        """Return one learning rate for both."""
        return {"encoder": self.lr, "decoder": self.lr}

    def losses(self, networks: Networks, batch: LabelledBatch, phase: str) -> dict[str, Tensor]:  # noqa: ARG002
        """Return ``loss``."""
        rebuilt = self.rebuilt(networks, batch.x)
        return {"loss": F.mse_loss(rebuilt, batch.x[:, : rebuilt.shape[1]])}

    def codes(self, networks: Networks, x: Tensor) -> Tensor:
        """Return what the encoder makes of images."""
        codes: Tensor = networks["encoder"](x)
        return codes

    def rebuilt(self, networks: Networks, x: Tensor) -> Tensor:
        """Return what becomes of images (M, 3, S, S): (M, C, S, S)."""
        images: Tensor = networks["decoder"](self.codes(networks, x))
        return images
