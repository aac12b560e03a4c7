"""DrNet: a content code that images of a domain share, and a pose code from which no classifier tells their domain.

Paper: Denton & Birodkar 2017 (arXiv 1705.10915), as a baseline of Kahana & Hoshen 2022. For images of one domain:

    L = MSE(D(E_c(x1), E_p(x3)), x3) + MSE(E_c(x1), E_c(x2)) + lam undecided(C(E_p(x3), E_p(x4)))
    L_C = told_apart(C(E_p(x3), E_p(x4)), C(E_p(x3), E_p(x5))),  x5 of another domain

each second argument of a difference or of C without a gradient. C is trained beside, and neither gradient reaches
the networks of the other. The representation is the pose code E_p(x). lam is 1e-4 in the author's code.
Reading: both codes end in tanh. Deviation: encoders are ``model.generative_encoder``, the decoder has no skips;
x1 .. x4 are the images of a domain's part of the batch, turned against each other, x5 those of the next domain.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentangle.losses.domains import told_apart, undecided
from disentangle.losses.labelled_batch import ClassSupervised, LabelledBatch, Setting
from disentangle.losses.phased import Networks
from disentangle.models import configured

REGULARIZED = True
FAMILY = "class_supervised"
USES = ("model.domain", "model.decoder", "model.generative_encoder")

HIDDEN = 100
"""Units of each of the classifier's two hidden layers."""


@dataclass(frozen=True)
class Objective(ClassSupervised):
    """Reconstruction, similarity, and the classifier's indecision times lam."""

    lr: Annotated[float, "> 0, <= 1000"] = 0.002
    schedule: Literal["steps", "cosine", "constant"] = "constant"

    phases = {"joint": {"loss": ("content", "pose", "decoder"), "classifier": ("classifier",)}}

    def networks(self, setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
        """Return both encoders, the decoder and the classifier of pairs of poses."""
        model = setting.model
        encoders = {
            name: nn.Sequential(setting.encoder("generative_encoder", size, generator), nn.Tanh())
            for name, size in (("content", model["domain"]), ("pose", model["code"]))
        }
        return {
            **encoders,
            "decoder": configured.decoder(setting, model["domain"] + model["code"], generator),
            "classifier": configured.perceptron([2 * model["code"], HIDDEN, HIDDEN, 1], generator),
        }

    def rates(self, phase: str) -> dict[str, float]:  # noqa: ARG002
        """Return one learning rate for all."""
        return dict.fromkeys(("content", "pose", "decoder", "classifier"), self.lr)

    def losses(self, networks: Networks, batch: LabelledBatch, phase: str) -> dict[str, Tensor]:  # noqa: ARG002
        """Return ``loss``, its terms, and ``classifier``."""
        content, pose = (batch.grouped(networks[name](batch.x)) for name in ("content", "pose"))
        rebuilt = networks["decoder"](torch.cat([content.roll(1, 1), pose], 2).flatten(0, 1))
        reconstruction = F.mse_loss(rebuilt, batch.x[:, : rebuilt.shape[1]])
        similarity = F.mse_loss(content, content.roll(1, 1).detach())
        held = pose.detach()

        def told(one: Tensor, other: Tensor) -> Tensor:
            logits: Tensor = networks["classifier"](torch.cat([one, other], 2))
            return logits.to(batch.x.dtype)  # losses are not of half precision

        adversarial = undecided(told(pose, held.roll(1, 1)))
        return {
            "loss": reconstruction + similarity + batch.lam * adversarial,
            "reconstruction": reconstruction,
            "similarity": similarity,
            "adversarial": adversarial,
            "classifier": told_apart(told(held, held.roll(1, 1)), told(held, held.roll(1, 0))),
        }

    def codes(self, networks: Networks, x: Tensor) -> Tensor:
        """Return the poses of images."""
        codes: Tensor = networks["pose"](x)
        return codes

    def swapped(self, networks: Networks, x: Tensor, other: Tensor, domain: Tensor) -> Tensor:  # noqa: ARG002
        """Return what the decoder makes of the poses of ``x`` and the contents of ``other``."""
        images: Tensor = networks["decoder"](torch.cat([networks["content"](other), networks["pose"](x)], 1))
        return images
