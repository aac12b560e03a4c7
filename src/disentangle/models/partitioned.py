"""The networks of autoencoders whose codes are in partitions with adaptive priors."""

from collections.abc import Sequence

import torch
from torch import nn

from disentangle.losses.weak_batch import Setting
from disentangle.models import conv_autoencoder
from disentangle.models.mixture_prior import MixturePrior
from disentangle.models.perceptrons import Perceptrons
from disentangle.models.relational_learner import RelationalLearner


def networks(
    setting: Setting,
    parts: Sequence[Sequence[int]],
    heads: bool,
    conditional: bool,
    joint: bool,
    generator: torch.Generator,
) -> dict[str, nn.Module]:
    """Return encoder, decoder, priors, a discriminator a partition, and the learner, as ``model`` describes them.

    Where asked for: ``heads`` that tell a partition's component linearly, and a discriminator of all partitions. What
    is ``conditional`` is told a label beside a code.
    """
    model, count = setting.model, len(parts)
    dim, conv = model["partition"], [model[key] for key in ("widths", "hidden", "batch_norm")]
    shape = setting.side, setting.channels, count * dim
    prior = MixturePrior(setting.sizes, parts, dim)
    told = dim + (prior.values if conditional else 0)
    learner = Perceptrons(generator, 1, count * dim + len(setting.relations), count * dim, **model["learner"])
    found: dict[str, nn.Module] = {
        "encoder": conv_autoencoder.encoder(generator, *shape, *conv),
        "decoder": conv_autoencoder.decoder(generator, *shape, *conv),
        "prior": prior,
        "discriminators": Perceptrons(generator, count, told, 1, **model["discriminator"]),
        "learner": RelationalLearner(learner, setting.relations, parts, setting.training["relation_batch"]),
    }
    if heads:
        found["heads"] = Perceptrons(generator, count, dim, prior.values, 0, 0)
    if joint:
        found["joint"] = Perceptrons(generator, 1, count * dim, 1, **model["joint"])
    return found
